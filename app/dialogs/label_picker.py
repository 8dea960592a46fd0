"""Choosing what an event is, with one key."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
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
        self._list.installEventFilter(self)
        heading = QLabel(question)
        heading.setProperty("role", "heading")
        hint = QLabel("Its key, or arrows and Return. Escape leaves all as it is.")
        hint.setProperty("role", "small")
        hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for part in (heading, self._list, hint):
            column.addWidget(part)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take a term by its key."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.text() in self._keys:
            self._finish(self._keys[event.text()])
            return True
        return super().eventFilter(watched, event)

    def _finish(self, term_id: str) -> None:
        self.accept()
        self.picked.emit(term_id)
