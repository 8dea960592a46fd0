"""Edits as pure functions: from the current labels to a record of what was added, removed and changed."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, cast

from app.study.rules import Setting, check_setting
from inference.errors import LabelError, StudyError
from inference.labels.annotations import Annotation, Decision, ReadingView, ReviewedSpan
from inference.labels.detections import Detection
from inference.labels.scorings import Scoring
from inference.labels.vocabulary import find_term

#: What edits are made to. A detection is among them where only the threshold of the moment had formed it: it is kept
#: together with the decision on it.
Item = Annotation | ReviewedSpan | Setting | Detection | Scoring


class Verb(StrEnum):
    """What a person did; stored in the journal."""

    ACCEPT = "accept"
    REJECT = "reject"
    MARK_UNSURE = "mark_unsure"
    RELABEL = "relabel"
    MOVE = "move"
    ADD = "add"
    REMOVE = "remove"
    RATE = "rate"
    COMMENT = "comment"
    MARK_REVIEWED = "mark_reviewed"
    SET = "set"
    SCORE = "score"
    ADD_SCORING = "add_scoring"
    REMOVE_SCORING = "remove_scoring"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True)
class Restaging:
    """Epochs of a scoring from ``first`` on that went from the stages ``before`` to the stages ``after``."""

    scoring_id: str
    first: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def inverse(self) -> "Restaging":
        """The way back."""
        return Restaging(self.scoring_id, self.first, self.after, self.before)

    def apply(self, scoring: Scoring) -> Scoring:
        """Give the scoring afterwards; ValueError where it was not made from this one."""
        stop = self.first + len(self.before)
        stages = scoring.hypnogram.stages
        if stages[self.first : stop] != self.before or len(self.after) != len(self.before):
            raise ValueError(f"the epochs from {self.first} on are not what the update changes")
        stages = (*stages[: self.first], *self.after, *stages[stop:])
        return replace(scoring, hypnogram=replace(scoring.hypnogram, stages=stages))


@dataclass(frozen=True, slots=True)
class Update:
    """What one edit did, wholly: enough to undo it, to show it and to do it again."""

    verb: Verb
    added: tuple[Item, ...] = ()
    removed: tuple[Item, ...] = ()
    changed: tuple[tuple[Item, Item], ...] = ()
    restaged: tuple[Restaging, ...] = ()

    def inverse(self, verb: Verb) -> "Update":
        """Give the update that takes this one back."""
        changed = tuple((after, before) for before, after in self.changed)
        restaged = tuple(restaging.inverse for restaging in reversed(self.restaged))
        return Update(verb, added=self.removed, removed=self.added, changed=changed, restaged=restaged)


@dataclass(frozen=True, slots=True)
class Labels:
    """The current labels by id; never changed in place."""

    annotations: Mapping[str, Annotation] = field(default_factory=dict)
    spans: Mapping[str, ReviewedSpan] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    detections: Mapping[str, Detection] = field(default_factory=dict)
    scorings: Mapping[str, Scoring] = field(default_factory=dict)

    def apply(self, *updates: Update) -> "Labels":
        """Give the labels after some updates.

        Raises
        ------
        ValueError
            An update was not made from these labels.
        """
        # Plain copies: with thousands of events this runs on the GUI thread at every edit.
        labels = Labels(
            dict(self.annotations),
            dict(self.spans),
            dict(self.settings),
            dict(self.detections),
            dict(self.scorings),
        )
        for update in updates:
            for item in (*update.removed, *(before for before, _ in update.changed)):
                if labels._shelf(item).pop(item_id(item), None) != item:
                    raise ValueError(f"{item_id(item)} is not what the update takes away")
            for item in (*update.added, *(after for _, after in update.changed)):
                if item_id(item) in labels._shelf(item):
                    raise ValueError(f"{item_id(item)} is there already")
                labels._shelf(item)[item_id(item)] = item
            for restaging in update.restaged:
                labels._restage(restaging)
        return labels

    def _shelf(self, item: Item) -> dict[str, Any]:
        """Give where an item is kept, to be changed only before anybody else has seen it."""
        shelves = {
            Annotation: self.annotations,
            ReviewedSpan: self.spans,
            Setting: self.settings,
            Detection: self.detections,
            Scoring: self.scorings,
        }
        return cast("dict[str, Any]", shelves[type(item)])

    def _restage(self, restaging: Restaging) -> None:
        """Change epochs of a scoring, only before anybody else has seen it."""
        if restaging.scoring_id not in self.scorings:
            raise ValueError(f"there is no scoring {restaging.scoring_id}")
        changed = restaging.apply(self.scorings[restaging.scoring_id])
        cast("dict[str, Scoring]", self.scorings)[restaging.scoring_id] = changed

    def about(self, event_id: str) -> Annotation | None:
        """Find the annotation with this id, or the one that decides the detection with this id."""
        if event_id in self.annotations:
            return self.annotations[event_id]
        return next((item for item in self.annotations.values() if item.detection_id == event_id), None)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who edits, when, what was on the screen, and where fresh ids come from."""

    author: str
    now: datetime
    view: ReadingView | None
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Target:
    """The event that an edit is about: a detection, the annotation that decides it, or both.

    ``is_passing`` says that the detection is kept nowhere yet.
    """

    event_id: str
    annotation: Annotation | None
    detection: Detection | None
    is_passing: bool = False


