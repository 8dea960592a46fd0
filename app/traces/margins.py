"""The margins of the page: channel labels on the left, calibration bars on the right, the time ruler below."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from app.times import clock_text, elapsed_text
from app.traces.chunks import OwnScale
from app.traces.display import DisplaySettings
from app.traces.geometry import CALIBRATION_PX, OWN_FILL, RULER_PX, PageGeometry, Row, nice_below
from app.traces.palette import TracePalette

LABEL_PX = 12
SMALL_PX = 11
# The names of the lanes below the page stand in it as well.
_GUTTER_RANGE_PX = (88, 152)
_GUTTER_SPACE_PX = 16
_RULER_STEPS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_RULER_LABEL_PX = 84.0
_LONGEST_BAR_PX = 72.0
# Volt and henry; a percentage or a litre a minute takes no prefix.
_PREFIXED_UNITS = frozenset("VH")


@dataclass(frozen=True, slots=True)
class CalibrationScale:
    """How large a unit is drawn: by the sensitivity of its kind, or on a scale of the trace's own (by row)."""

    display: DisplaySettings
    pixels_per_mm: float
    own: Mapping[int, OwnScale]


class MarginPicture:
    """Labels and calibration bars as a picture, painted anew only after it was forgotten."""

    def __init__(self) -> None:
        self._picture: QPixmap | None = None

    def forget(self) -> None:
        """Paint it anew next time: the layout, the labels or the colours are others."""
        self._picture = None

    def paint(
        self,
        painter: QPainter,
        page: PageGeometry,
        size: QSize,
        rows: Sequence[Row],
        palette: TracePalette,
        *,
        scale: CalibrationScale,
    ) -> None:
        """Paint both margins beside a page in a widget of some size."""
        if self._picture is None:
            self._picture = QPixmap(size * page.pixel_ratio)
            self._picture.setDevicePixelRatio(page.pixel_ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            with QPainter(self._picture) as picture:
                picture.setFont(painter.font())
                paint_labels(picture, page, rows, palette)
                paint_calibration(picture, page, rows, palette, scale)
        for left, right in ((0, page.left), (page.right, size.width())):
            box = QRectF(left, page.top, right - left, page.bottom - page.top)
            source = QRectF(box.topLeft() * page.pixel_ratio, box.size() * page.pixel_ratio)
            painter.drawPixmap(box, self._picture, source)


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
    painter: QPainter, page: PageGeometry, rows: Sequence[Row], palette: TracePalette, scale: CalibrationScale
) -> None:
    """Draw a bar of known size beside each kind that has a common sensitivity, and beside every other trace."""
    painter.setFont(sized(painter.font(), SMALL_PX))
    painter.setClipRect(QRectF(page.right, page.top, CALIBRATION_PX, page.bottom - page.top))
    for kind in dict.fromkeys(row.kind for row in rows):
        sensitivity = scale.display.sensitivity_of(kind)
        painter.setPen(QPen(QColor(palette.of_kind(kind)), 0))
        of_kind = [(number, row) for number, row in enumerate(rows) if row.kind is kind]
        if sensitivity is None:
            for number, row in of_kind:
                units_per_px = scale.own[number].range / (OWN_FILL * row.height_px) if number in scale.own else 1.0
                amplitude = nice_below(OWN_FILL * row.height_px * units_per_px)
                middle = page.top + row.centre_px - page.scroll_px
                _paint_bar(painter, page, middle, amplitude / units_per_px, _amplitude_text(amplitude, row.unit))
        else:
            units_per_px = sensitivity / scale.pixels_per_mm
            amplitude = nice_below(_LONGEST_BAR_PX * units_per_px)
            middle = page.top + (of_kind[0][1].centre_px + of_kind[-1][1].centre_px) / 2 - page.scroll_px
            text = f"{kind.name}\n{_amplitude_text(amplitude, 'uV')}"
            _paint_bar(painter, page, middle, amplitude / units_per_px, text)


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
    x = page.right + 8
    painter.drawLine(QPointF(x, middle - length / 2), QPointF(x, middle + length / 2))
    for y in (middle - length / 2, middle + length / 2):
        painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y))
    box = QRectF(x + 7, middle - 16, CALIBRATION_PX - 17, 32)
    lines = [
        painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, int(box.width()))
        for line in text.split("\n")
    ]
    painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), "\n".join(lines))


def _amplitude_text(amplitude: float, unit: str) -> str:
    if unit == "uV":
        amplitude, unit = amplitude * 1e-6, "V"
    for factor, prefix in ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
        if unit and unit[0] in _PREFIXED_UNITS and factor <= amplitude * 1.001 < 1000 * factor:
            return f"{amplitude / factor:g} {prefix}{unit}"
    return f"{amplitude:g} {unit}".rstrip()


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
