"""The filters of an EEG page: low and high frequency filter and mains notch, all without phase shift."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: Order of each Butterworth edge. Run forwards and backwards it becomes twice that: 24 dB an octave.
ORDER = 2
#: Every notch is this wide between its -3 dB points, at the mains frequency and at each harmonic.
NOTCH_WIDTH_HZ = 2.0
#: Highest harmonic of the mains that is taken out: what is left above lies beyond any EEG or surface EMG.
HIGHEST_HARMONIC_HZ = 500.0

# Two passes of a Butterworth edge have -6 dB at its corner; moving the corner by this factor puts the -3 dB point
# of both passes together where the reader set it: (1 + k^-2n)^-1 = 2^-1/2.
_CORNER_SHIFT = float((np.sqrt(2.0) - 1.0) ** (-1.0 / (2 * ORDER)))
# Cycles of the low frequency filter, and seconds of a notch, after which less than a thousandth of an edge is left.
_GUARD_CYCLES = 5.0
_NOTCH_GUARD_S = 1.5


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """What a reader sets on an EEG station; None switches a filter off.

    ``lff_hz`` and ``hff_hz`` are the -3 dB points of the low frequency filter (a high-pass) and the high frequency
    filter (a low-pass). ``notch_hz`` is the mains frequency, 50 or 60; its harmonics go too.

    Raises
    ------
    ValueError
        A frequency is not positive, or the low frequency filter is not below the high frequency filter.
    """

    lff_hz: float | None = None
    hff_hz: float | None = None
    notch_hz: float | None = None

    def __post_init__(self) -> None:
        if any(edge is not None and not edge > 0 for edge in (self.lff_hz, self.hff_hz, self.notch_hz)):
            raise ValueError("filter frequencies must be above 0 Hz")
        if self.lff_hz is not None and self.hff_hz is not None and self.lff_hz >= self.hff_hz:
            raise ValueError(f"LFF {self.lff_hz:g} Hz is not below HFF {self.hff_hz:g} Hz")


def filter_signal(x: NDArray[np.floating], rate_hz: float, settings: FilterSettings) -> NDArray[np.floating]:
    """Filter signals along their last axis without phase shift.

    Butterworth sections of order 2 and notches run forwards and backwards (``scipy.signal.sosfiltfilt``): effective
    order 4, zero phase, -3 dB at the set frequencies. NaN stays NaN; each run of finite samples between gaps is
    filtered on its own, extended at its ends by odd reflection, so that nothing leaks across a gap. An edge at or
    above half the sampling rate does not exist in that signal and is left out.

    Parameters
    ----------
    x : (..., n) signals of any unit, all at ``rate_hz``.

    Returns
    -------
    (..., n) in the type of ``x``; ``x`` itself where no filter applies.
    """
    x = np.asarray(x)
    sections = design_sections(settings, float(rate_hz))
    if sections is None or x.size == 0:
        return x
    pad = round(guard_s(settings) * rate_hz)
    if np.isfinite(x).all():
        return _filter_run(x, sections, pad).astype(x.dtype)
    filtered = np.full_like(x, np.nan)
    for row, target in zip(x.reshape(-1, x.shape[-1]), filtered.reshape(-1, x.shape[-1]), strict=True):
        for first, stop in finite_runs(row):
            target[first:stop] = _filter_run(row[first:stop], sections, pad)
    return filtered


def guard_s(settings: FilterSettings) -> float:
    """Give the seconds to read beyond each end of a span, filter, and crop, so that no edge shows in the span."""
    guards = [0.0]
    if settings.lff_hz is not None:
        guards.append(_GUARD_CYCLES / settings.lff_hz)
    if settings.hff_hz is not None:
        guards.append(_GUARD_CYCLES / settings.hff_hz)
    if settings.notch_hz is not None:
        guards.append(_NOTCH_GUARD_S)
    return max(guards)


def finite_runs(x: NDArray[np.floating]) -> Iterator[tuple[int, int]]:
    """Yield (first, stop) of each unbroken run of finite samples of a signal (n,)."""
    finite = np.concatenate(([False], np.isfinite(x), [False]))
    edges = np.flatnonzero(finite[1:] != finite[:-1])
    for first, stop in edges.reshape(-1, 2):
        yield int(first), int(stop)


def _filter_run(x: NDArray[np.floating], sections: NDArray[np.float64], pad: int) -> NDArray[np.float64]:
    from scipy import signal  # takes over a second to load, which commands that filter nothing must not wait for

    n_samples = x.shape[-1]
    filtered: NDArray[np.float64] = signal.sosfiltfilt(sections, x.astype(np.float64), padlen=min(pad, n_samples - 1))
    return filtered


@lru_cache(maxsize=64)
def design_sections(settings: FilterSettings, rate_hz: float) -> NDArray[np.float64] | None:
    """Design the second-order sections (n, 6) that are run forwards and backwards, None where no filter applies."""
    from scipy import signal

    nyquist_hz = rate_hz / 2
    sections = []
    if settings.lff_hz is not None and settings.lff_hz < nyquist_hz:
        corner = _shift_corner(settings.lff_hz, rate_hz, 1 / _CORNER_SHIFT)
        sections.append(signal.butter(ORDER, corner, "highpass", fs=rate_hz, output="sos"))
    if settings.hff_hz is not None and settings.hff_hz < nyquist_hz:
        corner = _shift_corner(settings.hff_hz, rate_hz, _CORNER_SHIFT)
        sections.append(signal.butter(ORDER, corner, "lowpass", fs=rate_hz, output="sos"))
    if settings.notch_hz is not None:
        # An octave above the high frequency filter little is left to take out.
        highest_hz = min(HIGHEST_HARMONIC_HZ, 2 * (settings.hff_hz or nyquist_hz), nyquist_hz - NOTCH_WIDTH_HZ)
        for harmonic in range(1, int(highest_hz / settings.notch_hz) + 1):
            centre_hz = harmonic * settings.notch_hz
            # Two passes of a notch are 1.55 times as wide between their -3 dB points as one of them.
            width_hz = NOTCH_WIDTH_HZ / np.sqrt(np.sqrt(2.0) + 1.0)
            sections.append(signal.tf2sos(*signal.iirnotch(centre_hz, centre_hz / width_hz, fs=rate_hz)))
    return np.concatenate(sections) if sections else None


def _shift_corner(edge_hz: float, rate_hz: float, factor: float) -> float:
    # On the axis of the bilinear transform, where a Butterworth edge has its exact shape right up to half the rate.
    return float(rate_hz / np.pi * np.arctan(factor * np.tan(np.pi * edge_hz / rate_hz)))
