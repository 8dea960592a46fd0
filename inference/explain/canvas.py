"""A window of which any part can be replaced by the recording's own background, as features or as signals."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

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
    """A part of a window: a channel, a band and a segment of one modality, each None for all of them."""

    modality: Modality
    row: int | None = None
    band: int | None = None
    segment: int | None = None


class Canvas(ABC):
    """A window on which parts may be painted over.

    Attributes
    ----------
    inputs : what the network takes of the window as it is, by name and without the axis of windows.
    """

    inputs: dict[str, NDArray[np.float32]]

    @abstractmethod
    def paint(self, part: Part) -> dict[str, NDArray[np.float32]]:
        """Give what the network takes of the window once a part of it is background."""

    def stack(self, parts: Sequence[Part]) -> dict[str, NDArray[np.float32]]:
        """Give as many windows as parts, each with another part painted over."""
        painted = [self.paint(part) for part in parts]
        return {name: np.stack([inputs[name] for inputs in painted]) for name in self.inputs}


class SignalCanvas(Canvas):
    """A window of signals; the background is a typical stretch of the recording.

    Parameters
    ----------
    signals, background : (channels, samples) of each modality, in the network's order.
    presence : the network's other inputs, by name.
    """

    def __init__(
        self,
        signals: Mapping[str, NDArray[np.float32]],
        background: Mapping[str, NDArray[np.float32]],
        presence: Mapping[str, NDArray[np.float32]],
        rate_hz: float,
    ) -> None:
        self.inputs = {**signals, **presence}
        self._differences = {name: background[name] - signals[name] for name in signals}
        self._rate_hz = rate_hz

    def paint(self, part: Part) -> dict[str, NDArray[np.float32]]:
        """Give what the network takes of the window once a part of it is background."""
        difference = self._differences[part.modality]
        change = np.zeros_like(difference)
        rows = slice(None) if part.row is None else [part.row]
        change[rows] = difference[rows]
        if part.band is not None:
            change = pass_band(change, part.band, BAND_EDGES_HZ[part.modality], self._rate_hz)
        if part.segment is not None:
            change *= fade(part.segment, change.shape[-1], self._rate_hz)
        return {**self.inputs, part.modality: self.inputs[part.modality] + change}


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
    bins_hz = np.fft.rfftfreq(signals.shape[-1], 1 / rate_hz)
    inner = np.asarray(edges_hz[1:-1])
    spectrum[..., np.searchsorted(inner, bins_hz, side="right") != band] = 0
    return np.fft.irfft(spectrum, signals.shape[-1], axis=-1).astype(np.float32)


def band_centres_hz(modality: Modality) -> NDArray[np.float64]:
    """Give the geometric middle of each band."""
    edges_hz = np.array(BAND_EDGES_HZ[modality], dtype=np.float64)
    return np.asarray(np.sqrt(edges_hz[:-1] * edges_hz[1:]))


def _step(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise from 0 to 1 around time 0, along half a cosine."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(time_s / FADE_S + 0.5, 0.0, 1.0))
