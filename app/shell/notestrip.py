"""A strip of sentences above the traces: what is odd in this recording and what of the view could not be had."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.shell.icons import icon
from app.theme import GRID_PX, Theme

_MOST_SHOWN = 3


class NoteStrip(QWidget):
    """A few quiet lines with a button that folds them away."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setProperty("role", "small")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self.close_button = QToolButton()
        self.close_button.setToolTip("Fold these notes away")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, GRID_PX // 2, GRID_PX // 2, GRID_PX // 2)
        row.setSpacing(GRID_PX)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self.close_button)
        self.set_theme(theme)

    @property
    def text(self) -> str:
        """What is said now."""
        return self._text.text()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._sign.setPixmap(icon("triangle-alert", theme.warning).pixmap(16, 16))
        self.close_button.setIcon(icon("x", theme.ink))

    def set_sentences(self, sentences: Sequence[str]) -> None:
        """Say these sentences; of many, the first few, and the others in the tool tip."""
        shown = list(sentences[:_MOST_SHOWN])
        if len(sentences) > _MOST_SHOWN:
            shown.append(f"… and {len(sentences) - _MOST_SHOWN} more: rest the pointer here.")
        self._text.setText("\n".join(shown))
        self.setToolTip("\n".join(sentences))
