"""Named values as bars with their numbers, to be compared at a glance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.theme import GRID_PX, SMALL_PX, Theme, ui_font

ROW_PX: Final = 18
_BAR_PX: Final = 10
_MOST_LABEL: Final = 0.42


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what it is of, how much (NaN: none), and how the number is written."""

    label: str
    value: float
    text: str


class BarList(QWidget):
    """Bars from zero, to the right where they are positive and to the left where they are negative.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, heading: str) -> None:
        super().__init__()
        self.theme = theme
        self.heading = heading
        self.bars: tuple[Bar, ...] = ()
        self._low, self._high = 0.0, 1.0
        self._colours: tuple[QColor, QColor] = (theme.spasm, theme.accent)
        self.setFont(ui_font(SMALL_PX))
        self.setAccessibleName(heading)
        self._fit()

    def show_bars(
        self, bars: Sequence[Bar], low: float, high: float, colours: tuple[QColor, QColor] | None = None
    ) -> None:
        """Show other values on a scale from ``low`` (0 or less) to ``high``; colours of the positive and negative."""
        self.bars = tuple(bars)
        self._low, self._high = min(low, 0.0), max(high, 1e-12)
        self._colours = colours or (self.theme.spasm, self.theme.accent)
        self._fit()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint heading and rows."""
        with QPainter(self) as painter:
            flags = Qt.AlignmentFlag.AlignVCenter
            painter.setPen(self.theme.muted)
            painter.drawText(QRectF(GRID_PX, 0, self.width() - 2 * GRID_PX, ROW_PX), flags, self.heading)
            metrics = painter.fontMetrics()
            widest = max((metrics.horizontalAdvance(bar.label) for bar in self.bars), default=0)
            label_px = min(widest, _MOST_LABEL * self.width())
            number_px = max((metrics.horizontalAdvance(bar.text) for bar in self.bars), default=0)
            left = 2 * GRID_PX + label_px
            room = QRectF(left, 0, max(self.width() - left - number_px - 2 * GRID_PX, 1), _BAR_PX)
            for number, bar in enumerate(self.bars):
                row = QRectF(GRID_PX, (number + 1) * ROW_PX, self.width() - 2 * GRID_PX, ROW_PX)
                painter.setPen(self.theme.ink)
                text = metrics.elidedText(bar.label, Qt.TextElideMode.ElideMiddle, int(label_px) + 1)
                painter.drawText(row, flags | Qt.AlignmentFlag.AlignLeft, text)
                painter.drawText(row, flags | Qt.AlignmentFlag.AlignRight, bar.text)
                self._paint_bar(painter, room.translated(0, row.center().y() - _BAR_PX / 2), bar.value)

    def _paint_bar(self, painter: QPainter, room: QRectF, value: float) -> None:
        painter.fillRect(room, self.theme.grid)
        px_per_unit = room.width() / (self._high - self._low)
        zero = room.left() - self._low * px_per_unit
        if math.isfinite(value):
            width = min(max(value, self._low), self._high) * px_per_unit
            colour = self._colours[0] if value >= 0 else self._colours[1]
            painter.fillRect(QRectF(min(zero, zero + width), room.top(), abs(width), room.height()), colour)
        if self._low < 0:
            painter.fillRect(QRectF(zero, room.top() - 3, 1, room.height() + 6), self.theme.muted)

    def _fit(self) -> None:
        self.setFixedHeight((len(self.bars) + 1) * ROW_PX)
