"""Choosing what an event is, with one key."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from app.dialogs.choice_list import ROW_PX, ChoiceList
from app.theme import GRID_PX
from inference.labels.vocabulary import load_vocabulary

_WIDTH_PX = 40 * GRID_PX


class LabelPicker(QDialog):
    """The terms of the vocabulary; the key beside a term takes it at once.

    Signals
    -------
    picked : id of the chosen term.
    """

    picked = Signal(str)

    def __init__(self, question: str, current: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(question)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        terms = load_vocabulary().terms
        self._keys = {term.key: term.term_id for term in terms if term.key}
        self._list = ChoiceList()
        for term in terms:
            self._list.add_choice(term.term_id, term.name, term.key, term.description)
        self._list.choose(current)
        self._list.setFixedHeight(len(terms) * ROW_PX)
        self._list.taken.connect(self._finish)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        heading = QLabel(question)
        heading.setProperty("role", "heading")
        hint = QLabel("A key, or arrows and Return; Escape cancels.")
        hint.setProperty("role", "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for part in (heading, self._list, hint):
            column.addWidget(part)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Take a term by its key, or go through the terms with the arrows."""
        if event.text() in self._keys:
            self._finish(self._keys[event.text()])
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._list.move_by(1 if event.key() == Qt.Key.Key_Down else -1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._list.take_current()
        else:
            super().keyPressEvent(event)

    def _finish(self, term_id: str) -> None:
        self.accept()
        self.picked.emit(term_id)
