"""The strip of a scorer: which epoch this is, what it is scored as, what the network thinks, and the keys."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.theme import GRID_PX, SMALL_PX, ui_font

_HEIGHT_PX = 4 * GRID_PX


class ScoreStrip(QWidget):
    """One line above the hypnogram, there while sleep is scored."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_HEIGHT_PX)
        self.setFont(ui_font(SMALL_PX))
        self._epoch, self._network = QLabel(), QLabel()
        self._epoch.setAccessibleName("Epoch")
        self._epoch.setProperty("role", "heading")
        self._network.setAccessibleName("What the network thinks of the epoch")
        self._network.setProperty("role", "small")
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GRID_PX // 2)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, 0, GRID_PX, 0)
        row.setSpacing(2 * GRID_PX)
        row.addWidget(self._epoch)
        row.addLayout(self._buttons)
        row.addWidget(self._network, 1)

    @property
    def text(self) -> str:
        """What is said now."""
        return f"{self._epoch.text()} {self._network.text()}".strip()

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """Offer these stages."""
        while (item := self._buttons.takeAt(0)) is not None:
            button = item.widget()
            if button is not None:
                button.setParent(None)
                button.deleteLater()
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("role", "stage")
            self._buttons.addWidget(button)

    def set_epoch(self, epoch: str, network: str) -> None:
        """Say which epoch this is and what is thought of it."""
        self._epoch.setText(epoch)
        self._network.setText(network)
