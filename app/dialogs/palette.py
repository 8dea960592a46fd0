"""The command palette: type a few letters of what you want to do."""

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.dialogs.choice_list import ROW_PX, ChoiceList
from app.shortcuts import ACTIONS, ActionTable, key_text
from app.theme import GRID_PX

_WIDTH_PX = 64 * GRID_PX
_N_ROWS = 12


class CommandPalette(QDialog):
    """Finds an action that can be taken now and takes it; ``found`` are the ids of those that fit what was typed."""

    def __init__(self, actions: ActionTable, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        self._actions = actions
        self._line = QLineEdit()
        self._line.setPlaceholderText("What do you want to do?")
        self._list = ChoiceList()
        self._list.setFixedHeight(_N_ROWS * ROW_PX)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.taken.connect(self.take)
        self._line.textChanged.connect(self.search)
        self._line.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(self._line)
        column.addWidget(self._list)
        self.search("")
        self._line.setFocus()
        self.move(parent.mapToGlobal(QPoint((parent.width() - _WIDTH_PX) // 2, 6 * GRID_PX)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Let the arrow and Return keys speak to the list while the letters go to the line."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._list.move_by(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._list.take_current()
                return True
        return super().eventFilter(watched, event)

    def search(self, text: str) -> None:
        """List the actions that hold all these words, in any order."""
        self._list.clear()
        self.found: list[str] = []
        words = text.lower().split()
        for spec in ACTIONS:
            fits = all(word in f"{spec.group} {spec.text}".lower() for word in words)
            if fits and self._actions[spec.action_id].isEnabled() and spec.action_id != "palette":
                self.found.append(spec.action_id)
                self._list.add_choice(spec.action_id, spec.text, key_text(spec.shortcuts[0]), spec.group)
        self._list.choose("")

    def take(self, action_id: str) -> None:
        """Close, and take an action."""
        action = self._actions[action_id]
        self.close()
        action.trigger()
