"""Choosing what an event is, with one key."""

from PySide6.QtWidgets import QWidget

from app.dialogs.choice import Choice, ChoiceDialog
from inference.labels.vocabulary import load_vocabulary


class LabelPicker(ChoiceDialog):
    """The terms of the vocabulary; the key beside a term takes it at once.

    Signals
    -------
    picked : id of the chosen term.
    """

    def __init__(self, question: str, current: str, parent: QWidget) -> None:
        terms = load_vocabulary().terms
        choices = [Choice(term.term_id, term.name, term.description, term.key or "") for term in terms]
        super().__init__(question, choices, parent, current)
