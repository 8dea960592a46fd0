"""How well channels over the focus are told from the others, patient by patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, eq=False)
class PatientScore:
    """What the network says about one patient.

    Attributes
    ----------
    log_odds : (windows, channels) of "focal".
    label : (channels,) 1 over the focus.
    """

    seed: int
    site: str
    log_odds: NDArray[np.float64]
    label: NDArray[np.int64]

    @property
    def by_channel(self) -> NDArray[np.float64]:
        """Log odds of each channel over the whole recording."""
        mean: NDArray[np.float64] = self.log_odds.mean(axis=0)
        return mean


def area_under_curve(score: PatientScore) -> float:
    """Give how often a channel over the focus has higher log odds than another one of the same patient."""
    ranks, focal = rankdata(score.by_channel), score.label == 1
    n_focal, n_other = int(focal.sum()), int((~focal).sum())
    return float((ranks[focal].sum() - n_focal * (n_focal + 1) / 2) / (n_focal * n_other))


def named_focus(score: PatientScore) -> float:
    """Tell whether the channel with the highest log odds lies over the focus (the paper's section 3.2.3)."""
    return float(score.label[score.by_channel.argmax()])


def named_focus_by_window(score: PatientScore) -> float:
    """Give in which share of the windows, each on its own, the highest channel lies over the focus."""
    return float(score.label[score.log_odds.argmax(axis=1)].mean())


def balanced_accuracy(score: PatientScore) -> float:
    """Give the mean of sensitivity and specificity over channels where even odds decide."""
    called, focal = score.by_channel > 0, score.label == 1
    return float((called[focal].mean() + (~called[~focal]).mean()) / 2)


MEASURES: tuple[tuple[str, Callable[[PatientScore], float]], ...] = (
    ("named_focus", named_focus),
    ("named_focus_by_window", named_focus_by_window),
    ("balanced_accuracy", balanced_accuracy),
    ("auc", area_under_curve),
)


def describe_scores(scores: Sequence[PatientScore]) -> dict[str, Any]:
    """Give every measure as a mean over patients with its 95 % bootstrap interval across them, as a card stores it."""
    rng = np.random.default_rng(0)
    described: dict[str, Any] = {
        "patients": len(scores),
        "channels": int(sum(len(score.label) for score in scores)),
        "focal_channels": int(sum(score.label.sum() for score in scores)),
        # What a channel named by chance would reach.
        "chance": round(float(np.mean([score.label.mean() for score in scores])), 4),
    }
    for name, measure in MEASURES:
        values = np.array([measure(score) for score in scores])
        means = rng.choice(values, (N_RESAMPLES, len(values))).mean(axis=1)
        low, high = np.percentile(means, [2.5, 97.5])
        described[name] = {
            "mean": round(float(values.mean()), 4),
            "interval": [round(float(low), 4), round(float(high), 4)],
        }
    return described
