"""A sentence in a panel."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def make_sentence(role: str, text: str = "", *, selectable: bool = False) -> QLabel:
    """Make a label that wraps and takes nothing in its text for markup; ``role`` decides how the style draws it."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if selectable:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
