"""The line under every answer that says which network gave it and what it learned from."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panels.models import card_warning
from app.panels.sentence import make_sentence
from app.theme import GRID_PX
from inference.runtime.cards import ModelCard


class OriginLine(QWidget):
    """Network and version, and below them what must be known before it is trusted."""

    def __init__(self) -> None:
        super().__init__()
        self.name = make_sentence("small")
        self.warning = make_sentence("warning")
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        column.setSpacing(0)
        column.addWidget(self.name)
        column.addWidget(self.warning)

    def show_card(self, card: ModelCard) -> None:
        """Tell of a network."""
        self.name.setText(f"{card.title} {card.version}")
        self.warning.setText(card_warning(card).capitalize())
        self.warning.setVisible(bool(card_warning(card)))
        self.setToolTip(card.trained_on)


def tell_origin(card: ModelCard) -> str:
    """Name a network, its version and what it learned from where there is room for a line."""
    return f"{card.title} {card.version}{', simulated training' if card.simulated else ''}"
