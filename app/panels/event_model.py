"""The table behind the event queue: sorted and filtered here, so that ten thousand events cost no proxy."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.review import ReviewEvent, ReviewStatus
from app.times import clock_text, elapsed_text

#: Role under which every cell gives its whole `ReviewEvent`.
EVENT_ROLE = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns of the queue."""

    TIME = 0
    LABEL = 1
    PROBABILITY = 2


HEADINGS = ("Time", "Event", "Prob.")
#: Shown beside each status, so that colour never speaks alone.
SHAPES = {
    ReviewStatus.TO_REVIEW: "diamond",
    ReviewStatus.ACCEPTED: "check",
    ReviewStatus.REJECTED: "cross",
    ReviewStatus.UNSURE: "question",
    ReviewStatus.ADDED: "plus",
}


class EventModel(QAbstractTableModel):
    """Events of one recording, in the order and of the status that the reader asked for.

    Parameters
    ----------
    label_name : gives the name of a vocabulary term that readers see.
    """

    def __init__(self, label_name: Callable[[str], str] = str) -> None:
        super().__init__()
        self._label_name = label_name
        self._start: datetime | None = None
        self._events: tuple[ReviewEvent, ...] = ()
        self._shown: list[ReviewEvent] = []
        self._rows: dict[str, int] = {}
        self._status: ReviewStatus | None = None
        self._column = Column.TIME
        self._order = Qt.SortOrder.AscendingOrder

    @property
    def shown(self) -> Sequence[ReviewEvent]:
        """The events in the order of the table."""
        return self._shown

    @property
    def start(self) -> datetime | None:
        """Wall-clock time of the recording's start."""
        return self._start

    def set_events(self, events: tuple[ReviewEvent, ...], start: datetime | None) -> None:
        """Show these events; where only some rows changed, only those are repainted."""
        self._events, self._start = events, start
        shown = self._arranged()
        if [event.event_id for event in shown] != [event.event_id for event in self._shown]:
            self.beginResetModel()
            self._keep(shown)
            self.endResetModel()
            return
        changed = [row for row, (new, old) in enumerate(zip(shown, self._shown, strict=True)) if new != old]
        self._keep(shown)
        for row in changed:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))

    def set_status(self, status: ReviewStatus | None) -> None:
        """Show only the events of one status; None shows all."""
        self.beginResetModel()
        self._status = status
        self._keep(self._arranged())
        self.endResetModel()

    def row_of(self, event_id: str) -> int | None:
        """Give the row of an event, None where it is not shown."""
        return self._rows.get(event_id)

    def label_name(self, label: str) -> str:
        """Give the name of a label that readers see."""
        return self._label_name(label)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by time, label or probability."""
        self.layoutAboutToBeChanged.emit()
        self._column, self._order = Column(column), order
        self._keep(self._arranged())
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        """Count the events shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        """Count the columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Headings of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text of a cell, its event, and a tool tip with everything."""
        event = self._shown[index.row()]
        if role == EVENT_ROLE:
            return event
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(event, Column(index.column()))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._description(event)
        return None

    def _arranged(self) -> list[ReviewEvent]:
        keys: dict[Column, Callable[[ReviewEvent], Any]] = {
            Column.TIME: lambda event: event.onset_s,
            Column.LABEL: lambda event: (self._label_name(event.label), event.onset_s),
            Column.PROBABILITY: lambda event: (-1.0 if event.probability is None else event.probability, event.onset_s),
        }
        events = (event for event in self._events if self._status in (None, event.status))
        return sorted(events, key=keys[self._column], reverse=self._order == Qt.SortOrder.DescendingOrder)

    def _keep(self, shown: list[ReviewEvent]) -> None:
        self._shown = shown
        self._rows = {event.event_id: row for row, event in enumerate(shown)}

    def _text(self, event: ReviewEvent, column: Column) -> str:
        if column is Column.TIME:
            return elapsed_text(event.onset_s)
        if column is Column.LABEL:
            return self._label_name(event.label)
        return "–" if event.probability is None else f"{event.probability:.2f}"

    def _description(self, event: ReviewEvent) -> str:
        clock = clock_text(self._start, event.onset_s)
        when = f"{elapsed_text(event.onset_s)} ({clock})" if clock else elapsed_text(event.onset_s)
        how_sure = "" if event.probability is None else f", probability {event.probability:.2f}"
        return f"{self._label_name(event.label)} at {when}, {event.duration_s:.1f} s{how_sure}, {event.status}"
