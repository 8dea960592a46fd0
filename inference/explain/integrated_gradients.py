"""Integrated gradients: what each feature adds on the straight way from the recording's background to the window.

Source: Sundararajan, Taly and Yan 2017, arXiv 1703.01365, equation 1. The background is the recording's own, because
zeros stand for nothing: root mean square normalisation answers alike however small its input is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from inference.explain.judge import Features, Judge

#: Points of Gauss and Legendre along the way, at which gradients are taken.
N_POINTS: Final = 32
_POINTS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Integrated:
    """What came of the integral, in log odds.

    Attributes
    ----------
    relevance : what each feature adds to the reference's log odds.
    score, reference_score : the log odds of the window and of the reference.
    """

    relevance: Features
    score: float
    reference_score: float

    @property
    def gap(self) -> float:
        """How far relevance is from adding up to the difference of both, as a share of it."""
        difference = self.score - self.reference_score
        total = float(self.relevance.eeg.sum() + self.relevance.emg.sum())
        return abs(difference - total) / max(abs(difference), 1e-6)


def integrate(judge: Judge, window: Features, reference: Features, n_points: int = N_POINTS) -> Integrated:
    """Integrate gradients from the reference to the window."""
    nodes, widths = np.polynomial.legendre.leggauss(n_points)
    shares, weights = (torch.from_numpy(values.astype(np.float32) / 2) for values in (nodes + 1, widths))
    difference = window.map(torch.sub, reference)
    means = Features(torch.zeros_like(window.eeg), torch.zeros_like(window.emg))
    for first in range(0, n_points, _POINTS_AT_ONCE):
        some = slice(first, first + _POINTS_AT_ONCE)
        means = means.map(torch.add, _weighted_gradients(judge, reference, difference, shares[some], weights[some]))
    with torch.no_grad():
        scores = [float(judge.log_odds(features)) for features in (window, reference)]
    return Integrated(means.map(torch.mul, difference), *scores)


def _weighted_gradients(
    judge: Judge, reference: Features, difference: Features, shares: Tensor, weights: Tensor
) -> Features:
    """Give the weighted sum of the gradients at some shares of the way."""
    shares, weights = (values[:, None, None, None] for values in (shares, weights))
    on_the_way = reference.map(lambda start, way: start + shares * way, difference)
    inputs = [features.requires_grad_() for features in (on_the_way.eeg, on_the_way.emg)]
    eeg, emg = torch.autograd.grad(judge.log_odds(on_the_way).sum(), inputs)
    return Features((weights * eeg).sum(dim=0, keepdim=True), (weights * emg).sum(dim=0, keepdim=True))
