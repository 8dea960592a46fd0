"""What stands in the place of the map while there is none: why, and what to do next."""

from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.fmri.run import FmriPhase, FmriRun
from app.theme import GRID_PX
from inference.imaging.repetition import LONGEST_TR_S, SHORTEST_TR_S

USUAL_TR_S: Final = 2.0


class MapMessage(QWidget):
    """One sentence with a bar while a run is opened, and else with buttons that lead on.

    Signals
    -------
    open_asked : the reader wants to name a run. ``tr_chosen`` : seconds a volume takes.
    """

    open_asked = Signal()
    tr_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.open = QPushButton("Open fMRI …")
        self.tr = QDoubleSpinBox()
        self.tr.setRange(SHORTEST_TR_S, LONGEST_TR_S)
        self.tr.setDecimals(3)
        self.tr.setValue(USUAL_TR_S)
        self.tr.setSuffix(" s")
        self.tr.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.tr.setAccessibleName("Seconds from volume to volume")
        self.use_tr = QPushButton("Open with this TR")
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        column.setSpacing(GRID_PX)
        row = QHBoxLayout()
        row.addWidget(self.tr)
        row.addWidget(self.use_tr)
        row.addStretch(1)
        column.addWidget(self.sentence)
        column.addWidget(self.bar)
        column.addLayout(row)
        column.addWidget(self.open, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.open.clicked.connect(self.open_asked)
        self.use_tr.clicked.connect(self._choose_tr)

    def show_run(self, run: FmriRun | None) -> None:
        """Say how a run stands that is not open."""
        phase = FmriPhase.NONE if run is None else run.phase
        sentence = "No fMRI lies beside this recording."
        if run is not None and phase is not FmriPhase.NONE:
            sentence = f"{run.sentence} …" if phase is FmriPhase.OPENING else run.sentence
        self.sentence.setProperty("role", "error" if phase is FmriPhase.FAILED else "muted")
        self.sentence.style().polish(self.sentence)
        self.sentence.setText(sentence)
        self.bar.setVisible(phase is FmriPhase.OPENING)
        self.bar.setValue(0 if run is None else round(1000 * run.fraction))
        self.open.setVisible(phase is not FmriPhase.OPENING)
        for widget in (self.tr, self.use_tr):
            widget.setVisible(run is not None and run.needs_tr)

    @Slot()
    def _choose_tr(self) -> None:
        self.tr_chosen.emit(self.tr.value())
