"""A recording without the artefacts of scanner and heart: subtracted as it is read, never from the file."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import ImagingError
from inference.imaging.artefacts import (
    GRADIENT_NEIGHBOURS,
    PULSE_NEIGHBOURS,
    find_beats,
    gradient_epochs,
    pulse_epochs,
)
from inference.imaging.average_subtraction import AverageSubtraction, Epochs, Source
from inference.imaging.triggers import TriggerTrain, find_trigger_train
from inference.recordings.recording import POTENTIALS, ChannelKind, Recording
from inference.signals.filters import FilterSettings, filter_signal
from inference.signals.resampling import resample

#: The heart is looked for at this rate, in pieces of this length.
_BEATS_HZ: Final = 250.0
_PIECE_S: Final = 60.0
#: Where the mean of so many volumes holds more than this share of their variance, they have more than EEG in common:
#: of what is not, it holds one part in twelve.
_N_VOLUMES_LOOKED_AT: Final = 12
_N_CHANNELS_LOOKED_AT: Final = 4
_LEAST_SHARE: Final = 0.4
#: What the pulse moves; it is not taken out of the ECG that tells of it.
_PULSING: Final = frozenset({ChannelKind.EEG, ChannelKind.EOG})


class ArtefactFreeRecording(Recording):
    """A recording seen through average-artefact subtraction, for display and analysis alike.

    Making one goes through the ECG and may take seconds; what is read afterwards costs the volumes around it.

    Parameters
    ----------
    recording : what was recorded, gradients and all.
    train : its volume triggers, None to look for them among its annotations.
    report : told how far the making is, 0 to 1.

    Attributes
    ----------
    raw : the recording itself.
    n_beats : heart beats that were found and whose artefact is subtracted, 0 where there is none.

    Raises
    ------
    ImagingError
        The recording has no volume triggers, or too few.
    RecordingError
        The file can no longer be read.
    """

    def __init__(
        self,
        recording: Recording,
        train: TriggerTrain | None = None,
        report: Callable[[float], None] = lambda fraction: None,
    ) -> None:
        train = train or find_trigger_train(recording.annotations, None, 0)[0]
        if train is None:
            raise ImagingError(
                f"The scanner's artefact cannot be taken out of {recording.path}: it has no volume triggers."
            )
        self.raw = recording
        self.path, self.file_format = recording.path, recording.file_format
        self.channels, self.duration_s, self.start = recording.channels, recording.duration_s, recording.start
        self.gaps, self.annotations = recording.gaps, recording.annotations
        self._gains_uv = recording._gains_uv
        onsets_s = train.onsets_s[:: train.steps_per_volume]
        self._without_gradients = self._subtract(
            dict.fromkeys(self._rates_hz, self._read_raw), partial(gradient_epochs, onsets_s), GRADIENT_NEIGHBOURS
        )
        self._without_pulse: dict[float, Source] = {}
        self.n_beats = self._find_pulse(report)
        self.problems = (self._describe(), *recording.problems)
        self.treatment = f"{len(onsets_s)} gradients from {onsets_s[0]:.6f} s, {self.n_beats} beats subtracted"

    def correct_kinds(self, kinds: Mapping[str, ChannelKind]) -> None:
        """Apply a user's corrections of channel kinds to the recording itself."""
        self.raw.correct_kinds(kinds)
        self.channels, self._gains_uv = self.raw.channels, self.raw._gains_uv

    @property
    def _rates_hz(self) -> frozenset[float]:
        return frozenset(channel.rate_hz for channel in self.channels)

    def _subtract(
        self, sources: Mapping[float, Source], make_epochs: Callable[[float, int], Epochs], n_neighbours: int
    ) -> dict[float, Source]:
        """Put a subtraction over each source, by the rate of its channels."""
        subtractions: dict[float, Source] = {}
        for rate_hz, source in sources.items():
            n_samples = round(self.duration_s * rate_hz)
            epochs = make_epochs(rate_hz, n_samples)
            subtractions[rate_hz] = AverageSubtraction(source, n_samples, epochs, n_neighbours).read
        return subtractions

    def _find_pulse(self, report: Callable[[float], None]) -> int:
        """Find the heart beats, put their subtraction over that of the gradients, and count them."""
        found = self.of_kind(ChannelKind.ECG)
        if not found:
            return 0
        beats_s = find_beats(self._read_ecg(found[0], report), _BEATS_HZ)
        try:
            epochs = partial(pulse_epochs, beats_s)
            self._without_pulse = self._subtract(self._without_gradients, epochs, PULSE_NEIGHBOURS)
        except ImagingError:
            return 0
        return len(beats_s)

    def _read_ecg(self, index: int, report: Callable[[float], None]) -> NDArray[np.float32]:
        rate_hz = self.channels[index].rate_hz
        pieces = []
        for onset_s in np.arange(0.0, self.duration_s, _PIECE_S):
            report(float(onset_s / self.duration_s))
            first, stop = round(onset_s * rate_hz), round(min(onset_s + _PIECE_S, self.duration_s) * rate_hz)
            piece = self._without_gradients[rate_hz]([index], first, stop)[0]
            pieces.append(resample(piece, rate_hz, _BEATS_HZ)[: round(_PIECE_S * _BEATS_HZ)])
        return np.concatenate(pieces)

    def _describe(self) -> str:
        told = f"The scanner's artefact is subtracted: from each volume the mean of {GRADIENT_NEIGHBOURS} around it"
        if self.n_beats:
            return f"{told}, and from each of {self.n_beats:,} heart beats that of {PULSE_NEIGHBOURS}."
        return f"{told}. The pulse artefact is not: no ECG shows enough heart beats."

    def _read_samples(self, index: int, first: int, stop: int) -> NDArray[np.float32]:
        return self._read_spans([(index, first, stop)])[0]

    def _read_spans(self, spans: Sequence[tuple[int, int, int]]) -> list[NDArray[np.float32]]:
        together: dict[tuple[Source, int, int], list[int]] = {}
        for place, (index, first, stop) in enumerate(spans):
            together.setdefault((self._source_of(index), first, stop), []).append(place)
        samples: dict[int, NDArray[np.float32]] = {}
        for (source, first, stop), places in together.items():
            channels = [spans[place][0] for place in places]
            samples.update(zip(places, np.asarray(source(channels, first, stop), np.float32), strict=True))
        return [samples[place] for place in range(len(spans))]

    def _source_of(self, index: int) -> Source:
        channel = self.channels[index]
        if channel.kind not in POTENTIALS:
            return self._read_raw
        without_gradient = self._without_gradients[channel.rate_hz]
        return (
            self._without_pulse.get(channel.rate_hz, without_gradient) if channel.kind in _PULSING else without_gradient
        )

    def _read_raw(self, channels: Sequence[int], first: int, stop: int) -> NDArray[np.floating]:
        return np.stack(self.raw._read_spans([(channel, first, stop) for channel in channels]))


