"""How far a training run is, as whoever started it sees it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where training stands: a stage, how much of it is done, and a word on how it goes.

    A run that goes on after a kill reports a stage from where it stands, not from 1.
    """

    stage: str
    done: int
    total: int
    note: str = ""
