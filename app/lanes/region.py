"""The lane of a region of the brain: its BOLD signal, one step a volume, on the time axis of the traces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QMouseEvent, QPainter, QPaintEvent, QPen

from app.lanes.lane import Lane
from app.theme import GRID_PX, Theme, with_alpha

HEIGHT_PX = 40
_PAD_PX = 4
_CROSS_PX = 2 * GRID_PX


@dataclass(frozen=True, slots=True, eq=False)
class RegionTrack:
    """The signal of a region.

    ``label`` is that of the region, ``title`` its name, ``unit`` that of ``values`` (volumes,), NaN where a volume was
    left out. Volume i covers [onset_s + i * step_s, onset_s + (i + 1) * step_s).
    """

    label: int
    title: str
    unit: str
    onset_s: float
    step_s: float
    values: NDArray[np.float32]


class RegionLane(Lane):
    """One region's signal over the page; what is left out is hatched, the volume on the map is marked.

    Signals
    -------
    chosen, dismissed : the label of the region whose lane was pressed, or its cross.
    """

    chosen = Signal(int)
    dismissed = Signal(int)

    def __init__(self, theme: Theme, track: RegionTrack) -> None:
        super().__init__(theme, HEIGHT_PX)
        self.track = track
        self._is_current = False
        self._volume: int | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._name()

    def set_track(self, track: RegionTrack) -> None:
        """Show the same region, or another, of a run that lies elsewhere in time."""
        self.track = track
        self._name()
        self.update()

    def set_current(self, current: bool) -> None:
        """Tell whether this region is the one chosen on the map."""
        self._is_current = current
        self.update()

    def set_volume(self, volume: int | None) -> None:
        """Mark the volume that the map shows."""
        if volume != self._volume:
            self._volume = volume
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the region, or dismiss its lane at the cross."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if self._cross.contains(event.position()):
            self.dismissed.emit(self.track.label)
        else:
            self.chosen.emit(self.track.label)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Do nothing: a region is chosen here, not a time."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint name, range, volume and signal."""
        with QPainter(self) as painter:
            self._paint_gutter(painter, "")
            self._paint_name(painter)
            self._paint_volume(painter)
            self._paint_steps(painter)
            painter.setPen(QPen(self.theme.faint, 1.2))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            cross = QRectF(0, 0, 7, 7)
            cross.moveCenter(self._cross.center())
            painter.drawLine(cross.topLeft(), cross.bottomRight())
            painter.drawLine(cross.topRight(), cross.bottomLeft())

    @property
    def _cross(self) -> QRectF:
        return QRectF(self.width() - _CROSS_PX, 0, _CROSS_PX, _CROSS_PX)

    @property
    def _limit(self) -> float:
        known = np.abs(self.track.values[np.isfinite(self.track.values)])
        return max(float(np.percentile(known, 99.5)), 1e-6) if known.size else 1.0

    def _name(self) -> None:
        text = f"BOLD of {self.track.title}"
        self.setAccessibleName(text)
        self.setToolTip(f"{text}, {self.track.unit}. Press to choose the region on the map.")

    def _paint_name(self, painter: QPainter) -> None:
        axis = self.axis
        if self._is_current:
            painter.fillRect(QRectF(0, 1, 3, self.height() - 1), self.theme.accent)
        painter.setPen(self.theme.ink if self._is_current else self.theme.muted)
        room = QRectF(4, 3, axis.left_px - GRID_PX, 16)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        title = painter.fontMetrics().elidedText(self.track.title, Qt.TextElideMode.ElideMiddle, int(room.width()))
        painter.drawText(room, flags, title)
        painter.setPen(self.theme.muted)
        painter.drawText(room.translated(0, 17), flags, f"±{self._limit:.1f} {self.track.unit}")

    def _paint_volume(self, painter: QPainter) -> None:
        if self._volume is None:
            return
        axis, track = self.axis, self.track
        left = axis.to_px(track.onset_s + self._volume * track.step_s)
        right = axis.to_px(track.onset_s + (self._volume + 1) * track.step_s)
        shown = QRectF(max(left, axis.left_px), 1, min(right, axis.right_px) - max(left, axis.left_px), self.height())
        if shown.width() > 0:
            painter.fillRect(shown, with_alpha(self.theme.accent, 0.18))

    def _paint_steps(self, painter: QPainter) -> None:
        axis, track = self.axis, self.track
        first = max(0, int((axis.onset_s - track.onset_s) // track.step_s))
        stop = min(len(track.values), int((axis.end_s - track.onset_s) // track.step_s) + 1)
        painter.save()
        painter.setClipRect(QRectF(axis.left_px, 0, axis.width_px, self.height()))
        middle = self.height() / 2
        painter.setPen(self.theme.grid_strong)
        painter.drawLine(QPointF(axis.left_px, middle), QPointF(axis.right_px, middle))
        before: QPointF | None = None
        for volume in range(first, stop):
            left = axis.to_px(track.onset_s + volume * track.step_s)
            right = axis.to_px(track.onset_s + (volume + 1) * track.step_s)
            value = float(track.values[volume])
            if np.isnan(value):
                hatched = QBrush(self.theme.faint, Qt.BrushStyle.BDiagPattern)
                painter.fillRect(QRectF(left, 1, right - left, self.height() - 1), hatched)
                before = None
                continue
            reach = middle - _PAD_PX
            y = middle - max(-1.0, min(1.0, value / self._limit)) * reach
            painter.setPen(QPen(self.theme.accent if self._is_current else self.theme.ink, 1))
            if before is not None:
                painter.drawLine(before, QPointF(left, y))
            before = QPointF(right, y)
            painter.drawLine(QPointF(left, y), before)
        painter.restore()
