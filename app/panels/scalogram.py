"""The scalogram dock: of which frequencies the signals around an event are made, and which of them spoke for it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.panels.attribution import ShareBar
from app.panels.colour_bar import ColourBar, ColourScale
from app.panels.head.colours import Ramp
from app.panels.origin import OriginLine
from app.panels.power.picture import DB_PER_LOG, smooth
from app.panels.power.view import PowerReading, PowerView
from app.panels.stand import Stand, StandView
from app.theme import GRID_PX, Theme
from inference.explain.relevance import Relevance
from inference.explain.scalogram import Scalogram
from inference.runtime.cards import ModelCard, MontageInputs

#: Decibels against the amplitude that the recording has of itself, by which networks scale it.
_UNIT: Final = "dB"
#: Height of the picture, at most, for its width.
_HIGHEST: Final = 1.2
#: Power beyond these shares of all that is shown takes the end colours.
_RANGE_PERCENT: Final = (5.0, 99.5)
_STRONGEST: Final = "Strongest"
#: Lines are drawn around relevance that is smoothed over these shares of its frequencies and of its frames, which
#: leaves the few large parts of an occlusion as they are.
_SMOOTHING: Final = (1 / 32, 1 / 64)
#: A channel whose strongest relevance is less than this share of any channel's hardly mattered.
_LEAST_SHARE: Final = 0.2
_LINES: Final = "Lines: a fifth, and three fifths, of this channel's strongest relevance; orange for, blue against."
_NO_LINES: Final = "This method tells of channels and moments, not of frequencies: there are no lines."


@dataclass(frozen=True, slots=True, eq=False)
class PowerAnswer:
    """A scalogram with the relevance of what it shows.

    ``names`` are its channels as a reader names them; ``event_s`` are onset and end of the event, None without one.
    """

    card: ModelCard
    power: Scalogram
    relevance: Relevance
    names: tuple[str, ...]
    event_s: tuple[float, float] | None


class ScalogramPanel(QWidget):
    """The scalogram of one channel around the moment that is explained.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._answer: PowerAnswer | None = None
        self._box = QComboBox()
        self._box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._box.setAccessibleName("Channel")
        self._box.addItem(_STRONGEST)
        self.view = PowerView(theme)
        self.bar = ColourBar(theme, ColourScale(Ramp.POWER, 0.0, 1.0, _UNIT))
        self.bar.setToolTip("Against the recording's own amplitude, by which the network scales it")
        self.share = ShareBar(theme)
        self._lines = QLabel()
        self._lines.setProperty("role", "small")
        self._lines.setWordWrap(True)
        self._lines.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self.origin = OriginLine()
        self.message = StandView()
        self._lay_out()
        self._box.activated.connect(self._show)
        self.view.hovered.connect(self.view.setToolTip)

    @property
    def channel(self) -> str:
        """The channel that is shown; empty while there is none."""
        if self._answer is None:
            return ""
        chosen = self._box.currentText()
        names = self._answer.names
        return chosen if chosen in names else names[strongest(self._answer.relevance)]

    def choose_channel(self, name: str) -> None:
        """Show a channel; the strongest one where there is none of this name."""
        self._box.setCurrentIndex(max(self._box.findText(name), 0))
        self._show()

    def next_channel(self) -> None:
        """Show the next channel of the list, after the last one the strongest again."""
        self._box.setCurrentIndex((self._box.currentIndex() + 1) % self._box.count())
        self._show()

    def show_stand(self, stand: Stand) -> None:
        """Say why there is no scalogram."""
        self._answer = None
        self.message.show_stand(stand)
        self._stack.setCurrentWidget(self.message)

    def show_answer(self, answer: PowerAnswer) -> None:
        """Show a scalogram; the chosen channel stays where it is among the new ones."""
        self._answer = answer
        chosen = self._box.currentText()
        with QSignalBlocker(self._box):
            self._box.clear()
            self._box.addItems([_STRONGEST, *answer.names])
            self._box.setCurrentIndex(max(self._box.findText(chosen), 0))
        self._show()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.view.set_theme(theme)
        for part in (self.bar, self.share):
            part.theme = theme
            part.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Give the picture no more height than its width can use."""
        super().resizeEvent(event)
        self.view.setMaximumHeight(round(_HIGHEST * self.width()))

    def _lay_out(self) -> None:
        sheet = QWidget()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, GRID_PX)
        column.setSpacing(GRID_PX // 2)
        column.addWidget(self.view, 100)
        for widget in (self.bar, self.share, self._lines, self.origin):
            column.addWidget(widget)
        column.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(sheet)
        self._sheet = sheet
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, GRID_PX // 2, 0, 0)
        whole.setSpacing(GRID_PX // 2)
        choice = QVBoxLayout()
        choice.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        choice.addWidget(self._box)
        whole.addLayout(choice)
        whole.addWidget(self._stack, 1)

    @Slot()
    def _show(self) -> None:
        answer = self._answer
        if answer is None:
            return
        relevance, power = answer.relevance, answer.power
        number = answer.names.index(self.channel)
        self._box.setItemText(0, f"{_STRONGEST}: {answer.names[strongest(relevance)]}")
        by_hz, hz = _relevance_of(relevance, number)
        decibels = (DB_PER_LOG * power.log_power[number]).astype(np.float32)
        low_hz, high_hz = _band_of(answer.card, is_eeg=number < relevance.n_eeg)
        seen = (power.hz >= low_hz) & (power.hz <= high_hz)
        decibels = decibels[seen]
        scale = ColourScale(Ramp.POWER, *_range_of(decibels), _UNIT)
        self.view.set_reading(
            PowerReading(
                time_s=power.time_s,
                hz=power.hz[seen],
                power_db=decibels,
                relevance_time_s=relevance.time_s,
                relevance_hz=hz,
                relevance=by_hz,
                limit=_limit_of(relevance, by_hz),
                window_s=(relevance.onset_s, relevance.onset_s + relevance.duration_s),
                event_s=answer.event_s,
                scale=scale,
            )
        )
        self.bar.set_scale(scale)
        self.share.set_share(relevance.emg_share, sees_emg=relevance.emg.shape[0] > 0)
        self._lines.setText(_LINES if by_hz.size else _NO_LINES)
        self.origin.show_card(answer.card)
        self._stack.setCurrentWidget(self._sheet)


def strongest(relevance: Relevance) -> int:
    """Find the channel that spoke most for the event."""
    return int(np.argmax(np.maximum(relevance.by_channel, 0.0).sum(axis=1)))


def _relevance_of(relevance: Relevance, number: int) -> tuple[np.ndarray, np.ndarray]:
    is_eeg = number < relevance.n_eeg
    by_hz = relevance.eeg[number] if is_eeg else relevance.emg[number - relevance.n_eeg]
    hz = relevance.eeg_hz if is_eeg else relevance.emg_hz
    if not by_hz.size:
        return by_hz, hz
    sd_hz, sd_times = (share * size for share, size in zip(_SMOOTHING, by_hz.shape, strict=True))
    return smooth(by_hz, sd_hz, sd_times).astype(np.float32), hz


def _band_of(card: ModelCard, *, is_eeg: bool) -> tuple[float, float]:
    """Give the band that the network is shown; beside it, filters have left nothing to see."""
    inputs = card.inputs
    assert isinstance(inputs, MontageInputs)
    return (inputs.lff_hz, inputs.hff_hz) if is_eeg else (inputs.emg_lff_hz, inputs.emg_hff_hz)


def _limit_of(relevance: Relevance, of_channel: np.ndarray) -> float:
    """Give the channel's strongest relevance, but for channels that hardly mattered, whose lines would be noise."""
    strongest_of_all = max(
        (float(np.abs(part).max()) for part in (relevance.eeg, relevance.emg) if part.size), default=0
    )
    own = float(np.abs(of_channel).max()) if of_channel.size else 0.0
    return max(own, _LEAST_SHARE * strongest_of_all)


def _range_of(decibels: np.ndarray) -> tuple[float, float]:
    known = decibels[np.isfinite(decibels)]
    if not known.size:
        return 0.0, 1.0
    low, high = (round(float(value)) for value in np.percentile(known, _RANGE_PERCENT))
    return float(low), float(max(high, low + 1))
