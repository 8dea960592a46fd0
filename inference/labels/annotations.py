"""What a person says about a recording: who, when, what, how sure, and what was on the screen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Decision(StrEnum):
    """What a person decided about an event; ``ADDED`` is an event that no network had found."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class ReadingView:
    """The view in which a decision was made: another montage or filter shows another EEG."""

    montage: str
    lff_hz: float | None
    hff_hz: float | None
    notch_hz: float | None
    sensitivity_uv_per_mm: float
    page_s: float


@dataclass(frozen=True, slots=True)
class Annotation:
    """One event as a person sees it.

    ``detection_id`` points at the detection that it decides, None for an added event. ``label`` is a term of
    ``resources/vocabularies/``. ``confidence`` is the reader's own, 0 to 1, None where not given. ``made`` and
    ``changed`` are UTC. Times are seconds from the start of the recording.
    """

    annotation_id: str
    onset_s: float
    duration_s: float
    label: str
    decision: Decision
    author: str
    made: datetime
    changed: datetime
    detection_id: str | None = None
    channels: tuple[str, ...] = ()
    confidence: float | None = None
    view: ReadingView | None = None
    comment: str = ""

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True, slots=True)
class ReviewedSpan:
    """A stretch that a person has read completely: what is not annotated in it is not there."""

    span_id: str
    onset_s: float
    duration_s: float
    author: str
    made: datetime
