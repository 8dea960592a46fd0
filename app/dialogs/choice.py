"""Choosing one of a few things."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from app.dialogs.choice_list import ROW_PX, ChoiceList
from app.theme import GRID_PX

_WIDTH_PX = 48 * GRID_PX
_MOST_ROWS = 16


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen, and a sentence about it."""

    choice_id: str
    text: str
    about: str = ""


class ChoiceDialog(QDialog):
    """A question above a list, answered with the arrows and Return, the number beside a choice, or the mouse.

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
        self._keys = {str(number): choice.choice_id for number, choice in enumerate(choices[:9], 1)}
        self._list = ChoiceList()
        for number, choice in enumerate(choices, 1):
            self._list.add_choice(choice.choice_id, choice.text, str(number) if number < 10 else "", choice.about)
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
        """Take a choice by its number, or go through them with the arrows."""
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
