"""From a recording to what a network sees: the one implementation that training and running share."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.recordings.recording import Recording
from inference.runtime.cards import MontageInputs
from inference.runtime.channel_plan import ChannelPlan, plan_channels
from inference.runtime.mains import resolve_notch
from inference.runtime.reading import TILE_S, SignalReader, carry_on, split_at_tiles
from inference.signals.filters import FilterSettings

__all__ = ["ChannelPlan", "InputPreparer", "PreparedSignals", "plan_channels"]

#: A quieter signal is not amplified further: what is left would be the amplifier's own noise.
MIN_SCALE_UV = 0.5
#: Nor is a muscle at rest, which shows no more than this: the least twitch of a silent one would look like a spasm.
MIN_EMG_SCALE_UV = 2.0
# A median shrugs off what a short guard leaves at the edges of a block.
SCALE_GUARD_S = 2.0
MAD_TO_SD = 1.4826
_KEPT_TILES = 2


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSignals:
    """Signals as a network sees them, on its grid: sample i lies at ``(first + i) / rate_hz``.

    Attributes
    ----------
    eeg : (n_electrodes, n) float32 in units of the recording's EEG scale; 0 where masked or not valid.
    emg : (n_emg, n) float32, each channel in units of its own scale; 0 where masked or not valid.
    valid : (n,) False in gaps and outside the recording.
    """

    eeg: NDArray[np.float32]
    emg: NDArray[np.float32]
    valid: NDArray[np.bool_]


class InputPreparer:
    """Reads a recording as a network wants it: filtered, resampled, re-referenced and scaled.

    Making one reads evenly spaced blocks of the recording to measure its amplitudes: one scale for the whole EEG (the
    median over electrodes), so that topographies stay as they are, and one for each EMG channel, because muscles and
    amplifiers differ. A scale is 1.4826 times the median absolute amplitude of the prepared signal, and never below
    what an amplifier or a muscle at rest shows. What is read afterwards depends on the recording and the place alone,
    not on the order or the lengths of the reads.

    Parameters
    ----------
    recording, plan, spec : what to read, by which plan, and what it is to become.
    checkpoint : called between pieces of work; an exception that it raises ends the work.

    Attributes
    ----------
    plan : the plan in use; channels that turned out to be disconnected are gone from it.
    eeg_scale_uv : microvolts that became 1 in the EEG.
    emg_scale_uv : (n_emg,) the same for each EMG slot; 1 where it is empty.
    notch_hz : the mains frequency that is taken out, None where none is.

    `read` keeps what it read last: use it from one thread at a time.
    """

    def __init__(
        self, recording: Recording, plan: ChannelPlan, spec: MontageInputs, checkpoint: Callable[[], None] = carry_on
    ) -> None:
        self._recording = recording
        self._spec = spec
        self._reader = SignalReader(recording, spec.rate_hz, checkpoint)
        self._tile_samples = round(TILE_S * spec.rate_hz)
        self._tiles: dict[int, PreparedSignals] = {}
        self.eeg_scale_uv = 1.0
        self.emg_scale_uv = np.ones(spec.n_emg, dtype=np.float32)
        silent = self._find_silent(plan)
        self.plan = plan_channels(recording.channels, spec, exclude=plan.excluded | silent) if silent else plan
        # Muscle electrodes catch more hum than those of the head box, and the same.
        channels, blocks_s = (*self.plan.eeg_channels, *self.plan.emg_channels), self._reader.blocks_s()
        self.notch_hz = resolve_notch(spec.notch_hz, recording, channels, blocks_s, checkpoint)
        self._eeg_filter = FilterSettings(spec.lff_hz, spec.hff_hz, self.notch_hz)
        self._emg_filter = FilterSettings(spec.emg_lff_hz, spec.emg_hff_hz, self.notch_hz)
        self._measure_scales()

    def read(self, onset_s: float, duration_s: float) -> PreparedSignals:
        """Read the samples from ``round(onset_s * rate_hz)`` up to, not including, that of the end.

        Raises
        ------
        RecordingError
            The file can no longer be read.
        """
        first = round(onset_s * self._spec.rate_hz)
        stop = round((onset_s + duration_s) * self._spec.rate_hz)
        parts = []
        for tile, part in split_at_tiles(first, stop, self._tile_samples):
            prepared = self._read_tile(tile)
            parts.append(PreparedSignals(prepared.eeg[:, part], prepared.emg[:, part], prepared.valid[part]))
        if len(parts) == 1:
            return parts[0]
        return self._join(parts)

    def prepare(
        self, first: int, n_samples: int, checkpoint: Callable[[], None] | None = None, max_guard_s: float = math.inf
    ) -> PreparedSignals:
        """Read samples from ``first`` on in one piece, filtered with ``max_guard_s`` of signal around them at most.

        Unlike `read` this may be done from several threads at once, and a sample may differ by some thousandths from
        one read to another that begins elsewhere.

        Raises
        ------
        RecordingError
            The file can no longer be read.
        """
        eeg, emg = (
            self._reader.read(channels, first, n_samples, filters, max_guard_s=max_guard_s, checkpoint=checkpoint)
            for channels, filters in (
                (self.plan.eeg_channels, self._eeg_filter),
                (self.plan.emg_channels, self._emg_filter),
            )
        )
        valid = np.isfinite(np.concatenate([eeg, emg])).all(axis=0)
        eeg[:, ~valid] = 0.0
        slots = np.zeros((self._spec.n_emg, n_samples), dtype=np.float32)
        slots[: len(emg), valid] = emg[:, valid]
        slots /= self.emg_scale_uv[:, None]
        electrodes = self.plan.eeg_weights @ eeg
        electrodes /= np.float32(self.eeg_scale_uv)
        return PreparedSignals(electrodes, slots, valid)

    def _join(self, parts: Sequence[PreparedSignals]) -> PreparedSignals:
        n_electrodes = len(self._spec.eeg_electrodes)
        if not parts:
            return PreparedSignals(
                np.zeros((n_electrodes, 0), np.float32), np.zeros((self._spec.n_emg, 0), np.float32), np.zeros(0, bool)
            )
        return PreparedSignals(
            np.concatenate([part.eeg for part in parts], axis=1),
            np.concatenate([part.emg for part in parts], axis=1),
            np.concatenate([part.valid for part in parts]),
        )

    def _read_tile(self, tile: int) -> PreparedSignals:
        if tile not in self._tiles:
            while len(self._tiles) >= _KEPT_TILES:
                del self._tiles[next(iter(self._tiles))]
            self._tiles[tile] = self.prepare(tile * self._tile_samples, self._tile_samples)
        return self._tiles[tile]

    def _find_silent(self, plan: ChannelPlan) -> frozenset[str]:
        """Name the channels that are silent, but for those that the others were recorded against."""
        silent = self._reader.find_silent((*plan.eeg_channels, *plan.emg_channels))
        references = {self._recording.channels[i].reference for i in plan.eeg_channels}
        return frozenset(
            channel.name
            for channel in self._recording.channels
            if channel.name in silent and (channel.electrode is None or channel.electrode not in references)
        )

    def _measure_scales(self) -> None:
        onsets_s, block_s = self._reader.blocks_s()
        n_samples = max(1, round(block_s * self._spec.rate_hz))
        firsts = [round(float(onset_s) * self._spec.rate_hz) for onset_s in onsets_s]
        blocks = [self.prepare(first, n_samples, max_guard_s=SCALE_GUARD_S) for first in firsts]
        signals = self._join(blocks)
        if not signals.valid.any():
            return
        recorded = [
            row
            for row, name in enumerate(self._spec.eeg_electrodes)
            if self.plan.eeg_present[row] and name not in self.plan.interpolated
        ]
        eeg_uv = MAD_TO_SD * np.median(np.abs(signals.eeg[recorded][:, signals.valid]), axis=1)
        emg_uv = MAD_TO_SD * np.median(np.abs(signals.emg[:, signals.valid]), axis=1)
        if eeg_uv.size:
            self.eeg_scale_uv = max(float(np.median(eeg_uv)), MIN_SCALE_UV)
        self.emg_scale_uv = np.where(self.plan.emg_present > 0, np.maximum(emg_uv, MIN_EMG_SCALE_UV), 1.0).astype(
            np.float32
        )
