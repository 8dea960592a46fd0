"""What an opened recording is, whatever kind of file it came from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from inference.recordings.units import MICROVOLTS, microvolts_per


class ChannelKind(StrEnum):
    """What a channel measures; decides where it is drawn, how it is filtered and which network may see it."""

    EEG = "eeg"
    EMG = "emg"
    EOG = "eog"
    ECG = "ecg"
    RESPIRATION = "respiration"
    OXIMETRY = "oximetry"
    POSITION = "position"
    IMPEDANCE = "impedance"
    TRIGGER = "trigger"
    OTHER = "other"


#: Kinds that are electrical potentials of the body: always read in microvolts.
POTENTIALS = frozenset({ChannelKind.EEG, ChannelKind.EMG, ChannelKind.EOG, ChannelKind.ECG})


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as recorded.

    ``name`` is the file's own label, made unique within the recording. ``unit`` is ``"uV"`` for every electrical
    potential and the file's own unit otherwise. ``rate_hz`` is the native rate. ``electrode`` is the canonical 10-20
    name (T7, not T3) of the active electrode, ``reference`` that of the electrode it was recorded against; each is
    None where the label does not tell.
    """

    name: str
    kind: ChannelKind
    unit: str
    rate_hz: float
    electrode: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which nothing was recorded, in seconds from the start of the recording."""

    onset_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class FileAnnotation:
    """An annotation stored in the recording's own file; ``channels`` is empty where it concerns all of them."""

    onset_s: float
    duration_s: float
    label: str
    channels: tuple[str, ...] = ()


class Recording(ABC):
    """An opened recording, read lazily and never written.

    Attributes
    ----------
    path : the file that was opened.
    file_format : the format's usual name, such as ``"EDF+D"``.
    channels : every signal channel in file order, with unique names.
    duration_s : from the first to the last sample, gaps included.
    start : wall-clock time of the first sample, None where the file has none.
    gaps : stretches without data, in order.
    annotations : the file's own annotations, in order of onset.
    problems : sentences about what is odd in this file but did not stop it from opening.
    treatment : what is done to the samples between the file and the reader, in a few words; empty where nothing is.

    Reading may be done from several threads at once.
    """

    path: Path
    file_format: str
    channels: tuple[Channel, ...]
    duration_s: float
    start: datetime | None
    gaps: tuple[Gap, ...]
    annotations: tuple[FileAnnotation, ...]
    problems: tuple[str, ...]
    treatment: str = ""

    #: Microvolts per unit at opening, of the channels that a correction has turned into potentials.
    _gains_uv: Mapping[int, float] = MappingProxyType({})

    def read(self, channels: Sequence[int], onset_s: float, duration_s: float) -> list[NDArray[np.float32]]:
        """Read the span [onset_s, onset_s + duration_s) of some channels, each at its own rate.

        Sample i of a channel lies at i / rate_hz seconds. The result of each channel holds the samples
        ``round(onset_s * rate_hz)`` up to, not including, ``round((onset_s + duration_s) * rate_hz)``: always that
        many, NaN where there is a gap or the span reaches beyond the recording.

        Raises
        ------
        RecordingError
            The file can no longer be read.
        """
        rates_hz = [self.channels[index].rate_hz for index in channels]
        spans = [
            (index, round(onset_s * rate_hz), round((onset_s + duration_s) * rate_hz))
            for index, rate_hz in zip(channels, rates_hz, strict=True)
        ]
        gains_uv = self._gains_uv
        return [
            samples * np.float32(gains_uv[index]) if index in gains_uv else samples
            for index, samples in zip(channels, self._read_spans(spans), strict=True)
        ]

    def _read_spans(self, spans: Sequence[tuple[int, int, int]]) -> list[NDArray[np.float32]]:
        """Read (channel index, first sample, stop sample) spans; worth overriding where channels lie interleaved."""
        return [self._read_samples(*span) for span in spans]

    @abstractmethod
    def _read_samples(self, index: int, first: int, stop: int) -> NDArray[np.float32]:
        """Read samples first to stop of one channel on its own grid, in its unit at opening; NaN outside the data."""

    def of_kind(self, *kinds: ChannelKind) -> tuple[int, ...]:
        """Give the indices of the channels of these kinds, in file order."""
        return tuple(i for i, channel in enumerate(self.channels) if channel.kind in kinds)

    def correct_kinds(self, kinds: Mapping[str, ChannelKind]) -> None:
        """Apply a user's corrections of channel kinds, by channel name; unknown names are ignored.

        A voltage that becomes a potential of the body is read in microvolts from then on.
        """
        gains_uv = dict(self._gains_uv)
        channels = []
        for index, channel in enumerate(self.channels):
            kind, unit = kinds.get(channel.name, channel.kind), channel.unit
            if kind in POTENTIALS and (gain_uv := microvolts_per(unit)) is not None and unit != MICROVOLTS:
                gains_uv[index], unit = gain_uv, MICROVOLTS
            channels.append(replace(channel, kind=kind, unit=unit))
        self._gains_uv, self.channels = gains_uv, tuple(channels)
