"""The scale of the map: its colours, its range, its threshold and its unit."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.panels.fmri.colours import Scale, colour_index, colour_table
from app.theme import GRID_PX, TINY_PX, Theme, ui_font

HEIGHT_PX = 32
_BAR_PX = 12


class ScaleBar(QWidget):
    """A bar from the strongest decrease to the strongest increase; bare where nothing is coloured."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._scale, self._unit = Scale(3.0, 1.0), "z"
        self.setFixedHeight(HEIGHT_PX)
        self.setFont(ui_font(TINY_PX))

    def set_scale(self, scale: Scale, unit: str) -> None:
        """Show another scale."""
        self._scale, self._unit = scale, unit
        self.setAccessibleName(f"Scale from {-scale.limit:g} to {scale.limit:g} {unit}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint colours and numbers."""
        scale = self._scale
        values = np.linspace(-scale.limit, scale.limit, max(2, self.width() - 2 * GRID_PX))
        row = np.ascontiguousarray(colour_table(scale, dark=self.theme.dark)[colour_index(values, scale)][None])
        form = QImage.Format.Format_ARGB32_Premultiplied
        picture = QImage(row.data, row.shape[1], 1, 4 * row.shape[1], form)
        bar = QRectF(GRID_PX, 2, row.shape[1], _BAR_PX)
        with QPainter(self) as painter:
            painter.fillRect(bar, self.theme.gap)
            painter.drawImage(bar, picture)
            painter.setPen(self.theme.muted)
            marks = [-scale.limit, 0.0, scale.limit]
            if 0 < scale.threshold < 0.9 * scale.limit and scale.threshold > 0.12 * scale.limit:
                marks += [-scale.threshold, scale.threshold]
            for value in marks:
                self._paint_mark(painter, bar, value)

    def _paint_mark(self, painter: QPainter, bar: QRectF, value: float) -> None:
        x = bar.left() + (value / self._scale.limit + 1) / 2 * bar.width()
        text = f"{value:g}".replace("-", "−")
        if value == self._scale.limit:
            text = f"{text} {self._unit}"
        width = painter.fontMetrics().horizontalAdvance(text) + 2
        left = min(max(x - width / 2, bar.left()), bar.right() - width)
        painter.drawText(QRectF(left, bar.bottom() + 1, width, 15), Qt.AlignmentFlag.AlignCenter, text)
