"""From wavelet power and relevance to the pixels of a picture: time to the right, frequency upwards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Natural logarithm of power to decibels.
DB_PER_LOG = 10 / np.log(10)


@dataclass(frozen=True, slots=True)
class PowerAxes:
    """Which times and frequencies lie under which pixels; frequencies are evenly spaced by their logarithm."""

    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    width: int
    height: int

    @property
    def column_s(self) -> NDArray[np.float64]:
        """Time in the middle of each column."""
        return self.start_s + (np.arange(self.width) + 0.5) / self.width * (self.end_s - self.start_s)

    @property
    def row_hz(self) -> NDArray[np.float64]:
        """Frequency in the middle of each row, the highest first."""
        share = 1 - (np.arange(self.height) + 0.5) / self.height
        return np.asarray(self.low_hz * (self.high_hz / self.low_hz) ** share)

    def x_of(self, time_s: float) -> float:
        """Give the place of a time from the left edge."""
        return (time_s - self.start_s) / (self.end_s - self.start_s) * self.width

    def y_of(self, hz: float) -> float:
        """Give the place of a frequency from the upper edge."""
        return float(1 - np.log(hz / self.low_hz) / np.log(self.high_hz / self.low_hz)) * self.height


def resample(
    values: NDArray[np.floating], hz: NDArray[np.float64], time_s: NDArray[np.float64], axes: PowerAxes
) -> NDArray[np.float64]:
    """Give values (hz, times) at every pixel, (height, width), by straight lines between them; NaN beyond them."""
    by_row = _between(np.log(hz), np.log(axes.row_hz))
    by_column = _between(time_s, axes.column_s)
    known = np.isfinite(values)
    resampled = by_row @ np.where(known, values, 0.0) @ by_column.T
    missing = by_row @ (~known).astype(float) @ by_column.T
    return np.asarray(np.where(missing > 0, np.nan, resampled))


def smooth(values: NDArray[np.floating], sd_hz: float, sd_times: float) -> NDArray[np.float64]:
    """Give values (hz, times) averaged with neighbours, by normal weights of these standard deviations in steps."""
    by_row, by_column = (_normal(size, sd) for size, sd in zip(values.shape, (sd_hz, sd_times), strict=True))
    return np.asarray(by_row @ values @ by_column.T)


def outline(values: NDArray[np.floating], level: float, thickness: int = 1) -> NDArray[np.bool_]:
    """Give the pixels along the inner edge of where values (rows, columns) reach a level."""
    inside = np.nan_to_num(values, nan=-np.inf) >= level
    kept = inside
    for _ in range(thickness):
        padded = np.pad(kept, 1, constant_values=False)
        kept = kept & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(inside & ~kept)


def _between(known: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the weights (wanted, known) of a straight line between neighbours; NaN beyond half a step of the ends."""
    step = (known[-1] - known[0]) / max(len(known) - 1, 1)
    place = np.clip(np.interp(wanted, known, np.arange(len(known))), 0, len(known) - 1)
    weights = np.maximum(0.0, 1 - np.abs(place[:, None] - np.arange(len(known))[None]))
    weights[(wanted < known[0] - step / 2) | (wanted > known[-1] + step / 2)] = np.nan
    return weights


def _normal(size: int, sd: float) -> NDArray[np.float64]:
    steps = np.arange(size)
    weights = np.exp(-0.5 * ((steps[:, None] - steps[None]) / sd) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
