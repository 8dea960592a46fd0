"""The head from above, nose up and left on the left: a map between the electrodes, and each electrode as measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTransform,
)
from PySide6.QtWidgets import QWidget

from app.panels.colour_bar import ColourScale
from app.panels.head.colours import Ramp, colour_of, picture_of
from app.panels.head.places import Site, Vector, map_values, map_weights, named_sites, project
from app.theme import GRID_PX, TINY_PX, Theme, ui_font, with_alpha

_DOT_PX: Final = 5.0
_LEADING_DOT_PX: Final = 7.0
_NAME_PX: Final = 14.0
_NOSE: Final = ((-0.12, 0.985), (0.0, 1.12), (0.12, 0.985))
#: Ears as half ellipses beside the rim: middle, half width, half height, on the drawn head.
_EAR: Final = (1.0, 0.07, 0.17)
_N_LEADING: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class HeadReading:
    """What the head shows: sites with values (NaN where there is none), and electrodes that were not recorded.

    ``values`` is (sites,); ``missing`` are canonical names.
    """

    sites: tuple[Site, ...]
    values: NDArray[np.float32]
    missing: tuple[str, ...]
    scale: ColourScale

    @property
    def leading(self) -> tuple[int, ...]:
        """The sites with the highest values, highest first."""
        order = np.argsort(-self.values, kind="stable")
        return tuple(int(i) for i in order[:_N_LEADING] if np.isfinite(self.values[i]))


NOTHING: Final = HeadReading((), np.zeros(0, np.float32), (), ColourScale(Ramp.PROBABILITY, 0.0, 1.0, ""))


class HeadView(QWidget):
    """Paints a reading on a head.

    Signals
    -------
    hovered : the name of the channel or missing electrode under the mouse; empty when there is none.

    Lives in the GUI thread.
    """

    hovered = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.reading = NOTHING
        self._picture: QImage | None = None
        self._hull: NDArray[np.float64] = np.zeros((0, 2))
        self.setMouseTracking(True)
        self.setMinimumSize(24 * GRID_PX, 22 * GRID_PX)
        self.setFont(ui_font(TINY_PX))
        self.setAccessibleName("Head from above, nose up, left is left")

    def set_reading(self, reading: HeadReading) -> None:
        """Show other values."""
        self.reading = reading
        self._make_picture()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.theme = theme
        self._make_picture()
        self.update()

    def point_of(self, site: Site) -> QPointF:
        """Give the pixel of a site that has a known place."""
        assert site.vector is not None
        x, y = project(site.vector)
        centre, radius = self._circle()
        return QPointF(centre.x() + x * radius, centre.y() - y * radius)

    def height_for(self, width_px: int) -> int:
        """Give the height beyond which a head of that width leaves nothing but empty paper."""
        return round(width_px / 2 / self._reach() * (_NOSE[1][1] + self._reach()) + _NAME_PX)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint map, head, electrodes and names."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self.theme.paper)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            self._paint_map(painter)
            self._paint_head(painter)
            for site in named_sites(self.reading.missing):
                self._paint_missing(painter, site)
            leading = self.reading.leading
            # What matters most lies on top, and no dot lies on a name.
            order = [i for i in np.argsort(self.reading.values) if self.reading.sites[i].vector is not None]
            for number in order:
                self._paint_site(painter, number, is_leading=number in leading)
            self._paint_names(painter, order)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell which electrode is under the mouse."""
        near = [
            (QPointF(self.point_of(site) - event.position()).manhattanLength(), site.name)
            for site in (*self.reading.sites, *named_sites(self.reading.missing))
            if site.vector is not None
        ]
        distance_px, name = min(near, default=(np.inf, ""))
        self.hovered.emit(name if distance_px <= 2 * GRID_PX else "")

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Tell that nothing is under the mouse."""
        super().leaveEvent(event)
        self.hovered.emit("")

    def _reach(self) -> float:
        """Give how far from the vertex the drawing reaches, in radii of the head."""
        sites = (*self.reading.sites, *named_sites(self.reading.missing))
        beside = [abs(project(site.vector)[0]) for site in sites if site.vector is not None]
        return max([_EAR[0] + _EAR[1], *beside]) + 0.12

    def _circle(self) -> tuple[QPointF, float]:
        reach = self._reach()
        above, below = _NOSE[1][1] + 0.02, 1.04
        room_px = self.height() - _NAME_PX
        radius = min(self.width() / 2 / reach, room_px / (above + below))
        top = (room_px - radius * (above + below)) / 2
        return QPointF(self.width() / 2, top + above * radius), radius

    def _make_picture(self) -> None:
        reading = self.reading
        measured: dict[Vector, list[float]] = {}
        for site, value in zip(reading.sites, reading.values, strict=True):
            if site.vector is not None and np.isfinite(value):
                measured.setdefault(site.vector, []).append(float(value))
        weights = map_weights(tuple(measured))
        self._picture = None
        if weights is not None:
            # What was recorded twice at one place, against two references, counts as its mean.
            values = np.array([np.mean(there) for there in measured.values()])
            scale = reading.scale
            shares = scale.share(map_values(weights, values))
            self._picture, self._hull = picture_of(scale.ramp, shares, dark=self.theme.dark), weights.hull

    def _paint_map(self, painter: QPainter) -> None:
        centre, radius = self._circle()
        head = QPainterPath()
        head.addEllipse(centre, radius, radius)
        painter.fillPath(head, self.theme.window)
        if self._picture is None:
            return
        corners = [QPointF(centre.x() + x * radius, centre.y() - y * radius) for x, y in self._hull]
        enclosed = QPainterPath()
        enclosed.addPolygon(QPolygonF(corners))
        enclosed.closeSubpath()
        brush = QBrush(self._picture)
        scale = 2 * radius / self._picture.width()
        brush.setTransform(QTransform(scale, 0, 0, scale, centre.x() - radius, centre.y() - radius))
        painter.fillPath(enclosed.intersected(head), brush)

    def _paint_head(self, painter: QPainter) -> None:
        centre, radius = self._circle()
        painter.setPen(QPen(self.theme.faint, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, radius, radius)
        nose = [QPointF(centre.x() + x * radius, centre.y() - y * radius) for x, y in _NOSE]
        painter.drawPolyline(QPolygonF(nose))
        place, half_width, half_height = (value * radius for value in _EAR)
        for side, start in ((-1, 90), (1, -90)):
            x = centre.x() + side * place
            ear = QRectF(x - half_width, centre.y() - half_height, 2 * half_width, 2 * half_height)
            painter.drawArc(ear, start * 16, 180 * 16)
        painter.setPen(self.theme.ink)
        painter.setFont(ui_font(TINY_PX + 2))
        top = QRectF(GRID_PX, 0, self.width() - 2 * GRID_PX, 18)
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "L")
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "R")
        painter.setFont(self.font())

    def _paint_missing(self, painter: QPainter, site: Site) -> None:
        point = self.point_of(site)
        painter.setPen(QPen(self.theme.faint, 1, Qt.PenStyle.DotLine))
        painter.setBrush(self.theme.paper)
        painter.drawEllipse(point, _DOT_PX, _DOT_PX)

    def _paint_site(self, painter: QPainter, number: int, *, is_leading: bool) -> None:
        site, value = self.reading.sites[number], float(self.reading.values[number])
        point, scale = self.point_of(site), self.reading.scale
        radius = _LEADING_DOT_PX if is_leading else _DOT_PX
        if site.ends:
            painter.setPen(QPen(self.theme.muted, 1))
            painter.drawLine(*(self.point_of(end) for end in named_sites(site.ends)))
        line = Qt.PenStyle.DashLine if site.is_estimated else Qt.PenStyle.SolidLine
        painter.setPen(QPen(self.theme.ink, 2 if is_leading else 1, line))
        known = np.isfinite(value)
        painter.setBrush(colour_of(scale.ramp, scale.share(value), dark=self.theme.dark) if known else self.theme.paper)
        painter.drawEllipse(point, radius, radius)

    def _paint_names(self, painter: QPainter, order: Sequence[int]) -> None:
        leading = self.reading.leading
        for site in named_sites(self.reading.missing):
            self._paint_name(painter, self.point_of(site), site.name, self.theme.muted)
        for site in named_sites(sorted({end for one in self.reading.sites for end in one.ends})):
            self._paint_name(painter, self.point_of(site) - QPointF(0, _NAME_PX), site.name, self.theme.muted)
        # Once for each place, by its highest value; the names of all bipolar channels would cover the head.
        named = {site.vector: number for number in order if not (site := self.reading.sites[number]).ends}
        named |= {self.reading.sites[number].vector: number for number in leading[::-1]}
        for vector, number in named.items():
            if vector is not None:
                site, is_leading = self.reading.sites[number], number in leading
                self._paint_name(painter, self.point_of(site), site.electrode, self.theme.ink, strong=is_leading)

    def _paint_name(
        self, painter: QPainter, point: QPointF, name: str, colour: QColor, *, strong: bool = False
    ) -> None:
        font = ui_font(TINY_PX)
        font.setBold(strong)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(name)
        left = min(max(point.x() - width / 2, 1.0), self.width() - width - 1.0)
        box = QRectF(left, point.y() + _DOT_PX + 1, width, _NAME_PX - 1)
        # A halo keeps the name readable on every colour of the map.
        outline = QPainterPath()
        outline.addText(QPointF(left, box.bottom() - 3), font, name)
        painter.strokePath(outline, QPen(with_alpha(self.theme.paper, 0.85), 3))
        painter.fillPath(outline, colour)
