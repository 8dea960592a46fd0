"""Choosing one of several studies that a folder, or a recording with several runs of fMRI, may stand for."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from app.dialogs.choice_list import ROW_PX, ChoiceList
from app.fmri.opening import StudyFiles
from app.theme import GRID_PX

_MOST_ROWS = 16


class StudiesDialog(QDialog):
    """A list of recordings, each with the run of fMRI that is opened with it.

    Signals
    -------
    chosen : the `StudyFiles` that were taken.
    """

    chosen = Signal(object)

    def __init__(self, studies: Sequence[StudyFiles], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open which of these?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._studies = tuple(studies)
        about = QLabel(f"{len(studies)} studies are here. Each recording stands before the run that is shown with it.")
        about.setProperty("role", "muted")
        about.setWordWrap(True)
        self.choices = ChoiceList()
        for number, study in enumerate(self._studies):
            run = "" if study.fmri in (None, study.recording) else study.fmri.name
            self.choices.add_choice(str(number), study.recording.name, run, str(study.recording))
        self.choices.choose("0")
        self.choices.taken.connect(self._take)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.choices.take_current)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(about)
        column.addWidget(self.choices, 1)
        column.addWidget(buttons)
        n_rows = min(_MOST_ROWS, len(studies))
        self.resize(QSize(96 * GRID_PX, (n_rows + 1) * ROW_PX + 14 * GRID_PX))

    @Slot(str)
    def _take(self, number: str) -> None:
        self.accept()
        self.chosen.emit(self._studies[int(number)])
