"""The docks beside the traces: how they look, and how they share what the traces leave them."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QTabBar, QTabWidget, QWidget

from app.theme import GRID_PX

#: Share of the window's width that the docks take at first: traces keep at least 70 % of the whole.
_SHARE: Final = 0.155
#: Three planes of a brain or a sheet of figures need more; who asks for them gives up that much of the traces.
_MAP_SHARE: Final = 0.23
_LEAST_PX: Final = 26 * GRID_PX
_WIDE: Final = frozenset({"roi-map_panel", "report_panel"})
#: Stands above the others, which share what is below it as tabs: the reader works through it all the time.
_ABOVE: Final = "events_panel"
#: Share of the height that it keeps where there is something below it.
_ABOVE_SHARE: Final = 0.34


class Docks:
    """A dock for each panel, by the action that shows it."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        self._shown: frozenset[str] = frozenset()
        window.setTabPosition(Qt.DockWidgetArea.RightDockWidgetArea, QTabWidget.TabPosition.North)

    def __iter__(self) -> Iterator[str]:
        return iter(self._docks)

    def add(self, panels: Mapping[str, tuple[str, QWidget]], turned: Callable[[str, bool], None] | None = None) -> None:
        """Put panels under their headings beside the traces; ``turned`` is told when one can be seen or no longer."""
        for action_id, (title, panel) in panels.items():
            dock = _make_dock(self._window, title, panel)
            below = self._below
            if action_id != _ABOVE and below:
                self._window.tabifyDockWidget(below[-1], dock)
            self._docks[action_id] = dock
            if turned is not None:
                dock.visibilityChanged.connect(partial(turned, action_id))

    def arrange(self, shown: frozenset[str]) -> None:
        """Show these docks, what is new in front, hide the others, and share the room."""
        for action_id, dock in self._docks.items():
            dock.setVisible(action_id in shown)
            if action_id in shown - self._shown:
                dock.raise_()
        below = shown - {_ABOVE}
        for dock in self._below:
            # The tab is heading enough.
            heading = dock.titleBarWidget()
            assert isinstance(heading, _Heading)
            heading.fold(len(below) > 1)
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            # Names cut down to their first letters would tell nothing.
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._shown = shown
        share = _MAP_SHARE if shown & _WIDE else _SHARE
        width_px = max(_LEAST_PX, round(self._window.width() * share))
        docks = list(self._docks.values())
        self._window.resizeDocks(docks, [width_px] * len(docks), Qt.Orientation.Horizontal)
        if _ABOVE in shown and below:
            height_px = self._window.height()
            two = [self._docks[_ABOVE], self._docks[min(below)]]
            shares = (_ABOVE_SHARE, 1 - _ABOVE_SHARE)
            self._window.resizeDocks(two, [round(share * height_px) for share in shares], Qt.Orientation.Vertical)

    @property
    def _below(self) -> list[QDockWidget]:
        return [dock for action_id, dock in self._docks.items() if action_id != _ABOVE]


class _Heading(QLabel):
    """The name of a dock above it, which folds away where a tab says the same."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._is_folded = False
        self.setProperty("role", "heading")
        self.setContentsMargins(GRID_PX, GRID_PX // 2, GRID_PX, 0)

    def fold(self, folded: bool) -> None:
        """Take no room, or as much as the name needs."""
        if folded != self._is_folded:
            self._is_folded = folded
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Give the room of the name; a dock asks for this whatever the widget's limits are."""
        return QSize(0, 0) if self._is_folded else super().sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Give the same."""
        return self.sizeHint()


def _make_dock(window: QMainWindow, title: str, panel: QWidget) -> QDockWidget:
    dock = QDockWidget(title, window)
    dock.setObjectName(title)
    dock.setTitleBarWidget(_Heading(title))
    dock.setWidget(panel)
    dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    return dock
