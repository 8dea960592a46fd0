"""A small plot of how far a network's probabilities can be taken at their word."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.theme import GRID_PX, TINY_PX, Theme, ui_font
from inference.runtime.calibration import ReliabilityBin, expected_calibration_error

_SIDE_PX = 15 * GRID_PX
_LEFT_PX = 5 * GRID_PX
_BELOW_PX = 4 * GRID_PX


class ReliabilityPlot(QWidget):
    """Stated probability against how often it came true, one dot a bin, over the line on which both are the same.

    ``subject`` is what the probability is of.
    """

    def __init__(self, theme: Theme, subject: str, bins: Sequence[ReliabilityBin]) -> None:
        super().__init__()
        self._theme, self._subject, self._bins = theme, subject, tuple(bins)
        self.setFixedHeight(_SIDE_PX + _BELOW_PX + GRID_PX)
        n_answers = sum(one.n for one in bins)
        error = expected_calibration_error(bins)
        self.setAccessibleName(f"Reliability of P({subject}): expected calibration error {error:.3f}")
        self.setToolTip(
            f"P({subject}) as stated, and how often it came true, over {n_answers} answers of patients that training "
            f"did not see: on the line it can be taken at its word. Expected calibration error {error:.3f}."
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint axes, the diagonal and the curve."""
        theme = self._theme
        box = QRectF(_LEFT_PX, GRID_PX // 2, _SIDE_PX, _SIDE_PX)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(box, theme.paper)
            painter.setPen(theme.grid_strong)
            painter.drawRect(box)
            painter.setPen(QPen(theme.muted, 1, Qt.PenStyle.DashLine))
            painter.drawLine(box.bottomLeft(), box.topRight())
            self._paint_axes(painter, box)
            self._paint_curve(painter, box)

    def _paint_axes(self, painter: QPainter, box: QRectF) -> None:
        painter.setFont(ui_font(TINY_PX))
        painter.setPen(self._theme.muted)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in (0.0, 0.5, 1.0):
            y = box.bottom() - value * box.height()
            painter.drawText(QRectF(0, y - 8, _LEFT_PX - 4, 16), right, f"{value:g}")
            x = box.left() + value * box.width()
            painter.drawText(QRectF(x - 16, box.bottom() + 2, 32, 14), Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        painter.drawText(QRectF(box.left(), box.bottom() + 15, box.width(), 14), Qt.AlignmentFlag.AlignCenter, "stated")
        inside = box.adjusted(GRID_PX // 2, 2, 0, 0)
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, "came true")

    def _paint_curve(self, painter: QPainter, box: QRectF) -> None:
        colour = self._theme.subject(self._subject)
        points = [
            QPointF(box.left() + one.claimed * box.width(), box.bottom() - one.observed * box.height())
            for one in self._bins
        ]
        painter.setPen(QPen(colour, 1.2))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(colour)
        most = max((one.n for one in self._bins), default=1)
        for point, one in zip(points, self._bins, strict=True):
            radius = 1.5 + 2.5 * (one.n / most) ** 0.5
            painter.drawEllipse(point, radius, radius)
