"""SzCORE event files, as the seizure-detection benchmarks of epilepsybenchmarks.com read them.

Source: Dan et al. 2024 (arXiv 2402.13005) and the package epilepsy2bids, whose reader wants exactly these columns,
channels joined by commas and one of its event types in every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inference.errors import LabelError
from inference.labels.annotations import Decision
from inference.labels.detections import Detection
from inference.labels.files import NOT_AVAILABLE, format_ratio, format_seconds, write_json, write_table
from inference.labels.labelset import LabelSet
from inference.labels.vocabulary import find_term, load_vocabulary

COLUMNS = ("onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration")
BACKGROUND = "bckg"
#: Confidence written for an event that its reader marked as unsure without saying how unsure.
_UNSURE_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of a SzCORE file; ``event_type`` is SzCORE's, no channels means all or unknown."""

    onset_s: float
    duration_s: float
    event_type: str
    confidence: float | None = None
    channels: tuple[str, ...] = ()


def rows_of_detections(detections: Sequence[Detection]) -> list[EventRow]:
    """Give the rows of detected seizures; detections of anything else have no place in SzCORE."""
    rows = []
    for event in detections:
        event_type = find_term(event.label).szcore
        if event_type is not None:
            rows.append(EventRow(event.onset_s, event.duration_s, event_type, event.probability, event.channels))
    return rows


def write_szcore_events(
    path: Path, rows: Sequence[EventRow], recording_duration_s: float, start: datetime | None = None
) -> Path:
    """Write a SzCORE file; without events it says that the whole recording is background.

    Raises
    ------
    LabelError
        The file cannot be written.
    """
    rows = sorted(rows, key=lambda row: row.onset_s) or [EventRow(0.0, recording_duration_s, BACKGROUND)]
    date_time = NOT_AVAILABLE if start is None else start.strftime("%Y-%m-%d %H:%M:%S")
    total = format_seconds(recording_duration_s)
    cells = (
        (
            format_seconds(row.onset_s),
            format_seconds(row.duration_s),
            row.event_type,
            format_ratio(row.confidence),
            ",".join(name.replace(",", " ") for name in row.channels) or NOT_AVAILABLE,
            date_time,
            total,
        )
        for row in rows
    )
    return write_table(path, COLUMNS, cells)


def export_szcore(labels: LabelSet, folder: Path) -> list[Path]:
    """Write what people labelled as seizures as ``<recording>_desc-spasmlens_events.tsv`` with a side-car.

    An unsure event is there with its reader's confidence, 0.5 where none was given. Rejected detections and
    detections that nobody looked at are not.

    Raises
    ------
    LabelError
        The length of the recording is not known, or a file cannot be written.
    """
    if labels.duration_s is None:
        raise LabelError(f"SzCORE needs the length of {labels.recording_name}, which this study does not know.")
    rows = []
    for event in labels.events:
        event_type = find_term(event.label).szcore
        unsure = event.decision is Decision.UNSURE and event.confidence is None
        confidence = _UNSURE_CONFIDENCE if unsure else event.confidence
        if event_type is not None:
            rows.append(EventRow(event.onset_s, event.duration_s, event_type, confidence, event.channels))
    table = folder / f"{labels.stem}_desc-spasmlens_events.tsv"
    return [
        write_szcore_events(table, rows, labels.duration_s, labels.start),
        write_json(table.with_suffix(".json"), _describe_columns(labels)),
    ]


def _describe_columns(labels: LabelSet) -> dict[str, object]:
    levels = {term.szcore: term.name for term in reversed(load_vocabulary().terms) if term.szcore is not None}
    return {
        "Description": f"Seizures as labelled by people. {labels.provenance}",
        "onset": {"Description": "Start of the event from the start of the recording", "Units": "s"},
        "duration": {"Description": "Duration of the event", "Units": "s"},
        "eventType": {
            "Description": "Type of the event",
            "Levels": {BACKGROUND: "No seizure in the whole recording", **levels},
        },
        "confidence": {"Description": "The reader's own confidence, 0 to 1; 0.5 for an event marked as unsure"},
        "channels": {"Description": "Channels on which the event is seen, joined by commas"},
        "dateTime": {"Description": "Wall-clock time of the start of the recording"},
        "recordingDuration": {"Description": "Length of the recording", "Units": "s"},
    }
