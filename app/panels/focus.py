"""The focus dock: on a head from above, which channels lie over the focus, or which ones a network looked at."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.panels.bars import Bar, BarList
from app.panels.colour_bar import ColourBar, ColourScale, tell_number
from app.panels.course import Course
from app.panels.head.colours import Ramp, colour_of
from app.panels.head.places import Site
from app.panels.head.view import NOTHING, HeadReading, HeadView
from app.panels.origin import OriginLine
from app.panels.sentence import make_sentence
from app.panels.stand import Stand, StandView
from app.theme import GRID_PX, Theme
from app.times import elapsed_text
from inference.runtime.cards import ModelCard

_N_LISTED: Final = 3
_SPANS: Final = ("Cursor", "Overall")
_LEAST_PX: Final = 9 * GRID_PX


@dataclass(frozen=True, slots=True, eq=False)
class HeadAnswer:
    """A network's values for the channels of a recording.

    ``sites`` belong to the columns of ``course``; ``missing`` are electrodes that were not recorded; ``unit`` names
    what the values are, ``limits`` what the ends of their colours mean; ``caution`` is what a reader must know before
    reading anything into them.
    """

    card: ModelCard
    course: Course
    sites: tuple[Site, ...]
    missing: tuple[str, ...]
    ramp: Ramp
    unit: str
    limits: tuple[float, float]
    caution: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class HeadSource:
    """One of the maps to choose from: its title, and its answer or how that stands."""

    title: str
    answer: HeadAnswer | Stand


class FocusPanel(QWidget):
    """A head with the values of one source at the moment that is followed, or of the whole recording.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sources: tuple[HeadSource, ...] = ()
        self._moment_s = 0.0
        self._heading = make_sentence("strong")
        self._caution = make_sentence("small")
        self._box = _box("What the head shows")
        self._spans = _box("Of which time the head shows it")
        self._spans.addItems(_SPANS)
        self.head = HeadView(theme)
        self.bar = ColourBar(theme, NOTHING.scale)
        self.ranking = BarList(theme, "")
        self.origin = OriginLine()
        self.message = StandView()
        self._lay_out()
        self._box.currentIndexChanged.connect(self._show)
        self._spans.currentIndexChanged.connect(self._show)
        self.head.hovered.connect(self._tell_site)

    def show_sources(self, sources: tuple[HeadSource, ...]) -> None:
        """Show what there is to choose from; the choice stays."""
        titles = [source.title for source in sources]
        if titles != [source.title for source in self._sources]:
            chosen = max(self._box.currentIndex(), 0)
            self._box.clear()
            self._box.addItems(titles)
            self._box.setCurrentIndex(min(chosen, len(titles) - 1))
        self._sources = sources
        self._show()

    def set_moment(self, moment_s: float) -> None:
        """Follow the cursor, the selected event or the page."""
        before, self._moment_s = self._moment_s, moment_s
        answer = self._sources[self.source].answer if self._sources else None
        if isinstance(answer, HeadAnswer) and not self.is_of_whole:
            row = answer.course.row_at(moment_s)
            # A mouse moves much more often than it reaches another window.
            if row is None or row != answer.course.row_at(before):
                self._show()

    def choose_source(self, number: int) -> None:
        """Show another of the sources."""
        self._box.setCurrentIndex(number)

    def show_whole(self, whole: bool) -> None:
        """Show the whole recording, or follow the moment."""
        self._spans.setCurrentIndex(int(whole))

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.head.set_theme(theme)
        for part in (self.bar, self.ranking):
            part.theme = theme
            part.update()
        self._show()

    @property
    def is_of_whole(self) -> bool:
        """Whether the whole recording is shown."""
        return self._spans.currentIndex() == 1

    @property
    def source(self) -> int:
        """The number of the source that is shown."""
        return max(self._box.currentIndex(), 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Give the head the height that it can fill."""
        super().resizeEvent(event)
        self.head.setMaximumHeight(self.head.height_for(self.width()))

    def _lay_out(self) -> None:
        self._map = QWidget()
        column = QVBoxLayout(self._map)
        column.setContentsMargins(0, 0, 0, GRID_PX)
        column.setSpacing(GRID_PX // 2)
        column.addWidget(self._heading)
        column.addWidget(self.head, 1)
        column.addWidget(self.bar)
        column.addWidget(self.ranking)
        column.addWidget(self._caution)
        column.addWidget(self.origin)
        column.addStretch(0)
        for label in (self._heading, self._caution):
            label.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self._map)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, GRID_PX // 2, 0, 0)
        whole.setSpacing(GRID_PX // 2)
        choice = QHBoxLayout()
        choice.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        choice.setSpacing(GRID_PX // 2)
        choice.addWidget(self._box, 1)
        choice.addWidget(self._spans, 1)
        whole.addLayout(choice)
        whole.addWidget(self._stack, 1)

    @Slot()
    def _show(self) -> None:
        if not self._sources:
            return
        answer = self._sources[self.source].answer
        self._spans.setEnabled(isinstance(answer, HeadAnswer))
        if isinstance(answer, Stand):
            self.message.show_stand(answer)
            self._stack.setCurrentWidget(self.message)
            return
        course = answer.course
        row = course.row_at(self._moment_s)
        if self.is_of_whole:
            values, heading = course.overall, "Mean of the whole recording"
        elif row is None:
            values = np.full(len(answer.sites), np.nan, np.float32)
            heading = f"Nothing to look at around {elapsed_text(self._moment_s, 0)}"
        else:
            values = course.values[row]
            heading = f"{course.window_s:g} s around {elapsed_text(float(course.time_s[row]), 0)}"
        self._heading.setText(heading)
        scale = ColourScale(answer.ramp, *answer.limits, answer.unit)
        self.head.set_reading(HeadReading(answer.sites, values, answer.missing, scale))
        self.head.setMaximumHeight(self.head.height_for(self.width()))
        self.bar.set_scale(scale)
        self._rank(answer, values, scale)
        self._caution.setText(answer.caution)
        self._caution.setVisible(bool(answer.caution))
        self.origin.show_card(answer.card)
        self._stack.setCurrentWidget(self._map)

    def _rank(self, answer: HeadAnswer, values: np.ndarray, scale: ColourScale) -> None:
        order = [int(i) for i in np.argsort(-values, kind="stable") if np.isfinite(values[i])][:_N_LISTED]
        bars = [Bar(answer.sites[i].name, float(values[i]), f"{values[i]:.2f}") for i in order]
        self.ranking.heading = f"Highest {answer.unit}"
        colour = colour_of(scale.ramp, 0.6, dark=self._theme.dark)
        self.ranking.show_bars(bars, 0.0, scale.high, (colour, colour))

    @Slot(str)
    def _tell_site(self, name: str) -> None:
        reading = self.head.reading
        tip = ""
        for site, value in zip(reading.sites, reading.values, strict=True):
            if site.name == name:
                estimated = ", estimated from its neighbours" if site.is_estimated else ""
                number = tell_number(float(value)) if np.isfinite(value) else "nothing to look at"
                tip = f"{name}{estimated}: {number}"
        if name in reading.missing:
            tip = f"{name} was not recorded"
        self.head.setToolTip(tip)


def _box(about: str) -> QComboBox:
    box = QComboBox()
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.setToolTip(about)
    box.setAccessibleName(about)
    box.setMinimumWidth(_LEAST_PX)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
