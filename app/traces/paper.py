"""The paper under the traces: ruled with a faint line each second and a stronger one every five."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

# Steps of the faint and the strong lines, and the fewest logical pixels that a faint step needs.
_STEPS_S = ((0.2, 1.0, 100.0), (1.0, 5.0, 12.0), (5.0, 30.0, 12.0), (10.0, 60.0, 12.0), (60.0, 300.0, 12.0))
_WIDEST_STEPS_S = (300.0, 1800.0)


@dataclass(frozen=True, slots=True)
class Paper:
    """Colours and ruling of a page whose device columns are ``columns_per_s`` to the second."""

    colour: str
    faint: str
    strong: str
    columns_per_s: float
    pixel_ratio: float

    def paint(self, painter: QPainter, box: QRectF, first_column: int) -> None:
        """Fill a box with paper; its left edge is a device column, counted from the start of the recording."""
        painter.fillRect(box, QColor(self.colour))
        n_columns = math.ceil(box.width() * self._columns_per_unit(painter))
        for step_s, colour in zip(self._steps_s(), (self.faint, self.strong), strict=True):
            painter.setPen(QPen(QColor(colour), 0))
            painter.drawLines(
                [
                    QLineF(x, box.top(), x, box.bottom())
                    for x in (
                        # A line in the middle of a device pixel covers that pixel alone.
                        box.left() + (column - first_column + 0.5) / self._columns_per_unit(painter)
                        for column in self._columns(step_s, first_column, n_columns)
                    )
                ]
            )

    def _columns(self, step_s: float, first_column: int, n_columns: int) -> list[int]:
        first = math.floor(first_column / (step_s * self.columns_per_s))
        last = math.ceil((first_column + n_columns) / (step_s * self.columns_per_s))
        columns = (round(number * step_s * self.columns_per_s) for number in range(first, last + 1))
        return [column for column in columns if first_column <= column < first_column + n_columns]

    def _columns_per_unit(self, painter: QPainter) -> float:
        # A tile is painted in its own pixels, the page in logical ones.
        device = painter.device()
        return device.devicePixelRatio() if device is not None else 1.0

    def _steps_s(self) -> tuple[float, float]:
        pixels_per_s = self.columns_per_s / self.pixel_ratio
        for faint_s, strong_s, fewest_px in _STEPS_S:
            if faint_s * pixels_per_s >= fewest_px:
                return faint_s, strong_s
        return _WIDEST_STEPS_S
