"""What this program is, and what it is not."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from app.theme import GRID_PX

_TEXT = (
    "Reads paediatric EEG with EMG and shows what a network found in it, for a person to judge.",
    "Its networks were trained on simulated data and are not clinically validated: it is no medical device, and no "
    "decision about a patient may rest on it.",
    "Letters: IBM Plex Sans (SIL Open Font License 1.1). Icons: Lucide (ISC). Window: Qt through PySide6 (LGPL 3).",
)


class AboutDialog(QDialog):
    """Name, version, purpose and thanks."""

    def __init__(self, version: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Spasmlens")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(60 * GRID_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * GRID_PX, 3 * GRID_PX, 3 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(2 * GRID_PX)
        title = QLabel("Spasmlens")
        title.setProperty("role", "title")
        column.addWidget(title)
        for sentence in (f"Version {version}", *_TEXT):
            label = QLabel(sentence)
            label.setWordWrap(True)
            label.setProperty("role", "muted")
            column.addWidget(label)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        column.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight)