def item_id(item: Item) -> str:
    """Give the id under which an item is kept."""
    if isinstance(item, Annotation):
        return item.annotation_id
    if isinstance(item, ReviewedSpan):
        return item.span_id
    if isinstance(item, Scoring):
        return item.scoring_id
    return item.setting_id if isinstance(item, Setting) else item.detection_id


def find_target(
    labels: Labels,
    detections: Mapping[str, Detection],
    event_id: str,
    passing: Mapping[str, Detection] = MappingProxyType({}),
) -> Target:
    """Find an event by the id of its detection or of its annotation.

    Parameters
    ----------
    detections : those that are kept with the analyses.
    passing : those that the threshold of the moment forms besides.

    Raises
    ------
    StudyError
        There is no such event.
    """
    annotation = labels.about(event_id)
    kept = detections.get(event_id) or labels.detections.get(event_id)
    detection = kept or passing.get(event_id)
    if annotation is None and detection is None:
        raise StudyError(f"There is no event {event_id} in this study.")
    return Target(event_id, annotation, detection, is_passing=kept is None and detection is not None)


def decide(target: Target, decision: Decision, stamp: Stamp, confidence: float | None = None) -> Update | None:
    """Accept, reject or be unsure of an event; an event without a detection is withdrawn by rejecting it.

    None where this is what the event says already.
    """
    verb = {Decision.REJECTED: Verb.REJECT, Decision.UNSURE: Verb.MARK_UNSURE}.get(decision, Verb.ACCEPT)
    before = target.annotation
    if before is None:
        return _decide_first(verb, target, _from_detection(target, decision, stamp, confidence))
    if before.detection_id is None:
        if decision is Decision.REJECTED:
            return Update(verb, removed=(before,))
        decision = Decision.ADDED if decision is Decision.ACCEPTED else decision
    if before.decision is decision and confidence in (None, before.confidence):
        return None
    kept = before.confidence if confidence is None else checked_confidence(confidence)
    return _change(verb, before, replace(before, decision=decision, confidence=kept), stamp)


def decide_all(targets: Iterable[Target], decision: Decision, stamp: Stamp) -> Update | None:
    """Decide several events in one edit; None where this is what all of them say already."""
    return _together(decide(target, decision, stamp) for target in targets)


def choose(labels: Labels, setting_id: str, value: float | None, stamp: Stamp) -> Update | None:
    """Choose a number for this recording, or with None go back to the usual one; None where it is chosen already."""
    before = labels.settings.get(setting_id)
    if value is None:
        return None if before is None else Update(Verb.SET, removed=(before,))
    check_setting(setting_id, value)
    after = Setting(setting_id, value, stamp.author, stamp.now)
    if before is None:
        return Update(Verb.SET, added=(after,))
    return None if before.value == value else Update(Verb.SET, changed=((before, after),))


def relabel(target: Target, label: str, stamp: Stamp) -> Update | None:
    """Give an event another label, thereby accepting a detection; None where it has that label already."""
    return _correct(Verb.RELABEL, target, stamp, label=checked_label(label))


def move(target: Target, onset_s: float, duration_s: float, stamp: Stamp) -> Update | None:
    """Give an event other edges, thereby accepting a detection; None where they are the same."""
    check_times(onset_s, duration_s)
    return _correct(Verb.MOVE, target, stamp, onset_s=onset_s, duration_s=duration_s)


def add(onset_s: float, duration_s: float, label: str, channels: tuple[str, ...], stamp: Stamp) -> Update:
    """Mark an event that no network had found."""
    check_times(onset_s, duration_s)
    event = Annotation(
        annotation_id=stamp.new_id(),
        onset_s=onset_s,
        duration_s=duration_s,
        label=checked_label(label),
        decision=Decision.ADDED,
        author=stamp.author,
        made=stamp.now,
        changed=stamp.now,
        channels=channels,
        view=stamp.view,
    )
    return Update(Verb.ADD, added=(event,))


