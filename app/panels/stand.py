"""What stands in the place of an answer while there is none: why, how far it is, what to do next."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from app.theme import GRID_PX


@dataclass(frozen=True, slots=True)
class Stand:
    """How an answer stands that is not there: a sentence, and a fraction while it is coming (negative if unknown)."""

    sentence: str
    fraction: float | None = None
    is_failure: bool = False


class StandView(QWidget):
    """Shows a stand at the top of an otherwise empty panel."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(self.sentence)
        column.addWidget(self.bar)
        column.addStretch(1)

    def show_stand(self, stand: Stand) -> None:
        """Show how an answer stands."""
        self.sentence.setProperty("role", "error" if stand.is_failure else "muted")
        self.sentence.style().polish(self.sentence)
        self.sentence.setText(stand.sentence)
        self.bar.setVisible(stand.fraction is not None)
        if stand.fraction is not None:
            # Without a range, Qt's bar moves to and fro.
            self.bar.setRange(0, 0 if stand.fraction < 0 else 1000)
            self.bar.setValue(round(1000 * max(stand.fraction, 0.0)))
