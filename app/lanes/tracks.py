"""A network's probability over time, as the lanes draw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ProbabilityTrack:
    """Probability of one network, complete up to ``done_s``.

    ``subject`` is what the probability is of, as the theme names its colour. ``time_s`` is ascending, ``probability`` 0
    to 1 or NaN where the network could not be asked; ``threshold`` is that of its events.
    """

    subject: str
    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    threshold: float
    done_s: float


def column_maxima(track: ProbabilityTrack, edges_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give the highest probability within each column [edges_s[i], edges_s[i + 1]).

    Columns narrower than the spacing of the track take the interpolated value at their left edge.

    Returns
    -------
    shape (len(edges_s) - 1,); NaN where the track says nothing.
    """
    n_columns = len(edges_s) - 1
    if track.time_s.size == 0:
        return np.full(n_columns, np.nan, np.float32)
    at_edge = np.interp(edges_s[:-1], track.time_s, track.probability, left=np.nan, right=np.nan).astype(np.float32)
    first = np.searchsorted(track.time_s, edges_s[:-1])
    stop = np.searchsorted(track.time_s, edges_s[1:])
    filled = np.flatnonzero(stop > first)
    if filled.size:
        padded = np.append(track.probability, np.float32(np.nan))
        bounds = np.stack([first[filled], stop[filled]], axis=1).ravel()
        highest = np.fmax.reduceat(padded, bounds)[::2]
        at_edge[filled] = np.fmax(at_edge[filled], highest)
    return at_edge
