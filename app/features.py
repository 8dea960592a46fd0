"""The parts that add something to the window, each with its actions and its panels."""

from typing import TYPE_CHECKING, NamedTuple

from app.answering import AnswerViewer
from app.explaining.viewing import Explainer
from app.fmri.artefacts import ArtefactFilter
from app.fmri.viewing import FmriViewer
from app.following import Follower
from app.quality_viewing import QualityViewer
from app.reviewing import Reviewer
from app.settings import Settings
from app.shell.viewbar import ViewBar
from app.sleep_reporting import SleepReporter
from app.sleep_room import SleepRoom
from app.sleep_scoring import SleepScorer
from app.theme import Theme
from app.viewing import Viewer

if TYPE_CHECKING:
    from app.window import MainWindow


class Features(NamedTuple):
    """What the window can do, in the order in which its panels stand.

    ``viewer`` holds the page to one view; ``reviewer`` works through events; ``explainer`` says why a network found
    one, and ``answers`` shows what networks say besides events; ``fmri`` and ``artefacts`` are about the scanner;
    ``quality`` marks bad signal; ``scorer`` and ``reporter`` are the sleep room.
    """

    viewer: Viewer
    reviewer: Reviewer
    explainer: Explainer
    answers: AnswerViewer
    fmri: FmriViewer
    artefacts: ArtefactFilter
    quality: QualityViewer
    scorer: SleepScorer
    reporter: SleepReporter


def make_features(window: "MainWindow", bar: ViewBar, settings: Settings, theme: Theme) -> Features:
    """Make every feature of a window whose session, page and panels are there."""
    session, page, queue, actions = window.session, window.page, window.queue, window.actions_by_id
    follower = Follower(session, page, queue, window)
    sleep = SleepRoom(session, window)
    return Features(
        viewer=Viewer(session, page, bar, settings, window),
        reviewer=Reviewer(session, queue, page, settings, window),
        explainer=Explainer(session, page, queue, follower=follower, theme=theme, parent=window),
        answers=AnswerViewer(session, page, follower, theme, window),
        fmri=FmriViewer(session, page, window.roi_map, settings, window),
        artefacts=ArtefactFilter(session, page, window),
        quality=QualityViewer(session, page, window),
        scorer=SleepScorer(session, sleep, page, actions, window),
        reporter=SleepReporter(session, sleep, page, actions, window),
    )
