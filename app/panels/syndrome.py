"""The syndrome dock: how probable each of six epilepsy syndromes is, by the whole recording and at the cursor."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.panels.course import Course
from app.panels.origin import OriginLine
from app.panels.stand import Stand, StandView
from app.theme import GRID_PX, SMALL_PX, TINY_PX, Theme, ui_font
from app.times import elapsed_text
from inference.labels.syndromes import Syndrome, find_syndrome
from inference.runtime.cards import ModelCard

_BAR_PX: Final = 10
_ROW_PX: Final = 18
_NUMBER_PX: Final = 5 * GRID_PX
_HEAD_PX: Final = 18
_WRAPPED: Final = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True, slots=True, eq=False)
class SyndromeAnswer:
    """Probabilities of syndromes, whose codes belong to the columns of ``course``."""

    card: ModelCard
    course: Course
    codes: tuple[str, ...]


class SyndromeBars(QWidget):
    """A bar for each syndrome: filled as far as the whole recording says, with a mark where the moment says.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.syndromes: tuple[Syndrome, ...] = ()
        self.overall = self.here = np.zeros(0, np.float32)
        self.setFont(ui_font(SMALL_PX))
        self.setAccessibleName("Probability of each syndrome")

    def show_values(self, syndromes: tuple[Syndrome, ...], overall: np.ndarray, here: np.ndarray) -> None:
        """Show probabilities (syndromes,) of the whole recording and of the moment; NaN where there are none."""
        self.syndromes, self.overall, self.here = syndromes, overall, here
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Break the names into other lines."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint names, bars, marks and numbers."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(ui_font(TINY_PX))
            painter.setPen(self.theme.muted)
            self._paint_pair(painter, 0.0, "whole", "◆ here", self.theme.muted)
            top = float(_HEAD_PX)
            leader = int(np.nanargmax(self.overall)) if np.isfinite(self.overall).any() else -1
            for number, (name, height_px) in enumerate(zip(self._names(), self._name_heights(), strict=True)):
                painter.setFont(ui_font(SMALL_PX))
                painter.setPen(self.theme.ink)
                painter.drawText(QRectF(GRID_PX, top, self._width, height_px), int(_WRAPPED), name)
                painter.setFont(ui_font(SMALL_PX, QFont.Weight.Bold if number == leader else QFont.Weight.Normal))
                self._paint_row(painter, top + height_px, number)
                top += height_px + _ROW_PX + GRID_PX // 2

    @property
    def _width(self) -> int:
        return self.width() - 2 * GRID_PX

    def _names(self) -> list[str]:
        return [
            syndrome.name if syndrome.short == syndrome.name else f"{syndrome.name} ({syndrome.short})"
            for syndrome in self.syndromes
        ]

    def _name_heights(self) -> list[int]:
        metrics = QFontMetrics(ui_font(SMALL_PX))
        return [metrics.boundingRect(0, 0, self._width, 1000, int(_WRAPPED), name).height() for name in self._names()]

    def _fit(self) -> None:
        rows = sum(self._name_heights()) + len(self.syndromes) * (_ROW_PX + GRID_PX // 2)
        height_px = _HEAD_PX + rows
        if height_px != self.height():
            self.setFixedHeight(height_px)

    def _paint_row(self, painter: QPainter, top: float, number: int) -> None:
        overall, here = float(self.overall[number]), float(self.here[number])
        width = self._width - 2 * _NUMBER_PX - GRID_PX
        room = QRectF(GRID_PX, top + (_ROW_PX - _BAR_PX) / 2, width, _BAR_PX)
        painter.fillRect(room, self.theme.grid_strong)
        if np.isfinite(overall):
            painter.fillRect(QRectF(room.left(), room.top(), overall * width, _BAR_PX), self.theme.accent)
        if np.isfinite(here):
            x, y = room.left() + here * width, room.center().y()
            diamond = [QPointF(x, y - 7), QPointF(x + 5, y), QPointF(x, y + 7), QPointF(x - 5, y)]
            painter.setPen(QPen(self.theme.paper, 1))
            painter.setBrush(self.theme.ink)
            painter.drawPolygon(QPolygonF(diamond))
        self._paint_pair(painter, top, _number(overall), _number(here), self.theme.ink)

    def _paint_pair(self, painter: QPainter, top: float, whole: str, here: str, colour: QColor) -> None:
        painter.setPen(colour)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        right = self.width() - GRID_PX
        painter.drawText(QRectF(right - 2 * _NUMBER_PX, top, _NUMBER_PX, _ROW_PX), flags, whole)
        painter.drawText(QRectF(right - _NUMBER_PX, top, _NUMBER_PX, _ROW_PX), flags, here)


class SyndromePanel(QWidget):
    """Bars of syndromes with what must be known about them.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._answer: SyndromeAnswer | Stand = Stand("Open a recording to see what a network makes of it.")
        self._moment_s = 0.0
        self._heading = QLabel()
        self._heading.setProperty("role", "strong")
        self._heading.setWordWrap(True)
        self._caution = QLabel("The network knows these six syndromes alone, and an EEG alone is no diagnosis.")
        self._caution.setProperty("role", "small")
        self._caution.setWordWrap(True)
        self.bars = SyndromeBars(theme)
        self.origin = OriginLine()
        self.message = StandView()
        sheet = QWidget()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, GRID_PX // 2, 0, GRID_PX)
        column.setSpacing(GRID_PX // 2)
        for widget in (self._heading, self.bars, self._caution, self.origin):
            column.addWidget(widget)
        column.addStretch(1)
        for label in (self._heading, self._caution):
            label.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self._sheet = QScrollArea()
        self._sheet.setWidgetResizable(True)
        self._sheet.setFrameShape(QFrame.Shape.NoFrame)
        self._sheet.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sheet.setWidget(sheet)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self._sheet)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self._show()

    def show_answer(self, answer: SyndromeAnswer | Stand) -> None:
        """Show an answer, or how it stands."""
        self._answer = answer
        self._show()

    def set_moment(self, moment_s: float) -> None:
        """Follow the cursor, the selected event or the page."""
        before, self._moment_s = self._moment_s, moment_s
        if isinstance(self._answer, SyndromeAnswer):
            course = self._answer.course
            row = course.row_at(moment_s)
            # A mouse moves much more often than it reaches another window.
            if row is None or row != course.row_at(before):
                self._show()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.bars.theme = theme
        self.bars.update()

    def _show(self) -> None:
        answer = self._answer
        if isinstance(answer, Stand):
            self.message.show_stand(answer)
            self._stack.setCurrentWidget(self.message)
            return
        course = answer.course
        row = course.row_at(self._moment_s)
        here = np.full(len(answer.codes), np.nan, np.float32) if row is None else course.values[row]
        middle_s = self._moment_s if row is None else float(course.time_s[row])
        self._heading.setText(f"Here: {course.window_s:g} s around {elapsed_text(middle_s, 0)}")
        self.bars.show_values(tuple(find_syndrome(code) for code in answer.codes), course.overall, here)
        self.origin.show_card(answer.card)
        self._stack.setCurrentWidget(self._sheet)


def _number(probability: float) -> str:
    return f"{probability:.2f}" if np.isfinite(probability) else "–"
