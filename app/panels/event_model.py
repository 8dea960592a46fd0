"""The table behind the event queue: sorted, filtered and grouped here, so that ten thousand events cost no proxy."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.review import ReviewCluster, ReviewEvent, ReviewStatus
from app.times import clock_text, duration_text, elapsed_text

#: Role under which every cell gives its whole `ReviewEvent` or `ReviewCluster`.
ROW_ROLE = Qt.ItemDataRole.UserRole
#: Role under which every cell says whether it stands under a cluster, or, of a cluster, whether that is unfolded.
NESTED_ROLE = Qt.ItemDataRole.UserRole + 1

Row = ReviewEvent | ReviewCluster

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns of the queue."""

    TIME = 0
    LABEL = 1
    PROBABILITY = 2


HEADINGS = ("Time", "Event", "P")


class EventModel(QAbstractTableModel):
    """Events of one recording, in the order and of the status that the reader asked for.

    In order of time, spasms of a cluster stand under a row of its own, which can be folded. What was nearly missed is
    listed only where it is asked for.

    Parameters
    ----------
    label_name : gives the name of a vocabulary term that readers see.
    """

    def __init__(self, label_name: Callable[[str], str] = str) -> None:
        super().__init__()
        self._label_name = label_name
        self._start: datetime | None = None
        self._events: tuple[ReviewEvent, ...] = ()
        self._cluster_of: dict[str, ReviewCluster] = {}
        self._folded: set[str] = set()
        self._shown: list[ReviewEvent] = []
        self._rows: list[Row] = []
        self._nested: list[bool] = []
        self._row_of: dict[str, int] = {}
        self._status: ReviewStatus | None = None
        self._column = Column.TIME
        self._order = Qt.SortOrder.AscendingOrder

    @property
    def shown(self) -> Sequence[ReviewEvent]:
        """The events in the order of the table, also those that are folded away."""
        return self._shown

    @property
    def rows(self) -> Sequence[Row]:
        """What stands in the table, from its top."""
        return self._rows

    @property
    def start(self) -> datetime | None:
        """Wall-clock time of the recording's start."""
        return self._start

    def set_events(
        self, events: tuple[ReviewEvent, ...], start: datetime | None, clusters: tuple[ReviewCluster, ...] = ()
    ) -> None:
        """Show these events; where only some rows changed, only those are repainted."""
        self._events, self._start = events, start
        self._cluster_of = {cluster.cluster_id: cluster for cluster in clusters}
        self._cluster_of |= {event.event_id: cluster for cluster in clusters for event in cluster.spasms.events}
        before, nested = self._rows, self._nested
        shown = self._arranged()
        rows, now_nested = self._grouped(shown)
        if [row_id(row) for row in rows] != [row_id(row) for row in before] or nested != now_nested:
            self.beginResetModel()
            self._keep(shown)
            self.endResetModel()
            return
        self._keep(shown)
        for number, (new, old) in enumerate(zip(rows, before, strict=True)):
            if new != old:
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(Column) - 1))

    def set_status(self, status: ReviewStatus | None) -> None:
        """Show only the events of one status; None shows all but what was nearly missed."""
        self.beginResetModel()
        self._status = status
        self._keep(self._arranged())
        self.endResetModel()

    def fold(self, cluster_id: str, *, folded: bool) -> None:
        """Fold the spasms of a cluster away, or show them."""
        if folded != (cluster_id in self._folded):
            self.beginResetModel()
            (self._folded.add if folded else self._folded.discard)(cluster_id)
            self._keep(self._shown)
            self.endResetModel()

    def is_folded(self, cluster_id: str) -> bool:
        """Tell whether a cluster's spasms are folded away."""
        return cluster_id in self._folded

    def cluster_of(self, event_id: str) -> ReviewCluster | None:
        """Find the cluster with this id, or the one that an event belongs to."""
        return self._cluster_of.get(event_id)

    def row_of(self, event_id: str) -> int | None:
        """Give the row of an event or a cluster, None where it is not shown."""
        return self._row_of.get(event_id)

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
        """Count the rows shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's signature
        """Count the columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Headings of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == Column.PROBABILITY:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text of a cell, its event or cluster, and a tool tip with everything."""
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == NESTED_ROLE:
            return self._nested[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, Column(index.column()))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._describe_cluster(row) if isinstance(row, ReviewCluster) else self._describe(row)
        return None

    def _arranged(self) -> list[ReviewEvent]:
        keys: dict[Column, Callable[[ReviewEvent], Any]] = {
            Column.TIME: lambda event: event.onset_s,
            Column.LABEL: lambda event: (self._label_name(event.label), event.onset_s),
            Column.PROBABILITY: lambda event: (-1.0 if event.probability is None else event.probability, event.onset_s),
        }
        if self._status is None:
            events = (event for event in self._events if event.status is not ReviewStatus.NEAR_MISS)
        else:
            events = (event for event in self._events if event.status is self._status)
        return sorted(events, key=keys[self._column], reverse=self._order == Qt.SortOrder.DescendingOrder)

    def _grouped(self, shown: Sequence[ReviewEvent]) -> tuple[list[Row], list[bool]]:
        """Put a row above the spasms of each cluster; ``nested`` says which rows stand under one, or are unfolded."""
        if self._column is not Column.TIME or not self._cluster_of:
            return list(shown), [False] * len(shown)
        rows: list[Row] = []
        nested: list[bool] = []
        begun: set[str] = set()
        for event in shown:
            cluster = self._cluster_of.get(event.event_id)
            if cluster is not None and cluster.cluster_id not in begun:
                begun.add(cluster.cluster_id)
                rows.append(cluster)
                nested.append(cluster.cluster_id not in self._folded)
            if cluster is None or cluster.cluster_id not in self._folded:
                rows.append(event)
                nested.append(cluster is not None)
        return rows, nested

    def _keep(self, shown: list[ReviewEvent]) -> None:
        self._shown = shown
        self._rows, self._nested = self._grouped(shown)
        self._row_of = {row_id(row): number for number, row in enumerate(self._rows)}

    def _text(self, row: Row, column: Column) -> str:
        if isinstance(row, ReviewCluster):
            n_left = len(row.undecided)
            texts = (elapsed_text(row.spasms.onset_s), f"Cluster of {len(row.spasms.events)}", f"{n_left} left")
            return texts[column]
        if column is Column.TIME:
            return elapsed_text(row.onset_s)
        if column is Column.LABEL:
            return self._label_name(row.label)
        return "–" if row.probability is None else f"{row.probability:.2f}"

    def _describe(self, event: ReviewEvent) -> str:
        how_sure = "" if event.probability is None else f", probability {event.probability:.2f}"
        by = f" ({event.model})" if event.model else ""
        below = f", below the threshold of {event.threshold:.2f}" if event.is_near_miss else ""
        also = "".join(
            f", also {self._label_name(other.label)} {other.probability:.2f} ({other.model})" for other in event.also
        )
        what = f"{self._label_name(event.label)} at {self._when(event.onset_s)}, {event.duration_s:.1f} s"
        return f"{what}{how_sure}{by}{below}{also}, {event.status}"

    def _describe_cluster(self, cluster: ReviewCluster) -> str:
        spasms = cluster.spasms
        return (
            f"Cluster of {len(spasms.events)} spasms from {self._when(spasms.onset_s)} on, "
            f"{duration_text(spasms.duration_s)} long, {rate_text(cluster)}, {len(cluster.undecided)} to review. "
            "A decision here decides all of those."
        )

    def _when(self, onset_s: float) -> str:
        clock = clock_text(self._start, onset_s)
        return f"{elapsed_text(onset_s)} ({clock})" if clock else elapsed_text(onset_s)


def row_id(row: Row) -> str:
    """Give the id of the event or the cluster that a row stands for."""
    return row.cluster_id if isinstance(row, ReviewCluster) else row.event_id


def rate_text(cluster: ReviewCluster) -> str:
    """Write how often one spasm of a cluster follows another."""
    rate = cluster.spasms.per_minute
    return "all at once" if rate is None else f"{rate:.1f} a minute"
