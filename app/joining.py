"""Joining what networks and people say into one list, in which nobody's word is lost and nothing stands twice."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.review import Finding, ReviewEvent
from inference.labels.annotations import Annotation, Decision
from inference.labels.clusters import Timed, is_spasm
from inference.labels.detections import Detection

#: One network's event may begin or end so much beside another's and still be the same: some answer every two seconds.
_REACH_S = 5.0
#: An event that is formed anew is the one that was decided where they share this much of the shorter.
_SAME_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class _Claim:
    """A stretch on which somebody has decided."""

    onset_s: float
    end_s: float
    label: str
    model: str
    event_id: str


def join_events(
    detections: Iterable[Detection],
    annotations: Iterable[Annotation],
    near_misses: Iterable[Detection] = (),
    find: Callable[[str], Detection | None] = lambda _: None,
) -> tuple[ReviewEvent, ...]:
    """Join detections with decisions, append what people added and what was nearly missed, in order of time.

    A decision stays when another threshold or another analysis forms the event with other edges: whatever overlaps a
    decided event of the same network or label is that event. Detections of different networks of the same event are
    one row; see `Finding`.

    Parameters
    ----------
    find : gives a detection that is not among the others any more but was decided on.
    """
    fresh = {detection.detection_id: detection for detection in (*near_misses, *detections)}
    rows: dict[str, ReviewEvent] = {}
    claims: list[_Claim] = []
    for note in annotations:
        event_id = note.detection_id or note.annotation_id
        source = fresh.pop(event_id, None) or (find(event_id) if note.detection_id else None)
        rows[event_id] = _row_of_annotation(note, event_id, source)
        claims += _claim(note, event_id, source)
    for detection, event_id in _find_decided(fresh.values(), claims):
        if fresh.pop(detection.detection_id, None) is not None and rows[event_id].probability is None:
            rows[event_id] = replace(rows[event_id], probability=detection.probability, model=detection.model.name)
    rows.update({detection.detection_id: _row_of_detection(detection) for detection in fresh.values()})
    return _merge_networks(sorted(rows.values(), key=lambda event: (event.onset_s, event.event_id)))


def overlapping_pairs(first: Sequence[Timed], second: Sequence[Timed]) -> Iterator[tuple[int, int]]:
    """Yield the places of each pair that shares time; both in order of onset."""
    waiting: list[int] = []
    number = 0
    for place, event in enumerate(second):
        while number < len(first) and first[number].onset_s < event.end_s:
            waiting.append(number)
            number += 1
        waiting = [index for index in waiting if first[index].end_s > event.onset_s]
        for index in waiting:
            if first[index].onset_s < event.end_s:
                yield index, place


def _row_of_annotation(note: Annotation, event_id: str, source: Detection | None) -> ReviewEvent:
    row = ReviewEvent(event_id, note.onset_s, note.duration_s, note.label, None, note.decision)
    if source is None:
        return row
    return replace(row, probability=source.probability, model=source.model.name, threshold=source.threshold)


def _row_of_detection(detection: Detection) -> ReviewEvent:
    return ReviewEvent(
        detection.detection_id,
        detection.onset_s,
        detection.duration_s,
        detection.label,
        detection.probability,
        None,
        model=detection.model.name,
        is_near_miss=detection.is_near_miss,
        threshold=detection.threshold,
    )


def _claim(note: Annotation, event_id: str, source: Detection | None) -> Iterator[_Claim]:
    model = "" if source is None else source.model.name
    yield _Claim(note.onset_s, note.end_s, note.label, model, event_id)
    if source is not None:
        yield _Claim(source.onset_s, source.end_s, source.label, model, event_id)


def _find_decided(detections: Iterable[Detection], claims: Iterable[_Claim]) -> Iterator[tuple[Detection, str]]:
    """Yield the detections that stand where somebody decided on the same, and the id of what was decided."""
    ordered = sorted(detections, key=lambda event: event.onset_s)
    decided = sorted(claims, key=lambda claim: claim.onset_s)
    for place, index in overlapping_pairs(ordered, decided):
        detection, claim = ordered[place], decided[index]
        shared_s = min(detection.end_s, claim.end_s) - max(detection.onset_s, claim.onset_s)
        shorter_s = min(detection.duration_s, claim.end_s - claim.onset_s)
        is_same_kind = detection.label == claim.label or detection.model.name == claim.model
        if is_same_kind and shared_s >= _SAME_SHARE * shorter_s:
            yield detection, claim.event_id


def _merge_networks(rows: list[ReviewEvent]) -> tuple[ReviewEvent, ...]:
    """Take each event that another network tells more precisely off the list, and let the other's row name it."""
    by_model: dict[str, list[ReviewEvent]] = defaultdict(list)
    for row in rows:
        if row.model and row.probability is not None and not row.is_near_miss:
            by_model[row.model].append(row)
    under: dict[str, list[ReviewEvent]] = defaultdict(list)
    models = list(by_model)
    for number, model in enumerate(models):
        for other in models[number + 1 :]:
            for i, k in overlapping_pairs(by_model[model], by_model[other]):
                precise, coarse = sorted((by_model[model][i], by_model[other][k]), key=_coarseness)
                if _may_stand_for(precise, coarse):
                    under[coarse.event_id].append(precise)
    return _hang_under(rows, under)


def _coarseness(row: ReviewEvent) -> tuple[bool, float]:
    return not is_spasm(row.label), row.duration_s


def _may_stand_for(precise: ReviewEvent, coarse: ReviewEvent) -> bool:
    """Tell whether a row may stand for another network's: not where a person has said different things of both."""
    if precise.decision is Decision.REJECTED:
        return coarse.decision is Decision.REJECTED
    return coarse.decision is None


def _hang_under(rows: list[ReviewEvent], under: dict[str, list[ReviewEvent]]) -> tuple[ReviewEvent, ...]:
    also: dict[str, list[Finding]] = defaultdict(list)
    by_id = {row.event_id: row for row in rows}
    for event_id, precise in under.items():
        coarse = by_id[event_id]
        onset_s, end_s = min(row.onset_s for row in precise), max(row.end_s for row in precise)
        if coarse.onset_s < onset_s - _REACH_S or coarse.end_s > end_s + _REACH_S or coarse.probability is None:
            continue
        if any(row.event_id in under for row in precise):  # what may hang under another itself carries nothing
            continue
        del by_id[event_id]
        finding = Finding(event_id, coarse.label, coarse.probability, coarse.model, is_shared=len(precise) > 1)
        for row in precise:
            also[row.event_id].append(finding)
    kept = (row for row in rows if row.event_id in by_id)
    return tuple(replace(row, also=tuple(also[row.event_id])) if row.event_id in also else row for row in kept)
