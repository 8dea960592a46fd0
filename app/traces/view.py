"""The trace view: the page and what the mouse does on it."""

import math

from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.traces.faults import TraceFaults, describe_faults, paint_faults
from app.traces.geometry import PageGeometry
from app.traces.mouse import Drag, event_at, take_hold
from app.traces.page import TracePage
from app.traces.palette import LIGHT, TracePalette
from inference.recordings.recording import ChannelKind

_WHEEL_NOTCH = 120.0
_WHEEL_PAGES = 0.1
_WHEEL_ROWS_PX = 48.0


class TraceView(TracePage):
    """The page of an EEG station under a mouse; see ``TracePage`` for what it shows.

    Wheel: through time; with Ctrl the time base, with Shift the sensitivity of the EEG or of the EMG under the mouse,
    with Alt or over the labels up and down a page that has more channels than fit. Press and drag on the page selects a
    stretch; a click on an event picks it; the edges of the picked event can be pulled. A double click elsewhere brings
    that time to the middle of the page.

    Signals
    -------
    span_selected(float, float) : onset and duration of a stretch that was dragged out.
    event_clicked(str), event_activated(str) : an event was clicked, double-clicked.
    event_edge_moved(str, float, float) : an event's new onset and duration after an edge was pulled.
    cursor_moved(float) : the time under the mouse; NaN when it has left the page.
    """

    span_selected = Signal(float, float)
    event_clicked = Signal(str)
    event_activated = Signal(str)
    event_edge_moved = Signal(str, float, float)
    cursor_moved = Signal(float)

    def __init__(self, parent: QWidget | None = None, palette: TracePalette = LIGHT) -> None:
        super().__init__(parent, palette)
        self._drag: Drag | None = None
        self._wheel_rest = 0.0
        self._faults: TraceFaults | None = None
        self._faults_shown = True
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_faults(self, faults: TraceFaults | None) -> None:
        """Mark what is wrong with channels, or nothing."""
        self._faults = faults
        self.update()

    def show_faults(self, first_s: float, end_s: float) -> None:
        """Repaint where more has become known."""
        if first_s < self.page.end_s and end_s > self.page.position_s:
            self.update()

    @Slot(bool)
    def set_faults_shown(self, shown: bool) -> None:
        """Show or hide what is wrong with channels."""
        self._faults_shown = shown
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the page, and what is wrong with its channels over it."""
        super().paintEvent(event)
        if self._faults is not None and self._faults_shown:
            lines = list(zip(self._rows, self._plan.traces, strict=True))
            with QPainter(self) as painter:
                paint_faults(painter, self.page, lines, self._faults, self._colours)

    def event(self, event: QEvent) -> bool:
        """Say over a label what is wrong with its channels on this page."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.fault_text(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def fault_text(self, point: QPointF) -> str:
        """Give what is wrong on this page with the channels of the label at a point; empty where nothing is."""
        page, recording = self.page, self._recording
        if self._faults is None or recording is None or point.x() >= page.left or not self._rows:
            return ""
        y = point.y() - page.top + page.scroll_px
        number = min(range(len(self._rows)), key=lambda row: abs(self._rows[row].centre_px - y))
        names = {index: channel.name for index, channel in enumerate(recording.channels)}
        return describe_faults(self._plan.traces[number], self._faults, page.position_s, page.end_s, names)

    def cancel_drag(self) -> None:
        """Let go of what the mouse holds, as if nothing had been pulled."""
        self._drag, self._reshaped, self._selection = None, None, None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take hold of an edge, an event, or the empty page."""
        page = self.page
        if event.button() is Qt.MouseButton.LeftButton and _on_page(page, event.position()):
            self._drag = take_hold(page, self.marks_on_page(), event.position().x())
            self.set_selection(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Move the hair cross, and what is held with it."""
        page = self.page
        inside = _on_page(page, event.position())
        self._hover = event.position() if inside else None
        time_s = self._time_under(page, event.position())
        if self._drag is not None:
            self._drag = self._drag.move(page, event.position().x())
            if self._drag.moved:
                self._pull(self._drag, time_s)
        self._show_what_can_be_held(page, event.position())
        self.cursor_moved.emit(time_s if inside else math.nan)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Say what was clicked, pulled or selected."""
        drag, self._drag = self._drag, None
        if event.button() is not Qt.MouseButton.LeftButton or drag is None:
            return
        reshaped, self._reshaped = self._reshaped, None
        if not drag.moved:
            if drag.mark is not None:
                self.event_clicked.emit(drag.mark.event_id)
        elif reshaped is not None:
            self.event_edge_moved.emit(reshaped.event_id, reshaped.onset_s, reshaped.duration_s)
        elif self._selection is not None:
            onset_s, end_s = min(self._selection), max(self._selection)
            self.span_selected.emit(onset_s, end_s - onset_s)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Open an event, or bring a time to the middle of the page."""
        page = self.page
        if event.button() is not Qt.MouseButton.LeftButton or not _on_page(page, event.position()):
            return
        mark = event_at(page, self.marks_on_page(), event.position().x())
        if mark is not None:
            self.event_activated.emit(mark.event_id)
        else:
            self.centre_on(page.time_of(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Take the hair cross away."""
        super().leaveEvent(event)
        self._hover = None
        self.cursor_moved.emit(math.nan)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Move through time, or change time base, sensitivity or rows, by the key that is held."""
        # Alt turns the wheel's axis on some systems, Shift on others.
        delta = event.angleDelta().y() or event.angleDelta().x()
        keys = event.modifiers()
        page = self.page
        over_labels = event.position().x() < page.left
        if keys & Qt.KeyboardModifier.ControlModifier:
            self.change_page(-self._whole_notches(delta), self._time_under(page, event.position()))
        elif keys & Qt.KeyboardModifier.ShiftModifier:
            self.change_sensitivity(-self._whole_notches(delta), self._kind_under(page, event.position()))
        elif keys & Qt.KeyboardModifier.AltModifier or over_labels:
            self.scroll_rows(-delta / _WHEEL_NOTCH * _WHEEL_ROWS_PX)
        else:
            self.go_to(self.position_s - delta / _WHEEL_NOTCH * _WHEEL_PAGES * self.page_s)
        event.accept()

    def _pull(self, drag: Drag, time_s: float) -> None:
        self._reshaped = drag.reshape(time_s)
        if self._reshaped is None:
            self._selection = (self._time_of_press(drag), time_s)

    def _time_of_press(self, drag: Drag) -> float:
        return min(max(drag.press_s, 0.0), self._recording.duration_s if self._recording is not None else 0.0)

    def _time_under(self, page: PageGeometry, point: QPointF) -> float:
        duration_s = self._recording.duration_s if self._recording is not None else 0.0
        return min(max(0.0, page.time_of(min(max(point.x(), page.left), page.right))), duration_s)

    def _kind_under(self, page: PageGeometry, point: QPointF) -> ChannelKind:
        y = point.y() - page.top + page.scroll_px
        nearest = min(self._rows, key=lambda row: abs(row.centre_px - y), default=None)
        return nearest.kind if nearest is not None else ChannelKind.EEG

    def _show_what_can_be_held(self, page: PageGeometry, point: QPointF) -> None:
        held = self._drag or (take_hold(page, self.marks_on_page(), point.x()) if _on_page(page, point) else None)
        if held is None:
            self.unsetCursor()
        elif held.edge is not None:
            self.setCursor(Qt.CursorShape.SizeHorCursor)
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor if held.mark is not None else Qt.CursorShape.CrossCursor)

    def _whole_notches(self, delta: float) -> int:
        """Collect the small turns of a touchpad until they make a step."""
        self._wheel_rest += delta / _WHEEL_NOTCH
        steps = int(self._wheel_rest)
        self._wheel_rest -= steps
        return steps


def _on_page(page: PageGeometry, point: QPointF) -> bool:
    return page.left <= point.x() < page.right and page.top <= point.y() < page.bottom
