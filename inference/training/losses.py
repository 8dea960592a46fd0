"""Losses of the multitask networks: cross-entropy, the area under the ROC curve, and their weighted sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from inference.models.dsmn_ess import Task

#: The margin at which the paper's seizure detection did best (figure 10, section III-B).
MARGIN = 0.15


@dataclass(frozen=True, slots=True)
class LossSettings:
    """How two tasks are weighed against each other, and what seizure detection is judged by.

    Attributes
    ----------
    seizure : the area under the ROC curve (the paper's L2) or cross-entropy (its L1).
    syndrome_share : alpha of equation 16; the rest is the seizure task's.
    margin : gamma of equation 15; a pair in order by at least so much probability costs nothing.
    """

    seizure: Literal["auc", "cross-entropy"] = "auc"
    syndrome_share: float = 0.5
    margin: float = MARGIN


#: The two losses of the paper's figure 10 and table III.
LOSSES: Mapping[str, LossSettings] = MappingProxyType(
    {"L1": LossSettings(seizure="cross-entropy"), "L2": LossSettings(seizure="auc")}
)


def multitask_loss(logits: Mapping[Task, Tensor], labels: Mapping[Task, Tensor], settings: LossSettings) -> Tensor:
    """Weigh the losses of both tasks, or give the loss of the only one.

    Source: Cao et al. 2023, equation 16, and the caption of figure 10 for L1.

    Parameters
    ----------
    logits : for each task that the network has, (batch, classes).
    labels : for each of these tasks, (batch,) indices of classes.
    """
    shares: Mapping[Task, float] = {"syndrome": settings.syndrome_share, "seizure": 1.0 - settings.syndrome_share}
    losses = {task: _task_loss(task, values, labels[task], settings) for task, values in logits.items()}
    if len(losses) == 1:
        return next(iter(losses.values()))
    return torch.stack([shares[task] * loss for task, loss in losses.items()]).sum()


def _task_loss(task: Task, logits: Tensor, label: Tensor, settings: LossSettings) -> Tensor:
    if task == "seizure" and settings.seizure == "auc":
        return macro_auc_loss(torch.softmax(logits, dim=-1), label, settings.margin)
    return functional.cross_entropy(logits, label)


def auc_loss(score: Tensor, is_positive: Tensor, margin: float = MARGIN) -> Tensor:
    """Approximate 1 less the area under the ROC curve by something that has a gradient.

    Source: Cao et al. 2023, equation 15, after Yan et al. 2003. The area is the share of pairs of a positive and a
    negative that are in order (Wilcoxon-Mann-Whitney, equation 14); a pair that is not in order by ``margin`` costs
    ``-tanh(x_i - x_j - margin)``. Without any pair the loss is 0.

    Parameters
    ----------
    score : (batch,) from 0 to 1.
    is_positive : (batch,) bool.
    """
    lead = score[is_positive][:, None] - score[~is_positive][None, :] - margin
    return torch.tanh((-lead).clamp(min=0)).sum() / max(1, lead.numel())


def macro_auc_loss(probability: Tensor, label: Tensor, margin: float = MARGIN) -> Tensor:
    """Average the loss of every class against the others, over the classes that have both in the batch.

    With two classes this is `auc_loss` of either. Macro averages give rare classes the weight of common ones.

    Parameters
    ----------
    probability : (batch, classes).
    label : (batch,) indices of classes.
    """
    losses = []
    for index in range(probability.shape[1]):
        is_positive = label == index
        if 0 < int(is_positive.sum()) < len(label):
            losses.append(auc_loss(probability[:, index], is_positive, margin))
    return torch.stack(losses).mean() if losses else probability.sum() * 0.0
