"""A window and the recording's own background, of which any part can be put into the other's place."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from inference.runtime.cards import MontageInputs

Modality = Literal["eeg", "emg"]
MODALITIES: Final[tuple[Modality, ...]] = ("eeg", "emg")
#: Edges of the bands that are replaced together: the usual ones of EEG, and octaves of muscles.
BAND_EDGES_HZ: Final[Mapping[Modality, tuple[float, ...]]] = {
    "eeg": (0.5, 4.0, 8.0, 13.0, 30.0, 70.0),
    "emg": (10.0, 20.0, 40.0, 100.0),
}
#: Time is replaced in pieces of this length.
SEGMENT_S: Final = 0.5
#: Signals are faded into each other for this long, or their edges would look like fast activity.
FADE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a window: a channel, a band and a segment of one modality, each None for all of them.

    ``alone`` asks for the background with this part of the window in it, and not for the window without this part.
    """

    modality: Modality
    row: int | None = None
    band: int | None = None
    segment: int | None = None
    alone: bool = False


class Canvas(ABC):
    """A window and a background, from which mixtures of both are made.

    Parameters
    ----------
    window, background : by the name of what the network takes, without the axis of windows; what is no signal, such as
        which channels are present, is the same in both.
    """

    def __init__(
        self, window: Mapping[str, NDArray[np.float32]], background: Mapping[str, NDArray[np.float32]]
    ) -> None:
        self.window, self.background = dict(window), dict(background)

    @abstractmethod
    def change(self, part: Part) -> tuple[str, NDArray[np.float32]]:
        """Give which of the network's inputs a part belongs to, and what is to be added to make it background."""

    def stack(self, parts: Sequence[Part]) -> dict[str, NDArray[np.float32]]:
        """Give as many mixtures as parts."""
        mixtures = [self._mix(part) for part in parts]
        return {name: np.stack([mixture[name] for mixture in mixtures]) for name in self.window}

    def _mix(self, part: Part) -> dict[str, NDArray[np.float32]]:
        name, change = self.change(part)
        if part.alone:
            return {**self.background, name: self.background[name] - change}
        return {**self.window, name: self.window[name] + change}


class SignalCanvas(Canvas):
    """A window of signals; the background is a typical stretch of the recording."""

    def __init__(
        self,
        window: Mapping[str, NDArray[np.float32]],
        background: Mapping[str, NDArray[np.float32]],
        rate_hz: float,
    ) -> None:
        super().__init__(window, background)
        self._rate_hz = rate_hz

    def change(self, part: Part) -> tuple[str, NDArray[np.float32]]:
        """Give which of the network's inputs a part belongs to, and what is to be added to make it background."""
        name = part.modality
        rows = slice(None) if part.row is None else [part.row]
        change = np.zeros_like(self.window[name])
        change[rows] = self.background[name][rows] - self.window[name][rows]
        if part.band is not None:
            change = pass_band(change, part.band, BAND_EDGES_HZ[name], self._rate_hz)
        if part.segment is not None:
            change *= fade(part.segment, change.shape[-1], self._rate_hz)
        return name, change


class FeatureCanvas(Canvas):
    """A window of features, (features, channels, frames) each; the background is typical features of the recording.

    Parameters
    ----------
    names : which of the network's inputs holds the features of each modality.
    bands : for each modality the band of `BAND_EDGES_HZ` that each feature belongs to.
    n_segments : into how many segments the frames are divided.
    """

    def __init__(
        self,
        window: Mapping[str, NDArray[np.float32]],
        background: Mapping[str, NDArray[np.float32]],
        names: Mapping[Modality, str],
        bands: Mapping[Modality, NDArray[np.intp]],
        n_segments: int,
    ) -> None:
        super().__init__(window, background)
        self._names, self._bands, self._n_segments = names, bands, n_segments

    def change(self, part: Part) -> tuple[str, NDArray[np.float32]]:
        """Give which of the network's inputs a part belongs to, and what is to be added to make it background."""
        name = self._names[part.modality]
        difference = self.background[name] - self.window[name]
        n_features, n_channels, n_frames = difference.shape
        segments = np.arange(n_frames) * self._n_segments // n_frames
        features = np.full(n_features, True) if part.band is None else self._bands[part.modality] == part.band
        rows = np.full(n_channels, True) if part.row is None else np.arange(n_channels) == part.row
        frames = np.full(n_frames, True) if part.segment is None else segments == part.segment
        return name, difference * features[:, None, None] * rows[:, None] * frames


def fade(segment: int, n_samples: int, rate_hz: float) -> NDArray[np.float32]:
    """Give a weight over time, 1 within a segment; those of all segments add up to 1."""
    time_s = (np.arange(n_samples, dtype=np.float64) + 0.5) / np.float64(rate_hz)
    n_segments = round(n_samples / rate_hz / SEGMENT_S)
    rise = np.ones(n_samples) if segment == 0 else _step(time_s - segment * SEGMENT_S)
    fall = np.zeros(n_samples) if segment == n_segments - 1 else _step(time_s - (segment + 1) * SEGMENT_S)
    return np.asarray(rise - fall, dtype=np.float32)


def pass_band(
    signals: NDArray[np.float32], band: int, edges_hz: Sequence[float], rate_hz: float
) -> NDArray[np.float32]:
    """Give the share of a band in signals; those of all bands add up to the signals."""
    spectrum = np.fft.rfft(signals, axis=-1)
    bins_hz = np.fft.rfftfreq(signals.shape[-1], 1 / rate_hz).astype(np.float64)
    spectrum[..., find_bands(bins_hz, edges_hz) != band] = 0
    return np.fft.irfft(spectrum, signals.shape[-1], axis=-1).astype(np.float32)


def find_bands(hz: NDArray[np.float64], edges_hz: Sequence[float]) -> NDArray[np.intp]:
    """Give the band that each frequency belongs to; what lies beyond the outer edges belongs to the nearest."""
    return np.searchsorted(edges_hz[1:-1], hz, side="right")


def count_segments(spec: MontageInputs) -> int:
    """Count the segments of a window."""
    return max(1, round(spec.window_s / SEGMENT_S))


def band_centres_hz(modality: Modality) -> NDArray[np.float64]:
    """Give the geometric middle of each band."""
    edges_hz = np.array(BAND_EDGES_HZ[modality], dtype=np.float64)
    return np.asarray(np.sqrt(edges_hz[:-1] * edges_hz[1:]))


def _step(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise from 0 to 1 around time 0, along half a cosine."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(time_s / FADE_S + 0.5, 0.0, 1.0))
