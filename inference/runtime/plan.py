"""Where a network looks: windows on one grid over the whole recording, never across a gap."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inference.runtime.cards import ChannelInputs, MontageInputs
from inference.runtime.inputs import PreparedSignals


@dataclass(frozen=True)
class WindowPlan:
    """The grid of windows over a recording.

    Time i is ``i * hop_s``; the window that speaks for it reaches half a window to either side. Near the ends of the
    recording and near gaps there is no whole window, and nothing is said about those times.
    """

    duration_s: float
    spec: MontageInputs | ChannelInputs

    @cached_property
    def time_s(self) -> NDArray[np.float64]:
        """Every time that a window may speak for, from 0 to the end of the recording."""
        n_times = int(np.floor(self.duration_s / self.spec.hop_s + 1e-9)) + 1
        return np.arange(n_times, dtype=np.float64) * np.float64(self.spec.hop_s)

    @property
    def window_samples(self) -> int:
        """Samples in a window."""
        return round(self.spec.window_s * self.spec.rate_hz)

    def first_sample(self, index: int) -> int:
        """Give the first sample of the window that speaks for time ``index``; below 0 near the start."""
        return round((index * self.spec.hop_s - self.spec.window_s / 2) * self.spec.rate_hz)

    def chunks(self, chunk_s: float) -> Iterator[range]:
        """Yield the indices of successive times, ``chunk_s`` seconds of the recording at a time."""
        n_per_chunk = max(1, round(chunk_s / self.spec.hop_s))
        for start in range(0, len(self.time_s), n_per_chunk):
            yield range(start, min(start + n_per_chunk, len(self.time_s)))

    def span_s(self, indices: range) -> tuple[float, float]:
        """Give onset and duration of the signal that the windows of these times need."""
        first = self.first_sample(indices[0])
        stop = self.first_sample(indices[-1]) + self.window_samples
        return first / self.spec.rate_hz, (stop - first) / self.spec.rate_hz

    def whole_windows(self, indices: range, valid: NDArray[np.bool_]) -> list[int]:
        """Choose the times whose windows hold signal throughout.

        Parameters
        ----------
        indices : successive times.
        valid : (n,) which samples of ``span_s(indices)`` hold signal.
        """
        origin = self.first_sample(indices[0])
        n_valid = np.concatenate(([0], np.cumsum(valid)))
        starts = np.array([self.first_sample(i) - origin for i in indices])
        whole = n_valid[starts + self.window_samples] - n_valid[starts] == self.window_samples
        return [index for index, flag in zip(indices, whole, strict=True) if flag]

    def stack(
        self, indices: range, chosen: list[int], signals: PreparedSignals
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Cut the windows of the chosen times out of the signals of ``span_s(indices)``.

        Returns
        -------
        eeg (B, n_electrodes, T) and emg (B, n_emg, T).
        """
        cuts = [self.cut(indices, index) for index in chosen]
        return np.stack([signals.eeg[:, cut] for cut in cuts]), np.stack([signals.emg[:, cut] for cut in cuts])

    def cut(self, indices: range, index: int) -> slice:
        """Give where the window of one time lies within the signals of ``span_s(indices)``."""
        first = self.first_sample(index) - self.first_sample(indices[0])
        return slice(first, first + self.window_samples)
