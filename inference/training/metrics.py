"""The figures that the papers report, over labelled windows or events, with intervals by patient.

Windows of one patient are alike, so an interval over windows would be far too narrow: patients are resampled, each with
all of its windows (cluster bootstrap; Field and Welsh 2007, J. R. Stat. Soc. B 69:369).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.labels.scoring import Score
from inference.labels.sleep_agreement import cohens_kappa

N_RESAMPLES = 2000
_INTERVAL_PERCENT = (2.5, 97.5)

#: What each paper's tables print, and the figure that it is.
PAPER_FIGURES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "iess-fusionnet": {"Acc": "accuracy", "Spe": "specificity", "Sen": "sensitivity"},
        "dsmn-ess": {
            "Accuracy": "accuracy",
            "Precision": "precision",
            "Recall": "sensitivity",
            "Specificity": "specificity",
            "F1": "f1",
            "AUC": "auc",
        },
        "focus-localisation": {
            "ACC": "accuracy",
            "SN": "sensitivity",
            "SP": "specificity",
            "PPV": "precision",
            "NPV": "npv",
        },
        "sleep-staging": {
            "Accuracy": "accuracy",
            "Balanced accuracy": "balanced_accuracy",
            "Macro F1": "macro_f1",
            "Cohen's kappa": "kappa",
        },
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a network says about labelled windows.

    Attributes
    ----------
    truth, said : (windows,) int64, index into ``classes``; of two classes the second is the one looked for.
    probability : (windows, classes), or None where only ``said`` is known; there is then no AUC.
    patient : (windows,) whose each window is, as numbers or names.
    """

    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    probability: NDArray[np.float64] | None
    patient: NDArray[Any]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.truth)


def make_predictions(
    truth: ArrayLike, probability: ArrayLike, patient: ArrayLike, classes: Sequence[str], threshold: float = 0.5
) -> Predictions:
    """Decide by probability: the likeliest class, or of two the second where it reaches the threshold.

    Parameters
    ----------
    probability : (windows, classes), or (windows,) of the second of two classes.

    Raises
    ------
    ValueError
        The arrays do not belong together, or a probability is not finite.
    """
    chances = np.asarray(probability, dtype=np.float64)
    if chances.ndim == 1:
        chances = np.stack((1.0 - chances, chances), axis=1)
    labels, owners = np.asarray(truth, dtype=np.int64), np.asarray(patient)
    if chances.shape != (len(labels), len(classes)) or owners.shape != labels.shape:
        raise ValueError(
            f"{labels.shape} labels, {owners.shape} patients and {chances.shape} probabilities do not match"
        )
    if not np.isfinite(chances).all():
        raise ValueError("a probability is not finite")
    said = chances.argmax(axis=1) if len(classes) > 2 else (chances[:, 1] >= threshold).astype(np.int64)
    return Predictions(labels, said, chances, owners, tuple(classes))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval by patient.

    NaN where it cannot be computed; the interval is NaN where there is only one patient, too.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def describe(self) -> dict[str, Any]:
        """Give the figure as JSON holds it, None for NaN."""
        value, low, high = (None if math.isnan(x) else round(x, 4) for x in (self.value, self.low, self.high))
        return {"value": value, "interval_95": None if low is None or high is None else [low, high]}

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "n/a"
        return f"{self.value:.3f}" if math.isnan(self.low) else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True, eq=False)
class WindowScores:
    """Figures over all windows together.

    Attributes
    ----------
    figures : accuracy, balanced_accuracy, kappa, macro_f1, sensitivity (recall), specificity, precision (positive
        predictive value), npv, f1, auc. Of two classes the last six are those of the second; of more they are means
        over the classes that occur, each against the rest.
    per_class : sensitivity, specificity, precision, npv, f1 and auc of each class against the rest.
    confusion : (classes, classes) windows; rows are the truth.
    n_patients : patients, or whatever the windows were told to belong to.
    """

    classes: tuple[str, ...]
    figures: Mapping[str, Figure]
    per_class: Mapping[str, Mapping[str, Figure]]
    confusion: NDArray[np.int64]
    n_patients: int

    def describe(self) -> dict[str, Any]:
        """Give the scores as JSON holds them."""
        return {
            "figures": {name: figure.describe() for name, figure in self.figures.items()},
            "per_class": {
                label: {name: figure.describe() for name, figure in figures.items()}
                for label, figures in self.per_class.items()
            },
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "windows": int(self.confusion.sum()),
            "patients": self.n_patients,
        }


