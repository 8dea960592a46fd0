"""How well epochs of sleep are staged: accuracy, balanced accuracy, macro F1 and kappa, with intervals by subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.labels.sleep_agreement import cohens_kappa
from inference.models.cka import linear_cka
from inference.models.sleep_staging import CLASSES, SleepStagingNet
from inference.training.sleep_sessions import SleepSession, gather

#: Epochs that are run at once.
_AT_ONCE: Final = 24
_RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True, eq=False)
class StagedSubject:
    """What a network says about epochs of one subject.

    ``stage`` (n,) is the truth, ``logits`` (n, 5), ``gate`` (n,) the mean over the embedding, ``eeg`` and ``bold`` the
    embeddings (n, width); rows are epochs.
    """

    subject: str
    stage: NDArray[np.int64]
    logits: NDArray[np.float64]
    gate: NDArray[np.float64]
    eeg: NDArray[np.float64]
    bold: NDArray[np.float64]

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Epochs by stage (rows) and answer (columns)."""
        counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
        np.add.at(counts, (self.stage, self.logits.argmax(axis=1)), 1)
        return counts


def stage_session(
    network: SleepStagingNet,
    session: SleepSession,
    epochs: NDArray[np.int64] | None = None,
    *,
    eeg: bool = True,
    bold: bool = True,
) -> StagedSubject:
    """Let a network, in evaluation mode, stage the scored epochs of a session, or some of them.

    With ``bold``, a session's epochs that its run does not cover are left out where the EEG is hidden.
    """
    chosen = session.scored if epochs is None else epochs
    parts = []
    stages = []
    with torch.no_grad():
        for start in range(0, len(chosen), _AT_ONCE):
            batch = gather(session, chosen[start : start + _AT_ONCE].tolist(), eeg=eeg, bold=bold)
            seen = (batch.eeg_present.flatten(1).amax(1) > 0) | (batch.bold_present[:, 0] > 0)
            staged = network(*(tensor[seen] for tensor in batch[:-1]))
            parts.append([tensor.double().numpy() for tensor in staged])
            stages.append(batch.stage[seen].numpy())
    logits, gate, eeg_embedding, bold_embedding = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return StagedSubject(
        session.subject, np.concatenate(stages), logits, gate.mean(axis=1), eeg_embedding, bold_embedding
    )


@dataclass(frozen=True, slots=True)
class StagingScore:
    """Scores over the stages that occur, each with the 95 % interval that resampling subjects gives.

    ``balanced_accuracy`` is the mean of the stages' recalls, ``macro_f1`` that of their F1.
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    kappa: float
    intervals: Mapping[str, tuple[float, float]]
    confusion: tuple[tuple[int, ...], ...]
    n_subjects: int

    def describe(self) -> dict[str, Any]:
        """Give the score as a card stores it."""
        names = ("accuracy", "balanced_accuracy", "macro_f1", "kappa")
        return {
            **{name: round(getattr(self, name), 4) for name in names},
            "interval_95_by_subject": {name: [round(x, 4) for x in self.intervals[name]] for name in names},
            "stages": list(CLASSES),
            "confusion": [list(row) for row in self.confusion],
            "subjects": self.n_subjects,
            "epochs": int(np.sum(self.confusion)),
        }


def score_confusion(confusion: NDArray[np.integer]) -> dict[str, float]:
    """Give the four scores of a confusion matrix, over the stages that occur in truth."""
    counts = np.asarray(confusion, dtype=np.float64)
    true, said, right = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    occurs = true > 0
    return {
        "accuracy": float(right.sum() / counts.sum()),
        "balanced_accuracy": float((right[occurs] / true[occurs]).mean()),
        "macro_f1": float((2 * right[occurs] / (true + said)[occurs]).mean()),
        "kappa": cohens_kappa(confusion),
    }


def score_subjects(staged: Sequence[StagedSubject], seed: int = 0) -> StagingScore:
    """Score all subjects together; sessions of one subject are resampled together."""
    by_subject: dict[str, NDArray[np.int64]] = {}
    for one in staged:
        by_subject[one.subject] = by_subject.get(one.subject, 0) + one.confusion
    confusions = np.stack(list(by_subject.values()))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(confusions), size=(_RESAMPLES, len(confusions)))
    resampled = [score_confusion(confusions[rows].sum(axis=0)) for rows in drawn]
    intervals = {}
    for name in resampled[0]:
        low, high = np.nanpercentile([scores[name] for scores in resampled], [2.5, 97.5])
        intervals[name] = (float(low), float(high))
    total = confusions.sum(axis=0)
    rows = tuple(tuple(int(n) for n in row) for row in total)
    return StagingScore(**score_confusion(total), intervals=intervals, confusion=rows, n_subjects=len(confusions))


def describe_fusion(staged: Sequence[StagedSubject]) -> dict[str, Any]:
    """Tell how the modalities share the work: the gate's mean by stage, and the linear CKA of the two embeddings.

    Only epochs for which there are both count.
    """
    both = [one for one in staged if one.eeg.any() and one.bold.any()]
    if not both:
        return {}
    stage, gate, eeg, bold = (
        np.concatenate([getattr(one, name) for one in both]) for name in ("stage", "gate", "eeg", "bold")
    )
    seen = eeg.any(axis=1) & bold.any(axis=1)
    stage, gate, eeg, bold = stage[seen], gate[seen], eeg[seen], bold[seen]
    by_stage = {code: round(float(gate[stage == i].mean()), 4) for i, code in enumerate(CLASSES) if (stage == i).any()}
    return {
        "gate_mean": round(float(gate.mean()), 4),
        "gate_mean_by_stage": by_stage,
        "gate_is": "share of the EEG in the fused embedding, 0 to 1, mean over its elements",
        "linear_cka": round(linear_cka(eeg, bold), 4),
        "epochs": len(stage),
    }
