"""What networks answer besides events: the focus on a head, and the syndrome."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from app.analysis_run import Phase
from app.following import Follower
from app.lanes.tracks import ProbabilityTrack
from app.panels.course import Course
from app.panels.focus import FocusPanel, HeadAnswer, HeadSource
from app.panels.head.colours import Ramp
from app.panels.head.places import named_sites, scale_between, scale_from_zero, sites_of_channels
from app.panels.origin import tell_origin
from app.panels.stand import Stand
from app.panels.syndrome import SyndromeAnswer, SyndromePanel
from app.reading import ReadingPage
from app.session import Session
from app.shell.feature import Feature
from app.theme import Theme
from inference.labels.syndromes import find_syndrome
from inference.runtime.cards import ModelCard
from inference.runtime.results import Answer, Measure, ModelResult

#: Electrodes that a reader expects on a head; those that were not recorded are drawn as missing.
TEN_TWENTY = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8"),
    *("P7", "P3", "Pz", "P4", "P8", "O1", "O2"),
)
_FOCUS_TASK = "focus"
_SYNDROME_TASK = "syndrome"
_TASKS = {"focus_panel": _FOCUS_TASK, "syndrome_panel": _SYNDROME_TASK}
_WEIGHTS = "channel_weights"
_FOCUS_LANE = "Highest probability of the focus in any channel"
_FOCUS_CAUTION = "An order in which to look at the channels; no finding, and not for planning surgery."
_WEIGHTS_CAUTION = "How much the network made of each electrode; no finding."


class AnswerViewer(Feature):
    """Shows what the networks of an analysis answered at the moment that is followed.

    Lives in the GUI thread.
    """

    def __init__(self, session: Session, page: ReadingPage, follower: Follower, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._page = session, page
        self.focus = FocusPanel(theme)
        self.syndrome = SyndromePanel(theme)
        session.analysis.changed.connect(self._show)
        session.opened.connect(self._show)
        session.closed.connect(self._show)
        session.kinds_corrected.connect(self._show)
        follower.moved.connect(self.focus.set_moment)
        follower.moved.connect(self.syndrome.set_moment)
        self._in_front: set[str] = set()
        self._shown: tuple[object, ...] = ()
        self._show()

    def handlers(self) -> Mapping[str, Callable[..., object]]:
        """Give what each action on the answers does."""
        return {
            "focus_source": lambda: self.focus.choose_source(1 - self.focus.source),
            "focus_whole": lambda: self.focus.show_whole(not self.focus.is_of_whole),
        }

    def panels(self) -> Mapping[str, tuple[str, QWidget]]:
        """Bring the head and the syndromes."""
        return {"focus_panel": ("Focus", self.focus), "syndrome_panel": ("Syndrome", self.syndrome)}

    def turn_panel(self, action_id: str, in_front: bool) -> None:
        """Show along the page what the panel in front tells of one moment."""
        (self._in_front.add if in_front else self._in_front.discard)(action_id)
        self._show_lane()

    def set_theme(self, theme: Theme) -> None:
        """Repaint the head and the bars."""
        self.focus.set_theme(theme)
        self.syndrome.set_theme(theme)

    @Slot()
    def _show(self) -> None:
        """Show what there is; while an analysis runs, only how far it is changes several times a second."""
        analysis = self._session.analysis
        shown = (self._session.recording, analysis.results, analysis.problems.copy(), analysis.progress.sentence)
        if shown == self._shown:
            return
        self._shown = shown
        self.focus.show_sources(
            (
                HeadSource("Focus", self._find_focus()),
                HeadSource("Weights", self._find_weights()),
            )
        )
        self.syndrome.show_answer(self._find_syndrome())
        self._show_lane()

    def _show_lane(self) -> None:
        task = next((task for action_id, task in _TASKS.items() if action_id in self._in_front), "")
        found = self._find_answer(task) if task else None
        if found is None or isinstance(found, Stand):
            self._page.show_answer(None)
            return
        card, _result, answer = found
        if task == _FOCUS_TASK:
            track, about = _track(answer, "focus", _highest(answer.probability)), _FOCUS_LANE
        else:
            leader = int(np.argmax(np.nan_to_num(answer.overall, nan=-1.0)))
            syndrome = find_syndrome(answer.columns[leader])
            track, about = _track(answer, syndrome.short, answer.probability[:, leader]), syndrome.name
        self._page.show_answer(track, f"{about}. {tell_origin(card)}.")

    def _find_focus(self) -> HeadAnswer | Stand:
        found = self._find_answer(_FOCUS_TASK)
        recording = self._session.recording
        if isinstance(found, Stand) or recording is None:
            return found if isinstance(found, Stand) else self._why_nothing(None)
        card, _result, answer = found
        by_name = {channel.name: channel for channel in recording.channels}
        channels = [by_name[name] for name in answer.columns]
        sites = sites_of_channels(channels)
        recorded = {name for site in sites for name in site.ends} | {channel.electrode for channel in channels}
        return HeadAnswer(
            card=card,
            course=_course(answer, card.inputs.window_s),
            sites=sites,
            missing=tuple(name for name in TEN_TWENTY if name not in recorded),
            ramp=Ramp.PROBABILITY,
            unit="probability",
            limits=scale_from_zero(answer.probability),
            caution=_FOCUS_CAUTION,
        )

    def _find_weights(self) -> HeadAnswer | Stand:
        card = self._card_that(lambda card: any(output.name == _WEIGHTS for output in card.outputs))
        for result in self._session.analysis.results:
            for measure in result.measures:
                if card is not None and measure.name == _WEIGHTS and result.reference.name == card.name:
                    return _weights(card, result, measure)
        return self._why_nothing(card)

    def _find_syndrome(self) -> SyndromeAnswer | Stand:
        found = self._find_answer(_SYNDROME_TASK)
        if isinstance(found, Stand):
            return found
        card, _result, answer = found
        return SyndromeAnswer(card, _course(answer, card.inputs.window_s), answer.columns)

    def _find_answer(self, task: str) -> tuple[ModelCard, ModelResult, Answer] | Stand:
        card = self._card_that(lambda card: any(output.task == task for output in card.outputs))
        for result in self._session.analysis.results:
            for answer in result.answers:
                if card is not None and answer.task == task and result.reference.name == card.name:
                    return card, result, answer
        return self._why_nothing(card)

    def _card_that(self, fits: Callable[[ModelCard], bool]) -> ModelCard | None:
        return next((package.card for package in self._session.networks if fits(package.card)), None)

    def _why_nothing(self, card: ModelCard | None) -> Stand:
        session, analysis = self._session, self._session.analysis
        if session.recording is None:
            return Stand("Open a recording to see what the networks make of it.")
        if card is None:
            return Stand("Not available because the network for it is not installed. See the panel of models (F7).")
        if card.name in analysis.problems:
            return Stand(analysis.problems[card.name], is_failure=True)
        progress = analysis.progress
        if progress.phase is Phase.RUNNING:
            return Stand(f"Waiting for {card.title}. {progress.sentence}.", progress.fraction)
        return {
            Phase.NONE: Stand("Not analysed yet. Press F5."),
            Phase.DONE: Stand("Analysed in an earlier session. Press F5 to have these answers again."),
            Phase.CANCELLED: Stand("The analysis was stopped before it came to this. Press F5 to start it again."),
            Phase.FAILED: Stand(progress.sentence, is_failure=True),
        }[progress.phase]


def _weights(card: ModelCard, result: ModelResult, measure: Measure) -> HeadAnswer:
    # An electrode that was not recorded has the weight 0, which is no measurement.
    there = [i for i, name in enumerate(measure.columns) if name not in result.channels_missing]
    values = measure.values[:, there]
    seen = np.isfinite(values)
    sums = np.where(seen, values, 0.0).sum(axis=0)
    overall = np.divide(sums, seen.sum(axis=0), out=np.full(len(there), np.nan), where=seen.any(axis=0))
    return HeadAnswer(
        card=card,
        course=Course(measure.time_s, values, overall.astype(np.float32), card.inputs.window_s),
        sites=named_sites([measure.columns[i] for i in there], result.channels_interpolated),
        missing=tuple(name for name in measure.columns if name in result.channels_missing),
        ramp=Ramp.WEIGHT,
        unit="weight",
        limits=scale_between(values),
        caution=_WEIGHTS_CAUTION,
    )


def _course(answer: Answer, window_s: float) -> Course:
    return Course(answer.time_s, answer.probability, answer.overall, window_s)


def _track(answer: Answer, subject: str, values: NDArray[np.float32]) -> ProbabilityTrack:
    done_s = float(answer.time_s[-1]) if len(answer.time_s) else 0.0
    return ProbabilityTrack(subject, answer.time_s, values, math.nan, done_s)


def _highest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the highest value of each row; NaN where all are."""
    highest = np.where(np.isfinite(values), values, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(highest), highest, np.nan).astype(np.float32)
