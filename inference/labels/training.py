"""Labels as material for fine-tuning: what is there, what is not, what nobody may learn from, and what was read."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from inference.labels.annotations import Annotation, Decision
from inference.labels.detections import Detection
from inference.labels.files import NOT_AVAILABLE, format_ratio, format_seconds, write_json, write_table
from inference.labels.labelset import LabelSet
from inference.labels.vocabulary import find_term, load_vocabulary

FORMAT_VERSION = 1


class TrainingRole(StrEnum):
    """What a row of ``labels.tsv`` may be used for."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    IGNORE = "ignore"
    REVIEWED = "reviewed"


_ROLES = {
    Decision.ACCEPTED: TrainingRole.POSITIVE,
    Decision.ADDED: TrainingRole.POSITIVE,
    Decision.REJECTED: TrainingRole.NEGATIVE,
    Decision.UNSURE: TrainingRole.IGNORE,
}
_COLUMNS = (
    "onset", "duration", "role", "label", "decision", "confidence", "channel", "annotator",
    "detection_id", "model_digest", "probability",
)  # fmt: skip


def export_training(labels: LabelSet, folder: Path) -> list[Path]:
    """Write ``labels.tsv`` and ``labels.json``, from which a training set is cut together with the recording.

    Time that is in no row was not reviewed and must not be used as negative.

    Raises
    ------
    LabelError
        A file cannot be written.
    """
    stem = folder / f"{labels.stem}_desc-training_labels"
    rows = sorted((*_event_rows(labels), *_span_rows(labels)), key=lambda row: (float(row[0]), row[2]))
    return [
        write_table(stem.with_suffix(".tsv"), _COLUMNS, rows),
        write_json(stem.with_suffix(".json"), _describe(labels)),
    ]


def _event_rows(labels: LabelSet) -> Iterator[tuple[str, ...]]:
    detections = {detection.detection_id: detection for detection in labels.detections}
    for event in labels.annotations:
        detection = detections.get(event.detection_id) if event.detection_id else None
        yield _event_row(event, detection)


def _event_row(event: Annotation, detection: Detection | None) -> tuple[str, ...]:
    return (
        format_seconds(event.onset_s),
        format_seconds(event.duration_s),
        _ROLES[event.decision].value,
        find_term(event.label).term_id,
        event.decision.value,
        format_ratio(event.confidence),
        "|".join(event.channels) or NOT_AVAILABLE,
        event.author or NOT_AVAILABLE,
        event.detection_id or NOT_AVAILABLE,
        detection.model.digest if detection else NOT_AVAILABLE,
        format_ratio(detection.probability if detection else None),
    )


def _span_rows(labels: LabelSet) -> Iterator[tuple[str, ...]]:
    for span in labels.reviewed_spans:
        times = (format_seconds(span.onset_s), format_seconds(span.duration_s))
        blank = (NOT_AVAILABLE,) * 4
        yield (*times, TrainingRole.REVIEWED.value, *blank, span.author or NOT_AVAILABLE, *blank[:3])


def _describe(labels: LabelSet) -> dict[str, Any]:
    return {
        "format": FORMAT_VERSION,
        "recording": {
            "name": labels.recording_name,
            "fingerprint": labels.fingerprint,
            "duration_s": labels.duration_s,
        },
        "vocabulary": load_vocabulary().version,
        "models": [
            {
                "name": model.reference.name,
                "version": model.reference.version,
                "digest": model.reference.digest,
                "simulated": model.simulated,
                "trained_on": model.trained_on,
            }
            for model in labels.models
        ],
        "provenance": labels.provenance,
        "deidentified": labels.deidentified,
        "roles": {
            TrainingRole.POSITIVE: "A person accepted or added this event.",
            TrainingRole.NEGATIVE: "A person rejected this detection.",
            TrainingRole.IGNORE: "A person could not decide: use this time neither way, even within a reviewed span.",
            TrainingRole.REVIEWED: "A person read all of this time: what no positive row covers is negative.",
        },
    }
