"""Euclidean alignment: make the EEG of different people and amplifiers comparable without any label.

Source: He and Wu 2019, IEEE Trans. Biomed. Eng. 67:399 (arXiv 1808.05464), equations 10 and 11: with the mean spatial
covariance R of a recording's epochs, each epoch X becomes R^(-1/2) X, so that the mean covariance becomes the identity.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError

#: Directions with less than this share of the strongest one's power hold no signal: an average reference takes one
#: away, every interpolated electrode another, and dividing by their rounding errors would make noise of them.
_LEAST_POWER_SHARE: Final = 1e-6


def fit_euclidean_alignment(epochs: Iterable[NDArray[np.floating]], present: Sequence[bool]) -> NDArray[np.float64]:
    """Fit the matrix that aligns one recording, R^(-1/2), from its unlabelled epochs.

    Covariances are divided by the number of samples, so that aligned signals have about unit variance whatever their
    rate (the source leaves this scale open). Where R has no inverse its pseudo-inverse root is taken.

    Parameters
    ----------
    epochs : (channels, samples) each, one at a time if need be; epochs with a gap (NaN) in a present channel are left
        out, so are epochs without samples.
    present : per channel whether it was recorded; the others take no part and become 0.

    Returns
    -------
    (channels, channels), symmetric, with rows and columns of 0 where a channel is not present; per unit of the signal.

    Raises
    ------
    AnalysisError
        No channel is present, or no epoch is free of gaps and of silence.
    """
    from scipy import linalg  # takes a fifth of a second to load, for which a window must not wait

    chosen = np.flatnonzero(np.asarray(present, dtype=bool))
    total = np.zeros((len(chosen), len(chosen)))
    n_epochs = 0
    for epoch in epochs:
        signals = np.asarray(epoch, dtype=np.float64)[chosen]
        if signals.size and np.isfinite(signals).all():
            total += signals @ signals.T / signals.shape[1]
            n_epochs += 1
    power, directions = linalg.eigh(total / max(1, n_epochs)) if len(chosen) else (np.zeros(0), total)
    if not power.size or power[-1] <= 0:
        raise AnalysisError("The EEG cannot be aligned: no epoch of it has signals without a gap.")
    kept = power > _LEAST_POWER_SHARE * power[-1]
    root = (directions[:, kept] / np.sqrt(power[kept])) @ directions[:, kept].T
    alignment = np.zeros((len(present), len(present)))
    alignment[np.ix_(chosen, chosen)] = root
    return alignment


def align(signals: NDArray[np.floating], alignment: NDArray[np.floating]) -> NDArray[np.float32]:
    """Align signals of shape (..., channels, samples); a gap (NaN) in a channel that takes part spreads to all."""
    takes_part = np.any(alignment != 0, axis=0)
    known = np.where(takes_part[:, None], signals, 0.0)
    return np.asarray(alignment @ known, dtype=np.float32)
