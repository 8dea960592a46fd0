"""What there is to review: events as the queue, the traces and the overview show them, and the clusters they form."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inference.labels.annotations import Decision
from inference.labels.clusters import Cluster, ClusterRule, find_clusters, is_spasm


class ReviewStatus(StrEnum):
    """Where an event stands in the review; the values after the first two are those of `Decision`."""

    TO_REVIEW = "to review"
    NEAR_MISS = "near miss"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Finding:
    """What another network says of the same event: a detection of its own, which the queue does not list again.

    ``is_shared`` says that it lies over several events of the queue.
    """

    event_id: str
    label: str
    probability: float
    model: str
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """One event of the queue.

    ``event_id`` is the detection's, or the annotation's where a person added the event. Times and label are the
    person's once there are any; ``probability`` is the network's, whose name is ``model``, and None for an event that
    it did not find. ``also`` is what other networks say of it. ``is_near_miss`` marks what stayed below ``threshold``.
    """

    event_id: str
    onset_s: float
    duration_s: float
    label: str
    probability: float | None
    decision: Decision | None
    model: str = ""
    also: tuple[Finding, ...] = ()
    is_near_miss: bool = False
    threshold: float | None = None

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s

    @property
    def status(self) -> ReviewStatus:
        """Where the event stands in the review."""
        if self.decision is not None:
            return ReviewStatus(self.decision.value)
        return ReviewStatus.NEAR_MISS if self.is_near_miss else ReviewStatus.TO_REVIEW


@dataclass(frozen=True, slots=True)
class ReviewCluster:
    """Spasms of the queue that belong together; its id is made from that of its first spasm."""

    cluster_id: str
    spasms: Cluster[ReviewEvent]

    @property
    def undecided(self) -> tuple[ReviewEvent, ...]:
        """The spasms that nobody has decided on."""
        return tuple(event for event in self.spasms.events if event.decision is None)


def gather_clusters(events: Iterable[ReviewEvent], rule: ClusterRule) -> tuple[ReviewCluster, ...]:
    """Find the clusters among what are spasms, or may be: neither what was rejected nor what was nearly missed."""
    spasms = (
        event
        for event in events
        if is_spasm(event.label) and event.status not in (ReviewStatus.REJECTED, ReviewStatus.NEAR_MISS)
    )
    clusters = find_clusters(spasms, rule)
    return tuple(ReviewCluster(f"cluster:{cluster.events[0].event_id}", cluster) for cluster in clusters)


def count_statuses(events: Iterable[ReviewEvent]) -> dict[ReviewStatus, int]:
    """Count the events of each status."""
    counts = dict.fromkeys(ReviewStatus, 0)
    for event in events:
        counts[event.status] += 1
    return counts
