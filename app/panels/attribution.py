"""The attribution dock: which channels and bands spoke for an event and which against it, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.panels.bars import Bar, BarList
from app.panels.origin import OriginLine
from app.panels.sentence import make_sentence
from app.panels.stand import Stand, StandView
from app.theme import GRID_PX, SMALL_PX, Theme, ui_font
from app.times import elapsed_text
from inference.explain.relevance import Relevance
from inference.runtime.cards import ModelCard

_N_CHANNELS: Final = 6
#: The bands of the clinical EEG, by their lower edges in Hz.
_BANDS: Final = (("Delta", 0.0), ("Theta", 4.0), ("Alpha", 8.0), ("Beta", 13.0), ("Gamma", 30.0))
_SHARE_PX: Final = 34
#: Below this, what is left unexplained is the rounding of numbers.
_LEAST_GAP_PERCENT: Final = 0.01
_LEAST_OPACITY: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A relevance, its channels as a reader names them, and the card of the network whose answer it explains."""

    relevance: Relevance
    names: tuple[str, ...]
    card: ModelCard


class ShareBar(QWidget):
    """How much of what spoke for an event came from the EEG, and how much from the muscles.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.emg_share = math.nan
        self.sees_emg = True
        self.setFont(ui_font(SMALL_PX))
        self.setFixedHeight(_SHARE_PX)

    def set_share(self, emg_share: float, *, sees_emg: bool) -> None:
        """Show another share, 0 to 1 (NaN where nothing spoke for the event), of a network that may see no EMG."""
        self.emg_share, self.sees_emg = emg_share, sees_emg
        self.setAccessibleName(self._text())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint both shares and their numbers."""
        with QPainter(self) as painter:
            room = QRectF(GRID_PX, 0, self.width() - 2 * GRID_PX, 18)
            painter.setPen(self.theme.ink)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._text())
            bar = QRectF(room.left(), room.bottom() + 2, room.width(), 8)
            painter.fillRect(bar, self.theme.grid)
            if math.isfinite(self.emg_share):
                middle = bar.width() * (1 - self.emg_share)
                painter.fillRect(QRectF(bar.left(), bar.top(), middle, bar.height()), self.theme.eeg)
                painter.fillRect(QRectF(bar.left() + middle, bar.top(), bar.width() - middle, 8), self.theme.emg)

    def _text(self) -> str:
        if not math.isfinite(self.emg_share):
            return "Nothing spoke for it"
        if not self.sees_emg:
            return "For it: the EEG; no EMG was seen"
        return f"For it: EEG {1 - self.emg_share:.0%}, EMG {self.emg_share:.0%}".replace("%", " %")