def has_gradients(recording: Recording, train: TriggerTrain) -> bool:
    """Tell whether the scanner's artefact is still in the EEG: whether it looks alike in every volume.

    Looks at a few channels over a few volumes in the middle of the train, without the mains, which may keep time with
    the volumes.
    """
    channels = recording.of_kind(ChannelKind.EEG)[:_N_CHANNELS_LOOKED_AT]
    onsets_s = train.onsets_s[:: train.steps_per_volume]
    onsets_s = onsets_s[max(0, (len(onsets_s) - _N_VOLUMES_LOOKED_AT) // 2) :][:_N_VOLUMES_LOOKED_AT]
    if not channels or len(onsets_s) < _N_VOLUMES_LOOKED_AT:
        return False
    volume_s = train.step_s * train.steps_per_volume
    shares = []
    for index, samples in zip(channels, recording.read(channels, onsets_s[0], len(onsets_s) * volume_s), strict=True):
        rate_hz = recording.channels[index].rate_hz
        signal = filter_signal(samples, rate_hz, FilterSettings(notch_hz=50.0))
        signal = filter_signal(signal, rate_hz, FilterSettings(notch_hz=60.0))
        firsts = np.rint((onsets_s - onsets_s[0]) * rate_hz).astype(np.int64)
        n_samples = int(volume_s * rate_hz) - 1
        epochs = np.stack([signal[first : first + n_samples] for first in firsts])
        epochs -= epochs.mean(axis=1, keepdims=True)
        shares.append(float(epochs.mean(axis=0).var() / max(float(epochs.var()), 1e-12)))
    return float(np.median(shares)) > _LEAST_SHARE