def score_windows(predictions: Predictions, *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> WindowScores:
    """Score windows, with intervals from ``n_resamples`` draws of patients.

    Draws in which a figure cannot be computed, because a class does not occur in them, are left out of its interval.
    """
    names, group = np.unique(predictions.patient, return_inverse=True)
    n_groups, n_classes = len(names), len(predictions.classes)
    confusions = np.zeros((n_groups, n_classes, n_classes), dtype=np.int64)
    np.add.at(confusions, (group, predictions.truth, predictions.said), 1)
    # The first row is the patients as they are; each other row says how often each patient was drawn.
    times = _draw_patients(n_groups, seed, n_resamples)
    drawn = np.einsum("rg,gab->rab", times, confusions)
    of_classes = _against_the_rest(drawn)
    of_classes["auc"] = np.stack([_auc(predictions, index, group, times) for index in range(n_classes)], axis=1)
    overall = _overall(drawn, of_classes)
    return WindowScores(
        predictions.classes,
        {name: _figure(values) for name, values in overall.items()},
        {
            label: {name: _figure(values[:, index]) for name, values in of_classes.items()}
            for index, label in enumerate(predictions.classes)
        },
        confusions.sum(axis=0),
        n_groups,
    )


def score_events(
    scores: Sequence[Score], patients: Sequence[str], *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> dict[str, Figure]:
    """Give sensitivity, precision, f1 and false_per_hour of the event scores of recordings, each of one patient."""
    names, group = np.unique(np.asarray(patients), return_inverse=True)
    counts = np.zeros((len(names), 5))
    for index, score in zip(group, scores, strict=True):
        n = (score.n_reference, score.n_found, score.n_hypothesis, score.n_right, score.duration_s or 0.0)
        counts[index] += n
    drawn = (_draw_patients(len(names), seed, n_resamples) @ counts).tolist()
    pooled = [
        Score(round(reference), round(found), round(hypothesis), round(right), duration_s)
        for reference, found, hypothesis, right, duration_s in drawn
    ]
    return {
        name: _figure(np.array([getattr(score, name) for score in pooled], dtype=np.float64))
        for name in ("sensitivity", "precision", "f1", "false_per_hour")
    }


def _draw_patients(n_patients: int, seed: int, n_resamples: int) -> NDArray[np.int64]:
    """Say how often each patient is taken, (1 + draws, patients): once, and then by chance; no draws of one patient."""
    rng = np.random.default_rng(seed)
    shares = np.full(n_patients, 1 / max(1, n_patients))
    drawn = rng.multinomial(n_patients, shares, size=n_resamples if n_patients > 1 else 0)
    return np.concatenate((np.ones((1, n_patients), dtype=np.int64), drawn))


def _figure(values: NDArray[np.float64]) -> Figure:
    """Give the first value, and the interval that the others span."""
    known = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(known):
        return Figure(float(values[0]))
    low, high = np.percentile(known, _INTERVAL_PERCENT)
    return Figure(float(values[0]), float(low), float(high))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return ratio


def _against_the_rest(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Give the figures of each class of confusions (..., classes, classes), (..., classes)."""
    hit = np.diagonal(confusion, axis1=-2, axis2=-1)
    true, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    total = true.sum(axis=-1, keepdims=True)
    rightly_not = total - true - said + hit
    return {
        "sensitivity": _ratio(hit, true),
        "specificity": _ratio(rightly_not, total - true),
        "precision": _ratio(hit, said),
        "npv": _ratio(rightly_not, total - said),
        "f1": _ratio(2 * hit, true + said),
    }


def _overall(
    confusion: NDArray[np.int64], of_classes: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    occurs = confusion.sum(axis=-1) > 0

    def mean(name: str) -> NDArray[np.float64]:
        # A class that occurs and is never said has no precision; leaving it out would reward never saying it.
        values = np.where(np.isnan(of_classes[name]) & (name in ("precision", "npv")), 0.0, of_classes[name])
        return _ratio(np.where(occurs, values, 0.0).sum(axis=-1), occurs.sum(axis=-1))

    several = confusion.shape[-1] > 2
    single = {name: mean(name) if several else values[:, 1] for name, values in of_classes.items()}
    return {
        "accuracy": _ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1))),
        "balanced_accuracy": mean("sensitivity"),
        "kappa": np.array([cohens_kappa(counts) for counts in confusion]),
        "macro_f1": mean("f1"),
        **single,
    }


def _auc(
    predictions: Predictions, index: int, group: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the area under the receiver's curve of a class against the rest, for each draw of patients.

    It is the share of pairs of a window of the class and another that are in the right order, ties counting half.
    Counted once for each two patients, they need only be added up for each draw.
    """
    if predictions.probability is None:
        return np.full(len(times), np.nan)
    score, is_class = predictions.probability[:, index], predictions.truth == index
    n_groups = times.shape[1]
    ordered = np.zeros((n_groups, n_groups))
    for other in range(n_groups):
        rest = np.sort(score[~is_class & (group == other)])
        below = np.searchsorted(rest, score[is_class], side="left")
        not_above = np.searchsorted(rest, score[is_class], side="right")
        ordered[:, other] = np.bincount(group[is_class], (below + not_above) / 2, minlength=n_groups)
    n_class = np.bincount(group[is_class], minlength=n_groups)
    n_rest = np.bincount(group[~is_class], minlength=n_groups)
    return _ratio(((times @ ordered) * times).sum(axis=1), (times @ n_class) * (times @ n_rest))
