"""Cuts through the brain under a mouse: three planes with a cross, or a mosaic."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.panels.fmri.frames import Frame, Mode, Picture
from app.panels.fmri.geometry import AXIAL, CORONAL, SAGITTAL, Millimetres
from app.theme import GRID_PX, TINY_PX, Theme, ui_font, with_alpha

_AXIS_NAMES: Final = {SAGITTAL: "x", CORONAL: "y", AXIAL: "z"}
_GAP_PX: Final = 4
_LETTER_PX: Final = 14


@dataclass(frozen=True, slots=True)
class Spot:
    """What lies under the mouse: a place, the label of its region (0 for none) and the map's value (NaN for none)."""

    place_mm: Millimetres
    region: int
    value: float


class SliceView(QWidget):
    """Paints the pictures of a frame and says what the mouse does on them.

    Signals
    -------
    hovered : a `Spot`, or None when the mouse has left the pictures.
    pressed(object, bool) : the `Spot` that was pressed, and whether Shift was held.
    dragged : the place to which the cross was dragged.

    Lives in the GUI thread.
    """

    hovered = Signal(object)
    pressed = Signal(object, bool)
    dragged = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._frame: Frame | None = None
        self._images: list[tuple[NDArray[np.uint32], QImage]] = []
        self._lines: tuple[str, ...] = ()
        self.setMouseTracking(True)
        self.setMinimumSize(24 * GRID_PX, 24 * GRID_PX)
        self.setAccessibleName("Cuts through the brain")
        self.setFont(ui_font(TINY_PX))

    def height_for(self, width_px: int) -> int:
        """Give the height beyond which pictures of that width leave nothing but empty paper."""
        if self._frame is None or not self._frame.pictures:
            return width_px
        planes = [picture.plane for picture in self._frame.pictures]
        if self._is_planes:
            columns, rows = planes[0].n_columns + planes[1].n_columns, planes[0].n_rows + planes[2].n_rows
            return round((width_px - _GAP_PX) * rows / columns) + _GAP_PX
        return round(width_px * planes[0].n_rows / planes[0].n_columns)

    def set_frame(self, frame: Frame | None, lines: tuple[str, ...] = ()) -> None:
        """Show a frame; ``lines`` stand beside the three planes and tell of the place under the cross."""
        before = {id(pixels): image for pixels, image in self._images}
        pictures = () if frame is None else frame.pictures
        # From volume to volume only the map changes: the other layers are the very same arrays.
        self._images = [
            (pixels, before.get(id(pixels)) or _image(pixels))
            for picture in pictures
            for pixels in (picture.anatomy, picture.map, picture.outlines)
        ]
        self._frame, self._lines = frame, lines
        self.update()

    def boxes(self) -> list[QRectF]:
        """Give where each picture lies."""
        if self._frame is None or not self._frame.pictures:
            return []
        if self._frame.request.mode is Mode.PLANES:
            return self._plane_boxes(self._frame.pictures)
        return self._mosaic_boxes(self._frame.pictures)

    def spot_at(self, point: QPointF) -> Spot | None:
        """Tell what lies at a point, None beside the pictures."""
        for picture, box in self._shown():
            if box.contains(point):
                plane = picture.plane
                column = min(int((point.x() - box.left()) / box.width() * plane.n_columns), plane.n_columns - 1)
                row = min(int((point.y() - box.top()) / box.height() * plane.n_rows), plane.n_rows - 1)
                value = float(picture.values[row, column])
                return Spot(plane.place(column, row), int(picture.labels[row, column]), value)
        return None

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint anatomy, map, borders, letters and cross."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.theme.paper)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for number, (picture, box) in enumerate(self._shown()):
                for _pixels, image in self._images[3 * number : 3 * number + 3]:
                    painter.drawImage(box, image)
                if self._is_planes:
                    self._paint_cross(painter, picture, box)
                self._paint_letters(painter, picture, box)
            if self._is_planes:
                self._paint_lines(painter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell what lies under the mouse; with the button held, move the cross there."""
        spot = self.spot_at(event.position())
        self.hovered.emit(spot)
        if spot is not None and event.buttons() & Qt.MouseButton.LeftButton and self._is_planes:
            self.dragged.emit(spot.place_mm)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the place and region under the mouse."""
        spot = self.spot_at(event.position())
        if spot is not None and event.button() is Qt.MouseButton.LeftButton:
            self.pressed.emit(spot, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell that nothing is under the mouse."""
        self.hovered.emit(None)

    @property
    def _is_planes(self) -> bool:
        return self._frame is not None and self._frame.request.mode is Mode.PLANES

    def _shown(self) -> list[tuple[Picture, QRectF]]:
        return [] if self._frame is None else list(zip(self._frame.pictures, self.boxes(), strict=True))

    def _plane_boxes(self, pictures: tuple[Picture, ...]) -> list[QRectF]:
        coronal, sagittal, axial = (picture.plane for picture in pictures)
        columns, rows = coronal.n_columns + sagittal.n_columns, coronal.n_rows + axial.n_rows
        scale = min((self.width() - _GAP_PX) / columns, (self.height() - _GAP_PX) / rows)
        left = (self.width() - columns * scale - _GAP_PX) / 2
        right, below = left + coronal.n_columns * scale + _GAP_PX, coronal.n_rows * scale + _GAP_PX
        places = ((left, 0.0, coronal), (right, 0.0, sagittal), (left, below, axial))
        return [QRectF(x, y, plane.n_columns * scale, plane.n_rows * scale) for x, y, plane in places]

    def _mosaic_boxes(self, pictures: tuple[Picture, ...]) -> list[QRectF]:
        plane, n = pictures[0].plane, len(pictures)

        def scale_with(across: int) -> float:
            down = -(-n // across)
            room = self.width() - (across - 1) * _GAP_PX
            return min(room / across / plane.n_columns, self.height() / down / plane.n_rows)

        across = max(range(1, n + 1), key=scale_with)
        scale = scale_with(across)
        width, height = plane.n_columns * scale, plane.n_rows * scale
        # Between the L of one cut and the R of the next there is air.
        step = width + _GAP_PX
        left = (self.width() - across * step + _GAP_PX) / 2
        return [QRectF(left + i % across * step, i // across * height, width, height) for i in range(n)]

    def _paint_cross(self, painter: QPainter, picture: Picture, box: QRectF) -> None:
        assert self._frame is not None
        plane = picture.plane
        column, row = plane.pixel(self._frame.request.centre_mm)
        x = box.left() + (column + 0.5) / plane.n_columns * box.width()
        y = box.top() + (row + 0.5) / plane.n_rows * box.height()
        painter.setPen(QPen(with_alpha(self.theme.ink, 0.7), 1))
        gap = 5
        painter.drawLine(QPointF(box.left() + _LETTER_PX, y), QPointF(x - gap, y))
        painter.drawLine(QPointF(x + gap, y), QPointF(box.right() - _LETTER_PX, y))
        painter.drawLine(QPointF(x, box.top() + _LETTER_PX), QPointF(x, y - gap))
        painter.drawLine(QPointF(x, y + gap), QPointF(x, box.bottom() - _LETTER_PX))

    def _paint_letters(self, painter: QPainter, picture: Picture, box: QRectF) -> None:
        """Name the sides: all four of a plane, left and right of each cut of a mosaic; and where the cut lies."""
        edges, flag = picture.plane.edges, Qt.AlignmentFlag
        painter.setPen(self.theme.ink)
        height = QRectF(box.left(), box.center().y() - 8, box.width(), 16) if self._is_planes else box
        vertical = flag.AlignVCenter if self._is_planes else flag.AlignTop
        inner = height.adjusted(2, 0, -2, 0)
        painter.drawText(inner, flag.AlignLeft | vertical, edges.left)
        painter.drawText(inner, flag.AlignRight | vertical, edges.right)
        if self._is_planes:
            painter.drawText(box, flag.AlignHCenter | flag.AlignTop, edges.top)
            painter.drawText(box, flag.AlignHCenter | flag.AlignBottom, edges.bottom)
        painter.setPen(self.theme.muted)
        text = f"{_AXIS_NAMES[picture.plane.axis]} {signed(picture.plane.at_mm)}"
        painter.drawText(box.adjusted(2, 0, -2, 0), flag.AlignLeft | flag.AlignBottom, text)

    def _paint_lines(self, painter: QPainter) -> None:
        boxes = self.boxes()
        room = QRectF(boxes[1].left() + GRID_PX, boxes[2].top() + GRID_PX, 0, 0)
        room.setRight(max(boxes[1].right(), self.width() - GRID_PX))
        room.setBottom(boxes[2].bottom())
        y = room.top()
        for number, line in enumerate(self._lines):
            painter.setPen(self.theme.ink if number == 0 else self.theme.muted)
            box = QRectF(room.left(), y, room.width(), room.bottom() - y)
            wrap = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
            taken = painter.boundingRect(box, int(wrap), line)
            painter.drawText(box, int(wrap), line)
            y = taken.bottom() + 2


def signed(value: float, decimals: int = 0) -> str:
    """Write a number with a true minus, such as ``−12``."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return text.replace("-", "−")


def _image(pixels: NDArray[np.uint32]) -> QImage:
    height, width = pixels.shape
    packed = np.ascontiguousarray(pixels)
    # The copy lets go of numpy's memory.
    return QImage(packed.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
