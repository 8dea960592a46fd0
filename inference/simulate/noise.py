"""Coloured noise without end, made by inverse Fourier transform in blocks that fade into each other.

A frequency is given the same random phase at whatever sampling rate, and a block the same noise however long the
recording: the same seed at 256 and at 1024 Hz, for one minute or for ten, is the same case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft
from numpy.typing import NDArray

#: Length of a block and of the fade between neighbours: blocks bound the memory, and nothing slower than one is made.
BLOCK_S = 32.0
FADE_S = 2.0
#: Spectra are normalised up to here, so that a lower sampling rate loses the power above its own Nyquist frequency.
NORMALISED_TO_HZ = 512.0


@dataclass(frozen=True)
class Spectrum:
    """Power falls as 1 / f ** exponent between two soft edges, and the whole has unit variance.

    The edges are those of a Butterworth filter of the given order.
    """

    low_hz: float
    high_hz: float
    exponent: float = 0.0
    order: int = 3

    def _shape(self, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        # Nothing is constant: the first coefficient is zero, and its frequency would be divided by.
        power = np.zeros_like(frequency_hz)
        above = frequency_hz[frequency_hz > 0]
        rise = 1.0 / (1.0 + (self.low_hz / above) ** (2 * self.order))
        fall = 1.0 / (1.0 + (above / self.high_hz) ** (2 * self.order))
        power[frequency_hz > 0] = above**-self.exponent * rise * fall
        return power

    @cached_property
    def _extent(self) -> tuple[float, float]:
        """Total power, and the frequency below which 99.99 % of it lies: the same at every sampling rate."""
        frequency_hz = np.arange(1, round(NORMALISED_TO_HZ * BLOCK_S)) / BLOCK_S
        power = np.cumsum(self._shape(frequency_hz))
        return float(power[-1] / BLOCK_S), float(frequency_hz[np.searchsorted(power, 0.9999 * power[-1])])

    def amplitude(self, n_samples: int, rate_hz: float) -> NDArray[np.float32]:
        """Give the amplitude of each Fourier coefficient up to the last one that matters."""
        total, last_hz = self._extent
        frequency_hz = np.fft.rfftfreq(n_samples, 1.0 / rate_hz)[:-1].astype(np.float64)
        kept = frequency_hz[: int(np.searchsorted(frequency_hz, last_hz)) + 1]
        return np.sqrt(self._shape(kept) / total * (rate_hz / n_samples)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Block:
    """One stretch of the sampling grid: samples ``start`` to ``stop`` of the recording, cut at its end.

    ``n_full`` is the length before cutting; ``fade`` has squares that add up to one over neighbouring blocks.
    """

    index: int
    start: int
    stop: int
    n_full: int
    rate_hz: float
    fade: NDArray[np.float32]

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of each sample of the block."""
        return np.arange(self.start, self.stop) / self.rate_hz

    def noise(
        self, random: np.random.Generator, spectrum: Spectrum, n_signals: int, mix: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Make (n_signals, n) independent noises of unit variance, or their mixture (n_mixed, n), not yet faded."""
        amplitude = spectrum.amplitude(self.n_full, self.rate_hz)
        # Frequency by frequency, so that a higher sampling rate only adds to what a lower one draws.
        drawn = random.standard_normal((amplitude.size, n_signals, 2), dtype=np.float32)
        drawn *= amplitude[:, None, None] * np.float32(self.n_full / 2)
        coefficients = drawn.view(np.complex64)[..., 0]
        if mix is not None:
            coefficients = coefficients @ mix.T.astype(np.complex64)
        noise: NDArray[np.float32] = scipy.fft.irfft(coefficients.T, n=self.n_full, axis=-1)
        return noise[:, : self.stop - self.start]


def blocks(n_samples: int, rate_hz: float) -> Iterator[Block]:
    """Cut a recording into overlapping blocks."""
    n_full, n_fade = round(BLOCK_S * rate_hz), round(FADE_S * rate_hz)
    hop = n_full - n_fade
    rise = np.sin(np.pi / 2 * (np.arange(n_fade) + 0.5) / n_fade).astype(np.float32)
    for index, start in enumerate(range(0, n_samples, hop)):
        fade = np.ones(n_full, dtype=np.float32)
        if index > 0:
            fade[:n_fade] = rise
        if start + hop < n_samples:
            fade[-n_fade:] = rise[::-1]
        stop = min(start + n_full, n_samples)
        yield Block(index, start, stop, n_full, rate_hz, fade[: stop - start])
