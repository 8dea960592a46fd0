"""What the window asks of a part that adds something to it."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.shortcuts import Needs
from app.theme import Theme


class Feature(QObject):
    """A part that answers to actions and may bring panels: it knows the session and the page, and no other part.

    Every action of the table belongs to one feature or to the window itself. Lives in the GUI thread.
    """

    def handlers(self) -> Mapping[str, Callable[..., object]]:
        """Give what each of its actions does."""
        return {}

    def panels(self) -> Mapping[str, tuple[str, QWidget]]:
        """Give heading and widget of each panel, by the action that shows it."""
        return {}

    def turn_panel(self, action_id: str, in_front: bool) -> None:
        """Take note that one of its panels can be seen now, or no longer: folded away or behind another."""

    def available(self) -> Needs:
        """Tell which of the needs of actions it meets just now."""
        return Needs.NOTHING

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme what is its own."""

    def let_go(self) -> None:
        """Leave what the reader had taken hold of in it."""

    def close(self) -> None:
        """End every thread that it started."""
