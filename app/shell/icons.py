"""Line icons (Lucide, ISC licence) drawn in the colour of the theme."""

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resources import FOLDER

#: Device pixels that one icon is drawn at, for screens of ordinary, doubled and tripled density.
_SIZES_PX = (16, 20, 24, 32, 48, 64)


def icon(name: str, colour: QColor, disabled: QColor | None = None) -> QIcon:
    """Draw one icon of ``resources/icons`` in a colour, and in another where it cannot be pressed."""
    result = QIcon()
    for size_px in _SIZES_PX:
        result.addPixmap(_pixmap(name, colour.name(), size_px))
        if disabled is not None:
            result.addPixmap(_pixmap(name, disabled.name(), size_px), QIcon.Mode.Disabled)
    return result


def _pixmap(name: str, colour: str, size_px: int) -> QPixmap:
    drawing = (FOLDER / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(drawing.replace("currentColor", colour).encode()))
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        renderer.render(painter, QRectF(0, 0, size_px, size_px))
    return pixmap
