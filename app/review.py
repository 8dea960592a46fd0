"""What there is to review: detections and what a person said about them, joined into one list."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inference.labels.annotations import Annotation, Decision
from inference.labels.detections import Detection


class ReviewStatus(StrEnum):
    """Where an event stands in the review; the values after the first are those of `Decision`."""

    TO_REVIEW = "to review"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """One event of the queue.

    ``event_id`` is the detection's, or the annotation's where a person added the event. Times and label are the
    person's once there are any; ``probability`` is the network's, None for an added event.
    """

    event_id: str
    onset_s: float
    duration_s: float
    label: str
    probability: float | None
    decision: Decision | None

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s

    @property
    def status(self) -> ReviewStatus:
        """Where the event stands in the review."""
        return ReviewStatus.TO_REVIEW if self.decision is None else ReviewStatus(self.decision.value)


def join_events(detections: Iterable[Detection], annotations: Iterable[Annotation]) -> tuple[ReviewEvent, ...]:
    """Join every detection with its decision and append the events that people added, in order of time."""
    found = {detection.detection_id: detection for detection in detections}
    events = []
    decided = set()
    for note in annotations:
        detection = found.get(note.detection_id) if note.detection_id else None
        event_id = note.detection_id or note.annotation_id
        decided.add(event_id)
        probability = None if detection is None else detection.probability
        events.append(ReviewEvent(event_id, note.onset_s, note.duration_s, note.label, probability, note.decision))
    events += [
        ReviewEvent(item.detection_id, item.onset_s, item.duration_s, item.label, item.probability, None)
        for item in found.values()
        if item.detection_id not in decided
    ]
    return tuple(sorted(events, key=lambda event: (event.onset_s, event.event_id)))


def count_statuses(events: Iterable[ReviewEvent]) -> dict[ReviewStatus, int]:
    """Count the events of each status."""
    counts = dict.fromkeys(ReviewStatus, 0)
    for event in events:
        counts[event.status] += 1
    return counts
