"""Hand-made features of the focus-localisation benchmark; each looks at one file alone."""

from itertools import combinations, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal, stats
from torch.nn import functional

from inference.models.blocks.wavelet_decomposition import WaveletDecomposition

N_LEVELS = 5
#: Band edges of the spectral features, in Hz.
EDGES_HZ = (0.5, 4.0, 8.0, 13.0, 30.0, 60.0, 85.0)
COHERENCE_EDGES_HZ = (0.5, 2, 4, 6, 8, 10, 13, 16, 20, 30, 40, 55, 70, 90, 125)
_KERNEL_TAPS = 9
N_KERNEL_BIASES = 3400
_SMALL = 1e-9

Array = NDArray[np.float64]


def wavelet_bands(signals: NDArray[np.float32]) -> list[Array]:
    """Decompose (n, samples) into the approximation and five details of Db4."""
    usable = signals.shape[1] // 2**N_LEVELS * 2**N_LEVELS
    bands = WaveletDecomposition(N_LEVELS)(torch.from_numpy(np.ascontiguousarray(signals[:, None, :usable])))
    return [band[:, 0].double().numpy() for band in bands]


def wavelet_spectral_features(signals: NDArray[np.float32], rate_hz: float) -> Array:
    """Give 45 features of each signal: six of each wavelet band, six band powers, three of the amplitude."""
    features = []
    for band in wavelet_bands(signals):
        features += [
            np.log(np.abs(band).mean(axis=1) + _SMALL),
            np.log(band.var(axis=1) + _SMALL),
            stats.skew(band, axis=1),
            stats.kurtosis(band, axis=1),
            np.log(np.abs(np.diff(band)).mean(axis=1) + _SMALL),
            np.log(np.abs(band).max(axis=1) + _SMALL),
        ]
    frequency, power = signal.welch(signals, rate_hz, nperseg=int(2 * rate_hz), axis=1)
    for low_hz, high_hz in pairwise(EDGES_HZ):
        features.append(np.log(power[:, (frequency >= low_hz) & (frequency < high_hz)].mean(axis=1) + _SMALL))
    features += [stats.skew(signals, axis=1), stats.kurtosis(signals, axis=1), np.log(signals.std(axis=1) + _SMALL)]
    return np.stack(features, axis=1)


def chen_features(signals: NDArray[np.float32]) -> Array:
    """Give maximum, minimum, mean, standard deviation and skewness of each wavelet band.

    Source: Chen, Wan and Bao 2017, IEEE Trans. Neural Syst. Rehabil. Eng. 25:413, as the paper quotes it; the wavelet
    is Db4 here, sym6 was their best.
    """
    features = []
    for band in wavelet_bands(signals):
        features += [band.max(axis=1), band.min(axis=1), band.mean(axis=1), band.std(axis=1), stats.skew(band, axis=1)]
    return np.stack(features, axis=1)


def coherence_features(pairs: NDArray[np.float32], rate_hz: float) -> Array:
    """Give the mean coherence of the two channels of each file, (files, 2, samples), in 14 bands."""
    frequency, coherence = signal.coherence(pairs[:, 0], pairs[:, 1], rate_hz, nperseg=round(2 * rate_hz), axis=1)
    edges = pairwise(COHERENCE_EDGES_HZ)
    bands = [coherence[:, (frequency >= low) & (frequency < high)].mean(axis=1) for low, high in edges]
    return np.stack(bands, axis=1)


class KernelFeatures:
    """Shares of samples at which fixed convolutions exceed a threshold.

    Source: MiniRocket (Dempster, Schmidt and Webb 2021, KDD), 84 kernels of 9 taps at ten dilations. Its thresholds are
    quantiles of responses to training signals; here to signals outside the evaluated files, so that no fold sees
    another.
    """

    def __init__(self, outside: NDArray[np.float32], seed: int = 0) -> None:
        kernels = -torch.ones(84, 1, _KERNEL_TAPS)
        for index, places in enumerate(combinations(range(_KERNEL_TAPS), 3)):
            kernels[index, 0, list(places)] = 2.0
        self.kernels = kernels
        largest = np.log2((outside.shape[1] - 1) / (_KERNEL_TAPS - 1))
        self.dilations = [int(d) for d in np.unique(np.logspace(0, int(largest), 10, base=2).astype(int))]
        self.n_each = max(1, N_KERNEL_BIASES // (len(kernels) * len(self.dilations)))
        self.biases = self._draw_biases(_standard(outside), np.random.default_rng(seed))

    def _draw_biases(self, outside: NDArray[np.float32], rng: np.random.Generator) -> list[torch.Tensor]:
        golden = (np.sqrt(5) + 1) / 2
        quantiles = (np.arange(1, len(self.kernels) * self.n_each + 1) * golden % 1).reshape(-1, self.n_each)
        biases = []
        for dilation in self.dilations:
            chosen = outside[rng.choice(len(outside), 20, replace=False)]
            responses = self._respond(chosen, dilation).transpose(0, 1).reshape(len(self.kernels), -1).numpy()
            drawn = [np.quantile(row, q) for row, q in zip(responses[:, ::5], quantiles, strict=True)]
            biases.append(torch.from_numpy(np.stack(drawn).astype(np.float32)))
        return biases

    def _respond(self, signals: NDArray[np.float32], dilation: int) -> torch.Tensor:
        x = torch.from_numpy(np.ascontiguousarray(signals))[:, None]
        return functional.conv1d(x, self.kernels, dilation=dilation, padding=dilation * (_KERNEL_TAPS // 2))

    def __call__(self, signals: NDArray[np.float32]) -> Array:
        """Give (n, features) of (n, samples); amplitude does not matter."""
        rows = []
        for start in range(0, len(signals), 10):
            part = _standard(signals[start : start + 10])
            shares = [
                torch.stack([(response > bias[:, i, None]).float().mean(dim=-1) for i in range(self.n_each)], dim=-1)
                for response, bias in (
                    (self._respond(part, d), b) for d, b in zip(self.dilations, self.biases, strict=True)
                )
            ]
            rows.append(torch.cat([share.flatten(1) for share in shares], dim=1).double().numpy())
        return np.concatenate(rows)


def _standard(signals: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = signals - signals.mean(axis=1, keepdims=True)
    standard: NDArray[np.float32] = centred / (centred.std(axis=1, keepdims=True) + _SMALL)
    return standard
