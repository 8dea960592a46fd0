"""The command palette: type a few letters of what you want to do."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.shortcuts import ACTIONS, ActionTable, key_text
from app.theme import GRID_PX

_WIDTH_PX = 64 * GRID_PX
_ROWS = 10


class CommandPalette(QDialog):
    """Finds an action that can be taken now and takes it."""

    def __init__(self, actions: ActionTable, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        self._actions = actions
        self._line = QLineEdit()
        self._line.setPlaceholderText("What do you want to do?")
        self._list = QListWidget()
        self._list.setFixedHeight(_ROWS * 3 * GRID_PX)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemClicked.connect(self._take)
        self._line.textChanged.connect(self._search)
        self._line.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        column.addWidget(self._line)
        column.addWidget(self._list)
        self._search("")
        self._line.setFocus()
        self.move(parent.mapToGlobal(parent.rect().center()).x() - _WIDTH_PX // 2, parent.mapToGlobal(parent.pos()).y())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Let the arrow and Return keys speak to the list while the letters go to the line."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self._list.setCurrentRow((self._list.currentRow() + step) % max(1, self._list.count()))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._list.currentItem():
                self._take(self._list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _search(self, text: str) -> None:
        self._list.clear()
        words = text.lower().split()
        for spec in ACTIONS:
            found = all(word in f"{spec.group} {spec.text}".lower() for word in words)
            if found and self._actions[spec.action_id].isEnabled() and spec.action_id != "palette":
                item = QListWidgetItem(f"{spec.text}    {key_text(spec.shortcuts[0])}")
                item.setData(Qt.ItemDataRole.UserRole, spec.action_id)
                self._list.addItem(item)
        self._list.setCurrentRow(0)

    def _take(self, item: QListWidgetItem) -> None:
        action = self._actions[item.data(Qt.ItemDataRole.UserRole)]
        self.close()
        action.trigger()
