"""The scalogram under the eye: grey power, with lines around what spoke for the event and what spoke against it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.panels.colour_bar import ColourScale
from app.panels.head.colours import picture_of
from app.panels.power.picture import PowerAxes, outline, resample
from app.theme import GRID_PX, TINY_PX, Theme, ui_font
from app.times import elapsed_text

_LEFT_PX: Final = 3 * GRID_PX
_BELOW_PX: Final = 18
_ABOVE_PX: Final = 18
_TICKS_HZ: Final = (2, 4, 8, 16, 32, 64, 100)
_TIME_GAP_PX: Final = 6.0
_TIME_STEPS_S: Final = (0.5, 1.0, 2.0, 5.0)
_TIME_ROOM_PX: Final = 56
#: Lines are drawn around what has these shares of the strongest relevance.
LEVELS: Final = (0.2, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class PowerReading:
    """What the view shows of one channel.

    Attributes
    ----------
    time_s, hz, power_db : (T,), (F,) and (F, T), NaN where nothing is known.
    relevance_time_s, relevance_hz, relevance : the same of the relevance; empty where it has no frequencies.
    limit : the strongest relevance of any channel.
    window_s, event_s : start and end of the window that is explained, and of the event (None where there is none).
    """

    time_s: NDArray[np.float64]
    hz: NDArray[np.float64]
    power_db: NDArray[np.float32]
    relevance_time_s: NDArray[np.float64]
    relevance_hz: NDArray[np.float64]
    relevance: NDArray[np.float32]
    limit: float
    window_s: tuple[float, float]
    event_s: tuple[float, float] | None
    scale: ColourScale


class PowerView(QWidget):
    """Paints a reading with its axes.

    Signals
    -------
    hovered : a sentence on the power under the mouse; empty beside it.

    Lives in the GUI thread.
    """

    hovered = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.reading: PowerReading | None = None
        self._picture = QImage()
        self.setMouseTracking(True)
        self.setMinimumSize(20 * GRID_PX, 16 * GRID_PX)
        self.setFont(ui_font(TINY_PX))
        self.setAccessibleName("Wavelet power over time and frequency")

    @property
    def axes(self) -> PowerAxes:
        """Which times and frequencies lie under which pixels of the picture now."""
        assert self.reading is not None
        time_s, hz = self.reading.time_s, self.reading.hz
        half_s = (time_s[1] - time_s[0]) / 2
        width = max(1, self.width() - _LEFT_PX - GRID_PX)
        height = max(1, self.height() - _ABOVE_PX - _BELOW_PX)
        return PowerAxes(
            float(time_s[0] - half_s), float(time_s[-1] + half_s), float(hz[0]), float(hz[-1]), width, height
        )

    def set_reading(self, reading: PowerReading | None) -> None:
        """Show another channel or moment."""
        self.reading = reading
        self._make_picture()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.theme = theme
        self._make_picture()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the picture in another size."""
        super().resizeEvent(event)
        self._make_picture()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint picture, window, event and axes."""
        with QPainter(self) as painter:
            if self.reading is None:
                return
            axes = self.axes
            box = QRectF(_LEFT_PX, _ABOVE_PX, axes.width, axes.height)
            painter.fillRect(box, self.theme.gap)
            painter.drawImage(box.topLeft(), self._picture)
            painter.setPen(QPen(self.theme.ink, 1, Qt.PenStyle.DotLine))
            for edge_s in self.reading.window_s:
                x = box.left() + axes.x_of(edge_s)
                if box.left() < x < box.right():
                    painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            self._paint_event(painter, box, axes)
            self._paint_frequencies(painter, box, axes)
            self._paint_times(painter, box, axes)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell of the power under the mouse."""
        self.hovered.emit(self._tell(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell of nothing."""
        super().leaveEvent(event)
        self.hovered.emit("")

    def _make_picture(self) -> None:
        reading = self.reading
        if reading is None:
            return
        axes, scale = self.axes, reading.scale
        shares = scale.share(resample(reading.power_db, reading.hz, reading.time_s, axes))
        self._picture = picture_of(scale.ramp, shares, dark=self.theme.dark)
        if reading.relevance.size and reading.limit > 0:
            parts = resample(reading.relevance, reading.relevance_hz, reading.relevance_time_s, axes) / reading.limit
            with QPainter(self._picture) as painter:
                for sign, colour in ((1, self.theme.spasm), (-1, self.theme.accent)):
                    for number, level in enumerate(LEVELS):
                        line = outline(sign * parts, level, 1 + number)
                        painter.drawImage(0, 0, _stamp(line, colour))

    def _paint_event(self, painter: QPainter, box: QRectF, axes: PowerAxes) -> None:
        assert self.reading is not None
        if self.reading.event_s is None:
            return
        left, right = (box.left() + min(max(axes.x_of(edge), 0), axes.width) for edge in self.reading.event_s)
        painter.fillRect(QRectF(left, box.top() - 4, right - left, 3), self.theme.ink)

    def _paint_frequencies(self, painter: QPainter, box: QRectF, axes: PowerAxes) -> None:
        painter.setPen(self.theme.muted)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, _LEFT_PX - 4, 14), flags, "Hz")
        for hz in _TICKS_HZ:
            if axes.low_hz <= hz <= axes.high_hz:
                y = box.top() + axes.y_of(hz)
                painter.drawLine(QPointF(box.left() - 3, y), QPointF(box.left(), y))
                painter.drawText(QRectF(0, y - 7, _LEFT_PX - 5, 14), flags, str(hz))

    def _paint_times(self, painter: QPainter, box: QRectF, axes: PowerAxes) -> None:
        painter.setPen(self.theme.muted)
        px_per_s = axes.width / (axes.end_s - axes.start_s)
        step_s = next((step for step in _TIME_STEPS_S if step * px_per_s >= _TIME_ROOM_PX), 10.0)
        free_px = box.left()
        for number in range(math.ceil(axes.start_s / step_s), math.floor(axes.end_s / step_s) + 1):
            time_s = number * step_s
            x = box.left() + axes.x_of(time_s)
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 3))
            text = elapsed_text(time_s, 0 if step_s >= 1 else 1)
            width = painter.fontMetrics().horizontalAdvance(text) + 2
            left = min(max(x - width / 2, box.left()), box.right() - width)
            # A label at an edge is moved inwards, where the next one may stand.
            if left >= free_px:
                painter.drawText(QRectF(left, box.bottom() + 3, width, 14), Qt.AlignmentFlag.AlignCenter, text)
                free_px = left + width + _TIME_GAP_PX

    def _tell(self, point: QPointF) -> str:
        if self.reading is None:
            return ""
        axes = self.axes
        column, row = int(point.x() - _LEFT_PX), int(point.y() - _ABOVE_PX)
        if not (0 <= column < axes.width and 0 <= row < axes.height):
            return ""
        hz, time_s = axes.row_hz[row], axes.column_s[column]
        nearest = (int(np.argmin(np.abs(self.reading.hz - hz))), int(np.argmin(np.abs(self.reading.time_s - time_s))))
        power = float(self.reading.power_db[nearest])
        told = f"{power:.1f} dB".replace("-", "−") if np.isfinite(power) else "nothing recorded"
        return f"{elapsed_text(time_s, 2)}, {hz:.3g} Hz: {told}"


def _stamp(mask: NDArray[np.bool_], colour: QColor) -> QImage:
    pixels = np.where(mask, np.uint32(colour.rgba()), np.uint32(0)).astype(np.uint32)
    rows, columns = pixels.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    # A copy: the image must outlive the array.
    return QImage(np.ascontiguousarray(pixels).data, columns, rows, 4 * columns, form).copy()
