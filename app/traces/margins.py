"""The margins of the page: channel labels on the left, calibration bars on the right, the time ruler below."""

import math
from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.times import clock_text, elapsed_text
from app.traces.display import DisplaySettings
from app.traces.geometry import CALIBRATION_PX, RULER_PX, PageGeometry, Row, nice_below
from app.traces.palette import TracePalette
from inference.recordings.recording import ChannelKind

LABEL_PX = 12
SMALL_PX = 11
_GUTTER_RANGE_PX = (72, 152)
_GUTTER_SPACE_PX = 16
_RULER_STEPS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_RULER_LABEL_PX = 84.0
_BAR_PX = (18.0, 72.0)
_KIND_NAMES = {
    ChannelKind.EEG: "EEG",
    ChannelKind.EMG: "EMG",
    ChannelKind.EOG: "EOG",
}


def gutter_width(labels: Sequence[str], font: QFont) -> int:
    """Give the width of the left margin that holds these labels; very long ones are elided."""
    metrics = QFontMetricsF(sized(font, LABEL_PX))
    widest = max((metrics.horizontalAdvance(label) for label in labels), default=0.0)
    low, high = _GUTTER_RANGE_PX
    # A multiple of eight is a whole number of device pixels at every usual scale of a screen.
    return int(min(high, max(low, math.ceil((widest + _GUTTER_SPACE_PX) / 8) * 8)))


def paint_labels(painter: QPainter, page: PageGeometry, rows: Sequence[Row], palette: TracePalette) -> None:
    """Write each channel's label, right-aligned beside its trace, in the ink of its kind."""
    painter.setFont(sized(painter.font(), LABEL_PX))
    metrics = QFontMetricsF(painter.font())
    painter.save()
    painter.setClipRect(QRectF(0, page.top, page.left, page.bottom - page.top))
    for row in rows:
        y = page.top + row.centre_px - page.scroll_px
        if page.top - row.height_px < y < page.bottom + row.height_px:
            text = metrics.elidedText(row.label, Qt.TextElideMode.ElideMiddle, page.left - _GUTTER_SPACE_PX)
            painter.setPen(QColor(palette.of_kind(row.kind)))
            box = QRectF(0, y - 9, page.left - _GUTTER_SPACE_PX / 2, 18)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
    painter.restore()


def paint_calibration(
    painter: QPainter,
    page: PageGeometry,
    rows: Sequence[Row],
    palette: TracePalette,
    *,
    display: DisplaySettings,
    pixels_per_mm: float,
) -> None:
    """Draw a bar of known microvolts beside each kind that has a common sensitivity."""
    painter.setFont(sized(painter.font(), SMALL_PX))
    for kind, name in _KIND_NAMES.items():
        of_kind = [row for row in rows if row.kind is kind]
        sensitivity = display.sensitivity_of(kind)
        if not of_kind or sensitivity is None:
            continue
        top = page.top + of_kind[0].centre_px - of_kind[0].height_px / 2 - page.scroll_px
        bottom = page.top + of_kind[-1].centre_px + of_kind[-1].height_px / 2 - page.scroll_px
        amplitude_uv = nice_below(_BAR_PX[1] * sensitivity / pixels_per_mm)
        length = amplitude_uv * pixels_per_mm / sensitivity
        painter.setPen(QPen(QColor(palette.of_kind(kind)), 0))
        _paint_bar(painter, page, (top + bottom) / 2, length, f"{name}\n{amplitude_uv:g} µV")


def paint_ruler(
    painter: QPainter,
    page: PageGeometry,
    start: datetime | None,
    duration_s: float,
    palette: TracePalette,
) -> None:
    """Draw the time axis: the clock on the wall where it is known, and the time from the start."""
    painter.setFont(sized(painter.font(), SMALL_PX))
    step_s = next((s for s in _RULER_STEPS_S if s * page.columns_per_s / page.pixel_ratio >= _RULER_LABEL_PX), 3600.0)
    decimals = 1 if step_s < 1 else 0
    painter.setPen(QPen(QColor(palette.muted), 0))
    painter.drawLine(QPointF(page.left, page.bottom + 0.5), QPointF(page.right, page.bottom + 0.5))
    for number in range(math.ceil(page.position_s / step_s - 1e-9), math.floor(page.end_s / step_s) + 1):
        time_s = number * step_s
        x = page.x_of(time_s)
        if time_s > duration_s + 1e-6 or not page.left + 24 < x < page.right - 24:
            continue
        painter.setPen(QPen(QColor(palette.muted), 0))
        painter.drawLine(QPointF(x, page.bottom + 1), QPointF(x, page.bottom + 5))
        _paint_times(
            painter, QPointF(x, page.bottom), (clock_text(start, time_s), elapsed_text(time_s, decimals)), palette
        )
    _paint_time_bar(painter, page, palette)


def paint_readout(
    painter: QPainter, page: PageGeometry, x: float, start: datetime | None, palette: TracePalette
) -> None:
    """Write the time under the cursor into the ruler."""
    time_s = page.time_of(x)
    painter.setFont(sized(painter.font(), SMALL_PX))
    text = "\n".join(part for part in (clock_text(start, time_s), elapsed_text(time_s, 2)) if part)
    width = QFontMetricsF(painter.font()).horizontalAdvance(elapsed_text(time_s, 2)) + 20
    left = min(max(x - width / 2, page.left), page.right - width)
    box = QRectF(left, page.bottom + 1, width, RULER_PX - 2)
    painter.fillRect(box, QColor(palette.cursor))
    painter.setPen(QColor(palette.paper))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)


def sized(font: QFont, pixels: int) -> QFont:
    """Give a font in another size."""
    other = QFont(font)
    other.setPixelSize(pixels)
    return other


def _paint_times(painter: QPainter, tick: QPointF, texts: tuple[str, str], palette: TracePalette) -> None:
    clock, elapsed = texts
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
    upper = QRectF(tick.x() - 60, tick.y() + 5, 120, 15)
    painter.setPen(QColor(palette.label))
    painter.drawText(upper, flags, clock or elapsed)
    if clock:
        painter.setPen(QColor(palette.muted))
        painter.drawText(upper.translated(0, 14), flags, elapsed)


def _paint_bar(painter: QPainter, page: PageGeometry, middle: float, length: float, text: str) -> None:
    x = page.right + 10
    painter.save()
    painter.setClipRect(QRectF(page.right, page.top, CALIBRATION_PX, page.bottom - page.top))
    painter.drawLine(QPointF(x, middle - length / 2), QPointF(x, middle + length / 2))
    for y in (middle - length / 2, middle + length / 2):
        painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y))
    box = QRectF(x + 8, middle - 15, CALIBRATION_PX - 20, 30)
    painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
    painter.restore()


def _paint_time_bar(painter: QPainter, page: PageGeometry, palette: TracePalette) -> None:
    pixels_per_s = page.columns_per_s / page.pixel_ratio
    duration_s = nice_below((page.left - 2 * _GUTTER_SPACE_PX) / pixels_per_s)
    length = duration_s * pixels_per_s
    right, y = page.left - _GUTTER_SPACE_PX / 2, page.bottom + 9.5
    painter.setPen(QPen(QColor(palette.label), 0))
    painter.drawLine(QPointF(right - length, y), QPointF(right, y))
    for x in (right - length, right):
        painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 3))
    text = f"{duration_s:g} s" if duration_s >= 1 else f"{duration_s * 1000:g} ms"
    box = QRectF(0, y + 3, right, 16)
    painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
