"""The journal: every edit in order. What a study holds is what its journal adds up to, and nothing else."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from app.study.edits import Item, Labels, Restaging, Update, Verb
from app.study.rules import Setting, setting_from_json, setting_to_json
from inference.labels.annotations import Annotation, ReviewedSpan
from inference.labels.scorings import Scoring, scoring_from_json, scoring_to_json
from inference.labels.serialization import (
    annotation_from_json,
    annotation_to_json,
    detection_from_json,
    detection_to_json,
    span_from_json,
    span_to_json,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail: who did what, when.

    ``sequence`` counts from 1 without a gap. ``target`` is the sequence of the edit that an undo or redo is about,
    None for all others.
    """

    sequence: int
    time: datetime
    author: str
    update: Update
    target: int | None = None


@dataclass(slots=True)
class Ledger:
    """What a journal adds up to: the labels, and what can be undone and redone."""

    entries: list[Entry] = field(default_factory=list)
    labels: Labels = field(default_factory=Labels)
    undoable: list[int] = field(default_factory=list)
    redoable: list[int] = field(default_factory=list)

    @classmethod
    def replay(cls, entries: Iterable[Entry]) -> "Ledger":
        """Add up a journal from its beginning.

        Raises
        ------
        ValueError
            An entry does not follow from those before it.
        """
        ledger = cls()
        for entry in entries:
            ledger._admit(entry)
        ledger.labels = ledger.labels.apply(*(entry.update for entry in ledger.entries))
        return ledger

    def copy(self) -> "Ledger":
        """Give a ledger that can go on by itself."""
        return Ledger(list(self.entries), self.labels, list(self.undoable), list(self.redoable))

    @property
    def next_sequence(self) -> int:
        """Sequence of the entry that may come next."""
        return len(self.entries) + 1

    def append(self, entry: Entry) -> None:
        """Add an entry; ValueError where it does not follow from those before it."""
        labels = self.labels.apply(entry.update)
        self._admit(entry)
        self.labels = labels

    def undo(self) -> tuple[Update, int] | None:
        """Give the update that takes the last edit back, and its sequence; None where there is none."""
        if not self.undoable:
            return None
        target = self.undoable[-1]
        return self.entries[target - 1].update.inverse(Verb.UNDO), target

    def redo(self) -> tuple[Update, int] | None:
        """Give the update that does the last undone edit again, and its sequence; None where there is none."""
        if not self.redoable:
            return None
        target = self.redoable[-1]
        done = self.entries[target - 1].update
        return replace(done, verb=Verb.REDO), target

    def _admit(self, entry: Entry) -> None:
        """Take an entry into the order of things, which says what can be undone and redone after it."""
        if entry.sequence != self.next_sequence:
            raise ValueError(f"entry {entry.sequence} stands where {self.next_sequence} should")
        if entry.target is None:
            self.undoable.append(entry.sequence)
            self.redoable.clear()
        else:
            source, sink = self.undoable, self.redoable
            if entry.update.verb is Verb.REDO:
                source, sink = sink, source
            if not source or source[-1] != entry.target:
                raise ValueError(f"entry {entry.sequence} takes back what is not the last edit")
            sink.append(source.pop())
        self.entries.append(entry)


def update_to_text(update: Update) -> str:
    """Spell an update as the journal keeps it."""
    fields: dict[str, Any] = {
        "added": [_item_to_json(item) for item in update.added],
        "removed": [_item_to_json(item) for item in update.removed],
        "changed": [[_item_to_json(before), _item_to_json(after)] for before, after in update.changed],
    }
    if update.restaged:
        fields["restaged"] = [asdict(restaging) for restaging in update.restaged]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def update_from_text(verb: str, text: str) -> Update:
    """Read an update; KeyError, TypeError or ValueError where the text is not one."""
    fields = json.loads(text)
    return Update(
        Verb(verb),
        added=tuple(_item_from_json(item) for item in fields["added"]),
        removed=tuple(_item_from_json(item) for item in fields["removed"]),
        changed=tuple((_item_from_json(before), _item_from_json(after)) for before, after in fields["changed"]),
        # Versions before the third scored no sleep.
        restaged=tuple(_restaging_from_json(restaging) for restaging in fields.get("restaged", ())),
    )


def _item_to_json(item: Item) -> dict[str, Any]:
    if isinstance(item, Annotation):
        return annotation_to_json(item)
    if isinstance(item, ReviewedSpan):
        return span_to_json(item)
    if isinstance(item, Scoring):
        return scoring_to_json(item)
    return setting_to_json(item) if isinstance(item, Setting) else detection_to_json(item)


def _item_from_json(fields: Mapping[str, Any]) -> Item:
    # An annotation names its detection as well: its own id comes first.
    if "annotation_id" in fields:
        return annotation_from_json(fields)
    if "span_id" in fields:
        return span_from_json(fields)
    if "scoring_id" in fields:
        return scoring_from_json(fields)
    return setting_from_json(fields) if "setting_id" in fields else detection_from_json(fields)


def _restaging_from_json(fields: Mapping[str, Any]) -> Restaging:
    return Restaging(fields["scoring_id"], fields["first"], tuple(fields["before"]), tuple(fields["after"]))
