"""What the window says about the networks and about what is not there."""

from typing import NamedTuple

from app.analysis_run import Phase
from app.panels.models import SIMULATED_WARNING, card_warning
from app.session import Session
from app.version import VERSION


class Notice(NamedTuple):
    """Which network speaks, and what must be known about it."""

    name: str
    warning: str


def make_notice(session: Session) -> Notice:
    """Say which network speaks and on what it was trained; before a recording is open, what holds for all of them."""
    cards = [package.card for package in session.networks]
    if cards:
        others = f" and {len(cards) - 1} more" if len(cards) > 1 else ""
        warning = next(filter(None, map(card_warning, cards)), "")
        return Notice(f"{cards[0].title} {cards[0].version}{others}", warning)
    if session.recording is not None:
        return Notice("No network", why_no_model(session))
    return Notice(f"Spasmlens {VERSION}", SIMULATED_WARNING)


def why_no_model(session: Session) -> str:
    """Say why nothing can be analysed; empty where it can."""
    return "" if session.networks else "Not available because no intact model package is installed"


def why_no_events(session: Session) -> str:
    """Say why the queue is empty and what to do next."""
    if session.recording is None:
        return "Open a recording to see what was found in it."
    if not session.networks:
        return f"{why_no_model(session)}. Drag over the traces and press Return to add an event."
    progress = session.analysis.progress
    return {
        Phase.NONE: "Not analysed yet. Press F5.",
        Phase.RUNNING: "Nothing found yet. The analysis is still running.",
        Phase.DONE: "No event was found. Drag over the traces and press Return to add one.",
        Phase.CANCELLED: "The analysis was stopped before it found an event. Press F5 to start it again.",
        Phase.FAILED: progress.sentence,
    }[progress.phase]
