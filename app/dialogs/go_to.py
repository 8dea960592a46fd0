"""Going to a time that the reader types."""

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.theme import GRID_PX
from app.times import elapsed_text, parse_time


class GoToDialog(QDialog):
    """One line for a time.

    Signals
    -------
    chosen : seconds from the start of the recording.
    """

    chosen = Signal(float)

    def __init__(self, start: datetime | None, duration_s: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Go to time")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(44 * GRID_PX)
        self._start, self._duration_s = start, duration_s
        self._line = QLineEdit()
        self._line.setPlaceholderText("12:34 from the start" if start is None else "12:34 from the start, or 22:14:03")
        self._line.returnPressed.connect(self._finish)
        self._hint = QLabel(f"The recording lasts {elapsed_text(duration_s, 0)}.")
        self._hint.setProperty("role", "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(self._line)
        column.addWidget(self._hint)

    def _finish(self) -> None:
        time_s = parse_time(self._line.text(), self._start, self._duration_s)
        if time_s is None:
            self._hint.setText(f"No such time in this recording of {elapsed_text(self._duration_s, 0)}.")
            return
        self.accept()
        self.chosen.emit(time_s)
