"""What is on the screen while the program itself is still being loaded."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QSplashScreen

from app.theme import GRID_PX, THEMES, apply_theme, ui_font

_WIDTH_PX, _HEIGHT_PX = 48 * GRID_PX, 20 * GRID_PX


def show_splash(application: QApplication, theme_name: str) -> QSplashScreen:
    """Show a small sheet with the program's name."""
    theme = THEMES.get(theme_name, THEMES["light"])
    apply_theme(application, theme)
    ratio = application.devicePixelRatio()
    sheet = QPixmap(round(_WIDTH_PX * ratio), round(_HEIGHT_PX * ratio))
    sheet.setDevicePixelRatio(ratio)
    sheet.fill(theme.paper)
    with QPainter(sheet) as painter:
        painter.setPen(theme.line)
        painter.drawRect(QRect(0, 0, _WIDTH_PX - 1, _HEIGHT_PX - 1))
        inner = QRect(4 * GRID_PX, 6 * GRID_PX, _WIDTH_PX - 8 * GRID_PX, 8 * GRID_PX)
        painter.setPen(theme.ink)
        painter.setFont(ui_font(24, QFont.Weight.DemiBold))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, "Spasmlens")
        painter.setPen(theme.muted)
        painter.setFont(ui_font())
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom, "starting …")
    splash = QSplashScreen(sheet)
    splash.show()
    application.processEvents()
    return splash
