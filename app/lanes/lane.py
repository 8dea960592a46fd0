"""What all lanes have in common: a gutter with labels on the left, an axis of time, and a theme."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from app.lanes.axis import TimeAxis
from app.theme import GRID_PX, TINY_PX, Theme, ui_font


class Lane(QWidget):
    """A strip over a span of time whose edges lie where those of the traces lie.

    Signals
    -------
    time_chosen : seconds at which the reader pressed or dragged.

    Lives in the GUI thread.
    """

    time_chosen = Signal(float)

    def __init__(self, theme: Theme, height_px: int) -> None:
        super().__init__()
        self.theme = theme
        self._onset_s, self._duration_s = 0.0, 10.0
        self._left_px, self._right_px = 12 * GRID_PX, GRID_PX
        self.setFixedHeight(height_px)
        self.setFont(ui_font(TINY_PX))

    @property
    def axis(self) -> TimeAxis:
        """Which seconds lie under which pixels now."""
        return TimeAxis(self._onset_s, self._duration_s, self._left_px, self.width() - self._right_px)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.theme = theme
        self.update()

    def set_span(self, onset_s: float, duration_s: float) -> None:
        """Show another span of time."""
        self._onset_s, self._duration_s = onset_s, max(duration_s, 1e-3)
        self.update()

    def set_margins(self, left_px: int, right_px: int) -> None:
        """Leave as much room on either side as the traces do."""
        self._left_px, self._right_px = left_px, right_px
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the time under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.time_chosen.emit(self.axis.to_s(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the time under the dragged pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.time_chosen.emit(self.axis.to_s(event.position().x()))

    def _paint_gutter(self, painter: QPainter, title: str) -> None:
        painter.fillRect(self.rect(), self.theme.window)
        axis = self.axis
        painter.fillRect(QRectF(axis.left_px, 0, axis.width_px, self.height()), self.theme.paper)
        painter.setPen(self.theme.line)
        painter.drawLine(0, 0, self.width(), 0)
        painter.setPen(self.theme.muted)
        box = QRectF(2, 0, axis.left_px - 3 * GRID_PX, self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, title)
