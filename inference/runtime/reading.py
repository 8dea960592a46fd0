"""Reading channels as networks want them: filtered, on the network's grid, and the same however they are read."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.recordings.recording import Recording
from inference.signals.conditioning import condition
from inference.signals.filters import FilterSettings, guard_s

#: Signals are prepared in tiles on a fixed grid, so that no sample depends on how the recording is read.
TILE_S = 30.0
#: What a recording is like is measured in at most so many blocks, spread evenly over it.
MAX_BLOCKS = 32
BLOCK_S = 10.0
#: A channel that never leaves its median by more than this was not connected.
_SILENT_UV = 1e-3
_CHANNELS_AT_ONCE = 8


def carry_on() -> None:
    """Let the work go on."""


class SignalReader:
    """Reads filtered and resampled channels of a recording, from several threads at once if need be.

    Parameters
    ----------
    recording : what to read.
    rate_hz : the rate of what is given; sample i lies at ``i / rate_hz`` seconds.
    checkpoint : called between pieces of work; an exception that it raises ends the work.
    """

    def __init__(self, recording: Recording, rate_hz: float, checkpoint: Callable[[], None] = carry_on) -> None:
        self._recording = recording
        self._rate_hz = rate_hz
        self._checkpoint = checkpoint

    def read(
        self,
        channels: Sequence[int],
        first: int,
        n_samples: int,
        settings: FilterSettings,
        *,
        max_guard_s: float = math.inf,
        checkpoint: Callable[[], None] | None = None,
    ) -> NDArray[np.float32]:
        """Read samples of some channels, filtered with as much signal around them as the filters need.

        Parameters
        ----------
        checkpoint : takes the place of the reader's own.

        Returns
        -------
        (channels, n_samples) in microvolts, NaN in gaps and outside the recording.
        """
        onset_s = first / self._rate_hz
        signals = np.empty((len(channels), n_samples), dtype=np.float32)
        # Whole seconds, so that the grids of the usual rates meet; at least one for the resampling filter.
        edge_s = math.ceil(min(max(guard_s(settings), 1.0), max_guard_s))
        read_onset_s = onset_s - edge_s
        read_duration_s = n_samples / self._rate_hz + 2 * edge_s
        for native_hz, rows in self._group_by_rate(channels):
            (checkpoint or self._checkpoint)()
            spans = self._recording.read([channels[row] for row in rows], read_onset_s, read_duration_s)
            prepared = condition(np.stack(spans), native_hz, self._rate_hz, settings)
            # The first sample that was read lies on the channel's own grid, less than half a sample from the onset.
            lead_s = onset_s - round(read_onset_s * native_hz) / native_hz
            start = round(lead_s * self._rate_hz)
            signals[rows] = prepared[:, start : start + n_samples]
        return signals

    def blocks_s(self) -> tuple[NDArray[np.float64], float]:
        """Give onsets and length of the blocks in which to look at what a recording is like."""
        duration_s = self._recording.duration_s
        block_s = min(BLOCK_S, duration_s)
        n_blocks = max(1, min(MAX_BLOCKS, int(duration_s // BLOCK_S)))
        return np.linspace(0.0, duration_s - block_s, n_blocks), block_s

    def find_silent(self, channels: Sequence[int]) -> frozenset[str]:
        """Name the channels that are constant in every block; none where all of them are."""
        is_silent = np.ones(len(channels), dtype=bool)
        onsets_s, block_s = self.blocks_s()
        for onset_s in onsets_s:
            self._checkpoint()
            for row, span in enumerate(self._recording.read(channels, float(onset_s), block_s)):
                finite = span[np.isfinite(span)]
                is_silent[row] &= finite.size == 0 or float(np.ptp(finite)) <= _SILENT_UV
        if is_silent.all():
            return frozenset()
        return frozenset(self._recording.channels[i].name for i, flag in zip(channels, is_silent, strict=True) if flag)

    def _group_by_rate(self, channels: Sequence[int]) -> Iterator[tuple[float, list[int]]]:
        """Yield rows of ``channels`` that share a rate, few enough at a time to stop between them."""
        by_rate: dict[float, list[int]] = defaultdict(list)
        for row, index in enumerate(channels):
            by_rate[self._recording.channels[index].rate_hz].append(row)
        for rate_hz, rows in by_rate.items():
            for start in range(0, len(rows), _CHANNELS_AT_ONCE):
                yield rate_hz, rows[start : start + _CHANNELS_AT_ONCE]


def split_at_tiles(first: int, stop: int, tile_samples: int) -> Iterator[tuple[int, slice]]:
    """Yield the tiles that samples ``first`` to ``stop`` lie in, and which part of each."""
    while first < stop:
        tile, start = divmod(first, tile_samples)
        end = min(start + stop - first, tile_samples)
        yield tile, slice(start, end)
        first += end - start
