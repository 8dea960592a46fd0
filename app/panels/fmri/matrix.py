"""The regions as a matrix, ordered by network: over the whole run, or each with each other."""

from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.panels.fmri.colours import Scale, colour_index, colour_table
from app.panels.fmri.frames import Frame, Source
from app.theme import GRID_PX, TINY_PX, Theme, ui_font
from app.times import elapsed_text
from inference.imaging.fmri_study import FmriStudy
from inference.imaging.parcels import NETWORKS, load_parcels

#: What Qt takes for no bound at all.
_MOST_PX: Final = 16_777_215
_GUTTER_PX: Final = 80
_TIMES_PX: Final = 18
_MOTION_PX: Final = 44


class RegionMatrix(QWidget):
    """Every region a row, every volume a column; or the connectivity of the window around the volume.

    Signals
    -------
    hovered : a sentence on what is under the mouse, empty when it has left.
    region_chosen(int, bool) : the label of the pressed row, and whether Shift was held.
    time_chosen : seconds from the start of the recording.

    Lives in the GUI thread.
    """

    hovered = Signal(str)
    region_chosen = Signal(int, bool)
    time_chosen = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        parcels = load_parcels()
        self._order = np.array([p.label for name in NETWORKS for p in parcels if p.network == name])
        self._names = {parcel.label: parcel for parcel in parcels}
        self._frame: Frame | None = None
        self._picture: QImage | None = None
        self._shown: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self._drawn: tuple[object, ...] = ()
        self.setMouseTracking(True)
        self.setMinimumHeight(24 * GRID_PX)
        self.setAccessibleName("Signals of all regions")
        self.setFont(ui_font(TINY_PX))

    def height_for(self, width_px: int) -> int:
        """Give the height beyond which there is nothing but empty paper: a matrix of regions is square."""
        return width_px - _GUTTER_PX if self._is_square else _MOST_PX

    def set_frame(self, frame: Frame) -> None:
        """Show a frame; the picture of the whole run is made once and stays from volume to volume."""
        self._frame = frame
        request = frame.request
        series = request.study.series
        if frame.connectivity is not None:
            self._drawn = ()
            self._show(frame.connectivity[np.ix_(self._order - 1, self._order - 1)], request.scale)
        elif series is not None:
            key = (request.study, request.scale, request.dark)
            if key != self._drawn:
                self._drawn = key
                self._show(series.values.T[self._order - 1], request.scale)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint motion, matrix, networks, times and the current volume."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.theme.paper)
            if self._frame is None or self._picture is None:
                return
            painter.drawImage(self._box, self._picture)
            self._paint_networks(painter)
            if self._is_square:
                return
            study = self._frame.request.study
            self._paint_scrubbed(painter, study)
            self._paint_motion(painter, study)
            self._paint_times(painter, study)
            self._paint_volume(painter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Name what is under the mouse."""
        cell = self._cell(event.position())
        self.hovered.emit("" if cell is None else self._describe(*cell))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the region, and the time, under the mouse."""
        cell = self._cell(event.position())
        if cell is None or event.button() is not Qt.MouseButton.LeftButton or self._frame is None:
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.region_chosen.emit(int(self._order[cell[0]]), shift)
        if not self._is_square:
            self.time_chosen.emit(self._frame.request.study.alignment.onset_s(cell[1]))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell that nothing is under the mouse."""
        self.hovered.emit("")

    @property
    def _is_square(self) -> bool:
        return self._frame is not None and self._frame.request.source is Source.CONNECTIVITY

    @property
    def _box(self) -> QRectF:
        width = self.width() - _GUTTER_PX - GRID_PX
        if self._is_square:
            side = min(width, self.height() - GRID_PX)
            return QRectF(_GUTTER_PX, GRID_PX / 2, side, side)
        top = _MOTION_PX if self._displacement_mm is not None else GRID_PX / 2
        return QRectF(_GUTTER_PX, top, width, self.height() - top - _TIMES_PX)

    @property
    def _displacement_mm(self) -> NDArray[np.float64] | None:
        series = None if self._frame is None else self._frame.request.study.series
        return None if series is None else series.displacement_mm

    def _show(self, values: NDArray[np.float32], scale: Scale) -> None:
        assert self._frame is not None
        self._shown = values
        table = colour_table(Scale(scale.limit, 0.0), dark=self._frame.request.dark, opacity=1.0)
        pixels = np.ascontiguousarray(table[colour_index(values, scale)])
        height, width = pixels.shape
        form = QImage.Format.Format_ARGB32_Premultiplied
        self._picture = QImage(pixels.data, width, height, 4 * width, form).copy()

    def _cell(self, point: QPointF) -> tuple[int, int] | None:
        box = self._box
        if self._picture is None or not self._shown.size or not box.contains(point):
            return None
        n_rows, n_columns = self._shown.shape
        row = int((point.y() - box.top()) / box.height() * n_rows)
        column = int((point.x() - box.left()) / box.width() * n_columns)
        return min(row, n_rows - 1), min(column, n_columns - 1)

    def _describe(self, row: int, column: int) -> str:
        assert self._frame is not None
        parcel = self._names[int(self._order[row])]
        value = float(self._shown[row, column])
        number = "no value" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
        if self._is_square:
            other = self._names[int(self._order[column])]
            return f"{parcel.short_name} with {other.short_name}: r {number}"
        onset_s = self._frame.request.study.alignment.onset_s(column)
        return f"{parcel.short_name}, {NETWORKS[parcel.network]}: {number} at {elapsed_text(onset_s)}"

    def _paint_networks(self, painter: QPainter) -> None:
        assert self._frame is not None
        box, row = self._box, 0
        chosen = self._frame.request.region
        for network, labels in groupby(self._order, key=lambda label: self._names[int(label)].network):
            n_regions = len(list(labels))
            top = box.top() + row / len(self._order) * box.height()
            room = QRectF(2, top, _GUTTER_PX - GRID_PX - 2, n_regions / len(self._order) * box.height())
            painter.setPen(self.theme.muted)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, network)
            if row:
                painter.setPen(self.theme.ink)
                painter.drawLine(QPointF(box.left() - 4, top), QPointF(box.right(), top))
                if self._is_square:
                    x = box.left() + row / len(self._order) * box.width()
                    painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            row += n_regions
        if chosen:
            at = int(np.flatnonzero(self._order == chosen)[0])
            y = box.top() + (at + 0.5) / len(self._order) * box.height()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.accent)
            tip = QPointF(box.left(), y)
            painter.drawPolygon(QPolygonF([tip, QPointF(tip.x() - 7, y - 4), QPointF(tip.x() - 7, y + 4)]))

    def _paint_scrubbed(self, painter: QPainter, study: FmriStudy) -> None:
        if study.series is None:
            return
        box, n = self._box, study.volumes.n_volumes
        for volume in np.flatnonzero(study.series.scrubbed):
            column = QRectF(box.left() + volume / n * box.width(), box.top(), max(1.0, box.width() / n), box.height())
            painter.fillRect(column, self.theme.gap)
            painter.fillRect(column, QBrush(self.theme.faint, Qt.BrushStyle.BDiagPattern))

    def _paint_motion(self, painter: QPainter, study: FmriStudy) -> None:
        moved_mm = self._displacement_mm
        if moved_mm is None or study.series is None:
            return
        box, n = self._box, len(moved_mm)
        floor, height = box.top() - 4, _MOTION_PX - 10
        limit_mm = study.series.options.scrub_above_mm
        top_mm = max(float(np.nanmax(moved_mm, initial=0.0)), 1.2 * (limit_mm or 0.0), 0.1)
        xs = box.left() + (np.arange(n) + 0.5) / n * box.width()
        points = [
            QPointF(x, floor - value / top_mm * height)
            for x, value in zip(xs, moved_mm, strict=True)
            if np.isfinite(value)
        ]
        painter.setPen(QPen(self.theme.ink, 1))
        painter.drawPolyline(QPolygonF(points))
        if limit_mm is not None:
            y = floor - limit_mm / top_mm * height
            painter.setPen(QPen(self.theme.muted, 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(self.theme.muted)
        room = QRectF(2, floor - height, _GUTTER_PX - GRID_PX - 2, height)
        text = f"motion\n{top_mm:.1f} mm"
        painter.drawText(room, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, text)

    def _paint_times(self, painter: QPainter, study: FmriStudy) -> None:
        box, alignment = self._box, study.alignment
        below = QRectF(box.left(), box.bottom() + 2, box.width(), _TIMES_PX - 2)
        painter.setPen(self.theme.muted)
        first, last = (elapsed_text(time_s, 0) for time_s in (alignment.offset_s, alignment.end_s))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, first)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, last)

    def _paint_volume(self, painter: QPainter) -> None:
        assert self._frame is not None
        volume = self._frame.request.volume
        if volume is None:
            return
        box = self._box
        x = box.left() + (volume + 0.5) / self._frame.request.study.volumes.n_volumes * box.width()
        painter.setPen(QPen(self.theme.accent, 1))
        painter.drawLine(QPointF(x, box.top() - 3), QPointF(x, box.bottom() + 3))
