"""One analysis as the window follows it: how far it is, what it has found so far, how it ended."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from app.engine import InferenceEngine
from app.lanes.tracks import ProbabilityTrack
from app.study import Analysis
from app.times import duration_text
from inference.errors import LabelError
from inference.labels.vocabulary import find_term
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest
from inference.runtime.cards import EventRule
from inference.runtime.package import ModelPackage
from inference.runtime.results import AnalysisUpdate, ModelResult

if TYPE_CHECKING:
    from inference.labels.detections import Detection

#: Before this fraction is done, nothing is said about the time that is left.
_FRACTION_TO_JUDGE = 0.02


class Phase(StrEnum):
    """How an analysis stands."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an analysis is: a phase, a fraction of the whole, and a sentence for the reader."""

    phase: Phase = Phase.NONE
    fraction: float = 0.0
    sentence: str = ""


class AnalysisRun(QObject):
    """Starts analyses one at a time and gathers what they tell.

    Attributes
    ----------
    progress : how far it is.
    tracks : probability so far of each network that looks for events, by the network's name.
    problems : why a network could say nothing, by its name.
    found : detections that have become final so far, by id.
    results : what each network said that is through with the whole recording.
    gists : the same in one line each, by the network's name; also of an earlier analysis.

    Signals
    -------
    changed : any of the attributes is another.
    concluded : a network has ended; a tuple of the `ModelResult` of each that has by now.

    Lives in the GUI thread; the engine's thread ends with `close`.
    """

    changed = Signal()
    concluded = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = InferenceEngine(self)
        self._engine.updated.connect(self._take_update)
        self._engine.finished.connect(self._finish)
        self._engine.failed.connect(self._fail)
        self._engine.cancelled.connect(self._end_cancelled)
        self._packages: tuple[ModelPackage, ...] = ()
        self._began_s = 0.0
        self._done: dict[str, float] = {}
        self._growing: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.progress = Progress()
        self.tracks: dict[str, ProbabilityTrack] = {}
        self.problems: dict[str, str] = {}
        self.found: dict[str, Detection] = {}
        self.results: tuple[ModelResult, ...] = ()
        self.gists: dict[str, str] = {}

    def forget(self) -> None:
        """Return to where nothing was analysed."""
        self.progress, self.results = Progress(), ()
        self.tracks, self.problems, self.found, self.gists = {}, {}, {}, {}
        self._growing = {}

    def start(self, recording: Recording, packages: tuple[ModelPackage, ...], cache: Path | None = None) -> None:
        """Analyse a recording with these networks; what a folder keeps of the same analysis is taken over at once."""
        self.forget()
        self._packages, self._done = packages, dict.fromkeys((package.card.name for package in packages), 0.0)
        self._began_s = time.monotonic()
        self.progress = Progress(Phase.RUNNING, 0.0, "Analysis is starting …")
        self._engine.submit(AnalysisRequest(recording, packages, cache=cache))
        self.changed.emit()

    def restore(self, analyses: Iterable[Analysis], duration_s: float) -> None:
        """Show what an earlier analysis had found."""
        self.forget()
        for analysis in analyses:
            name, rule = analysis.reference.name, analysis.rule
            self.gists[name] = analysis.gist
            if rule is not None:
                probability = analysis.probability.reshape(len(analysis.time_s), -1)[:, -1]
                self.tracks[name] = _make_track(rule, analysis.time_s, probability, duration_s)
            self.progress = Progress(Phase.DONE, 1.0, "Analysed")
        self.changed.emit()

    @Slot(float, float)
    def look_at(self, onset_s: float, page_s: float) -> None:
        """Have the page that a reader turns to analysed first."""
        self._engine.look_at(onset_s, page_s)

    def cancel(self) -> None:
        """Stop; what has been found so far stays on the lanes."""
        self._engine.cancel()

    def close(self) -> None:
        """Stop and end the engine's thread."""
        self._engine.close()

    @property
    def track(self) -> ProbabilityTrack | None:
        """Probability so far of the network that is looked at first, None before there is any."""
        return next(iter(self.tracks.values()), None)

    @property
    def is_running(self) -> bool:
        """Whether an analysis is under way."""
        return self.progress.phase is Phase.RUNNING

    @Slot(object)
    def _take_update(self, update: AnalysisUpdate) -> None:
        if not self.is_running or update.model_name not in self._done:
            return
        self._done[update.model_name] = 1.0 if update.problem else update.done_s / max(update.total_s, 1e-9)
        fraction = sum(self._done.values()) / len(self._done)
        self.progress = Progress(Phase.RUNNING, fraction, self._tell_progress(fraction))
        self.found.update({detection.detection_id: detection for detection in update.detections})
        card = next(package.card for package in self._packages if package.card.name == update.model_name)
        if update.problem:
            self.problems[update.model_name] = update.problem
        elif card.events is not None and len(update.time_s):
            self._extend_track(card.events, card.inputs.hop_s, update)
        if update.result is not None:
            # What was found can be worked through while other networks are still busy.
            self.results += (update.result,)
            self.gists[update.model_name] = update.result.gist
            self.concluded.emit(self.results)
        self.changed.emit()

    def _extend_track(self, rule: EventRule, hop_s: float, update: AnalysisUpdate) -> None:
        """Fill in what has come, in whatever order; the track is NaN between what is known."""
        name = update.model_name
        if name not in self._growing:
            time_s = np.arange(int(update.total_s / hop_s + 1e-9) + 1) * hop_s
            self._growing[name] = time_s, np.full(len(time_s), np.nan, dtype=np.float32)
        time_s, probability = self._growing[name]
        probability[np.round(update.time_s / hop_s).astype(int)] = update.probability
        before = self.tracks.get(name)
        done_s = max(float(update.time_s[-1]), 0.0 if before is None else before.done_s)
        self.tracks[name] = _make_track(rule, time_s, probability.copy(), update.total_s if update.result else done_s)

    def _tell_progress(self, fraction: float) -> str:
        percent = f"Analysing {fraction:.0%}"
        if fraction < _FRACTION_TO_JUDGE:
            return percent
        left_s = (time.monotonic() - self._began_s) * (1 - fraction) / fraction
        return f"{percent}, {duration_text(left_s)} left"

    @Slot(object)
    def _finish(self, _results: tuple[ModelResult, ...]) -> None:
        took = duration_text(time.monotonic() - self._began_s)
        self.progress = Progress(Phase.DONE, 1.0, f"Analysed in {took}")
        self.changed.emit()

    @Slot(str)
    def _fail(self, sentence: str) -> None:
        self.progress = Progress(Phase.FAILED, 0.0, sentence)
        self.changed.emit()

    @Slot()
    def _end_cancelled(self) -> None:
        if not self.is_running:
            return
        self.progress = Progress(Phase.CANCELLED, self.progress.fraction, "Analysis stopped")
        self.changed.emit()


def event_subject(rule: EventRule) -> str:
    """Name what a network looks for as the theme and the lanes do: spasm, seizure."""
    try:
        return find_term(rule.label).role
    except LabelError:
        return rule.label


def _make_track(rule: EventRule, time_s: np.ndarray, probability: np.ndarray, done_s: float) -> ProbabilityTrack:
    return ProbabilityTrack(event_subject(rule), time_s, probability, rule.threshold, done_s)
