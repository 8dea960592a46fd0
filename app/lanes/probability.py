"""The probability lane: what a network thinks of every moment of the page, filling in while it is still thinking."""

from typing import TYPE_CHECKING, Any

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen

from app.lanes.lane import Lane
from app.lanes.tracks import ProbabilityTrack, column_maxima
from app.theme import GRID_PX, Theme, with_alpha

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Lanes lower than this have no room for numbers; the tool tip tells the threshold.
_ROOM_FOR_NUMBERS_PX = 28
#: How near to the threshold a press takes hold of it.
_GRAB_PX = 4.0
#: A lane is too low for a hand to set hundredths: the line follows a drag more slowly, so that each pixel is one.
_DRAG_PER_PX = 0.01
_THRESHOLDS = (0.01, 0.99)


def lane_height_px(n_lanes: int, *, low: bool) -> int:
    """Give the height of each of some lanes, which together leave the traces their share of the window."""
    together_px = 40 if low else 48 if n_lanes == 1 else 60
    return together_px // n_lanes


class ProbabilityLane(Lane):
    """Probability of one network over the page, filled, from 0 to 1, with the threshold of its events drawn.

    ``subject`` is what the probability is of, such as ``"spasm"``.

    Signals
    -------
    threshold_tried : the threshold that its line is being dragged to.
    threshold_chosen : where it was let go.
    """

    threshold_tried = Signal(float)
    threshold_chosen = Signal(float)

    def __init__(self, theme: Theme, subject: str) -> None:
        super().__init__(theme, lane_height_px(1, low=False))
        self.subject = subject
        self.setAccessibleName(f"Probability of a {subject} over the page")
        self._track: ProbabilityTrack | None = None
        self._sentence = ""
        self._threshold: float | None = None
        self._held: tuple[float, float] | None = None
        self.setMouseTracking(True)

    @property
    def threshold(self) -> float | None:
        """The threshold that is drawn: the chosen one, or else the track's own."""
        if self._threshold is None:
            return None if self._track is None else self._track.threshold
        return self._threshold

    def set_threshold(self, threshold: float | None) -> None:
        """Draw another threshold than the track's own; a line that is being dragged stays with the hand."""
        if self._held is None:
            self._threshold = threshold
            self._tell()
            self.update()

    def set_track(self, track: ProbabilityTrack | None, sentence: str = "") -> None:
        """Show a track; where there is none, or beyond its end, the sentence says why."""
        self._track, self._sentence = track, sentence
        self._tell()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take hold of the threshold, or choose the time under the pointer."""
        threshold = self.threshold
        if event.button() == Qt.MouseButton.LeftButton and threshold is not None and self._is_over_line(event):
            self._held = (event.position().y(), threshold)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Drag the threshold, or choose the time under the dragged pointer."""
        if self._held is None:
            over = self._is_over_line(event)
            self.setCursor(Qt.CursorShape.SizeVerCursor if over else Qt.CursorShape.ArrowCursor)
            super().mouseMoveEvent(event)
            return
        from_y, from_value = self._held
        low, high = _THRESHOLDS
        dragged = round(min(max(from_value + (from_y - event.position().y()) * _DRAG_PER_PX, low), high), 2)
        if dragged != self._threshold:
            self._threshold = dragged
            self.threshold_tried.emit(dragged)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Let go of the threshold."""
        held, self._held = self._held, None
        if held is not None and self._threshold not in (None, held[1]):
            self.threshold_chosen.emit(self._threshold)

    def _is_over_line(self, event: QMouseEvent) -> bool:
        threshold, x = self.threshold, event.position().x()
        is_within = self.axis.left_px <= x <= self.axis.right_px
        return threshold is not None and is_within and abs(self._y(threshold) - event.position().y()) <= _GRAB_PX

    def _tell(self) -> None:
        told = f"P({self.subject}); events begin at {self.threshold or 0:.2f}. Drag the line: a pixel is 0.01."
        self.setToolTip("" if self._track is None else told)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint axis, track, threshold and what is still to come."""
        with QPainter(self) as painter:
            self._paint_gutter(painter, f"P({self.subject})")
            self._paint_axis(painter)
            has_room = self.height() >= _ROOM_FOR_NUMBERS_PX
            if has_room:
                self._paint_numbers(painter)
            if self._track is not None:
                self._paint_track(painter, self._track)
            if self.threshold is not None and self._track is not None:
                self._paint_threshold(painter, self.threshold, has_number=has_room or self._held is not None)
            self._paint_sentence(painter)

    def _y(self, probability: "float | NDArray[np.float64]") -> Any:
        margin = 7 if self.height() >= _ROOM_FOR_NUMBERS_PX else 3
        return self.height() - margin - probability * (self.height() - 2 * margin)

    def _paint_axis(self, painter: QPainter) -> None:
        axis = self.axis
        for value in (0, 1):
            y = self._y(value)
            painter.setPen(self.theme.grid_strong)
            painter.drawLine(QPointF(axis.left_px, y), QPointF(axis.right_px, y))

    def _paint_numbers(self, painter: QPainter) -> None:
        painter.setPen(self.theme.muted)
        for value in (0, 1):
            y = self._y(value)
            box = QRectF(self.axis.left_px - 3 * GRID_PX, y - 7, 2.5 * GRID_PX, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(value))

    def _paint_track(self, painter: QPainter, track: ProbabilityTrack) -> None:
        axis = self.axis
        edges_px = np.arange(axis.left_px, axis.right_px + 1)
        highest = column_maxima(track, axis.onset_s + (edges_px - axis.left_px) / axis.width_px * axis.duration_s)
        colour = self.theme.subject(self.subject)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for first, stop in _runs(~np.isnan(highest)):
            x, y = edges_px[first:stop] + 0.5, self._y(highest[first:stop].astype(np.float64))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(with_alpha(colour, 0.28))
            floor = np.full(2, self._y(0.0))
            painter.drawPolygon(arrayToQPolygonF(np.append(x, (x[-1], x[0])), np.append(y, floor)))
            painter.setPen(QPen(colour, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(arrayToQPolygonF(x, y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_threshold(self, painter: QPainter, threshold: float, *, has_number: bool) -> None:
        axis = self.axis
        y = round(self._y(threshold)) + 0.5
        colour = self.theme.muted if self._held is None else self.theme.accent
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(axis.left_px, y), QPointF(axis.right_px, y))
        if has_number:
            self._paint_label(painter, axis.right_px - GRID_PX, y, f"threshold {threshold:.2f}", colour)

    def _paint_label(self, painter: QPainter, right_px: float, y: float, text: str, colour: QColor) -> None:
        width = painter.fontMetrics().horizontalAdvance(text) + GRID_PX
        box = QRectF(right_px - width, min(max(y - 8, 0), self.height() - 16), width, 16)
        painter.fillRect(box, with_alpha(self.theme.paper, 0.9))
        painter.setPen(colour)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_sentence(self, painter: QPainter) -> None:
        axis = self.axis
        done_px = axis.left_px if self._track is None else axis.to_px(self._track.done_s)
        left_px = min(max(done_px, axis.left_px), axis.right_px)
        if not self._sentence or axis.right_px - left_px < 1:
            return
        box = QRectF(left_px, self._y(1) + 1, axis.right_px - left_px, self._y(0) - self._y(1) - 1)
        painter.fillRect(box, self.theme.grid)
        painter.setPen(self.theme.muted)
        room = painter.fontMetrics().elidedText(
            self._sentence, Qt.TextElideMode.ElideRight, int(box.width() - 2 * GRID_PX)
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, room)


def _runs(present: np.ndarray) -> list[tuple[int, int]]:
    """Give the stretches [first, stop) of at least two true values."""
    steps = np.diff(np.concatenate([[False], present, [False]]).astype(np.int8))
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(int(first), int(stop)) for first, stop in zip(starts, stops, strict=True) if stop - first >= 2]
