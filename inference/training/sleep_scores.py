"""How well epochs of sleep are staged: accuracy, balanced accuracy, macro F1 and kappa, with intervals by subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from inference.models.cka import linear_cka
from inference.models.sleep_staging import CLASSES, SleepStagingNet
from inference.training.metrics import Predictions, score_windows
from inference.training.sleep_sessions import SleepSession, gather

#: Epochs that are run at once.
_AT_ONCE: Final = 24


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


def describe_subjects(staged: Sequence[StagedSubject]) -> dict[str, Any]:
    """Score all subjects together, as a card stores it; sessions of one subject are resampled together."""
    return describe_counts([(one.subject, one.confusion) for one in staged])


def describe_counts(counts: Sequence[tuple[str, NDArray[np.integer]]]) -> dict[str, Any]:
    """Score counts of epochs by stage (rows) and answer (columns), each of a subject, as a card stores it."""
    pairs, subjects = [], []
    for subject, confusion in counts:
        times = np.asarray(confusion).ravel()
        own = np.repeat(np.indices(confusion.shape).reshape(2, -1), times, axis=1)
        pairs.append(own)
        subjects.append(np.full(own.shape[1], subject))
    truth, said = np.concatenate(pairs, axis=1)
    scores = score_windows(Predictions(truth, said, None, np.concatenate(subjects), CLASSES))
    figures = {name: scores.figures[name] for name in ("accuracy", "balanced_accuracy", "macro_f1", "kappa")}
    return {
        **{name: round(figure.value, 4) for name, figure in figures.items()},
        "interval_95_by_subject": {
            name: [round(figure.low, 4), round(figure.high, 4)] for name, figure in figures.items()
        },
        "stages": list(CLASSES),
        "confusion": scores.confusion.tolist(),
        "subjects": scores.n_patients,
        "epochs": int(scores.confusion.sum()),
    }


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
