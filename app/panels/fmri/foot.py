"""What stands below the map: what must be said of the run, and the ways to change how it is read."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.theme import GRID_PX

_LINES_PX: Final = 9 * GRID_PX


class MapFoot(QWidget):
    """Three links, and sentences that scroll where they are many.

    Signals
    -------
    cleaning_asked, registration_asked, tr_asked : the reader wants to set how signals are cleaned, to name a
        registration, or to set the TR.
    """

    cleaning_asked = Signal()
    registration_asked = Signal()
    tr_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.lines = QLabel()
        self.lines.setProperty("role", "small")
        self.lines.setTextFormat(Qt.TextFormat.PlainText)
        self.lines.setWordWrap(True)
        self.lines.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lines.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self.cleaning = _link("Cleaning …", "Band, trend, confounds and motion of the regions' signals  (Ctrl+Shift+F)")
        self.registration = _link("Registration …", "Name a file that places the run in MNI space  (Ctrl+Shift+M)")
        self.tr = _link("TR …", "Set how long a volume takes  (Ctrl+Shift+T)")
        self.tr.clicked.connect(self.tr_asked)
        self.cleaning.clicked.connect(self.cleaning_asked)
        self.registration.clicked.connect(self.registration_asked)
        links = QHBoxLayout()
        links.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        links.setSpacing(2 * GRID_PX)
        links.addWidget(self.cleaning)
        links.addWidget(self.registration)
        links.addWidget(self.tr)
        links.addStretch(1)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setWidget(self.lines)
        scrolled.setMinimumHeight(_LINES_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX // 2)
        column.addLayout(links)
        column.addWidget(scrolled, 1)

    def set_tr(self, tr_s: float) -> None:
        """Show how long a volume takes."""
        self.tr.setText(f"TR {tr_s:.4g} s …")

    def set_lines(self, lines: Sequence[str]) -> None:
        """Say these sentences of the run."""
        text = "\n".join(lines)
        self.lines.setText(text)
        self.lines.setToolTip(text)

    def set_named(self, named: bool) -> None:
        """Offer to clean the signals of regions only where regions may be named."""
        self.cleaning.setEnabled(named)


def _link(text: str, about: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", "link")
    button.setToolTip(about)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
