"""Clusters: spasms that follow one another closely, found by one rule for scoring, for the queue and for exports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Generic, Protocol, TypeVar

from inference.errors import LabelError
from inference.labels.vocabulary import find_term

#: Spasms closer than this belong together (this project's choice: in a cluster, one follows another in 5 to 30 s).
CLUSTER_GAP_S: Final = 60.0
#: Fewer are single spasms to a reader (this project's choice); scores count every group, of one as well.
MIN_SPASMS: Final = 3


class Timed(Protocol):
    """Anything with a beginning and an end, in seconds from the start of the recording."""

    @property
    def onset_s(self) -> float:
        """Where it begins."""

    @property
    def end_s(self) -> float:
        """Where it ends."""


Event = TypeVar("Event", bound=Timed)


@dataclass(frozen=True, slots=True)
class ClusterRule:
    """What makes a cluster: no pause between spasms is ``gap_s`` or longer, and there are ``min_spasms`` or more."""

    gap_s: float = CLUSTER_GAP_S
    min_spasms: int = MIN_SPASMS


@dataclass(frozen=True, slots=True)
class Cluster(Generic[Event]):
    """Spasms of one cluster, in order of onset."""

    events: tuple[Event, ...]

    @property
    def onset_s(self) -> float:
        """Beginning of the first spasm."""
        return self.events[0].onset_s

    @property
    def end_s(self) -> float:
        """End of the spasm that ends last."""
        return max(event.end_s for event in self.events)

    @property
    def duration_s(self) -> float:
        """Time from its beginning to its end."""
        return self.end_s - self.onset_s

    @property
    def per_minute(self) -> float | None:
        """How often one spasm followed another, None where there is no other."""
        span_s = self.events[-1].onset_s - self.events[0].onset_s
        return (len(self.events) - 1) * 60.0 / span_s if span_s > 0 else None


def group_events(events: Iterable[Event], gap_s: float) -> list[tuple[Event, ...]]:
    """Group events with pauses shorter than ``gap_s`` between them, in order of onset; an event may be a group."""
    groups: list[list[Event]] = []
    end_s = 0.0
    for event in sorted(events, key=lambda event: event.onset_s):
        if groups and event.onset_s - end_s < gap_s:
            groups[-1].append(event)
            end_s = max(end_s, event.end_s)
        else:
            groups.append([event])
            end_s = event.end_s
    return [tuple(group) for group in groups]


def find_clusters(events: Iterable[Event], rule: ClusterRule) -> tuple[Cluster[Event], ...]:
    """Find the clusters among spasms."""
    groups = group_events(events, rule.gap_s)
    return tuple(Cluster(group) for group in groups if len(group) >= rule.min_spasms)


@cache
def is_spasm(label: str) -> bool:
    """Tell whether a label says that an event is a spasm; a label of no vocabulary is none."""
    try:
        return find_term(label).role == "spasm"
    except LabelError:
        return False


def describe_clusters(clusters: Sequence[Cluster[Event]]) -> list[dict[str, float | int | None]]:
    """Give clusters as JSON values."""
    return [
        {
            "onset_s": round(cluster.onset_s, 3),
            "duration_s": round(cluster.duration_s, 3),
            "spasms": len(cluster.events),
            "spasms_per_minute": None if cluster.per_minute is None else round(cluster.per_minute, 2),
        }
        for cluster in clusters
    ]
