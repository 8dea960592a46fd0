"""Filtering signals and lowering their rate at once, in the frequency domain: ten times as fast as one by one."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.signals.filters import FilterSettings, design_sections, filter_signal, finite_runs, guard_s
from inference.signals.resampling import rate_ratio, resample

#: Lobes of the anti-aliasing filter on either side of its middle, and its Kaiser window: those of `resample`.
_LOBES: Final = 10
_KAISER_BETA: Final = 5.0
#: The filter's response is worked out for this rate over the new one and read off for others, which differ by nothing.
_REFERENCE_RATIO: Final = 64
#: In units of half the new rate: above this the anti-aliasing filter lets nothing through.
_STOP_EDGE: Final = 1.5


def condition(
    x: NDArray[np.floating], rate_hz: float, new_rate_hz: float, settings: FilterSettings
) -> NDArray[np.floating]:
    """Filter signals and bring them to another rate along their last axis; the first sample stays at its time.

    Gives what ``resample(filter_signal(x, rate_hz, settings), rate_hz, new_rate_hz)`` gives, to a thousandth of what
    the signal does beyond its ends: the same zero-phase filters are applied as one gain for each frequency, and the
    spectrum is folded where the lower rate folds it. Each run of finite samples is treated on its own, extended at its
    ends by odd reflection. To a higher rate, and where there is nothing to do, it is those two functions.

    Parameters
    ----------
    x : (channels, n) signals at ``rate_hz``.

    Returns
    -------
    (channels, ceil(n * new_rate_hz / rate_hz)) float32; sample i lies at i / new_rate_hz.
    """
    ratio = rate_ratio(rate_hz, new_rate_hz)
    if ratio > 1 or (ratio == 1 and design_sections(settings, float(rate_hz)) is None):
        return resample(filter_signal(x, rate_hz, settings), rate_hz, new_rate_hz).astype(np.float32, copy=False)
    n_new = -(-x.shape[-1] * ratio.numerator // ratio.denominator)
    conditioned = np.full((len(x), n_new), np.nan, dtype=np.float32)
    for rows, first, stop in _common_runs(x):
        # A new sample is known where both of its old neighbours are.
        new_first = -(-first * ratio.numerator // ratio.denominator)
        new_stop = (stop - 1) * ratio.numerator // ratio.denominator + 1
        if new_first < new_stop:
            run = x[rows, first:stop]
            conditioned[rows, new_first:new_stop] = _condition_run(run, first, float(rate_hz), ratio, settings)
    return conditioned


def _common_runs(x: NDArray[np.floating]) -> Iterator[tuple[slice, int, int]]:
    """Yield rows and (first, stop) of each run of finite samples, for all rows at once where they share their gaps."""
    finite = np.isfinite(x)
    if (finite == finite[:1]).all():
        if len(x):
            yield from ((slice(None), *run) for run in finite_runs(x[0]))
        return
    for row in range(len(x)):
        yield from ((slice(row, row + 1), *run) for run in finite_runs(x[row]))


def _condition_run(
    run: NDArray[np.floating], first: int, rate_hz: float, ratio: Fraction, settings: FilterSettings
) -> NDArray[np.float32]:
    """Condition a run without gaps that begins at sample ``first``; the new samples within it are given."""
    from scipy import fft  # takes its time to load, which commands that filter nothing must not wait for

    up, down = ratio.numerator, ratio.denominator
    pad = round(guard_s(settings) * rate_hz) + 2 * _LOBES * down
    before = pad + (first - pad) % down  # the extended run begins on the new grid
    n_blocks = fft.next_fast_len(-(-(before + run.shape[-1] + pad) // down), real=True)
    n_samples = n_blocks * down
    mean = run.mean(axis=-1, keepdims=True, dtype=np.float64).astype(np.float32)
    extended = _extend(run.astype(np.float32, copy=False) - mean, before, n_samples)
    gain = _gain(settings, rate_hz, ratio, n_samples)
    spectrum = fft.rfft(extended, axis=-1, overwrite_x=True)
    spectrum *= gain
    new = fft.irfft(_fold(spectrum, n_blocks * up), n_blocks * up, axis=-1, overwrite_x=True)
    new *= np.float32(up / down)
    origin = (first - before) * up // down
    new_first = -(-first * up // down)
    new_stop = (first + run.shape[-1] - 1) * up // down + 1
    kept: NDArray[np.float32] = new[:, new_first - origin : new_stop - origin] + mean * gain[0]
    return kept


def _extend(run: NDArray[np.float32], before: int, n_samples: int) -> NDArray[np.float32]:
    """Reflect a run oddly at both ends, as far as it reaches, and hold what lies beyond that."""
    length = run.shape[-1]
    after = n_samples - before - length
    extended = np.empty((len(run), n_samples), dtype=np.float32)
    extended[:, before : before + length] = run
    left, right = min(before, length - 1), min(after, length - 1)
    extended[:, before - left : before] = 2 * run[:, :1] - run[:, left:0:-1]
    extended[:, : before - left] = extended[:, before - left : before - left + 1]
    end = before + length
    extended[:, end : end + right] = 2 * run[:, -1:] - run[:, -2 : -2 - right : -1]
    extended[:, end + right :] = extended[:, end + right - 1 : end + right]
    return extended


def _fold(spectrum: NDArray[np.complexfloating], n_new: int) -> NDArray[np.complexfloating]:
    """Give the spectrum of the same signal at the lower rate: what lies above half of it falls back below."""
    n_kept = n_new // 2 + 1
    folded = spectrum[:, :n_kept]
    above = spectrum[:, n_new - n_kept + 1 : n_new + 1]
    if spectrum.shape[-1] > n_kept:
        folded[:, n_kept - above.shape[-1] :] += above[:, ::-1].conj()
    return folded


@lru_cache(maxsize=32)
def _gain(settings: FilterSettings, rate_hz: float, ratio: Fraction, n_samples: int) -> NDArray[np.float32]:
    """Give the gain of filters and anti-aliasing together at each frequency of a real transform of ``n_samples``."""
    from scipy import signal

    frequencies_hz = np.arange(n_samples // 2 + 1) * (rate_hz / n_samples)
    gain = np.ones(len(frequencies_hz))
    sections = design_sections(settings, rate_hz)
    if sections is not None:
        gain = np.square(np.abs(signal.freqz_sos(sections, frequencies_hz, fs=rate_hz)[1]))
    if ratio < 1:
        half_new_hz = rate_hz * float(ratio) / 2
        gain = gain * np.interp(frequencies_hz / half_new_hz, *_anti_aliasing())
    return gain.astype(np.float32)


@lru_cache(maxsize=1)
def _anti_aliasing() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the response of the anti-aliasing filter over frequency in units of half the new rate."""
    from scipy import signal

    taps = signal.firwin(2 * _LOBES * _REFERENCE_RATIO + 1, 1 / _REFERENCE_RATIO, window=("kaiser", _KAISER_BETA))
    at = np.linspace(0.0, _STOP_EDGE, 3001)
    lags = np.arange(len(taps)) - len(taps) // 2
    response = np.cos(np.pi / _REFERENCE_RATIO * np.outer(at, lags)) @ taps
    return np.append(at, _STOP_EDGE + 1e-9), np.append(response, 0.0)
