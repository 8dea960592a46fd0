"""Folds of the focus-localisation benchmark, and what stands on both sides of them."""

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

N_FOLDS = 10
#: Two files that agree this well at the same instants were recorded at the same time from neighbouring contacts: 95 of
#: 100 pairs of the Bonn set agree by less than 0.1, 1 of 100 by more than 0.5.
SIMULTANEOUS = 0.2
NEAR_S = 0.12
BAND_HZ = (1.0, 45.0)


def folds_of(
    label: NDArray[np.int64], group: NDArray[np.int64] | None, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give ten (training, test) pairs of file indices; files of one group stay on one side."""
    if group is None:
        splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
        return list(splitter.split(label, label))
    grouped = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    return list(grouped.split(label, label, group))


def agreement(signals: NDArray[np.float32], rate_hz: float) -> NDArray[np.float64]:
    """Give the largest whitened cross-correlation within 0.12 s of lag 0 for every two files, (files, files).

    Flattening the spectra between 1 and 45 Hz takes away what any two EEGs share; what stays is the same moment of the
    same brain. Files of several channels agree as well as their best channels do. The diagonal is 0.
    """
    n_files, n_channels, n_samples = signals.shape
    n_fft = 1 << (2 * n_samples - 1).bit_length()
    frequency = np.fft.rfftfreq(n_fft, 1 / rate_hz)
    tapered = signals.reshape(-1, n_samples) * signal.windows.tukey(n_samples, 0.1)
    spectra = np.fft.rfft(tapered, n_fft)
    n_smooth = round(0.5 * n_fft / rate_hz)
    power = signal.fftconvolve(np.abs(spectra) ** 2, np.full((1, n_smooth), 1 / n_smooth), mode="same", axes=1)
    inside = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    flat = np.where(inside, spectra / np.sqrt(np.maximum(power, 1e-9)), 0)
    flat /= np.sqrt((np.abs(flat) ** 2).sum(axis=1, keepdims=True) * 2 / n_fft)
    n_near = round(NEAR_S * rate_hz)
    result = np.zeros((n_files, n_files))
    for index, own in enumerate(flat):
        correlation = np.abs(np.fft.irfft(np.conj(own) * flat, n_fft))
        near = np.maximum(correlation[:, : n_near + 1].max(axis=1), correlation[:, -n_near:].max(axis=1))
        file = index // n_channels
        result[file] = np.maximum(result[file], near.reshape(n_files, n_channels).max(axis=1))
    np.fill_diagonal(result, 0.0)
    return result


def simultaneous_groups(agreements: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give each file the number of its group: files that agree, directly or through others."""
    _, group = connected_components(agreements > SIMULTANEOUS, directed=False)
    return group.astype(np.int64)


def interval_over_files(correct: NDArray[np.bool_], seed: int = 0, n_resamples: int = 2000) -> tuple[float, float]:
    """Give the 95 % bootstrap interval of the accuracy across files, from (draws, files) of right answers."""
    return _bootstrap(correct.mean(axis=0), seed, n_resamples)


def gain_over_files(
    correct: NDArray[np.bool_], baseline: NDArray[np.bool_], seed: int = 0, n_resamples: int = 2000
) -> tuple[float, float, float]:
    """Give how much more often one method is right than another on the same files, and the 95 % bootstrap interval."""
    difference = correct.mean(axis=0) - baseline.mean(axis=0)
    return float(difference.mean()), *_bootstrap(difference, seed, n_resamples)


def _bootstrap(per_file: NDArray[np.float64], seed: int, n_resamples: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    means = rng.choice(per_file, (n_resamples, len(per_file))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
