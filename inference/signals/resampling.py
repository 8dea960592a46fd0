"""Change of sampling rate by polyphase filtering."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

# Finest ratio of two rates. 173.61 Hz (the Bonn set) is exact; whatever is not stays within 3 ms in a day.
_LARGEST_DENOMINATOR = 20_000


def resample(x: NDArray[np.floating], rate_hz: float, new_rate_hz: float) -> NDArray[np.floating]:
    """Bring signals to another rate along their last axis; the first sample stays at its time.

    ``scipy.signal.resample_poly`` (Kaiser window, anti-aliased, zero phase). Gaps (NaN) are bridged by a straight line
    for the filter's sake and are NaN again afterwards: a new sample is NaN where one of its two old neighbours is.

    Parameters
    ----------
    x : (..., n) signals at ``rate_hz``.

    Returns
    -------
    (..., ceil(n * new_rate_hz / rate_hz)) in the type of ``x``; sample i lies at i / new_rate_hz.
    """
    x = np.asarray(x)
    ratio = rate_ratio(rate_hz, new_rate_hz)
    if ratio == 1 or x.shape[-1] == 0:
        return x
    from scipy import signal  # takes over a second to load

    finite = np.isfinite(x)
    bridged = x if finite.all() else _bridge_gaps(x, finite)
    resampled = signal.resample_poly(bridged, ratio.numerator, ratio.denominator, axis=-1, padtype="edge")
    resampled = resampled.astype(x.dtype, copy=False)
    if bridged is not x:
        before, after = _old_neighbours(resampled.shape[-1], x.shape[-1], ratio)
        resampled[~(finite[..., before] & finite[..., after])] = np.nan
    return resampled


def rate_ratio(rate_hz: float, new_rate_hz: float) -> Fraction:
    """Give new samples for each old one as a fraction of whole numbers that are not too large."""
    return (Fraction(new_rate_hz) / Fraction(rate_hz)).limit_denominator(_LARGEST_DENOMINATOR)


def _bridge_gaps(x: NDArray[np.floating], finite: NDArray[np.bool_]) -> NDArray[np.floating]:
    bridged = np.zeros_like(x)
    n_samples = x.shape[-1]
    rows = (array.reshape(-1, n_samples) for array in (x, finite, bridged))
    positions = np.arange(n_samples)
    for row, is_finite, target in zip(*rows, strict=True):
        if is_finite.any():
            target[:] = np.interp(positions, positions[is_finite], row[is_finite])
    return bridged


def _old_neighbours(n_new: int, n_old: int, ratio: Fraction) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    scaled = np.arange(n_new, dtype=np.int64) * ratio.denominator
    before = scaled // ratio.numerator
    after = -(-scaled // ratio.numerator)
    return before, np.minimum(after, n_old - 1)
