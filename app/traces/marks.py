"""Events as the trace view draws them, and a quick way to find those of a page among very many."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inference.labels.annotations import Decision

Role = Literal["detection", "annotation", "file"]


@dataclass(frozen=True, slots=True)
class EventMark:
    """One event on the page.

    ``label`` is its term and gives its colour, ``text`` is what is written above it. ``role`` says who speaks: a
    network (dashed, translucent), a person (solid), or the recording's own file (a flag). ``decision`` is a person's.
    """

    event_id: str
    onset_s: float
    duration_s: float
    label: str
    text: str
    role: Role
    decision: Decision | None = None
    selected: bool = False

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s


class MarkIndex:
    """Marks in order of onset; finding those of a page costs no more for 10,000 marks than for ten."""

    def __init__(self, marks: Iterable[EventMark] = ()) -> None:
        self.marks = sorted(marks, key=lambda mark: (mark.onset_s, mark.end_s))
        self._onsets_s = np.array([mark.onset_s for mark in self.marks])
        self._ends_s = np.array([mark.end_s for mark in self.marks])
        # The latest end so far rises, so it can be bisected even where one long event lies over many short ones.
        self._latest_ends_s = np.maximum.accumulate(self._ends_s) if self.marks else self._ends_s

    def between(self, start_s: float, stop_s: float) -> list[EventMark]:
        """Give the marks that touch [start_s, stop_s], in order of onset."""
        first = int(np.searchsorted(self._latest_ends_s, start_s, side="left"))
        stop = int(np.searchsorted(self._onsets_s, stop_s, side="right"))
        touching = np.flatnonzero(self._ends_s[first:stop] >= start_s)
        return [self.marks[first + int(i)] for i in touching]
