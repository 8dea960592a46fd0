"""A recording that lies in memory, for simulated patients and for tests."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.recordings.recording import Channel, FileAnnotation, Gap, Recording


class ArrayRecording(Recording):
    """A recording whose samples are arrays.

    Parameters
    ----------
    channels : one per signal, with unique names.
    signals : one-dimensional arrays in each channel's unit (microvolts for potentials), sample i at i / rate_hz
        seconds; samples within a gap are not looked at.
    start : wall-clock time of the first sample.
    gaps : stretches that read as NaN.
    annotations : annotations to present as the file's own.
    path : what to call the recording in messages.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        signals: Sequence[ArrayLike],
        start: datetime | None = None,
        *,
        gaps: Sequence[Gap] = (),
        annotations: Sequence[FileAnnotation] = (),
        path: Path = Path("array"),
    ) -> None:
        if len(channels) != len(signals):
            raise ValueError(f"{len(channels)} channels but {len(signals)} signals")
        if len({channel.name for channel in channels}) != len(channels):
            raise ValueError("channel names are not unique")
        self.path = path
        self.file_format = "array"
        self.channels = tuple(channels)
        self.start = start
        self.gaps = tuple(sorted(gaps, key=lambda gap: gap.onset_s))
        self.annotations = tuple(sorted(annotations, key=lambda annotation: annotation.onset_s))
        self.problems = ()
        self._signals = [self._prepare(channel, signal) for channel, signal in zip(channels, signals, strict=True)]
        lengths_s = [len(x) / channel.rate_hz for x, channel in zip(self._signals, channels, strict=True)]
        self.duration_s = max(lengths_s, default=0.0)

    def _prepare(self, channel: Channel, signal: ArrayLike) -> NDArray[np.float32]:
        samples = np.array(signal, dtype=np.float32)
        if samples.ndim != 1:
            raise ValueError(f"the signal of {channel.name} has {samples.ndim} dimensions, not 1")
        for gap in self.gaps:
            first = max(0, round(gap.onset_s * channel.rate_hz))
            samples[first : max(0, round((gap.onset_s + gap.duration_s) * channel.rate_hz))] = np.nan
        samples.setflags(write=False)
        return samples

    def _read_samples(self, index: int, first: int, stop: int) -> NDArray[np.float32]:
        signal = self._signals[index]
        samples = np.full(max(0, stop - first), np.nan, dtype=np.float32)
        low, high = max(first, 0), min(stop, len(signal))
        if low < high:
            samples[low - first : high - first] = signal[low:high]
        return samples
