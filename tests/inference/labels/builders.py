"""Labels to test with."""

from datetime import UTC, datetime, timedelta

from inference.labels.annotations import Annotation, Decision, ReadingView, ReviewedSpan
from inference.labels.detections import Detection, ModelReference
from inference.labels.labelset import LabelSet, ModelSource

MODEL = ModelReference("iess-fusionnet", "1.0.0", "ab" * 32)
VIEW = ReadingView("longitudinal", 1.0, 70.0, 50.0, 10.0, 10.0)
START = datetime(2026, 3, 4, 22, 30, 15)
MADE = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


def make_detection(number: int, onset_s: float) -> Detection:
    return Detection(f"d{number}", onset_s, 1.5, "Epileptic-spasm", 0.91, "temperature", MODEL, ("C3", "C4"))


def make_annotation(number: int, onset_s: float, decision: Decision, **values) -> Annotation:
    fields = {
        "annotation_id": f"a{number}",
        "onset_s": onset_s,
        "duration_s": 1.5,
        "label": "Epileptic-spasm",
        "decision": decision,
        "author": "Dr Lee Example",
        "made": MADE + timedelta(minutes=number),
        "changed": MADE + timedelta(minutes=number),
    }
    return Annotation(**{**fields, **values})


def make_labels(**values) -> LabelSet:
    """Four decisions, one detection that nobody looked at, and a reviewed span of a second reader."""
    fields = {
        "recording_name": "Smith_John_1999.edf",
        "fingerprint": "0123456789abcdef" * 4,
        "annotations": (
            make_annotation(1, 10.25, Decision.ACCEPTED, detection_id="d1", channels=("C3", "C4"), confidence=0.9),
            make_annotation(2, 20.0, Decision.REJECTED, detection_id="d2"),
            make_annotation(3, 30.0, Decision.UNSURE, detection_id="d3", view=VIEW, comment="Smith's movement?"),
            make_annotation(4, 40.0, Decision.ADDED, author="Dr Kim Other"),
            make_annotation(5, 50.0, Decision.ADDED, label="Hypsarrhythmia-classic", duration_s=60.0),
        ),
        "reviewed_spans": (ReviewedSpan("s1", 0.0, 120.0, "Dr Kim Other", MADE),),
        "detections": tuple(make_detection(n, 10.0 * n) for n in (1, 2, 3, 9)),
        "models": (ModelSource(MODEL, True, "600 simulated patients"),),
        "duration_s": 600.0,
        "start": START,
    }
    return LabelSet(**{**fields, **values})
