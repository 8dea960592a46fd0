"""A bar of colours with its numbers and its unit."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.panels.head.colours import N_COLOURS, Ramp, picture_of
from app.theme import GRID_PX, TINY_PX, Theme, ui_font

HEIGHT_PX = 32
_BAR_PX = 10


@dataclass(frozen=True, slots=True)
class ColourScale:
    """What the colours of a map mean: from ``low`` to ``high`` in a unit that stands behind the last number."""

    ramp: Ramp
    low: float
    high: float
    unit: str

    def share(self, value: float) -> float:
        """Give how far along the scale a value lies, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


class ColourBar(QWidget):
    """The scale of a map, from left to right.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, scale: ColourScale) -> None:
        super().__init__()
        self.theme = theme
        self.scale = scale
        self.setFixedHeight(HEIGHT_PX)
        self.setFont(ui_font(TINY_PX))

    def set_scale(self, scale: ColourScale) -> None:
        """Show another scale."""
        self.scale = scale
        self.setAccessibleName(f"Colours from {scale.low:g} to {scale.high:g} {scale.unit}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint colours and numbers."""
        scale = self.scale
        bar = QRectF(GRID_PX, 2, self.width() - 2 * GRID_PX, _BAR_PX)
        with QPainter(self) as painter:
            shares = np.linspace(0, 1, N_COLOURS)[None]
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(bar, picture_of(scale.ramp, shares, dark=self.theme.dark))
            painter.setPen(self.theme.line)
            painter.drawRect(bar)
            painter.setPen(self.theme.muted)
            flags = Qt.AlignmentFlag.AlignVCenter
            below = QRectF(bar.left(), bar.bottom() + 2, bar.width(), 16)
            painter.drawText(below, flags | Qt.AlignmentFlag.AlignLeft, tell_number(scale.low))
            painter.drawText(below, flags | Qt.AlignmentFlag.AlignHCenter, tell_number((scale.low + scale.high) / 2))
            painter.drawText(below, flags | Qt.AlignmentFlag.AlignRight, f"{tell_number(scale.high)} {scale.unit}")


def tell_number(value: float) -> str:
    """Write a number of a scale with a true minus."""
    return f"{value:.3g}".replace("-", "−")
