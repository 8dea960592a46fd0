"""From a recording to a network that looks at one channel at a time: what training and running share."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelPackageError
from inference.recordings.recording import Channel, ChannelKind, Recording
from inference.runtime.cards import ChannelInputs
from inference.runtime.channel_plan import tell_narrow_bands
from inference.runtime.inputs import MAD_TO_SD, MIN_SCALE_UV, SCALE_GUARD_S
from inference.runtime.mains import resolve_notch
from inference.runtime.reading import TILE_S, SignalReader, carry_on, split_at_tiles
from inference.signals.filters import FilterSettings

#: Ears and mastoids, alone or together: what is recorded there is a reference rather than brain.
_EARS = re.compile(r"(eeg[ _]*)?[am][12]([-_/ ]*[am][12])*(-ref)?", re.IGNORECASE)
_KEPT_TILES = 2


@dataclass(frozen=True, slots=True)
class SingleChannelPlan:
    """Which of a recording's channels a network is shown, one after the other.

    Attributes
    ----------
    channels : their indices, in file order.
    used : their names.
    problems : plain sentences on what is not as the network knows it.
    """

    channels: tuple[int, ...]
    used: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChannelSignals:
    """Channels as a network sees them, on its grid: sample i lies at ``(first + i) / rate_hz``.

    Attributes
    ----------
    signals : (channels, n) float32, in microvolts or in units of the channel's own scale; 0 where not valid.
    valid : (channels, n) False in gaps and outside the recording.
    """

    signals: NDArray[np.float32]
    valid: NDArray[np.bool_]


def plan_single_channels(
    channels: Sequence[Channel], spec: ChannelInputs, exclude: Collection[str] = ()
) -> SingleChannelPlan:
    """Choose the channels that a network is shown: EEG from the scalp, the cortex or the depth, however referenced.

    Ears and mastoids are left out. Nothing is re-referenced: a channel is shown as it was recorded.

    Parameters
    ----------
    exclude : names of channels not to use, such as disconnected ones.

    Raises
    ------
    ModelPackageError
        The network asks for a scale that this version does not know.
    """
    if spec.scale not in {"none", "robust"}:
        raise ModelPackageError(
            f"The network asks for the scale {spec.scale!r}, which this version of Spasmlens does not know."
        )
    chosen = tuple(
        index
        for index, channel in enumerate(channels)
        if channel.kind is ChannelKind.EEG and channel.name not in exclude and not _is_reference(channel)
    )
    problems = tell_narrow_bands([channels[i] for i in chosen], spec.hff_hz or spec.rate_hz / 2, "EEG")
    return SingleChannelPlan(chosen, tuple(channels[i].name for i in chosen), tuple(problems))


def _is_reference(channel: Channel) -> bool:
    return any(name and _EARS.fullmatch(name) for name in (channel.electrode, channel.name))


class ChannelPreparer:
    """Reads each channel of a recording as a network wants it: filtered, resampled and, if asked for, scaled.

    Making one reads evenly spaced blocks of the recording, to leave out what was not connected, to find the mains hum
    and to measure scales. What is read afterwards depends on the recording and the place alone, not on the order or the
    lengths of the reads.

    Parameters
    ----------
    recording, spec : what to read, and what it is to become.
    exclude : names of channels not to use.
    checkpoint : called between pieces of work; an exception that it raises ends the work.

    Attributes
    ----------
    plan : the channels in use.
    scale_uv : (channels,) microvolts that became 1; all 1 where the network wants microvolts.
    notch_hz : the mains frequency that is taken out, None where none is.

    `read` keeps what it read last: use it from one thread at a time.
    """

    def __init__(
        self,
        recording: Recording,
        spec: ChannelInputs,
        *,
        exclude: Collection[str] = (),
        checkpoint: Callable[[], None] = carry_on,
    ) -> None:
        self._spec = spec
        self._reader = SignalReader(recording, spec.rate_hz, checkpoint)
        self._tile_samples = round(TILE_S * spec.rate_hz)
        self._tiles: dict[int, ChannelSignals] = {}
        plan = plan_single_channels(recording.channels, spec, exclude)
        silent = self._reader.find_silent(plan.channels)
        self.plan = plan_single_channels(recording.channels, spec, {*exclude, *silent}) if silent else plan
        blocks_s = self._reader.blocks_s()
        self.notch_hz = resolve_notch(spec.notch_hz, recording, self.plan.channels, blocks_s, checkpoint)
        self._filter = FilterSettings(spec.lff_hz, spec.hff_hz, self.notch_hz)
        self.scale_uv = np.ones(len(self.plan.channels), dtype=np.float32)
        if spec.scale == "robust":
            self._measure_scales()

    def read(self, onset_s: float, duration_s: float) -> ChannelSignals:
        """Read the samples from ``round(onset_s * rate_hz)`` up to, not including, that of the end.

        Raises
        ------
        RecordingError
            The file can no longer be read.
        """
        first = round(onset_s * self._spec.rate_hz)
        stop = round((onset_s + duration_s) * self._spec.rate_hz)
        signals = np.zeros((len(self.plan.channels), stop - first), dtype=np.float32)
        valid = np.zeros(signals.shape, dtype=bool)
        done = 0
        for tile, part in split_at_tiles(first, stop, self._tile_samples):
            prepared = self._read_tile(tile)
            place = slice(done, done + part.stop - part.start)
            signals[:, place], valid[:, place] = prepared.signals[:, part], prepared.valid[:, part]
            done = place.stop
        return ChannelSignals(signals, valid)

    def prepare(self, first: int, n_samples: int, checkpoint: Callable[[], None] | None = None) -> ChannelSignals:
        """Read samples from ``first`` on in one piece.

        Unlike `read` this may be done from several threads at once, and a sample may differ by some thousandths from
        one read to another that begins elsewhere.

        Raises
        ------
        RecordingError
            The file can no longer be read.
        """
        signals = self._reader.read(self.plan.channels, first, n_samples, self._filter, checkpoint=checkpoint)
        valid = np.isfinite(signals)
        signals[~valid] = 0.0
        return ChannelSignals(signals / self.scale_uv[:, None], valid)

    def _read_tile(self, tile: int) -> ChannelSignals:
        if tile not in self._tiles:
            while len(self._tiles) >= _KEPT_TILES:
                del self._tiles[next(iter(self._tiles))]
            self._tiles[tile] = self.prepare(tile * self._tile_samples, self._tile_samples)
        return self._tiles[tile]

    def _measure_scales(self) -> None:
        onsets_s, block_s = self._reader.blocks_s()
        n_samples = max(1, round(block_s * self._spec.rate_hz))
        firsts = [round(float(onset_s) * self._spec.rate_hz) for onset_s in onsets_s]
        blocks = [
            self._reader.read(self.plan.channels, first, n_samples, self._filter, max_guard_s=SCALE_GUARD_S)
            for first in firsts
        ]
        for row, signal in enumerate(np.concatenate(blocks, axis=1)):
            known = signal[np.isfinite(signal)]
            if known.size:
                self.scale_uv[row] = max(MAD_TO_SD * float(np.median(np.abs(known))), MIN_SCALE_UV)
