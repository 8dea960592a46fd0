"""How files are divided into training and test, so that no patient stands on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import TrainingError


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Numbers of the files to learn from and of those to be tested on, each in order."""

    training: NDArray[np.int64]
    test: NDArray[np.int64]


def make_folds(patients: Sequence[str], label: Sequence[int], n_folds: int, seed: int) -> tuple[Fold, ...]:
    """Divide files into folds, each of which is tested on once.

    Patients stay whole. One after the other, the largest first and equals in an order that the seed decides, they go
    to the fold in which their classes are rarest, so that every fold has its share of each class as far as whole
    patients allow.

    Parameters
    ----------
    patients : whose each file is.
    label : class of each file, 0, 1, 2 ...

    Raises
    ------
    TrainingError
        There are fewer patients than folds, or fewer folds than 2.
    """
    names, group = np.unique(np.asarray(patients), return_inverse=True)
    if n_folds < 2:
        raise TrainingError(f"{n_folds} fold cannot be divided into training and test: there must be 2 or more.")
    if len(names) < n_folds:
        raise TrainingError(f"{n_folds} folds need as many patients or more, and there are {len(names)}.")
    counts = np.zeros((len(names), max(label, default=0) + 1))
    np.add.at(counts, (group, np.asarray(label)), 1)
    totals = counts.sum(axis=0)
    # A class that does not occur weighs nothing.
    shares = counts / np.where(totals > 0, totals, 1)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    held = np.zeros((n_folds, counts.shape[1]))
    n_patients = np.zeros(n_folds)
    fold_of = np.empty(len(names), dtype=np.int64)
    for place, patient in enumerate(order):
        # What a fold would hold too much of; of equals the one with the fewest patients.
        spread = ((held + shares[patient]) ** 2 - held**2).sum(axis=1).round(12)
        # The last patients go to folds that would otherwise stay empty.
        n_empty = int((n_patients == 0).sum())
        allowed = n_patients == 0 if len(names) - place <= n_empty else np.ones(n_folds, dtype=bool)
        spread[~allowed] = np.inf
        chosen = int(np.lexsort((n_patients, spread))[0])
        held[chosen] += shares[patient]
        n_patients[chosen] += 1
        fold_of[patient] = chosen
    return tuple(_fold(fold_of[group] == number) for number in range(n_folds))


def leave_one_patient_out(patients: Sequence[str]) -> tuple[Fold, ...]:
    """Test on each patient once, in the order of their names, and learn from all others.

    Raises
    ------
    TrainingError
        There is only one.
    """
    names, group = np.unique(np.asarray(patients), return_inverse=True)
    if len(names) < 2:
        raise TrainingError("Leaving one patient out needs two patients or more, and there is one.")
    return tuple(_fold(group == number) for number in range(len(names)))


def hold_out(patients: Sequence[str], label: Sequence[int], share: float, seed: int) -> Fold:
    """Set a share of the patients aside as test, or one patient where there are too few for the share.

    Raises
    ------
    TrainingError
        There is only one.
    """
    n_patients = len(set(patients))
    if n_patients < 2:
        raise TrainingError("Setting patients aside needs two patients or more, and there is one.")
    return make_folds(patients, label, min(n_patients, max(2, round(1 / share))), seed)[0]


def _fold(is_test: NDArray[np.bool_]) -> Fold:
    return Fold(np.flatnonzero(~is_test), np.flatnonzero(is_test))
