"""Choosing one of a few things."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from app.dialogs.choice_list import ROW_PX, ChoiceList
from app.theme import GRID_PX

_WIDTH_PX = 48 * GRID_PX
_MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen, a sentence about it, and the key that takes it."""

    choice_id: str
    text: str
    about: str = ""
    key: str = ""


def numbered(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Give the first nine of these choices their numbers as keys."""
    return tuple(replace(choice, key=str(number) if number < 10 else "") for number, choice in enumerate(choices, 1))


class ChoiceDialog(QDialog):
    """A question above a list, answered with the key beside a choice, the arrows and Return, or the mouse.

    Signals
    -------
    picked : id of what was chosen.
    """

    picked = Signal(str)

    def __init__(self, question: str, choices: Sequence[Choice], parent: QWidget, current: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(question)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        self._keys = {choice.key: choice.choice_id for choice in choices if choice.key}
        self._list = ChoiceList()
        for choice in choices:
            self._list.add_choice(choice.choice_id, choice.text, choice.key, choice.about)
        self._list.choose(current)
        self._list.setFixedHeight(min(len(choices), _MOST_ROWS) * ROW_PX)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.taken.connect(self._finish)
        heading = QLabel(question)
        heading.setProperty("role", "heading")
        heading.setWordWrap(True)
        hint = QLabel("A key, or arrows and Return; Escape cancels.")
        hint.setProperty("role", "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for part in (heading, self._list, hint):
            column.addWidget(part)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Take a choice by its key, or go through them with the arrows."""
        if event.text() in self._keys:
            self._finish(self._keys[event.text()])
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._list.move_by(1 if event.key() == Qt.Key.Key_Down else -1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._list.take_current()
        else:
            super().keyPressEvent(event)

    def _finish(self, choice_id: str) -> None:
        self.accept()
        self.picked.emit(choice_id)
