"""The event queue: everything that was found or added, worked through with single keys."""

from collections.abc import Callable, Collection
from datetime import datetime

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.event_delegate import INDENT_PX, ROW_PX, EventDelegate
from app.panels.event_model import Column, EventModel, row_id
from app.panels.event_rules import EventRules
from app.review import ReviewCluster, ReviewEvent, ReviewStatus, count_statuses, gather_clusters
from app.theme import GRID_PX, SMALL_PX, Theme, ui_font
from app.times import elapsed_text
from inference.labels.clusters import ClusterRule

_FILTERS: tuple[tuple[str, ReviewStatus | None], ...] = (
    ("All events", None),
    ("To review", ReviewStatus.TO_REVIEW),
    ("Accepted", ReviewStatus.ACCEPTED),
    ("Rejected", ReviewStatus.REJECTED),
    ("Unsure", ReviewStatus.UNSURE),
    ("Added", ReviewStatus.ADDED),
    ("Near misses", ReviewStatus.NEAR_MISS),
)


class EventQueue(QWidget):
    """A table of events with a filter and the rules above and the decisions below.

    Attributes
    ----------
    rules : the thresholds, and what makes a cluster.

    Signals
    -------
    selected : the id of the event or cluster that the reader is at, empty for none.
    filtered : what was nearly missed is listed now, or is not any more.

    Lives in the GUI thread.
    """

    selected = Signal(str)
    filtered = Signal()

    def __init__(self, theme: Theme, decisions: list[QAction], label_name: Callable[[str], str] = str) -> None:
        super().__init__()
        self.model = EventModel(label_name)
        self._current: str = ""
        self._all: tuple[ReviewEvent, ...] = ()
        self._cluster_rule = ClusterRule()
        self.rules = EventRules()
        self._delegate = EventDelegate(theme, self)
        # Later: the model must not change while the table is still handling the press.
        self._delegate.fold_asked.connect(self._fold, Qt.ConnectionType.QueuedConnection)
        self._filter = QComboBox()
        self._filter.setAccessibleName("Show events of one status")
        self._filter.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        for text, _status in _FILTERS:
            self._filter.addItem(text)
        self._filter.currentIndexChanged.connect(self._apply_filter)
        self.table = self._make_table()
        self._empty = QLabel()
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(2 * GRID_PX, 0, 2 * GRID_PX, 6 * GRID_PX)
        self._lay_out(decisions)
        self.set_events((), None, "Open a recording to see what was found in it.")

    @property
    def current_id(self) -> str:
        """Id of the event or cluster that the reader is at, empty for none."""
        return self._current

    @property
    def current_cluster(self) -> ReviewCluster | None:
        """The cluster that the reader is at as a whole."""
        cluster = self.model.cluster_of(self._current)
        return cluster if cluster is not None and cluster.cluster_id == self._current else None

    @property
    def lists_near_misses(self) -> bool:
        """Whether what was nearly missed is listed."""
        return _FILTERS[self._filter.currentIndex()][1] is ReviewStatus.NEAR_MISS

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._delegate.theme = theme
        self.table.viewport().update()

    def set_events(self, events: tuple[ReviewEvent, ...], start: datetime | None, why_empty: str) -> None:
        """Show these events, or the sentence why there are none, and keep the reader at the same event."""
        self._all = events
        clusters = gather_clusters(events, self._cluster_rule)
        self.model.set_events(events, start, clusters)
        counts = count_statuses(events)
        for position, (text, status) in enumerate(_FILTERS):
            number = self._n_told if status is None else counts[status]
            self._filter.setItemText(position, f"{text}  ·  {number}")
        self._fit_time_column()
        self._show_empty(why_empty)
        known = (*(event.event_id for event in events), *(cluster.cluster_id for cluster in clusters))
        if self._current and self._current not in known:
            self.select("")
        self._highlight()

    @property
    def message(self) -> str:
        """The sentence that stands where there are no events; empty while there are any."""
        return "" if self.model.shown else self._empty.text()

    def set_cluster_rule(self, rule: ClusterRule) -> None:
        """Group spasms by another rule."""
        if rule != self._cluster_rule:
            self._cluster_rule = rule
            self.model.set_events(self._all, self.model.start, gather_clusters(self._all, rule))
            self._highlight()

    def fold_cluster(self) -> None:
        """Fold the cluster that the reader is in away, or show it again."""
        cluster = self.model.cluster_of(self._current)
        if cluster is not None:
            folded = not self.model.is_folded(cluster.cluster_id)
            self.model.fold(cluster.cluster_id, folded=folded)
            self.select(cluster.cluster_id)
            self._highlight()

    def take_cluster(self) -> None:
        """Go from an event to the cluster that it belongs to."""
        cluster = self.model.cluster_of(self._current)
        if cluster is not None:
            self.select(cluster.cluster_id)

    def show_status(self, status: ReviewStatus | None) -> None:
        """Show only the events of one status; None shows all."""
        self._filter.setCurrentIndex([shown for _, shown in _FILTERS].index(status))

    def select(self, event_id: str) -> None:
        """Go to an event of the list; an empty id leaves all of them."""
        if event_id != self._current:
            self._current = event_id
            cluster = self.model.cluster_of(event_id) if event_id else None
            if cluster is not None and cluster.cluster_id != event_id:
                self.model.fold(cluster.cluster_id, folded=False)
            self._highlight()
            self.selected.emit(event_id)

    def neighbour(self, direction: int, undecided: bool = False, besides: Collection[str] = ()) -> str:
        """Find the next (1) or previous (-1) row of the list; past the end, the search goes on at the other end.

        Parameters
        ----------
        undecided : look only for events that nobody has decided on, also those that are folded away.
        besides : ids that are passed over.

        Returns
        -------
        The id of an event, or of a cluster where ``undecided`` is not asked for; empty where there is none.
        """
        if undecided:
            open_ids = {event.event_id for event in self.model.shown if event.decision is None}
            order = [event.event_id for event in self.model.shown]
        else:
            order = [row_id(row) for row in self.model.rows]
            open_ids = set(order)
        first = self._place_in(order, direction) + direction
        for step in range(len(order)):
            found = order[(first + direction * step) % len(order)]
            if found != self._current and found in open_ids and found not in besides:
                return found
        return ""

    def _place_in(self, order: list[str], direction: int) -> int:
        """Give where the reader is; a cluster lies just before its first spasm, and nowhere is before the first."""
        if self._current in order:
            return order.index(self._current)
        cluster = self.current_cluster
        listed = [] if cluster is None else [e.event_id for e in cluster.spasms.events if e.event_id in order]
        return order.index(listed[0]) - (direction == 1) if listed else -1

    @property
    def _n_told(self) -> int:
        return sum(event.status is not ReviewStatus.NEAR_MISS for event in self._all)

    def _fit_time_column(self) -> None:
        """Make the column as wide as the longest time, so that the labels get the rest."""
        latest_s = self._all[-1].onset_s if self._all else 0.0
        width = QFontMetrics(ui_font(SMALL_PX)).horizontalAdvance(elapsed_text(latest_s))
        self.table.horizontalHeader().resizeSection(Column.TIME, width + INDENT_PX + GRID_PX // 2 + 1)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setItemDelegate(self._delegate)
        table.setAccessibleName("Event queue")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(Column.TIME, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.LABEL, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(Column.PROBABILITY, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(Column.PROBABILITY, 6 * GRID_PX)
        table.setSortingEnabled(True)
        table.sortByColumn(Column.TIME, Qt.SortOrder.AscendingOrder)
        table.selectionModel().currentRowChanged.connect(self._row_chosen)
        table.doubleClicked.connect(self._fold_at)
        return table

    def _lay_out(self, decisions: list[QAction]) -> None:
        above = QHBoxLayout()
        above.setContentsMargins(GRID_PX, GRID_PX // 2, GRID_PX, GRID_PX // 2)
        above.addWidget(self._filter)
        below = QHBoxLayout()
        below.setContentsMargins(GRID_PX // 2, GRID_PX // 2, GRID_PX // 2, GRID_PX // 2)
        below.setSpacing(0)
        for action in decisions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setIconSize(QSize(16, 16))
            button.setMinimumWidth(2 * GRID_PX)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            below.addWidget(button, stretch=1)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(self.rules)
        column.addLayout(self._stack, stretch=1)
        column.addLayout(below)

    def _apply_filter(self, position: int) -> None:
        self.model.set_status(_FILTERS[position][1])
        self._show_empty(self._empty.text())
        self._highlight()
        self.filtered.emit()

    def _show_empty(self, sentence: str) -> None:
        if self._all and not self.model.shown:
            sentence = f"{_FILTERS[self._filter.currentIndex()][0]}: none of the {self._n_told} events."
        self._empty.setText(sentence)
        self._stack.setCurrentIndex(1 if self.model.shown else 0)

    def _highlight(self) -> None:
        selection = self.table.selectionModel()
        row = self.model.row_of(self._current)
        selection.currentRowChanged.disconnect(self._row_chosen)
        if row is None:
            selection.clear()
        else:
            index = self.model.index(row, 0)
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            selection.setCurrentIndex(index, flags)
            self.table.scrollTo(index)
        selection.currentRowChanged.connect(self._row_chosen)

    def _row_chosen(self, index: QModelIndex, _previous: QModelIndex) -> None:
        if index.isValid():
            self.select(row_id(self.model.rows[index.row()]))

    def _fold(self, cluster_id: str) -> None:
        self.select(cluster_id)
        self.fold_cluster()

    def _fold_at(self, index: QModelIndex) -> None:
        if isinstance(self.model.rows[index.row()], ReviewCluster):
            self.fold_cluster()
