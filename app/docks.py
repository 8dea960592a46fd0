"""The docks beside the traces: how they look, and how much of the window they take."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget

from app.theme import GRID_PX

#: Share of the window's width that the docks take at first: traces keep at least 70 % of the whole.
_SHARE: Final = 0.155
#: Three planes of a brain need more; who asks for them gives up that much of the traces.
_MAP_SHARE: Final = 0.23
_LEAST_PX: Final = 26 * GRID_PX


def add_dock(window: QMainWindow, title: str, panel: QWidget) -> QDockWidget:
    """Put a panel under a heading beside the traces."""
    dock = QDockWidget(title, window)
    dock.setObjectName(title)
    heading = QLabel(title)
    heading.setProperty("role", "heading")
    heading.setContentsMargins(GRID_PX, GRID_PX // 2, GRID_PX, 0)
    dock.setTitleBarWidget(heading)
    dock.setWidget(panel)
    dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    return dock


def dock_width(window_px: int, *, with_map: bool) -> int:
    """Give the width of the docks in a window of some width."""
    return max(_LEAST_PX, round(window_px * (_MAP_SHARE if with_map else _SHARE)))
