"""What the mouse does on the page: select a stretch, pick an event, pull its edges."""

from dataclasses import dataclass, replace
from typing import Literal

from app.traces.geometry import PageGeometry
from app.traces.marks import EventMark

#: How near to an edge a press takes hold of it, and how far a press must move before it is a drag.
_GRAB_PX = 5.0
_DRAG_PX = 4.0
#: An event cannot be pulled shorter than this.
_SHORTEST_S = 0.02


@dataclass(frozen=True, slots=True)
class Drag:
    """A press that may become a drag: what it took hold of, and where.

    ``mark`` is the event under the press, as it was then; ``edge`` is None where the press selects a new stretch.
    """

    press_x: float
    press_s: float
    mark: EventMark | None = None
    edge: Literal["onset", "end"] | None = None
    moved: bool = False

    def move(self, page: PageGeometry, x: float) -> "Drag":
        """Follow the mouse; small trembling is not yet a drag."""
        return replace(self, moved=self.moved or abs(x - self.press_x) >= _DRAG_PX)

    def reshape(self, time_s: float) -> EventMark | None:
        """Give the event with its held edge at a time, None where no edge is held."""
        if self.mark is None or self.edge is None:
            return None
        if self.edge == "onset":
            onset_s = min(time_s, self.mark.end_s - _SHORTEST_S)
            return replace(self.mark, onset_s=onset_s, duration_s=self.mark.end_s - onset_s)
        return replace(self.mark, duration_s=max(time_s - self.mark.onset_s, _SHORTEST_S))


def take_hold(page: PageGeometry, marks: list[EventMark], x: float) -> Drag:
    """Find what a press at a pixel takes hold of: an edge of the selected event, an event, or the empty page."""
    press_s = page.time_of(x)
    for mark in marks:
        if mark.selected and mark.role != "file":
            if abs(page.x_of(mark.end_s) - x) <= _GRAB_PX:
                return Drag(x, press_s, mark, "end")
            if abs(page.x_of(mark.onset_s) - x) <= _GRAB_PX:
                return Drag(x, press_s, mark, "onset")
    return Drag(x, press_s, event_at(page, marks, x))


def event_at(page: PageGeometry, marks: list[EventMark], x: float) -> EventMark | None:
    """Give the event under a pixel; of several the shortest, which is otherwise hard to reach."""
    hit = [
        mark
        for mark in marks
        if mark.role != "file"
        and page.x_of(mark.onset_s) - 2 <= x <= max(page.x_of(mark.end_s), page.x_of(mark.onset_s)) + 2
    ]
    return min(hit, key=lambda mark: mark.duration_s, default=None)
