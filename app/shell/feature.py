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

    def available(self) -> Needs:
        """Tell which of the needs of actions it meets just now."""
        return Needs.NOTHING

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme what is its own."""

    def close(self) -> None:
        """End every thread that it started."""
