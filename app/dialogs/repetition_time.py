"""Setting by hand how long a volume takes, where the files do not tell it or do not agree."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from app.theme import GRID_PX
from inference.imaging.repetition import LONGEST_TR_S, SHORTEST_TR_S


class RepetitionTimeDialog(QDialog):
    """Asks for the seconds from volume to volume.

    Signals
    -------
    chosen(float) : the TR in seconds.
    """

    chosen = Signal(float)

    def __init__(self, sentence: str, tr_s: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Repetition time (TR)")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(60 * GRID_PX)
        self.sentence = sentence
        text = QLabel(sentence)
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        self.tr = QDoubleSpinBox()
        self.tr.setRange(SHORTEST_TR_S, LONGEST_TR_S)
        self.tr.setDecimals(3)
        self.tr.setValue(tr_s)
        self.tr.setSuffix(" s")
        self.tr.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.tr.setAccessibleName("Seconds from volume to volume")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Open).setText("Open with this TR")
        buttons.accepted.connect(self.finish)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(2 * GRID_PX)
        for part in (text, self.tr, buttons):
            column.addWidget(part)

    @Slot()
    def finish(self) -> None:
        """Tell the TR, and close."""
        self.accept()
        self.chosen.emit(self.tr.value())
