"""The probability lane: what a network thinks of every moment of the page, filling in while it is still thinking."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF

from app.lanes.lane import Lane
from app.lanes.tracks import ProbabilityTrack, column_maxima
from app.theme import GRID_PX, Theme, with_alpha

#: Lanes lower than this have no room for numbers; the tool tip tells the threshold.
_ROOM_FOR_NUMBERS_PX = 28


def lane_height_px(n_lanes: int, *, low: bool) -> int:
    """Give the height of each of some lanes, which together leave the traces their share of the window."""
    together_px = 40 if low else 48 if n_lanes == 1 else 60
    return together_px // n_lanes


class ProbabilityLane(Lane):
    """Probability of one network over the page, filled, from 0 to 1, with the threshold of its events drawn.

    ``subject`` is what the probability is of, such as ``"spasm"``.
    """

    def __init__(self, theme: Theme, subject: str) -> None:
        super().__init__(theme, lane_height_px(1, low=False))
        self.subject = subject
        self.setAccessibleName(f"Probability of a {subject} over the page")
        self._track: ProbabilityTrack | None = None
        self._sentence = ""

    def set_track(self, track: ProbabilityTrack | None, sentence: str = "") -> None:
        """Show a track; where there is none, or beyond its end, the sentence says why."""
        self._track, self._sentence = track, sentence
        self.setToolTip("" if track is None else f"P({self.subject}); events begin at {track.threshold:.2f}")
        self.update()

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
                self._paint_threshold(painter, self._track, has_number=has_room)
            self._paint_sentence(painter)

    def _y(self, probability: float) -> float:
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
            points = [QPointF(edges_px[i] + 0.5, self._y(float(highest[i]))) for i in range(first, stop)]
            floor = self._y(0)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(with_alpha(colour, 0.28))
            below = [QPointF(points[-1].x(), floor), QPointF(points[0].x(), floor)]
            painter.drawPolygon(QPolygonF([*points, *below]))
            painter.setPen(QPen(colour, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_threshold(self, painter: QPainter, track: ProbabilityTrack, *, has_number: bool) -> None:
        axis = self.axis
        y = round(self._y(track.threshold)) + 0.5
        painter.setPen(QPen(self.theme.muted, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(axis.left_px, y), QPointF(axis.right_px, y))
        if has_number:
            text = f"threshold {track.threshold:.2f}"
            self._paint_label(painter, axis.right_px - GRID_PX, y, text, self.theme.muted)

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
