"""Working through the events: what each key of the review does to the study, the queue and the page."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QWidget

from app.analysis_run import event_subject
from app.dialogs.label_picker import LabelPicker
from app.panels.event_queue import EventQueue
from app.panels.event_rules import THRESHOLD_RANGE, THRESHOLD_STEP, Threshold
from app.reading import ReadingPage
from app.review import ReviewStatus
from app.session import Session
from app.settings import Settings
from app.shell.feature import Feature
from app.shortcuts import Needs
from app.study.rules import CLUSTER_GAP, CLUSTER_SIZE
from app.theme import Theme
from inference.labels.annotations import Decision

EDGE_STEP_S = 0.1
MIN_EVENT_S = 0.1
#: An event that is added without dragging lasts as long as a spasm commonly does.
NEW_EVENT_S = 1.0
NEW_LABEL = "Epileptic-spasm"
#: While the threshold is dragged, events are formed anew no more often than this.
_TRY_EVERY_MS = 40
_VERBS = {Decision.ACCEPTED: "accept", Decision.REJECTED: "reject", Decision.UNSURE: "mark_unsure"}


class Reviewer(Feature):
    """Turns keys and gestures into verbs of the study.

    Lives in the GUI thread; ``window`` is the parent of its dialogs.
    """

    def __init__(
        self, session: Session, queue: EventQueue, page: ReadingPage, settings: Settings, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._queue, self._page, self._settings, self._window = session, queue, page, settings, window
        self._span: tuple[float, float] | None = None
        queue.selected.connect(self._show_selected)
        page.traces.event_clicked.connect(self._select_on_page)
        page.traces.event_activated.connect(self._relabel_on_page)
        page.traces.event_edge_moved.connect(self._move)
        page.traces.span_selected.connect(self._keep_span)
        self._tried: tuple[str, float] | None = None
        self._trying = QTimer(self)
        self._trying.setSingleShot(True)
        self._trying.setInterval(_TRY_EVERY_MS)
        self._trying.timeout.connect(self._try_threshold)
        page.threshold_tried.connect(self._take_tried)
        page.threshold_chosen.connect(self._choose_threshold)
        queue.rules.threshold_chosen.connect(self._choose_threshold)
        queue.rules.gap_chosen.connect(self._choose_gap)
        queue.rules.size_chosen.connect(self._choose_size)
        queue.filtered.connect(self._show_listed)
        for rules_are_others in (session.rules_changed, session.opened, session.closed):
            rules_are_others.connect(self._show_rules)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Give what each action of the review does."""
        return {
            "next_undecided": lambda: self._go(1, undecided=True),
            "previous_undecided": lambda: self._go(-1, undecided=True),
            "next_event": lambda: self._go(1),
            "previous_event": lambda: self._go(-1),
            "accept": lambda: self._decide(Decision.ACCEPTED),
            "reject": lambda: self._decide(Decision.REJECTED),
            "unsure": lambda: self._decide(Decision.UNSURE),
            "relabel": self._ask_label,
            "add": self._ask_new_label,
            "remove": self._withdraw,
            "take_cluster": self._queue.take_cluster,
            "fold_cluster": self._queue.fold_cluster,
            "near_misses": self._list_near_misses,
            "threshold_up": lambda: self._step_threshold(1),
            "threshold_down": lambda: self._step_threshold(-1),
            "threshold_usual": lambda: self._session.choose_threshold(self._network_here(), None),
            "start_earlier": lambda: self._move_edges(-EDGE_STEP_S, 0.0),
            "start_later": lambda: self._move_edges(EDGE_STEP_S, 0.0),
            "end_later": lambda: self._move_edges(0.0, EDGE_STEP_S),
            "end_earlier": lambda: self._move_edges(0.0, -EDGE_STEP_S),
            "reviewed": lambda: self._session.edit(
                "mark_reviewed", self._page.traces.position_s, self._page.traces.page_s
            ),
            "undo": lambda: self._session.edit("undo"),
            "redo": lambda: self._session.edit("redo"),
        }

    def panels(self) -> Mapping[str, tuple[str, QWidget]]:
        """Bring the queue of events."""
        return {"events_panel": ("Events", self._queue)}

    def available(self) -> Needs:
        """Tell whether an event is chosen, and whether it belongs to a cluster."""
        there_is = Needs.EVENT if self._queue.current_id else Needs.NOTHING
        is_clustered = self._queue.model.cluster_of(self._queue.current_id) is not None
        return there_is | Needs.CLUSTERED if is_clustered else there_is

    def set_theme(self, theme: Theme) -> None:
        """Repaint the queue."""
        self._queue.set_theme(theme)

    def forget(self) -> None:
        """Forget the dragged span, as another recording was opened."""
        self._span = None

    def _go(self, direction: int, undecided: bool = False) -> None:
        event_id = self._queue.neighbour(direction, undecided)
        if event_id:
            self._queue.select(event_id)

    def _decide(self, decision: Decision) -> None:
        event_ids = self._concerned(decision)
        # The next one is looked up first: a filter may take the decided event off the list.
        advance = self._settings.auto_advance
        following = self._queue.neighbour(1, undecided=True, besides=event_ids) if advance else ""
        if len(event_ids) == 1:
            self._session.edit(_VERBS[decision], event_ids[0])
        elif event_ids:
            self._session.edit("decide_all", event_ids, decision)
        if following:
            self._queue.select(following)

    def _concerned(self, decision: Decision) -> tuple[str, ...]:
        """Give the events that a decision is about.

        Of a cluster those that nobody has decided on, or else all that a network found. Who rejects an event rejects
        what another network says of it alone; who accepts it has said nothing of that.
        """
        cluster = self._queue.current_cluster
        if cluster is not None:
            undecided = cluster.undecided or [e for e in cluster.spasms.events if e.decision is not Decision.ADDED]
            return tuple(event.event_id for event in undecided)
        event = self._session.find(self._queue.current_id)
        if event is None or decision is not Decision.REJECTED:
            return (self._queue.current_id,)
        return (event.event_id, *(other.event_id for other in event.also if not other.is_shared))

    def _withdraw(self) -> None:
        cluster, event = self._queue.current_cluster, self._session.find(self._queue.current_id)
        if cluster is not None:
            self._session.edit("remove_all", [e.event_id for e in cluster.spasms.events if e.decision is not None])
        elif event is not None and event.also:
            self._session.edit("remove_all", [event.event_id, *(other.event_id for other in event.also)])
        else:
            self._session.edit("remove", self._queue.current_id)

    # Rules

    @Slot()
    def _show_rules(self) -> None:
        study, rules = self._session.study, self._session.rules
        thresholds = {name: Threshold(event_subject(rule), rule.threshold) for name, rule in rules.items()}
        if study is not None:
            self._queue.rules.set_rules(thresholds, study.cluster_rule)
            self._queue.set_cluster_rule(study.cluster_rule)
        self._page.set_thresholds({name: rule.threshold for name, rule in rules.items()})

    @Slot(str, float)
    def _take_tried(self, network: str, threshold: float) -> None:
        self._tried = (network, threshold)
        if not self._trying.isActive():
            self._trying.start()

    @Slot()
    def _try_threshold(self) -> None:
        if self._tried is not None:
            self._session.try_threshold(*self._tried)

    @Slot(str, float)
    def _choose_threshold(self, network: str, threshold: float) -> None:
        self._trying.stop()
        self._tried = None
        self._session.choose_threshold(network, threshold)

    def _step_threshold(self, direction: int) -> None:
        network = self._network_here()
        if network:
            low, high = THRESHOLD_RANGE
            threshold = self._session.rules[network].threshold + direction * THRESHOLD_STEP
            self._session.choose_threshold(network, round(min(max(threshold, low), high), 3))

    def _network_here(self) -> str:
        """Name the network that found the event that the reader is at, else the first; empty where there is none."""
        event, rules = self._session.find(self._queue.current_id), self._session.rules
        if event is not None and event.model in rules:
            return event.model
        return next(iter(rules), "")

    @Slot(float)
    def _choose_gap(self, gap_s: float) -> None:
        self._session.edit("choose", CLUSTER_GAP, gap_s)

    @Slot(float)
    def _choose_size(self, min_spasms: float) -> None:
        self._session.edit("choose", CLUSTER_SIZE, min_spasms)

    def _list_near_misses(self) -> None:
        self._queue.show_status(None if self._queue.lists_near_misses else ReviewStatus.NEAR_MISS)

    @Slot()
    def _show_listed(self) -> None:
        self._page.set_near_misses_shown(self._queue.lists_near_misses)
        self._page.set_events(self._session.events, self._queue.current_id)

    # Changing an event

    def _ask_label(self) -> None:
        event = self._session.find(self._queue.current_id)
        if event is not None:
            picker = LabelPicker("What is this event?", event.label, self._window)
            picker.picked.connect(self._relabel)
            picker.open()

    def _ask_new_label(self) -> None:
        picker = LabelPicker("What is here?", NEW_LABEL, self._window)
        picker.picked.connect(self._add)
        picker.open()

    @Slot(str)
    def _relabel(self, label: str) -> None:
        self._session.edit("relabel", self._queue.current_id, label)

    @Slot(str)
    def _add(self, label: str) -> None:
        traces = self._page.traces
        middle_s = traces.position_s + traces.page_s / 2
        onset_s, duration_s = self._span or (middle_s - NEW_EVENT_S / 2, NEW_EVENT_S)
        self._session.edit("add", onset_s, duration_s, label)
        self._let_go_span()

    @Slot(str, float, float)
    def _move(self, event_id: str, onset_s: float, duration_s: float) -> None:
        self._session.edit("move", event_id, onset_s, max(duration_s, MIN_EVENT_S))

    def _move_edges(self, start_by_s: float, end_by_s: float) -> None:
        event = self._session.find(self._queue.current_id)
        if event is None:
            return
        onset_s, end_s = event.onset_s + start_by_s, event.end_s + end_by_s
        if end_s - onset_s >= MIN_EVENT_S - 1e-9:
            self._session.edit("move", event.event_id, onset_s, end_s - onset_s)

    @Slot(float, float)
    def _keep_span(self, onset_s: float, duration_s: float) -> None:
        self._span = (onset_s, duration_s)

    def let_go(self) -> None:
        """Leave the event and the dragged span."""
        self._queue.select("")
        self._let_go_span()

    def _let_go_span(self) -> None:
        self._span = None
        self._page.traces.set_selection(None)

    @Slot(str)
    def _select_on_page(self, event_id: str) -> None:
        if self._session.find(event_id) is not None:
            self._queue.selected.disconnect(self._show_selected)
            self._queue.select(event_id)
            self._queue.selected.connect(self._show_selected)
            self._page.set_events(self._session.events, event_id)

    @Slot(str)
    def _relabel_on_page(self, event_id: str) -> None:
        self._select_on_page(event_id)
        self._ask_label()

    @Slot(str)
    def _show_selected(self, event_id: str) -> None:
        event, cluster = self._session.find(event_id), self._queue.current_cluster
        if event is None and cluster is not None:
            event = cluster.spasms.events[0]
        if event is not None:
            self._page.traces.centre_on((event.onset_s + event.end_s) / 2)
        self._page.set_events(self._session.events, event_id)
