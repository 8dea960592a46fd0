"""How far a network's probabilities can be taken at their word: the reliability curve that a card keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelPackageError

#: Under which a card's calibration keeps the curves, by task.
RELIABILITY: Final = "reliability"
N_BINS: Final = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Of ``n`` answers of about one probability: ``claimed`` is its mean, ``observed`` the share that was true."""

    claimed: float
    observed: float
    n: int


def reliability_bins(
    probability: NDArray[np.floating[Any]], is_true: NDArray[np.bool_], n_bins: int = N_BINS
) -> tuple[ReliabilityBin, ...]:
    """Compare stated probabilities, (n,), with what was true, over bins of equal width; empty bins are left out.

    Of an answer with several classes, give the probability of the likeliest and whether that was right (Guo et al.
    2017, On calibration of modern neural networks, section 2).
    """
    index = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    inside = [index == number for number in np.unique(index)]
    return tuple(
        ReliabilityBin(float(probability[rows].mean()), float(is_true[rows].mean()), int(rows.sum())) for rows in inside
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Give the mean distance between stated probability and observed share over all answers."""
    n_answers = sum(one.n for one in bins)
    return sum(one.n * abs(one.claimed - one.observed) for one in bins) / max(n_answers, 1)


def describe_reliability(bins: Sequence[ReliabilityBin]) -> list[list[float]]:
    """Give a curve as a card stores it: claimed, observed and number of answers of each bin."""
    return [[round(one.claimed, 4), round(one.observed, 4), one.n] for one in bins]


def read_reliability(calibration: Mapping[str, Any]) -> dict[str, tuple[ReliabilityBin, ...]]:
    """Read the curves of a card's calibration, by task; none where the card was written without.

    Raises
    ------
    ModelPackageError
        What stands there is no reliability curve.
    """
    try:
        return {
            task: tuple(ReliabilityBin(float(claimed), float(observed), int(n)) for claimed, observed, n in rows)
            for task, rows in calibration.get(RELIABILITY, {}).items()
        }
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelPackageError(f"The card's reliability curve cannot be read ({error}).") from error
