"""The overview strip: the whole recording, where its events and gaps lie, and which page is on the screen."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen

from app.lanes.lane import Lane
from app.lanes.tracks import ProbabilityTrack, column_maxima
from app.review import ReviewEvent
from app.theme import GRID_PX, Theme, with_alpha
from app.times import clock_text, elapsed_text
from inference.recordings.recording import Gap

HEIGHT_PX = 28
_STRIP_PX = 14
_LABEL_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_LABEL_ROOM_PX = 88


class OverviewLane(Lane):
    """The whole recording in one strip; pressing or dragging goes there."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, HEIGHT_PX)
        self.setAccessibleName("Overview of the whole recording")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._start: datetime | None = None
        self._gaps: tuple[Gap, ...] = ()
        self._events: Sequence[ReviewEvent] = ()
        self._track: ProbabilityTrack | None = None
        self._page_onset_s, self._page_s = 0.0, 10.0

    def set_recording(self, duration_s: float, start: datetime | None, gaps: tuple[Gap, ...]) -> None:
        """Show another recording, yet without events."""
        self._start, self._gaps = start, gaps
        self._events, self._track = (), None
        self.set_span(0.0, duration_s)

    def set_page(self, onset_s: float, page_s: float) -> None:
        """Mark the page that is on the screen."""
        self._page_onset_s, self._page_s = onset_s, page_s
        self.update()

    def set_events(self, events: Sequence[ReviewEvent]) -> None:
        """Mark where events lie."""
        self._events = events
        self.update()

    def set_track(self, track: ProbabilityTrack | None) -> None:
        """Show how the probability runs through the recording."""
        self._track = track
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint probability, events, gaps, times and the page."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.theme.window)
            axis = self.axis
            painter.fillRect(QRectF(axis.left_px, 1, axis.width_px, _STRIP_PX), self.theme.paper)
            painter.setPen(self.theme.line)
            painter.drawLine(0, 0, self.width(), 0)
            painter.setPen(self.theme.muted)
            box = QRectF(2, 1, axis.left_px - GRID_PX - 2, _STRIP_PX)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, "Overview")
            self._paint_probability(painter)
            self._paint_gaps(painter)
            self._paint_events(painter)
            self._paint_times(painter)
            self._paint_page(painter)

    def _paint_probability(self, painter: QPainter) -> None:
        if self._track is None:
            return
        axis = self.axis
        edges_px = np.arange(axis.left_px, axis.right_px + 1)
        highest = column_maxima(self._track, (edges_px - axis.left_px) / axis.width_px * axis.duration_s)
        painter.setPen(with_alpha(self.theme.subject(self._track.subject), 0.4))
        for x, value in zip(edges_px, highest, strict=False):
            if value > 0.02:
                painter.drawLine(QPointF(x, _STRIP_PX), QPointF(x, _STRIP_PX - float(value) * (_STRIP_PX - 3)))
        done_px = axis.to_px(self._track.done_s)
        if axis.right_px - done_px > 1:
            painter.fillRect(QRectF(done_px, 1, axis.right_px - done_px, _STRIP_PX), self.theme.grid)

    def _paint_gaps(self, painter: QPainter) -> None:
        for gap in self._gaps:
            left = self.axis.to_px(gap.onset_s)
            width = max(1.0, self.axis.to_px(gap.onset_s + gap.duration_s) - left)
            painter.fillRect(QRectF(left, 1, width, _STRIP_PX), self.theme.gap)
            painter.fillRect(QRectF(left, 1, width, _STRIP_PX), QBrush(self.theme.faint, Qt.BrushStyle.BDiagPattern))

    def _paint_events(self, painter: QPainter) -> None:
        """Draw one tick for all events of one colour that fall on one pixel: thousands cost no more than hundreds."""
        ticks = {(int(self.axis.to_px(event.onset_s)), event.decision) for event in self._events}
        for x, decision in sorted(ticks, key=lambda tick: (tick[0], str(tick[1]))):
            height = 6 if decision is None else 10
            painter.fillRect(QRectF(x, 2, 2, height), self.theme.decision(decision))

    def _paint_times(self, painter: QPainter) -> None:
        axis = self.axis
        n_labels = max(1, int(axis.width_px / _LABEL_ROOM_PX))
        step_s = next((step for step in _LABEL_STEPS_S if axis.duration_s / step <= n_labels), _LABEL_STEPS_S[-1])
        for number in range(int(axis.duration_s / step_s) + 1):
            time_s = float(number * step_s)
            x = axis.to_px(time_s)
            painter.setPen(self.theme.faint)
            painter.drawLine(QPointF(x, _STRIP_PX), QPointF(x, _STRIP_PX + 3))
            text = clock_text(self._start, time_s) or elapsed_text(time_s, 0)
            width = painter.fontMetrics().horizontalAdvance(text)
            left = min(max(x - width / 2, axis.left_px), axis.right_px - width)
            painter.setPen(self.theme.muted)
            painter.drawText(QRectF(left, _STRIP_PX + 2, width + 1, 13), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_page(self, painter: QPainter) -> None:
        left = self.axis.to_px(self._page_onset_s)
        width = max(3.0, self.axis.to_px(self._page_onset_s + self._page_s) - left)
        painter.setPen(QPen(self.theme.accent, 1))
        painter.setBrush(with_alpha(self.theme.accent, 0.22))
        painter.drawRect(QRectF(left, 1, width, _STRIP_PX - 1))
