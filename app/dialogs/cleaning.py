"""How the signals of the regions are cleaned: each step with its setting, in the order in which it is done."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.theme import GRID_PX
from inference.imaging.confounds import Confounds
from inference.imaging.roi_series import CleaningOptions, RoiSeries

_USUAL = CleaningOptions()
_LOWEST_HZ, _HIGHEST_HZ = 0.001, 0.5


class CleaningDialog(QDialog):
    """Scrubbing, detrending, band, confounds and standardising of a run's regional signals.

    Signals
    -------
    chosen : the `CleaningOptions` that are wanted.
    """

    chosen = Signal(object)

    def __init__(self, series: RoiSeries, tr_s: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("How the regions' signals are cleaned")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(64 * GRID_PX)
        options = series.options
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(2 * GRID_PX)
        self._grid.setVerticalSpacing(GRID_PX)
        self._grid.setColumnStretch(0, 1)
        motion = "" if series.displacement_mm is not None else "motion not known"
        self.scrub, self.scrub_mm = self._step(
            "Leave out volumes with more motion than", options.scrub_above_mm, _USUAL.scrub_above_mm, " mm", motion
        )
        self.scrub_mm.setRange(0.05, 20.0)
        self.scrub_mm.setSingleStep(0.1)
        self.detrend = self._switch("Take out the linear trend", options.detrend)
        self.high_pass, self.high_hz = self._step("Nothing below", options.high_pass_hz, _USUAL.high_pass_hz, " Hz")
        self.low_pass, self.low_hz = self._step("Nothing above", options.low_pass_hz, _USUAL.low_pass_hz, " Hz")
        for spin in (self.high_hz, self.low_hz):
            spin.setRange(_LOWEST_HZ, min(_HIGHEST_HZ, 0.5 / tr_s))
            spin.setSingleStep(0.01)
        self.confounds = self._switch(_name_confounds(series.confounds), options.confounds)
        self.confounds.setEnabled(series.confounds is not None)
        self.standardise = self._switch("Standardise each region (z)", options.standardise)
        self._sentence = QLabel()
        self._sentence.setProperty("role", "error")
        self._sentence.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Apply | QDialogButtonBox.StandardButton.Cancel)
        usual = buttons.addButton("As usual", QDialogButtonBox.ButtonRole.ResetRole)
        apply = buttons.button(QDialogButtonBox.StandardButton.Apply)
        apply.clicked.connect(self.finish)
        buttons.rejected.connect(self.reject)
        usual.clicked.connect(self._set_usual)
        usual.setAutoDefault(False)
        about = QLabel(
            "Holds for lanes, matrix, map and connectivity; the network is given the signals unfiltered, without the "
            "volumes that are left out."
        )
        about.setProperty("role", "muted")
        about.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(about)
        column.addLayout(self._grid)
        column.addWidget(self._sentence)
        column.addWidget(buttons)
        apply.setDefault(True)

    @property
    def options(self) -> CleaningOptions:
        """What is set now."""
        return CleaningOptions(
            detrend=self.detrend.isChecked(),
            high_pass_hz=_value(self.high_pass, self.high_hz),
            low_pass_hz=_value(self.low_pass, self.low_hz),
            standardise=self.standardise.isChecked(),
            confounds=self.confounds.isChecked(),
            scrub_above_mm=_value(self.scrub, self.scrub_mm),
        )

    @Slot()
    def finish(self) -> None:
        """Tell what is wanted, and close; a band without room stays with a sentence."""
        options = self.options
        low_hz, high_hz = options.low_pass_hz, options.high_pass_hz
        if low_hz is not None and high_hz is not None and low_hz <= high_hz:
            self._sentence.setText(f"Nothing lies below {low_hz:g} Hz and above {high_hz:g} Hz.")
            return
        self.accept()
        self.chosen.emit(options)

    def _switch(self, text: str, on: bool) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(on)
        self._grid.addWidget(box, self._grid.rowCount(), 0, 1, 2)
        return box

    def _step(
        self, text: str, value: float | None, usual: float | None, unit: str, why_not: str = ""
    ) -> tuple[QCheckBox, QDoubleSpinBox]:
        box, spin = QCheckBox(f"{text} ({why_not})" if why_not else text), QDoubleSpinBox()
        spin.setDecimals(3)
        spin.setSuffix(unit)
        spin.setAccessibleName(text)
        spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        box.toggled.connect(spin.setEnabled)
        row = self._grid.rowCount()
        self._grid.addWidget(box, row, 0)
        self._grid.addWidget(spin, row, 1)
        spin.setValue((value if value is not None else usual) or 0.0)
        box.setChecked(value is not None)
        spin.setEnabled(value is not None and not why_not)
        box.setEnabled(not why_not)
        return box, spin

    @Slot()
    def _set_usual(self) -> None:
        usual = _USUAL
        pairs = ((self.high_pass, self.high_hz, usual.high_pass_hz), (self.low_pass, self.low_hz, usual.low_pass_hz))
        for box, spin, value in (*pairs, (self.scrub, self.scrub_mm, usual.scrub_above_mm)):
            box.setChecked(value is not None)
            spin.setValue(value or 0.0)
        self.detrend.setChecked(usual.detrend)
        self.confounds.setChecked(usual.confounds)
        self.standardise.setChecked(usual.standardise)


def _value(box: QCheckBox, spin: QDoubleSpinBox) -> float | None:
    return spin.value() if box.isChecked() else None


def _name_confounds(confounds: Confounds | None) -> str:
    if confounds is None:
        return "Take out confounds (none lie beside the run)"
    return f"Take out the {len(confounds.names)} confounds of {confounds.path.name}"
