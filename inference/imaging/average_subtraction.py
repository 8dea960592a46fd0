"""Average subtraction over epochs that come again and again: each loses the mean of its neighbours, not its own signal.

Epochs are read as they are needed and kept while there is room, so that a stretch of a long recording costs no more
than the epochs around it, and comes out the same however it is read.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Fewer neighbours make no template.
LEAST_NEIGHBOURS: Final = 4
#: Starts closer than this to a sample lie on it, whatever rounding makes of them.
_SAME_SAMPLE: Final = 1e-6
#: Samples beyond each end of an epoch while it is moved by a fraction of a sample.
_GUARD: Final = 32
_KEPT_BYTES: Final = 192 * 2**20

#: Reads samples first up to, not including, stop of some channels, all of one rate: (channels, stop - first).
Source = Callable[[Sequence[int], int, int], NDArray[np.floating]]


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Stretches of a signal in which the same comes again, in fractions of a sample from its first.

    ``starts`` are where they begin, in phase with each other; of each, samples ``firsts`` up to, not including,
    ``stops`` are corrected. All (n,) and ascending.
    """

    starts: NDArray[np.float64]
    firsts: NDArray[np.int64]
    stops: NDArray[np.int64]


class AverageSubtraction:
    """A signal without what comes again in each of its epochs.

    The phase of the epochs is brought together by interpolation before they are averaged, for two clocks need not
    agree. Each epoch's mean is kept. An epoch with NaN, and time outside the epochs, stays as it is.

    Parameters
    ----------
    source : what is read; may be asked from several threads at once, as `read` may.
    n_samples : of the whole signal; nothing beyond them is asked for.
    n_neighbours : how many epochs, half of them before, make the template of one.
    """

    def __init__(self, source: Source, n_samples: int, epochs: Epochs, n_neighbours: int) -> None:
        self._source, self._n_samples, self._epochs, self._n_neighbours = source, n_samples, epochs, n_neighbours
        self._wholes = np.floor(epochs.starts + _SAME_SAMPLE).astype(np.int64)
        self._fractions = epochs.starts - self._wholes
        self._length = int(np.ceil(np.max(epochs.stops - epochs.starts))) + 1
        self._kept: OrderedDict[tuple[int, int], NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def read(self, channels: Sequence[int], first: int, stop: int) -> NDArray[np.float32]:
        """Read samples first up to, not including, stop: (channels, stop - first) float32."""
        cleaned = np.array(self._source(channels, first, stop), dtype=np.float32)
        touched = np.flatnonzero((self._epochs.firsts < stop) & (self._epochs.stops > first))
        if not touched.size or not channels:
            return cleaned
        low, _ = self._neighbours(int(touched[0]))
        _, high = self._neighbours(int(touched[-1]))
        around = self._aligned(channels, low, high)
        for index in touched:
            begin, end = self._neighbours(int(index))
            own = int(index) - begin
            rows, template = self._template(around[begin - low : end - low], own, self._fractions[index])
            since, until = max(first, int(self._epochs.firsts[index])), min(stop, int(self._epochs.stops[index]))
            place = int(self._wholes[index])
            cleaned[rows, since - first : until - first] -= template[:, since - place : until - place]
        return cleaned

    def _template(
        self, window: NDArray[np.float32], own: int, fraction: float
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Average a window of epochs without one of them, on that one's phase, in the channels in which it can be done.

        Gives the rows of these channels, and (rows, samples).
        """
        usable = np.isfinite(window[:, :, 0])
        others = usable.copy()
        others[own] = False
        counts = others.sum(axis=0)
        rows = np.flatnonzero(usable[own] & (counts >= LEAST_NEIGHBOURS))
        shown = np.where(others[:, rows, None], window[:, rows], np.float32(0))
        mean = shown.sum(axis=0) / counts[rows, None].astype(np.float32)
        return rows, _move(mean, -fraction)

    def _neighbours(self, index: int) -> tuple[int, int]:
        """Give the first of an epoch's neighbours and the one after the last, the epoch itself among them."""
        n_epochs = len(self._wholes)
        first = min(max(0, index - self._n_neighbours // 2), max(0, n_epochs - self._n_neighbours - 1))
        return first, min(n_epochs, first + self._n_neighbours + 1)

    def _aligned(self, channels: Sequence[int], low: int, high: int) -> NDArray[np.float32]:
        """Give epochs low up to, not including, high in one phase and without their means, with a guard at both ends.

        (epochs, channels, samples) float32; NaN where an epoch is broken.
        """
        with self._lock:
            known = {(c, e): self._kept[c, e] for e in range(low, high) for c in channels if (c, e) in self._kept}
            for key in known:
                self._kept.move_to_end(key)
        unknown = [epoch for epoch in range(low, high) if any((c, epoch) not in known for c in channels)]
        for run in np.split(unknown, np.flatnonzero(np.diff(unknown) > 1) + 1) if unknown else ():
            known.update(self._align(channels, int(run[0]), int(run[-1])))
        with self._lock:
            self._kept.update(known)
            while len(self._kept) * 4 * (self._length + 2 * _GUARD) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        return np.stack([np.stack([known[c, epoch] for c in channels]) for epoch in range(low, high)])

    def _align(self, channels: Sequence[int], first: int, last: int) -> dict[tuple[int, int], NDArray[np.float32]]:
        # One guard is spent when an epoch is moved onto the common phase, one when the template is moved back.
        begin, end = int(self._wholes[first]) - 2 * _GUARD, int(self._wholes[last]) + self._length + 2 * _GUARD
        inner = max(begin, 0), min(end, self._n_samples)
        signals = np.asarray(self._source(channels, *inner), dtype=np.float32)
        signals = np.pad(signals, ((0, 0), (inner[0] - begin, end - inner[1])), mode="edge")
        aligned = {}
        for epoch in range(first, last + 1):
            at = int(self._wholes[epoch]) - 2 * _GUARD - begin
            moved = _move(signals[:, at : at + self._length + 4 * _GUARD], self._fractions[epoch])
            moved -= moved[:, _GUARD:-_GUARD].mean(axis=-1, keepdims=True)
            moved[~np.isfinite(moved).all(axis=1)] = np.nan
            aligned.update({(channel, epoch): row for channel, row in zip(channels, moved, strict=True)})
        return aligned


def next_sample(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the first sample at or after each place."""
    return np.ceil(places - _SAME_SAMPLE).astype(np.int64)


def _move(samples: NDArray[np.float32], fraction: float) -> NDArray[np.float32]:
    """Read signals (channels, samples) a fraction of a sample later, and cut off the guard at both ends."""
    if abs(fraction) < _SAME_SAMPLE:
        return samples[:, _GUARD:-_GUARD].copy()
    from scipy import fft

    # The guards fade to the mean, so that the ends meet each other without a step.
    n_samples = samples.shape[-1]
    fade = np.ones(n_samples, dtype=np.float32)
    fade[:_GUARD] = np.sin(np.linspace(0, np.pi / 2, _GUARD)) ** 2
    fade[-_GUARD:] = fade[:_GUARD][::-1]
    mean = samples.mean(axis=-1, keepdims=True)
    turn = np.exp(2j * np.pi * fraction * fft.rfftfreq(n_samples)).astype(np.complex64)
    spectrum = fft.rfft((samples - mean) * fade, axis=-1) * turn
    return np.asarray(fft.irfft(spectrum, n_samples, axis=-1)[:, _GUARD:-_GUARD] + mean, dtype=np.float32)
