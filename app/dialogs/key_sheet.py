"""The F1 sheet: every action and its keys on one page, made from the table of actions."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.shortcuts import ACTIONS, GROUPS, key_text
from app.theme import GRID_PX

#: Which groups stand in which column, so that the columns are about equally long.
_COLUMNS = (("File", "Navigate", "Analysis", "Help"), ("Events",), ("Signals", "View"), ("Sleep", "fMRI"))


class KeySheet(QDialog):
    """All keys, by group."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("All keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.action_ids: list[str] = []
        sheet = QWidget()
        row = QHBoxLayout(sheet)
        row.setContentsMargins(3 * GRID_PX, 3 * GRID_PX, 3 * GRID_PX, 3 * GRID_PX)
        row.setSpacing(5 * GRID_PX)
        assert sorted(name for column in _COLUMNS for name in column) == sorted(GROUPS)
        for groups in _COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(2 * GRID_PX)
            for group in groups:
                column.addLayout(self._make_group(group))
            column.addStretch(1)
            row.addLayout(column)
        # On a small screen the whole sheet has no room.
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(sheet)
        QHBoxLayout(self).addWidget(scroll)
        self.layout().setContentsMargins(0, 0, 0, 0)
        room = parent.window().size() if parent.window().isVisible() else sheet.sizeHint()
        self.resize((sheet.sizeHint() + QSize(2 * GRID_PX, 2 * GRID_PX)).boundedTo(room))

    def _make_group(self, group: str) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GRID_PX)
        grid.setVerticalSpacing(4)
        heading = QLabel(group)
        heading.setProperty("role", "heading")
        grid.addWidget(heading, 0, 0, 1, 2)
        for line, spec in enumerate((spec for spec in ACTIONS if spec.group == group), start=1):
            keys = QHBoxLayout()
            keys.setSpacing(4)
            for shortcut in dict.fromkeys(key_text(shortcut) for shortcut in spec.shortcuts):
                cap = QLabel(shortcut)
                cap.setProperty("role", "key")
                keys.addWidget(cap)
            keys.addStretch(1)
            grid.addWidget(QLabel(spec.text.rstrip(" …")), line, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addLayout(keys, line, 1)
            self.action_ids.append(spec.action_id)
        grid.setColumnStretch(0, 1)
        return grid
