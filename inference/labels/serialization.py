"""Annotations, spans and detections as plain JSON values and back: one spelling for the journal and for exports."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from inference.labels.annotations import Annotation, Decision, ReadingView, ReviewedSpan
from inference.labels.detections import Detection, ModelReference


def annotation_to_json(annotation: Annotation) -> dict[str, Any]:
    """Give an annotation as JSON values; times in ISO 8601, UTC."""
    fields = asdict(annotation)
    return {**fields, "made": annotation.made.isoformat(), "changed": annotation.changed.isoformat()}


def annotation_from_json(fields: Mapping[str, Any]) -> Annotation:
    """Read an annotation; KeyError, TypeError or ValueError where the fields are not those of one."""
    return Annotation(
        **{
            **fields,
            "decision": Decision(fields["decision"]),
            "made": datetime.fromisoformat(fields["made"]),
            "changed": datetime.fromisoformat(fields["changed"]),
            "channels": tuple(fields["channels"]),
            "view": None if fields["view"] is None else ReadingView(**fields["view"]),
        }
    )


def span_to_json(span: ReviewedSpan) -> dict[str, Any]:
    """Give a reviewed span as JSON values."""
    return {**asdict(span), "made": span.made.isoformat()}


def span_from_json(fields: Mapping[str, Any]) -> ReviewedSpan:
    """Read a reviewed span; KeyError, TypeError or ValueError where the fields are not those of one."""
    return ReviewedSpan(**{**fields, "made": datetime.fromisoformat(fields["made"])})


def detection_to_json(detection: Detection) -> dict[str, Any]:
    """Give a detection as JSON values."""
    return asdict(detection)


def detection_from_json(fields: Mapping[str, Any]) -> Detection:
    """Read a detection; KeyError, TypeError or ValueError where the fields are not those of one."""
    return Detection(
        **{**fields, "model": ModelReference(**fields["model"]), "channels": tuple(fields["channels"])},
    )
