"""What the window shows while no recording is open: where to begin, or what it is busy with."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from app.shortcuts import ActionTable
from app.theme import GRID_PX, Theme

_COLUMN_PX = 60 * GRID_PX


class Welcome(QWidget):
    """The page of an empty window.

    Signals
    -------
    file_chosen : path of a recent recording.
    """

    file_chosen = Signal(object)

    def __init__(self, actions: ActionTable, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._busy_sentence = _label("", "heading")
        self._busy_bar = QProgressBar()
        self._busy_bar.setTextVisible(False)
        self._busy_bar.setFixedWidth(_COLUMN_PX // 2)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._make_start(actions))
        self._stack.addWidget(self._make_busy())

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.theme = theme
        self.update()

    def show_start(self, recent: Iterable[Path]) -> None:
        """Offer to open something."""
        while (item := self._recent.takeAt(0)) is not None:
            if item.widget() is not None:
                item.widget().deleteLater()
        paths = list(recent)
        if paths:
            self._recent.addWidget(_label("Recent recordings", "small"))
        for path in paths:
            self._recent.addWidget(self._make_recent(path))
        self._stack.setCurrentIndex(0)

    def show_busy(self, sentence: str, fraction: float = -1.0) -> None:
        """Say what is going on; a negative fraction means that nobody knows how long it takes."""
        self._busy_sentence.setText(sentence)
        self._busy_bar.setRange(0, 0 if fraction < 0 else 1000)
        self._busy_bar.setValue(round(max(fraction, 0.0) * 1000))
        self._stack.setCurrentIndex(1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw a quiet sheet that says: drop it here."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), self.theme.paper)
            painter.setPen(QPen(self.theme.grid_strong, 1, Qt.PenStyle.DashLine))
            inset = 3 * GRID_PX
            painter.drawRoundedRect(self.rect().adjusted(inset, inset, -inset, -inset), 8, 8)

    def _make_start(self, actions: ActionTable) -> QWidget:
        page = QWidget()
        column = _centred(page)
        column.addWidget(_label("Spasmlens", "title"))
        column.addSpacing(GRID_PX)
        sentence = _label("Read paediatric EEG with EMG, with a network watching for epileptic spasms.", "muted")
        sentence.setFixedWidth(_COLUMN_PX)
        column.addWidget(sentence)
        column.addSpacing(3 * GRID_PX)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID_PX)
        buttons.addWidget(_button(actions["open"], primary=True))
        buttons.addWidget(_button(actions["demo"], primary=False))
        buttons.addStretch(1)
        column.addLayout(buttons)
        column.addSpacing(GRID_PX)
        column.addWidget(_label("or drop a file here: EDF, BDF, BrainVision, EEGLAB, Nihon Kohden, Persyst …", "small"))
        column.addSpacing(4 * GRID_PX)
        column.addLayout(self._recent)
        return page

    def _make_busy(self) -> QWidget:
        page = QWidget()
        column = _centred(page)
        column.addWidget(self._busy_sentence)
        column.addSpacing(GRID_PX)
        column.addWidget(self._busy_bar)
        return page

    def _make_recent(self, path: Path) -> QPushButton:
        button = QPushButton(f"{path.name}    {path.parent}")
        button.setProperty("role", "link")
        button.setFlat(True)
        button.setToolTip(str(path))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setMaximumWidth(_COLUMN_PX)
        button.setObjectName(str(path))
        button.clicked.connect(self._choose_recent)
        return button

    def _choose_recent(self) -> None:
        self.file_chosen.emit(Path(self.sender().objectName()))


def _centred(page: QWidget) -> QVBoxLayout:
    row = QHBoxLayout(page)
    row.addStretch(1)
    column = QVBoxLayout()
    column.setSpacing(0)
    outer = QVBoxLayout()
    outer.addStretch(2)
    outer.addLayout(column)
    outer.addStretch(3)
    row.addLayout(outer)
    row.addStretch(1)
    return column


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    return label


def _button(action: QAction, primary: bool) -> QPushButton:
    button = QPushButton(f"{action.text()}   {action.shortcut().toString()}")
    button.setProperty("primary", "true" if primary else "false")
    button.clicked.connect(action.trigger)
    return button
