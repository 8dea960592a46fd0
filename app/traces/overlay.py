"""What is painted over the traces: gaps, events, selection, cursor. Only what is visible is painted."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen

from app.times import duration_text
from app.traces.geometry import STRIP_PX, PageGeometry
from app.traces.marks import EventMark
from app.traces.palette import TracePalette
from inference.labels.annotations import Decision
from inference.recordings.recording import Gap

_LANE_PX = STRIP_PX // 2
_MIN_BAND_PX = 3.0
_HANDLE_PX = (7.0, 28.0)
_TEXT_SPACE_PX = 6.0
_SELECTED_PX = 4.0


@dataclass(frozen=True, slots=True)
class _Style:
    colour: QColor
    fill: QBrush
    pen: QPen


def paint_gaps(painter: QPainter, page: PageGeometry, gaps: Iterable[Gap], palette: TracePalette) -> None:
    """Hatch every gap and say how long it is."""
    for gap in gaps:
        left = max(page.x_of(gap.onset_s), page.left)
        right = min(page.x_of(gap.onset_s + gap.duration_s), page.right)
        if right <= left:
            continue
        box = QRectF(left, page.top, max(right - left, 1.0), page.bottom - page.top)
        painter.fillRect(box, QColor(palette.margin))
        painter.fillRect(box, QBrush(QColor(palette.gap), Qt.BrushStyle.BDiagPattern))
        text = f"no data · {_precise_duration(gap.duration_s)}"
        _paint_pill(painter, box, text, palette)


def paint_bands(
    painter: QPainter,
    page: PageGeometry,
    marks: Iterable[EventMark],
    palette: TracePalette,
    is_coloured: Callable[[float, float], bool] = lambda _start_s, _end_s: False,
) -> None:
    """Draw the bands of detections (dashed) and annotations (solid) over the traces, the selected one last.

    Where the page is coloured already, bands keep to their edges: two colours over each other would say neither.
    """
    for mark in sorted(marks, key=lambda mark: mark.selected):
        if mark.role == "file":
            continue
        box = band_of(page, mark)
        style = _style_of(mark, palette)
        if not is_coloured(mark.onset_s, mark.end_s):
            painter.fillRect(box, style.fill)
        painter.setPen(style.pen)
        painter.drawLine(box.topLeft(), box.bottomLeft())
        painter.drawLine(box.topRight(), box.bottomRight())
        if mark.selected:
            for y in (box.top(), box.bottom() - _SELECTED_PX):
                painter.fillRect(QRectF(box.left(), y, box.width(), _SELECTED_PX), style.colour)


def paint_handles(painter: QPainter, page: PageGeometry, mark: EventMark, palette: TracePalette) -> None:
    """Draw the two edges of the selected event as things that can be dragged."""
    box = band_of(page, mark)
    colour = _style_of(mark, palette).colour
    painter.setPen(QPen(colour, 0))
    painter.setBrush(QColor(palette.paper))
    width, height = _HANDLE_PX
    for x in (box.left(), box.right()):
        if page.left <= x <= page.right:
            handle = QRectF(x - width / 2, box.center().y() - height / 2, width, height)
            painter.drawRoundedRect(handle, 3, 3)
            painter.drawLine(QPointF(x, handle.top() + 7), QPointF(x, handle.bottom() - 7))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_strip(painter: QPainter, page: PageGeometry, marks: Sequence[EventMark], palette: TracePalette) -> None:
    """Write what was found above the page, and the file's own annotations as flags below it; texts never overlap."""
    for lane, is_file in ((0, False), (1, True)):
        in_lane = [mark for mark in marks if (mark.role == "file") is is_file]
        starts = [max(page.x_of(mark.onset_s), float(page.left)) for mark in in_lane]
        for number, (mark, x) in enumerate(zip(in_lane, starts, strict=True)):
            limit = starts[number + 1] if number + 1 < len(starts) else float(page.right)
            room = QRectF(x, page.top - STRIP_PX + lane * _LANE_PX + 2, limit - x - _TEXT_SPACE_PX, _LANE_PX - 4)
            _paint_tag(painter, room, mark, palette)
            if is_file and mark.onset_s >= page.position_s:
                painter.setPen(QPen(QColor(palette.muted), 0, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(x, page.top), QPointF(x, page.bottom))


def paint_selection(painter: QPainter, page: PageGeometry, span: tuple[float, float], palette: TracePalette) -> None:
    """Draw the stretch that is being selected, and how long it is."""
    onset_s, end_s = min(span), max(span)
    left, right = max(page.x_of(onset_s), page.left), min(page.x_of(end_s), page.right)
    if right < left:
        return
    box = QRectF(left, page.top, max(right - left, 1.0), page.bottom - page.top)
    colour = QColor(palette.selection)
    painter.fillRect(box, _translucent(colour, 45))
    painter.setPen(QPen(colour, 0))
    painter.drawRect(box)
    duration_s = end_s - onset_s
    rate = f" · {1 / duration_s:.1f} Hz" if 0.02 <= duration_s < 10 else ""
    _paint_pill(painter, box, f"{duration_s:.2f} s{rate}", palette)


def paint_cursor(painter: QPainter, page: PageGeometry, point: QPointF, palette: TracePalette) -> None:
    """Draw the hair cross under the mouse."""
    painter.setPen(QPen(QColor(palette.cursor), 0))
    x = math.floor(point.x()) + 0.5
    painter.drawLine(QPointF(x, page.top), QPointF(x, page.bottom))
    painter.setPen(QPen(_translucent(QColor(palette.cursor), 90), 0, Qt.PenStyle.DotLine))
    y = math.floor(point.y()) + 0.5
    painter.drawLine(QPointF(page.left, y), QPointF(page.right, y))


def paint_message(painter: QPainter, page: PageGeometry, text: str, palette: TracePalette) -> None:
    """Say in the middle of an empty page why it is empty and what to do."""
    box = QRectF(page.left, page.top, page.right - page.left, page.bottom - page.top)
    painter.fillRect(box, QColor(palette.paper))
    font = QFont(painter.font())
    font.setPixelSize(14)
    painter.setFont(font)
    painter.setPen(QColor(palette.muted))
    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
    painter.drawText(box.adjusted(48, 0, -48, 0), flags, text)


def band_of(page: PageGeometry, mark: EventMark) -> QRectF:
    """Give the band of an event; one too short to see is still wide enough to hit."""
    left, right = page.x_of(mark.onset_s), page.x_of(mark.end_s)
    if right - left < _MIN_BAND_PX:
        left, right = (left + right - _MIN_BAND_PX) / 2, (left + right + _MIN_BAND_PX) / 2
    return QRectF(left, page.top, right - left, page.bottom - page.top)


def _style_of(mark: EventMark, palette: TracePalette) -> _Style:
    names = {
        Decision.ACCEPTED: palette.accepted,
        Decision.REJECTED: palette.rejected,
        Decision.UNSURE: palette.unsure,
        Decision.ADDED: palette.accepted,
    }
    colour = QColor(palette.of_label(mark.label) if mark.decision is None else names[mark.decision])
    is_detection = mark.role == "detection" and mark.decision is None
    alpha = 62 if mark.selected else 34
    fill = QBrush(_translucent(colour, alpha))
    if mark.decision is Decision.UNSURE:
        fill = QBrush(_translucent(colour, alpha + 60), Qt.BrushStyle.FDiagPattern)
    line = Qt.PenStyle.DashLine if is_detection else Qt.PenStyle.SolidLine
    return _Style(colour, fill, QPen(colour, 0, line))


def _paint_tag(painter: QPainter, room: QRectF, mark: EventMark, palette: TracePalette) -> None:
    is_file = mark.role == "file"
    colour = QColor(palette.muted) if is_file else _style_of(mark, palette).colour
    painter.fillRect(QRectF(room.left(), room.top(), 4, room.height()), colour)
    metrics = QFontMetricsF(painter.font())
    text = metrics.elidedText(mark.text, Qt.TextElideMode.ElideRight, max(0.0, room.width() - 14))
    if len(text) < 2:
        return
    box = QRectF(room.left(), room.top(), metrics.horizontalAdvance(text) + 14, room.height())
    if not is_file:
        painter.fillRect(box, _translucent(colour, 90 if mark.selected else 40))
    painter.setPen(QColor(palette.muted if is_file else palette.ink))
    painter.drawText(box.adjusted(8, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), text)
    if mark.decision is Decision.REJECTED:
        middle = box.center().y()
        painter.drawLine(QPointF(box.left() + 8, middle), QPointF(box.right() - 6, middle))


def _paint_pill(painter: QPainter, box: QRectF, text: str, palette: TracePalette) -> None:
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 16
    if width > box.width() - 4:
        return
    pill = QRectF(box.center().x() - width / 2, box.top() + 8, width, 20)
    painter.setPen(QPen(QColor(palette.grid_strong), 0))
    painter.setBrush(QColor(palette.paper))
    painter.drawRoundedRect(pill, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(palette.label))
    painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), text)


def _precise_duration(duration_s: float) -> str:
    return f"{duration_s:.3g} s" if duration_s < 60 else duration_text(duration_s)


def _translucent(colour: QColor, alpha: int) -> QColor:
    faded = QColor(colour)
    faded.setAlpha(alpha)
    return faded
