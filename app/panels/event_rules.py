"""By which rules the events of the queue are formed: the networks' thresholds, and what makes a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.theme import GRID_PX
from inference.labels.clusters import ClusterRule

#: Steps of a threshold, and between which values a hand can put it.
THRESHOLD_STEP = 0.01
THRESHOLD_RANGE = (0.01, 0.99)


@dataclass(frozen=True, slots=True)
class Threshold:
    """The probability from which on a network's events are told; ``subject`` is what they are."""

    subject: str
    value: float


class EventRules(QWidget):
    """A line that tells the thresholds and unfolds into fields for them and for the clusters.

    Signals
    -------
    threshold_chosen : a network's name and its threshold.
    gap_chosen : the pause that ends a cluster, in seconds.
    size_chosen : how many spasms make a cluster.

    Lives in the GUI thread.
    """

    threshold_chosen = Signal(str, float)
    gap_chosen = Signal(float)
    size_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._line = QToolButton()
        self._line.setCheckable(True)
        self._line.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._line.setArrowType(Qt.ArrowType.RightArrow)
        self._line.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._line.setToolTip("Thresholds of the networks and what makes a cluster: press to change them")
        self._line.toggled.connect(self._unfold)
        self._form = QWidget()
        self._grid = QGridLayout(self._form)
        self._grid.setContentsMargins(GRID_PX, 0, GRID_PX, GRID_PX // 2)
        self._grid.setColumnStretch(0, 1)
        self._thresholds: dict[str, QDoubleSpinBox] = {}
        self._gap = _spin("A pause as long as this ends a cluster", (1.0, 600.0), 5.0, 0, " s")
        self._size = _spin("Fewer spasms are no cluster", (2.0, 100.0), 1.0, 0)
        self._gap.valueChanged.connect(self.gap_chosen)
        self._size.valueChanged.connect(self.size_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._line)
        column.addWidget(self._form)
        self._form.hide()
        self.setVisible(False)

    def set_rules(self, thresholds: Mapping[str, Threshold], clusters: ClusterRule) -> None:
        """Show these rules; ``thresholds`` by the network's name, none where no network looks for events."""
        if thresholds.keys() != self._thresholds.keys():
            self._lay_out(thresholds)
        for name, threshold in thresholds.items():
            _put(self._thresholds[name], threshold.value)
        _put(self._gap, clusters.gap_s)
        _put(self._size, clusters.min_spasms)
        told = (f"{threshold.subject} ≥ {threshold.value:.2f}" for threshold in thresholds.values())
        self._line.setText(", ".join(told))
        self.setVisible(bool(thresholds))

    def unfold(self) -> None:
        """Show the fields."""
        self._line.setChecked(True)

    def _lay_out(self, thresholds: Mapping[str, Threshold]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget not in (self._gap, self._size):
                widget.deleteLater()
        self._thresholds = {}
        for name, threshold in thresholds.items():
            box = _spin(f"From this probability on, {name} tells an event", THRESHOLD_RANGE, THRESHOLD_STEP, 2)
            box.valueChanged.connect(self._tell_threshold)
            box.setObjectName(name)
            self._thresholds[name] = box
            self._add(f"P({threshold.subject}) at least", box)
        self._add("Spasms of a cluster at least", self._size)
        self._add("Pauses in a cluster under", self._gap)

    def _add(self, text: str, box: QDoubleSpinBox) -> None:
        row = self._grid.rowCount()
        label = QLabel(text)
        label.setProperty("role", "small")
        label.setBuddy(box)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(box, row, 1)

    def _tell_threshold(self, value: float) -> None:
        self.threshold_chosen.emit(self.sender().objectName(), round(value, 2))

    def _unfold(self, unfolded: bool) -> None:
        self._form.setVisible(unfolded)
        self._line.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)


def _spin(about: str, limits: tuple[float, float], step: float, decimals: int, unit: str = "") -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(*limits)
    box.setSingleStep(step)
    box.setDecimals(decimals)
    box.setSuffix(unit)
    box.setToolTip(about)
    # A value that is being typed is none yet, and the keys of the review must not end up in the field.
    box.setKeyboardTracking(False)
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
    return box


def _put(box: QDoubleSpinBox, value: float) -> None:
    with QSignalBlocker(box):
        box.setValue(value)
