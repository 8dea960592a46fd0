"""The docks beside the traces: how they look, and how they share what the traces leave them."""

from collections.abc import Iterator, Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget

from app.theme import GRID_PX

#: Share of the window's width that the docks take at first: traces keep at least 70 % of the whole.
_SHARE: Final = 0.155
#: Three planes of a brain need more; who asks for them gives up that much of the traces.
_MAP_SHARE: Final = 0.23
_LEAST_PX: Final = 26 * GRID_PX
_WIDE: Final = frozenset({"roi-map_panel"})


class Docks:
    """A dock for each panel, by the action that shows it."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._docks)

    def add(self, panels: Mapping[str, tuple[str, QWidget]]) -> None:
        """Put panels under their headings beside the traces."""
        for action_id, (title, panel) in panels.items():
            self._docks[action_id] = _make_dock(self._window, title, panel)

    def arrange(self, shown: frozenset[str]) -> None:
        """Show these docks, hide the others, and share the width."""
        for action_id, dock in self._docks.items():
            dock.setVisible(action_id in shown)
        share = _MAP_SHARE if shown & _WIDE else _SHARE
        width_px = max(_LEAST_PX, round(self._window.width() * share))
        docks = list(self._docks.values())
        self._window.resizeDocks(docks, [width_px] * len(docks), Qt.Orientation.Horizontal)


def _make_dock(window: QMainWindow, title: str, panel: QWidget) -> QDockWidget:
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
