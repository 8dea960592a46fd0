"""How well one list of events matches another: per spasm, per cluster, and by the rules of SzCORE.

SzCORE merges events less than 90 s apart, so that finding one spasm of a cluster counts as finding them all. It is
reported because the field compares by it; spasms and clusters are what a clinician should look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.labels.clusters import CLUSTER_GAP_S, group_events

#: Two spasms match if they overlap or lie no further apart than this: readers differ by as much.
SPASM_TOLERANCE_S = 1.0

# SzCORE's event scoring (Dan et al. 2024, arXiv 2402.13005, section on event-based scoring; package timescoring).
_SZCORE_MERGE_GAP_S = 90.0
_SZCORE_LONGEST_S = 300.0
_SZCORE_BEFORE_S = 30.0
_SZCORE_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Span:
    """One event to be scored, in seconds from the start of the recording."""

    onset_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Score:
    """How many events of the reference were found, and how many events of the hypothesis were wrong.

    ``n_right`` counts the hypothesis's events that are right; it differs from ``n_found`` where several may find the
    same one. Ratios are None where nothing could be counted.
    """

    n_reference: int
    n_found: int
    n_hypothesis: int
    n_right: int
    duration_s: float | None

    @property
    def sensitivity(self) -> float | None:
        """Share of the reference that was found."""
        return self.n_found / self.n_reference if self.n_reference else None

    @property
    def precision(self) -> float | None:
        """Share of the hypothesis that is right, counted as SzCORE does: found / (found + false)."""
        claimed = self.n_found + self.n_false
        return self.n_found / claimed if claimed else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of sensitivity and precision."""
        total = self.n_reference + self.n_found + self.n_false
        return 2 * self.n_found / total if total else None

    @property
    def n_false(self) -> int:
        """Number of events of the hypothesis that are wrong."""
        return self.n_hypothesis - self.n_right

    @property
    def false_per_hour(self) -> float | None:
        """Wrong events for each hour of recording, None where its length is not known."""
        return self.n_false * 3600.0 / self.duration_s if self.duration_s else None


def score_spasms(
    reference: Sequence[Span],
    hypothesis: Sequence[Span],
    duration_s: float | None,
    tolerance_s: float = SPASM_TOLERANCE_S,
) -> Score:
    """Score each spasm by itself: one event of the hypothesis can find one of the reference.

    Pairs are chosen so that as many as possible match, and among those choices the one that overlaps best.
    """
    found = sum(len(_match_block(*block, tolerance_s)) for block in _blocks(reference, hypothesis, tolerance_s))
    return Score(len(reference), found, len(hypothesis), found, duration_s)


def score_clusters(
    reference: Sequence[Span],
    hypothesis: Sequence[Span],
    duration_s: float | None,
    gap_s: float = CLUSTER_GAP_S,
    tolerance_s: float = SPASM_TOLERANCE_S,
) -> Score:
    """Score clusters: one is found if any event lies within it, one of the hypothesis is right if it meets any.

    A single spasm is a cluster of one.
    """
    true_clusters = group_clusters(reference, gap_s)
    claimed_clusters = group_clusters(hypothesis, gap_s)
    padded = [Span(cluster.onset_s - tolerance_s, cluster.end_s + tolerance_s) for cluster in true_clusters]
    found = sum(_meets_any(cluster, hypothesis) for cluster in padded)
    # Judged by its events, not by its extent: two events either side of a true cluster do not meet it.
    right = sum(
        any(_meets_any(event, padded) for event in hypothesis if _overlap_s(event, cluster) >= 0)
        for cluster in claimed_clusters
    )
    return Score(len(true_clusters), found, len(claimed_clusters), right, duration_s)


def score_szcore(reference: Sequence[Span], hypothesis: Sequence[Span], duration_s: float | None) -> Score:
    """Score by SzCORE's rules for seizures.

    Events less than 90 s apart are merged, events longer than 5 min split; one of the reference is found if anything
    of the hypothesis lies within 30 s before to 60 s after it; one of the hypothesis is false if it touches none that
    was found.
    """
    true_events = _split(group_clusters(reference, _SZCORE_MERGE_GAP_S), _SZCORE_LONGEST_S)
    claimed = _split(group_clusters(hypothesis, _SZCORE_MERGE_GAP_S), _SZCORE_LONGEST_S)
    last_s = np.inf if duration_s is None else duration_s
    windows = [
        Span(max(0.0, event.onset_s - _SZCORE_BEFORE_S), min(last_s, event.end_s + _SZCORE_AFTER_S))
        for event in true_events
    ]
    found = [window for window in windows if any(_overlap_s(window, event) > 0 for event in claimed)]
    right = sum(any(_overlap_s(window, event) > 0 for window in found) for event in claimed)
    return Score(len(true_events), len(found), len(claimed), right, duration_s)


def group_clusters(events: Sequence[Span], gap_s: float) -> list[Span]:
    """Join events less than ``gap_s`` apart into the stretches they span, in order."""
    groups = group_events(events, gap_s)
    return [Span(group[0].onset_s, max(event.end_s for event in group)) for group in groups]


def _split(events: Sequence[Span], longest_s: float) -> list[Span]:
    pieces = []
    for event in events:
        onset_s = event.onset_s
        while event.end_s - onset_s > longest_s:
            pieces.append(Span(onset_s, onset_s + longest_s))
            onset_s += longest_s
        pieces.append(Span(onset_s, event.end_s))
    return pieces


def _overlap_s(a: Span, b: Span) -> float:
    """Seconds that two events share; negative is how far they lie apart."""
    return min(a.end_s, b.end_s) - max(a.onset_s, b.onset_s)


def _meets_any(event: Span, others: Sequence[Span]) -> bool:
    return any(_overlap_s(event, other) >= 0 for other in others)


def _blocks(
    reference: Sequence[Span], hypothesis: Sequence[Span], tolerance_s: float
) -> list[tuple[list[Span], list[Span]]]:
    """Cut both lists into blocks that cannot match one another, so that a night needs no huge assignment."""
    marked = [(event, 0) for event in reference] + [(event, 1) for event in hypothesis]
    blocks: list[tuple[list[Span], list[Span]]] = []
    end_s = -np.inf
    for event, side in sorted(marked, key=lambda item: item[0].onset_s):
        if event.onset_s > end_s + tolerance_s:
            blocks.append(([], []))
        blocks[-1][side].append(event)
        end_s = max(end_s, event.end_s)
    return [block for block in blocks if block[0] and block[1]]


def _match_block(reference: list[Span], hypothesis: list[Span], tolerance_s: float) -> list[tuple[int, int]]:
    overlap_s = _overlaps(reference, hypothesis)
    allowed = overlap_s >= -tolerance_s - 1e-9
    # A further pair is worth more than all the overlap there can be: the number of pairs comes first.
    quality = (overlap_s - overlap_s.min()) / (np.ptp(overlap_s) + 1.0)
    value = np.where(allowed, min(overlap_s.shape) + quality, 0.0)
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(value, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]


def _overlaps(reference: list[Span], hypothesis: list[Span]) -> NDArray[np.float64]:
    true_onset, true_end = np.array([(event.onset_s, event.end_s) for event in reference]).T
    onset, end = np.array([(event.onset_s, event.end_s) for event in hypothesis]).T
    shared: NDArray[np.float64] = np.minimum.outer(true_end, end) - np.maximum.outer(true_onset, onset)
    return shared
