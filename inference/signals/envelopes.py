"""What a trace covers on a screen: the lowest and highest point of its line in every column of pixels."""

import numpy as np
from numpy.typing import NDArray

Envelope = tuple[NDArray[np.float32], NDArray[np.float32]]


def envelope(x: NDArray[np.float32], rate_hz: float, first_sample: int, edges_s: NDArray[np.float64]) -> Envelope:
    """Give the exact minimum and maximum, in each column, of the line that joins the samples.

    A column's extremes are those of the samples within it and of the line where it crosses the column's two edges, so
    neighbouring columns always join, and a signal with fewer samples than columns is a line and not a stair. The line
    ends at its first and last sample and at a gap (NaN).

    Parameters
    ----------
    x : (channels, n) samples of one rate; sample i lies at (first_sample + i) / rate_hz seconds.
    edges_s : (columns + 1,) rising times of the columns' edges.

    Returns
    -------
    lowest, highest : each (channels, columns), NaN in columns without a line.
    """
    n_samples = x.shape[-1]
    n_columns = edges_s.size - 1
    if n_samples == 0:
        empty = np.full((x.shape[0], n_columns), np.nan, np.float32)
        return empty, empty.copy()
    positions = edges_s * rate_hz - first_sample
    crossings = _interpolate(x, positions)
    lowest = np.fmin(crossings[:, :-1], crossings[:, 1:])
    highest = np.fmax(crossings[:, :-1], crossings[:, 1:])
    starts = np.clip(np.ceil(positions).astype(np.int64), 0, n_samples)
    filled = np.flatnonzero(starts[1:] > starts[:-1])
    if filled.size:
        bounds = starts[np.append(filled, filled[-1] + 1)]
        inside = x[:, bounds[0] : bounds[-1]]
        low, high = _reduce(inside, bounds[:-1] - bounds[0])
        lowest[:, filled] = np.fmin(lowest[:, filled], low)
        highest[:, filled] = np.fmax(highest[:, filled], high)
    return lowest, highest


def _interpolate(x: NDArray[np.float32], positions: NDArray[np.float64]) -> NDArray[np.float32]:
    last = x.shape[-1] - 1
    before = np.clip(np.floor(positions).astype(np.int64), 0, last)
    after = np.minimum(before + 1, last)
    fraction = (positions - before).astype(np.float32)
    left = x[:, before]
    values = left + fraction * (x[:, after] - left)
    # Exactly on a sample its far neighbour does not matter, even where that is a gap.
    values = np.where(fraction == 0, left, values)
    values[:, (positions < 0) | (positions > last)] = np.nan
    return values


def _reduce(inside: NDArray[np.float32], starts: NDArray[np.int64]) -> Envelope:
    # fmin skips NaN at three times the price of minimum.
    if np.isfinite(inside).all():
        return np.minimum.reduceat(inside, starts, axis=1), np.maximum.reduceat(inside, starts, axis=1)
    return np.fmin.reduceat(inside, starts, axis=1), np.fmax.reduceat(inside, starts, axis=1)
