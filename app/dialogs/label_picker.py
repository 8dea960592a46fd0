"""Choosing what an event is, with one key."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.theme import GRID_PX
from inference.labels.vocabulary import load_vocabulary

_WIDTH_PX = 36 * GRID_PX


class LabelPicker(QDialog):
    """The terms of the vocabulary; the key before a term takes it at once.

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
        self._list = QListWidget()
        terms = load_vocabulary().terms
        for term in terms:
            item = QListWidgetItem(f"{term.key or ' '}\u2003{term.name}")
            item.setData(Qt.ItemDataRole.UserRole, term.term_id)
            item.setToolTip(term.description)
            self._list.addItem(item)
            if term.term_id == current:
                self._list.setCurrentItem(item)
        if self._list.currentRow() < 0:
            self._list.setCurrentRow(0)
        self._keys = {term.key: term.term_id for term in terms if term.key}
        self._list.setFixedHeight(len(terms) * 3 * GRID_PX)
        self._list.itemActivated.connect(self._take)
        self._list.itemClicked.connect(self._take)
        self._list.installEventFilter(self)
        hint = QLabel("Number key, or arrows and Return. Escape leaves it as it is.")
        hint.setProperty("role", "small")
        hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(self._list)
        column.addWidget(hint)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take a term by its key."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.text() in self._keys:
            self._finish(self._keys[event.text()])
            return True
        return super().eventFilter(watched, event)

    def _take(self, item: QListWidgetItem) -> None:
        self._finish(item.data(Qt.ItemDataRole.UserRole))

    def _finish(self, term_id: str) -> None:
        self.accept()
        self.picked.emit(term_id)
