"""What lanes over the whole recording have in common: epochs, the page that is on the screen, and a kept picture."""

from abc import abstractmethod
from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen, QPixmap, Qt

from app.lanes.lane import Lane
from app.theme import Theme, with_alpha
from inference.recordings.recording import Gap


class NightLane(Lane):
    """A strip over the whole recording: its picture is painted once and kept, the mark of the page lies above it."""

    def __init__(self, theme: Theme, height_px: int) -> None:
        super().__init__(theme, height_px)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._gaps: Sequence[Gap] = ()
        self._page_onset_s, self._page_s = 0.0, 10.0
        self._picture: QPixmap | None = None

    def set_recording(self, duration_s: float, gaps: Sequence[Gap]) -> None:
        """Show another recording."""
        self._gaps = gaps
        self.set_span(0.0, duration_s)
        self.repaint_all()

    def set_page(self, onset_s: float, page_s: float) -> None:
        """Mark the page that is on the screen."""
        if (onset_s, page_s) != (self._page_onset_s, self._page_s):
            self._page_onset_s, self._page_s = onset_s, page_s
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        super().set_theme(theme)
        self.repaint_all()

    def set_margins(self, left_px: int, right_px: int) -> None:
        """Leave as much room on either side as the traces do."""
        if (left_px, right_px) != (self._left_px, self._right_px):
            super().set_margins(left_px, right_px)
            self.repaint_all()

    def repaint_all(self) -> None:
        """Paint the picture anew at the next chance."""
        self._picture = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Show the picture and, above it, what moves."""
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.size() != self.size() * ratio:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(self.theme.window)
            with QPainter(self._picture) as painter:
                painter.setFont(self.font())
                self._paint_gutter(painter, "")
                self._paint_picture(painter)
                self._paint_gaps(painter)
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._picture)
            self._paint_above(painter)

    @abstractmethod
    def _paint_picture(self, painter: QPainter) -> None:
        """Paint what stays."""

    def _paint_above(self, painter: QPainter) -> None:
        self._paint_page(painter)

    def _paint_page(self, painter: QPainter) -> None:
        left = self.axis.to_px(self._page_onset_s)
        width = max(3.0, self.axis.to_px(self._page_onset_s + self._page_s) - left)
        painter.setPen(QPen(self.theme.accent, 1))
        painter.setBrush(with_alpha(self.theme.accent, 0.22))
        painter.drawRect(QRectF(left, 1, width, self.height() - 2))

    def _paint_gaps(self, painter: QPainter) -> None:
        for gap in self._gaps:
            left = self.axis.to_px(gap.onset_s)
            width = max(1.0, self.axis.to_px(gap.onset_s + gap.duration_s) - left)
            painter.fillRect(QRectF(left, 1, width, self.height() - 1), self.theme.gap)
            hatched = QBrush(self.theme.faint, Qt.BrushStyle.BDiagPattern)
            painter.fillRect(QRectF(left, 1, width, self.height() - 1), hatched)
