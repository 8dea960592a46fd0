"""How far two scorers agree on the stages of one night: confusion, agreement and Cohen's kappa."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.errors import LabelError
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import UNSCORED

_TOLERANCE_S: Final = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class SleepAgreement:
    """The comparison of two hypnograms over the epochs that both scored.

    Attributes
    ----------
    codes : stages in the order of the confusion matrix.
    confusion : (stages, stages), epochs; rows are the first scorer's stage, columns the second's.
    n_epochs : epochs that both scored.
    n_left_out : epochs of their common time that one of them, or both, did not score.
    agreement : share of epochs in the same stage.
    kappa : Cohen's kappa; NaN where both put every epoch in one and the same stage.
    stage_kappa : of each stage against all others.
    disagreements_s : starts of the epochs in which they differ.
    """

    codes: tuple[str, ...]
    confusion: NDArray[np.int64]
    n_epochs: int
    n_left_out: int
    agreement: float
    kappa: float
    stage_kappa: Mapping[str, float]
    disagreements_s: tuple[float, ...]


def compare_hypnograms(first: Hypnogram, second: Hypnogram) -> SleepAgreement:
    """Compare two hypnograms of one recording, epoch by epoch, over the time that both cover.

    Stages of Rechtschaffen and Kales are compared as AASM's.

    Raises
    ------
    LabelError
        Their epochs are of different length or lie on different grids, their stages cannot be compared, or no epoch
        was scored by both.
    """
    first, second = first.to_aasm(), second.to_aasm()
    if first.stage_set != second.stage_set:
        raise LabelError(f"Stages of {first.stage_set.name} and of {second.stage_set.name} cannot be compared.")
    pairs, onset_s = _common_epochs(first, second)
    codes = first.stage_set.codes
    confusion = np.zeros((len(codes), len(codes)), dtype=np.int64)
    disagreements_s = []
    for epoch, (a, b) in enumerate(pairs):
        if UNSCORED not in (a, b):
            confusion[codes.index(a), codes.index(b)] += 1
            if a != b:
                disagreements_s.append(onset_s + epoch * first.epoch_s)
    n_epochs = int(confusion.sum())
    if n_epochs == 0:
        raise LabelError("The two hypnograms have no epoch that both scored.")
    return SleepAgreement(
        codes=codes,
        confusion=confusion,
        n_epochs=n_epochs,
        n_left_out=len(pairs) - n_epochs,
        agreement=float(np.trace(confusion)) / n_epochs,
        kappa=cohens_kappa(confusion),
        stage_kappa={code: cohens_kappa(_one_against_rest(confusion, i)) for i, code in enumerate(codes)},
        disagreements_s=tuple(disagreements_s),
    )


def cohens_kappa(confusion: ArrayLike) -> float:
    """Give Cohen's kappa of a confusion matrix; NaN where chance alone would agree on everything.

    Source: Cohen 1960, Educ. Psychol. Meas. 20:37.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    n_epochs = counts.sum()
    if n_epochs == 0:
        return math.nan
    by_chance = float(counts.sum(axis=0) @ counts.sum(axis=1)) / n_epochs**2
    # Counts are whole numbers, so this quotient is exactly 1 where it is 1 at all.
    return math.nan if by_chance == 1.0 else float((np.trace(counts) / n_epochs - by_chance) / (1.0 - by_chance))


def _common_epochs(first: Hypnogram, second: Hypnogram) -> tuple[list[tuple[str, str]], float]:
    if abs(first.epoch_s - second.epoch_s) > _TOLERANCE_S / max(first.n_epochs, second.n_epochs):
        raise LabelError(f"Epochs of {first.epoch_s:g} s cannot be compared with epochs of {second.epoch_s:g} s.")
    later = (second.onset_s - first.onset_s) / first.epoch_s
    shift = round(later)
    if abs(later - shift) * first.epoch_s > _TOLERANCE_S:
        raise LabelError(
            f"The epochs of the two hypnograms lie {abs(later - shift) * first.epoch_s:g} s beside each other."
        )
    begin = max(0, shift)
    pairs = list(zip(first.stages[begin:], second.stages[begin - shift :], strict=False))
    return pairs, first.epoch_onset_s(begin)


def _one_against_rest(confusion: NDArray[np.int64], index: int) -> NDArray[np.int64]:
    both = confusion[index, index]
    only_first = confusion[index].sum() - both
    only_second = confusion[:, index].sum() - both
    return np.array([[both, only_first], [only_second, confusion.sum() - both - only_first - only_second]])
