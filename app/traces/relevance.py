"""What spoke for an event and against it, painted behind the ink of the traces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QLinearGradient, QPainter, QPen

from app.traces.geometry import PageGeometry, Row
from app.traces.palette import TracePalette
from inference.recordings.recording import ChannelKind
from inference.signals.montages import Derivation

#: A derivation is what it is because of channels with at least this weight; a mean of neighbours has less of each.
_ACTIVE_WEIGHT: Final = 0.5
#: The strongest colour still lets the ink through.
_DEEPEST: Final = 0.9
_LEGEND_PX: Final = (240.0, 56.0)
_MARGIN_PX: Final = 8.0
_STRIP_PX: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class RelevanceLayer:
    """Signed relevance of channels over the window that is explained.

    Attributes
    ----------
    by_channel : index of a recorded channel -> (n,) relevance, positive for the event, evenly spaced over the window.
    onset_s, duration_s : the window.
    limit : the relevance that is painted deepest.
    title : what it is the relevance for, and by which method; ``unit`` is that of the numbers.
    origin : which network was asked, and what it learned from.
    opacity : 0 to 1.
    """

    by_channel: Mapping[int, NDArray[np.float32]]
    onset_s: float
    duration_s: float
    limit: float
    title: str
    unit: str
    origin: str
    opacity: float = 0.7

    @property
    def end_s(self) -> float:
        """End of the window."""
        return self.onset_s + self.duration_s

    def of_trace(self, derivation: Derivation) -> NDArray[np.float32] | None:
        """Give the relevance of a trace, the mean of the channels that it is made of; None where none is known."""
        parts = [
            self.by_channel[index]
            for index, weight in derivation.terms
            if abs(weight) >= _ACTIVE_WEIGHT and index in self.by_channel
        ]
        return np.mean(parts, axis=0, dtype=np.float32) if parts else None

    def faded(self, opacity: float) -> "RelevanceLayer":
        """Give the same at another opacity."""
        return replace(self, opacity=opacity)


class RelevancePainter:
    """Paints a layer from one picture of it, made anew when the layer or the layout of the page is another."""

    def __init__(self) -> None:
        self.layer: RelevanceLayer | None = None
        self._made_for: tuple[object, ...] = ()
        self._behind, self._over = QImage(), QImage()

    def covers(self, start_s: float, end_s: float) -> bool:
        """Tell whether a stretch is painted, so that nothing else need colour it."""
        layer = self.layer
        return layer is not None and layer.onset_s < end_s and layer.end_s > start_s

    def paint(
        self,
        painter: QPainter,
        page: PageGeometry,
        rows: Sequence[Row],
        traces: Sequence[Derivation],
        palette: TracePalette,
    ) -> None:
        """Paint the layer so that the ink stays as it is: paper takes the colour, what is drawn on it does not."""
        layer = self.layer
        if layer is None or layer.end_s <= page.position_s or layer.onset_s >= page.end_s:
            return
        left, right = page.x_of(layer.onset_s), page.x_of(layer.end_s)
        made_for = (layer, palette, tuple(rows), tuple(traces), right - left)
        if made_for != self._made_for:
            self._made_for = made_for
            self._behind, self._over = _make_pictures(layer, rows, traces, palette, round(right - left))
        top_left = QPointF(left, page.top - page.scroll_px)
        painter.save()
        mode = QPainter.CompositionMode
        painter.setCompositionMode(mode.CompositionMode_Screen if _is_dark(palette) else mode.CompositionMode_Multiply)
        painter.drawImage(top_left, self._behind)
        painter.restore()
        painter.drawImage(top_left, self._over)
        painter.setPen(QPen(QColor(palette.muted), 0, Qt.PenStyle.DotLine))
        for x in (left, right):
            painter.drawLine(QPointF(x, page.top), QPointF(x, page.bottom))

    def paint_legend(self, painter: QPainter, page: PageGeometry, palette: TracePalette) -> None:
        """Say what the colours mean, in the corner that the window leaves free."""
        layer = self.layer
        if layer is None or not self.covers(page.position_s, page.end_s):
            return
        width, height = _LEGEND_PX
        is_right = (layer.onset_s + layer.end_s) / 2 > (page.position_s + page.end_s) / 2
        left = page.left + _MARGIN_PX if is_right else page.right - width - _MARGIN_PX
        box = QRectF(left, page.bottom - height - _MARGIN_PX, width, height)
        painter.setPen(QPen(QColor(palette.grid_strong), 0))
        painter.setBrush(QColor(palette.paper))
        painter.drawRoundedRect(box, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inner = box.adjusted(_MARGIN_PX, 3, -_MARGIN_PX, -3)
        bar = QRectF(inner.left(), inner.top() + 30, inner.width(), 5)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            shades.setColorAt(share, _shade(2 * share - 1, layer.opacity, palette))
        painter.fillRect(bar, QColor(palette.paper))
        painter.fillRect(bar, shades)
        flags = Qt.AlignmentFlag
        metrics = QFontMetricsF(painter.font())
        for number, (line, colour) in enumerate(((layer.title, palette.label), (layer.origin, palette.muted))):
            painter.setPen(QColor(colour))
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, inner.width())
            place = QRectF(inner.left(), inner.top() - 1 + 15 * number, inner.width(), 15)
            painter.drawText(place, flags.AlignVCenter, text)
        below = QRectF(inner.left(), bar.bottom() + 1, inner.width(), 14)
        painter.setPen(QColor(palette.muted))
        painter.drawText(below, flags.AlignVCenter | flags.AlignLeft, f"−{layer.limit:.2g} against")
        painter.drawText(below, flags.AlignVCenter | flags.AlignHCenter, "0")
        painter.drawText(below, flags.AlignVCenter | flags.AlignRight, f"for +{layer.limit:.2g} {layer.unit}")


def _make_pictures(
    layer: RelevanceLayer, rows: Sequence[Row], traces: Sequence[Derivation], palette: TracePalette, width: int
) -> tuple[QImage, QImage]:
    """Paint every row's relevance once, as wide as the window on the page and as high as all rows.

    Returns
    -------
    what lies behind the ink, and what lies over it: a burst of a muscle leaves no paper to be seen, so a strip below it
    tells the same.
    """
    height = round(max((row.centre_px + row.height_px for row in rows), default=1.0))
    pictures = tuple(QImage(max(width, 1), height, QImage.Format.Format_ARGB32_Premultiplied) for _ in range(2))
    behind, over = pictures
    for picture in pictures:
        picture.fill(Qt.GlobalColor.transparent)
    with QPainter(behind) as painter, QPainter(over) as upper:
        # Never smoothed: half a second that a method looked at as a whole has hard edges.
        for row, derivation in zip(rows, traces, strict=True):
            relevance = layer.of_trace(derivation)
            if relevance is not None:
                strip = _strip(relevance / layer.limit, layer.opacity, palette)
                top, bottom = row.centre_px - row.height_px / 2, row.centre_px + row.height_px / 2
                painter.drawImage(QRectF(0, top, width, row.height_px), strip)
                if row.kind is ChannelKind.EMG:
                    upper.drawImage(QRectF(0, bottom - _STRIP_PX, width, _STRIP_PX), strip)
    return behind, over


def _strip(shares: NDArray[np.floating], opacity: float, palette: TracePalette) -> QImage:
    """Give one pixel for each share, -1 to 1, of the limit."""
    strip = QImage(len(shares), 1, QImage.Format.Format_ARGB32_Premultiplied)
    for column, share in enumerate(shares):
        strip.setPixelColor(column, 0, _shade(float(share), opacity, palette))
    return strip


def _shade(share: float, opacity: float, palette: TracePalette) -> QColor:
    """Give the colour of a share, -1 to 1: vermilion for, blue against, and nothing at all for nothing."""
    colour = QColor(palette.speaks_for if share > 0 else palette.speaks_against)
    colour.setAlphaF(min(abs(share), 1.0) * opacity * _DEEPEST)
    return colour


def _is_dark(palette: TracePalette) -> bool:
    return QColor(palette.paper).lightnessF() < 0.5