def remove(labels: Labels, event_id: str) -> Update | None:
    """Delete an added event, withdraw a decision, or withdraw a reviewed span; None where nothing was decided."""
    item = labels.spans.get(event_id) or labels.about(event_id)
    return None if item is None else Update(Verb.REMOVE, removed=(item,))


def remove_all(labels: Labels, event_ids: Iterable[str]) -> Update | None:
    """Withdraw several decisions in one edit; None where nothing was decided."""
    return _together(remove(labels, event_id) for event_id in event_ids)


def rate(target: Target, confidence: float | None, stamp: Stamp) -> Update | None:
    """Record how sure the reader is of a decision, 0 to 1; None where it says so already."""
    before = _decided(target)
    return _change(Verb.RATE, before, replace(before, confidence=checked_confidence(confidence)), stamp)


def comment(target: Target, text: str, stamp: Stamp) -> Update | None:
    """Record a remark on a decision; None where it says so already."""
    before = _decided(target)
    return _change(Verb.COMMENT, before, replace(before, comment=text.strip()), stamp)


def mark_reviewed(labels: Labels, onset_s: float, duration_s: float, stamp: Stamp) -> Update | None:
    """Record that a stretch was read completely; None where one stretch by the same reader covers it already."""
    check_times(onset_s, duration_s)
    for span in labels.spans.values():
        covers = span.onset_s <= onset_s and onset_s + duration_s <= span.onset_s + span.duration_s
        if covers and span.author == stamp.author:
            return None
    span = ReviewedSpan(stamp.new_id(), onset_s, duration_s, stamp.author, stamp.now)
    return Update(Verb.MARK_REVIEWED, added=(span,))


def check_times(onset_s: float, duration_s: float) -> None:
    """Refuse times that no event can have."""
    if not (math.isfinite(onset_s) and math.isfinite(duration_s) and onset_s >= 0 and duration_s > 0):
        raise StudyError(f"An event cannot start at {onset_s:g} s and last {duration_s:g} s.")


def checked_label(label: str) -> str:
    """Give the vocabulary's own spelling of a label."""
    try:
        return find_term(label).term_id
    except LabelError as error:
        raise StudyError(str(error)) from error


def checked_confidence(confidence: float | None) -> float | None:
    """Refuse a confidence outside 0 to 1."""
    if confidence is not None and not 0.0 <= confidence <= 1.0:
        raise StudyError(f"A confidence lies between 0 and 1; {confidence:g} does not.")
    return confidence


def _together(updates: Iterable[Update | None]) -> Update | None:
    done = [update for update in updates if update is not None]
    if not done:
        return None
    return Update(
        done[0].verb,
        added=tuple(item for update in done for item in update.added),
        removed=tuple(item for update in done for item in update.removed),
        changed=tuple(pair for update in done for pair in update.changed),
    )


def _decided(target: Target) -> Annotation:
    if target.annotation is None:
        raise StudyError("Accept or reject this detection before saying more about it.")
    return target.annotation


def _correct(verb: Verb, target: Target, stamp: Stamp, **values: str | float) -> Update | None:
    """Correct an event: whoever corrects a detection, even one rejected before, says that it is there."""
    if target.annotation is None:
        accepted = _from_detection(target, Decision.ACCEPTED, stamp, None)
        return _decide_first(verb, target, replace(accepted, **values))  # type: ignore[arg-type]
    before = target.annotation
    decision = Decision.ACCEPTED if before.decision is Decision.REJECTED else before.decision
    return _change(verb, before, replace(before, decision=decision, **values), stamp)  # type: ignore[arg-type]


def _decide_first(verb: Verb, target: Target, annotation: Annotation) -> Update:
    """Keep the first decision on a detection, and the detection with it where it is kept nowhere yet."""
    kept = (target.detection,) if target.is_passing and target.detection is not None else ()
    return Update(verb, added=(annotation, *kept))


def _from_detection(target: Target, decision: Decision, stamp: Stamp, confidence: float | None) -> Annotation:
    detection = target.detection
    if detection is None:
        raise StudyError(f"There is no event {target.event_id} in this study.")
    return Annotation(
        annotation_id=stamp.new_id(),
        onset_s=detection.onset_s,
        duration_s=detection.duration_s,
        label=checked_label(detection.label),
        decision=decision,
        author=stamp.author,
        made=stamp.now,
        changed=stamp.now,
        detection_id=detection.detection_id,
        channels=detection.channels,
        confidence=checked_confidence(confidence),
        view=stamp.view,
    )


def _change(verb: Verb, before: Annotation, after: Annotation, stamp: Stamp) -> Update | None:
    if after == before:
        return None
    return Update(verb, changed=((before, replace(after, author=stamp.author, changed=stamp.now, view=stamp.view)),))
