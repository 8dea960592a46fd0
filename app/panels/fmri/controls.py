"""What a reader sets below the map: what is shown, its range and threshold, the lag and the offset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QPushButton, QWidget

from app.panels.fmri.colours import Scale
from app.panels.fmri.frames import Source
from app.panels.fmri.scale_bar import ScaleBar
from app.theme import GRID_PX, Theme

_MOST_LAG_S: Final = 20.0
_MOST_OFFSET_S: Final = 1e6


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as the reader sees it: its name, its unit, and the scale that it begins with."""

    name: str
    unit: str
    scale: Scale
    most: float
    step: float


SOURCES: Final[Mapping[Source, SourceSpec]] = {
    Source.VOXELS: SourceSpec("Each voxel against its mean", "z", Scale(4.0, 1.5), 20.0, 0.5),
    Source.REGIONS: SourceSpec("Each region, cleaned", "z", Scale(3.0, 0.5), 20.0, 0.5),
    Source.PERCENT: SourceSpec("Each region, as measured", "%", Scale(2.0, 0.2), 100.0, 0.2),
    Source.CONNECTIVITY: SourceSpec("Connectivity of the region", "r", Scale(1.0, 0.3), 1.0, 0.1),
    Source.RELEVANCE: SourceSpec("What the stage rests on", "log odds", Scale(1.0, 0.2), 20.0, 0.2),
}


class MapControls(QWidget):
    """Two rows of settings with the scale between them.

    Signals
    -------
    source_chosen : a `Source`. ``scale_changed`` : the scale of the current source is another.
    lag_chosen : seconds. ``offset_chosen`` : seconds, or None for where the files place the run.

    Lives in the GUI thread.
    """

    source_chosen = Signal(object)
    scale_changed = Signal()
    lag_chosen = Signal(float)
    offset_chosen = Signal(object)

    def __init__(self, theme: Theme, lag_s: float) -> None:
        super().__init__()
        self._scales = {source: spec.scale for source, spec in SOURCES.items()}
        self.source = Source.VOXELS
        self._box = QComboBox()
        self._box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for source, spec in SOURCES.items():
            self._box.addItem(spec.name, source)
        self._limit = _spin("Range of the colours, up and down", "± ")
        self._threshold = _spin("Below this nothing is coloured", "> ")
        self._lag = _spin(
            "How long the blood follows the brain: the map shows the volume this much later", "Lag ", " s"
        )
        self._offset = _spin("Start of the first volume, from the start of the recording", "Start ", " s")
        self._bar = ScaleBar(theme)
        self._reset = QPushButton("Back to where the files place it")
        self._reset.setProperty("role", "link")
        self._reset.setToolTip("Put the run back where the files place it in time")
        self._lay_out()
        self._lag.setRange(0.0, _MOST_LAG_S)
        self._lag.setSingleStep(0.5)
        self._lag.setValue(lag_s)
        self._offset.setRange(-_MOST_OFFSET_S, _MOST_OFFSET_S)
        self._offset.setDecimals(3)
        self._offset.setSingleStep(0.1)
        self._box.activated.connect(self._choose_source)
        self._limit.valueChanged.connect(self._change_scale)
        self._threshold.valueChanged.connect(self._change_scale)
        self._lag.valueChanged.connect(self.lag_chosen)
        self._offset.valueChanged.connect(self._choose_offset)
        self._reset.clicked.connect(self._ask_reset)
        self.set_source(Source.VOXELS)

    @property
    def scale(self) -> Scale:
        """The scale of the current source."""
        return self._scales[self.source]

    @property
    def lag_s(self) -> float:
        """The lag in force."""
        return self._lag.value()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._bar.theme = theme
        self._bar.update()

    def set_source(self, source: Source) -> None:
        """Show another source with its own scale."""
        self.source = source
        spec, scale = SOURCES[source], self._scales[source]
        self._box.setCurrentIndex(list(SOURCES).index(source))
        for spin, value, least in ((self._limit, scale.limit, spec.step / 2), (self._threshold, scale.threshold, 0.0)):
            with QSignalBlocker(spin):
                spin.setRange(least, spec.most)
                spin.setDecimals(2 if spec.step < 0.5 else 1)
                spin.setSingleStep(spec.step)
                spin.setSuffix(f" {spec.unit}")
                spin.setValue(value)
        self._bar.set_scale(scale, spec.unit)

    def set_named(self, named: bool) -> None:
        """Offer the sources of regions only where regions may be named."""
        model = self._box.model()
        for row, source in enumerate(SOURCES):
            model.item(row).setEnabled(named or source is Source.VOXELS)
        if not named:
            self.set_source(Source.VOXELS)

    def set_offset(self, offset_s: float, by_hand: bool) -> None:
        """Show where the run begins, and whether that was set by hand."""
        with QSignalBlocker(self._offset):
            self._offset.setValue(offset_s)
        self._reset.setVisible(by_hand)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        grid.setHorizontalSpacing(GRID_PX)
        grid.setVerticalSpacing(GRID_PX // 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._box, 0, 0, 1, 2)
        grid.addWidget(self._bar, 1, 0, 1, 2)
        grid.addWidget(self._limit, 2, 0)
        grid.addWidget(self._threshold, 2, 1)
        grid.addWidget(self._lag, 3, 0)
        grid.addWidget(self._offset, 3, 1)
        grid.addWidget(self._reset, 4, 1, Qt.AlignmentFlag.AlignRight)

    @Slot(int)
    def _choose_source(self, row: int) -> None:
        self.source_chosen.emit(list(SOURCES)[row])

    @Slot()
    def _change_scale(self) -> None:
        limit = self._limit.value()
        threshold = min(self._threshold.value(), limit)
        self._scales[self.source] = Scale(limit, threshold)
        self._bar.set_scale(self.scale, SOURCES[self.source].unit)
        self.scale_changed.emit()

    @Slot(float)
    def _choose_offset(self, offset_s: float) -> None:
        self.offset_chosen.emit(offset_s)

    @Slot()
    def _ask_reset(self) -> None:
        self.offset_chosen.emit(None)


def _spin(about: str, prefix: str, suffix: str = "") -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setToolTip(about)
    spin.setAccessibleName(about)
    spin.setPrefix(prefix)
    spin.setSuffix(suffix)
    spin.setDecimals(1)
    spin.setKeyboardTracking(False)
    spin.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return spin