class AttributionPanel(QWidget):
    """What a network's answer rests on, in numbers, and how it is painted on the traces.

    Signals
    -------
    method_chosen : one of the names given. ``painting_chosen`` : whether relevance is painted on the traces.
    opacity_chosen : 0 to 1.

    Lives in the GUI thread.
    """

    method_chosen = Signal(str)
    painting_chosen = Signal(bool)
    opacity_chosen = Signal(float)

    def __init__(self, theme: Theme, methods: Sequence[str], opacity: float) -> None:
        super().__init__()
        self.theme = theme
        self._explanation: Explanation | None = None
        self._methods = QComboBox()
        self._methods.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._methods.setAccessibleName("Method")
        self._methods.addItems([f"{name[0].upper()}{name[1:]}" for name in methods])
        self._names = tuple(methods)
        self._painting = QCheckBox("On the traces")
        self._painting.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._opacity.setRange(_LEAST_OPACITY, 100)
        self._opacity.setValue(round(100 * opacity))
        self._opacity.setToolTip("Opacity of the relevance on the traces")
        self._opacity.setAccessibleName("Opacity of the relevance on the traces")
        self._heading, self._under, self._notes = (
            make_sentence("strong"),
            make_sentence("small"),
            make_sentence("small"),
        )
        self.share = ShareBar(theme)
        self.channels = BarList(theme, "Channels, log odds")
        self.bands = BarList(theme, "Bands of the EEG, log odds")
        self.origin = OriginLine()
        self.message = StandView()
        self._lay_out()
        self._methods.activated.connect(self._choose_method)
        self._painting.toggled.connect(self.painting_chosen)
        self._opacity.valueChanged.connect(self._choose_opacity)

    def show_method(self, method: str) -> None:
        """Show which method is chosen."""
        self._methods.setCurrentIndex(self._names.index(method))

    def show_painting(self, painting: bool) -> None:
        """Show whether relevance is painted on the traces."""
        with QSignalBlocker(self._painting):
            self._painting.setChecked(painting)

    def show_stand(self, stand: Stand) -> None:
        """Say why there is no explanation."""
        self._explanation = None
        self.message.show_stand(stand)
        self._stack.setCurrentWidget(self.message)

    def show_explanation(self, explanation: Explanation) -> None:
        """Show an explanation."""
        self._explanation = explanation
        relevance = explanation.relevance
        self._heading.setText(f"{relevance.target.capitalize()}: {_signed(relevance.score)}")
        self._under.setText(_tell_window(relevance))
        self.share.set_share(relevance.emg_share, sees_emg=relevance.emg.shape[0] > 0)
        totals = relevance.by_channel.sum(axis=1)
        order = np.argsort(-np.abs(totals), kind="stable")[:_N_CHANNELS]
        self._show_bars(self.channels, [(explanation.names[i], float(totals[i])) for i in order])
        bands = _sum_bands(relevance)
        self.bands.setVisible(bool(bands))
        self._show_bars(self.bands, bands)
        self._notes.setText("\n".join(relevance.problems))
        self._notes.setVisible(bool(relevance.problems))
        self.origin.show_card(explanation.card)
        self._stack.setCurrentWidget(self._sheet)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.theme = theme
        for part in (self.share, self.channels, self.bands):
            part.theme = theme
        if self._explanation is not None:
            self.show_explanation(self._explanation)

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, GRID_PX)
        column.setSpacing(GRID_PX // 2)
        for widget in (self._heading, self._under, self.share, self.channels, self.bands, self._notes, self.origin):
            column.addWidget(widget)
        column.addStretch(1)
        for label in (self._heading, self._under, self._notes):
            label.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self._sheet = QScrollArea()
        self._sheet.setWidgetResizable(True)
        self._sheet.setFrameShape(QFrame.Shape.NoFrame)
        self._sheet.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sheet.setWidget(page)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self._sheet)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, GRID_PX // 2, 0, 0)
        whole.setSpacing(GRID_PX // 2)
        controls = QVBoxLayout()
        controls.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        row = QHBoxLayout()
        row.addWidget(self._painting)
        row.addWidget(self._opacity, 1)
        controls.addWidget(self._methods)
        controls.addLayout(row)
        whole.addLayout(controls)
        whole.addWidget(self._stack, 1)

    def _show_bars(self, bars: BarList, values: list[tuple[str, float]]) -> None:
        numbers = [value for _name, value in values] or [0.0]
        rows = [Bar(name, value, _signed(value)) for name, value in values]
        bars.show_bars(rows, min(*numbers, 0.0), max(*numbers, 0.0), (self.theme.spasm, self.theme.accent))

    @Slot(int)
    def _choose_method(self, number: int) -> None:
        self.method_chosen.emit(self._names[number])

    @Slot(int)
    def _choose_opacity(self, percent: int) -> None:
        self.opacity_chosen.emit(percent / 100)


def _sum_bands(relevance: Relevance) -> list[tuple[str, float]]:
    """Add the relevance of each band up over the channels of the EEG; nothing where there are no frequencies."""
    if not len(relevance.eeg_hz):
        return []
    by_hz = relevance.eeg.sum(axis=(0, 2))
    edges = [low for _name, low in _BANDS] + [math.inf]
    sums = []
    for (name, low), high in zip(_BANDS, edges[1:], strict=True):
        inside = (relevance.eeg_hz >= low) & (relevance.eeg_hz < high)
        if inside.any():
            sums.append((name, float(by_hz[inside].sum())))
    return sums


def _tell_window(relevance: Relevance) -> str:
    window = f"{relevance.duration_s:g} s around {elapsed_text(relevance.onset_s + relevance.duration_s / 2)}"
    if not math.isfinite(relevance.gap):
        return f"{window}. The parts need not add up to the whole."
    percent = 100 * abs(relevance.gap)
    missed = f"{percent:.2g} %" if percent >= _LEAST_GAP_PERCENT else f"less than {_LEAST_GAP_PERCENT:g} %"
    return f"{window}. The parts leave {missed} unexplained."


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
