"""Working through the events: what each key of the review does to the study, the queue and the page."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from app.dialogs.label_picker import LabelPicker
from app.panels.event_queue import EventQueue
from app.reading import ReadingPage
from app.session import Session
from app.settings import Settings
from app.shell.feature import Feature
from app.shortcuts import Needs
from app.theme import Theme

EDGE_STEP_S = 0.1
MIN_EVENT_S = 0.1
#: An event that is added without dragging lasts as long as a spasm commonly does.
NEW_EVENT_S = 1.0
NEW_LABEL = "Epileptic-spasm"


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

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Give what each action of the review does."""
        return {
            "next_undecided": lambda: self._go(1, undecided=True),
            "previous_undecided": lambda: self._go(-1, undecided=True),
            "next_event": lambda: self._go(1),
            "previous_event": lambda: self._go(-1),
            "accept": lambda: self._decide("accept"),
            "reject": lambda: self._decide("reject"),
            "unsure": lambda: self._decide("mark_unsure"),
            "relabel": self._ask_label,
            "add": self._ask_new_label,
            "remove": lambda: self._session.edit("remove", self._queue.current_id),
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
        """Tell whether an event is chosen."""
        return Needs.EVENT if self._queue.current_id else Needs.NOTHING

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

    def _decide(self, verb: str) -> None:
        # The next one is looked up first: a filter may take the decided event off the list.
        following = self._queue.neighbour(1, undecided=True) if self._settings.auto_advance else ""
        self._session.edit(verb, self._queue.current_id)
        if following:
            self._queue.select(following)

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
        event = self._session.find(event_id)
        if event is not None:
            self._page.traces.centre_on((event.onset_s + event.end_s) / 2)
        self._page.set_events(self._session.events, event_id)
