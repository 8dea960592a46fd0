"""Putting right what the labels of a file did not tell: which channel is what."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.theme import GRID_PX
from inference.recordings.recording import Channel, ChannelKind

_KIND_TEXT = {
    ChannelKind.EEG: "EEG",
    ChannelKind.EMG: "EMG",
    ChannelKind.EOG: "EOG",
    ChannelKind.ECG: "ECG",
    ChannelKind.RESPIRATION: "Respiration",
    ChannelKind.OXIMETRY: "Oximetry",
    ChannelKind.POSITION: "Position",
    ChannelKind.IMPEDANCE: "Impedance",
    ChannelKind.TRIGGER: "Trigger",
    ChannelKind.OTHER: "Other",
}
_KINDS = tuple(_KIND_TEXT)


class ChannelKindsDialog(QDialog):
    """A table of channels with a choice of kinds.

    Signals
    -------
    corrected : the kinds that now differ from those before, by channel name.
    """

    corrected = Signal(object)

    def __init__(self, channels: Sequence[Channel], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Correct channel kinds")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(72 * GRID_PX, 72 * GRID_PX)
        self._channels = tuple(channels)
        self._choices: list[QComboBox] = []
        about = QLabel("The kind decides where a channel is drawn, how it is filtered and whether a network sees it.")
        about.setProperty("role", "muted")
        about.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.finish)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(about)
        column.addWidget(self._make_table(), 1)
        column.addWidget(buttons)

    def set_kind(self, name: str, kind: ChannelKind) -> None:
        """Choose a kind for one channel, as the reader would."""
        names = [channel.name for channel in self._channels]
        self._choices[names.index(name)].setCurrentIndex(_KINDS.index(kind))

    def finish(self) -> None:
        """Tell what was corrected, and close."""
        chosen = (_KINDS[choice.currentIndex()] for choice in self._choices)
        changed = {
            channel.name: kind for channel, kind in zip(self._channels, chosen, strict=True) if kind is not channel.kind
        }
        self.accept()
        if changed:
            self.corrected.emit(changed)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(len(self._channels), 4)
        table.setHorizontalHeaderLabels(["Channel", "Unit", "Rate", "Kind"])
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(4 * GRID_PX)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setColumnWidth(3, 18 * GRID_PX)
        for row, channel in enumerate(self._channels):
            unit = "µV" if channel.unit == "uV" else channel.unit
            for column, text in enumerate((channel.name, unit, f"{channel.rate_hz:g} Hz")):
                table.setItem(row, column, QTableWidgetItem(text))
            choice = QComboBox()
            choice.addItems(list(_KIND_TEXT.values()))
            choice.setCurrentIndex(_KINDS.index(channel.kind))
            choice.setAccessibleName(f"Kind of {channel.name}")
            self._choices.append(choice)
            table.setCellWidget(row, 3, choice)
        return table
