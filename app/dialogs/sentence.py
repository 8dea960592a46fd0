"""One sentence and a button: how the window tells that something could not be done."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.shell.icons import icon
from app.theme import GRID_PX, Theme

_WIDTH_PX = 60 * GRID_PX


class SentenceDialog(QDialog):
    """Says one sentence; the window behind it lives on."""

    def __init__(self, title: str, sentence: str, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDTH_PX)
        self.sentence = sentence
        sign = QLabel()
        sign.setPixmap(icon("triangle-alert", theme.warning).pixmap(24, 24))
        sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        text = QLabel(sentence)
        text.setProperty("role", "sentence")
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignTop)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        above = QHBoxLayout()
        above.setSpacing(2 * GRID_PX)
        above.addWidget(sign)
        above.addWidget(text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * GRID_PX, 3 * GRID_PX, 3 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(3 * GRID_PX)
        column.addLayout(above)
        column.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight)
