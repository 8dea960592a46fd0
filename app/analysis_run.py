"""One analysis as the window follows it: how far it is, what it has found so far, how it ended."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
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
from inference.runtime.analysis import AnalysisRequest, AnalysisUpdate, ModelResult
from inference.runtime.cards import EventRule
from inference.runtime.package import ModelPackage

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
    track : probability so far, None before there is any.
    found : detections that have become final so far, by id.
    results : what each network said, complete; empty while it runs.

    Signals
    -------
    changed : any of the attributes is another.
    finished : a tuple of `ModelResult`.

    Lives in the GUI thread; the engine's thread ends with `close`.
    """

    changed = Signal()
    finished = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = InferenceEngine(self)
        self._engine.updated.connect(self._take_update)
        self._engine.finished.connect(self._finish)
        self._engine.failed.connect(self._fail)
        self._engine.cancelled.connect(self._end_cancelled)
        self._packages: tuple[ModelPackage, ...] = ()
        self._began_s = 0.0
        self.progress = Progress()
        self.track: ProbabilityTrack | None = None
        self.found: dict[str, Detection] = {}
        self.results: tuple[ModelResult, ...] = ()

    def forget(self) -> None:
        """Return to where nothing was analysed."""
        self.progress, self.track, self.found, self.results = Progress(), None, {}, ()

    def start(self, recording: Recording, packages: tuple[ModelPackage, ...]) -> None:
        """Analyse a recording with these networks."""
        self.forget()
        self._packages = packages
        self._began_s = time.monotonic()
        self.progress = Progress(Phase.RUNNING, 0.0, "Analysis is starting …")
        self._engine.submit(AnalysisRequest(recording, packages))
        self.changed.emit()

    def restore(self, analyses: Iterable[Analysis], duration_s: float) -> None:
        """Show what an earlier analysis had found."""
        self.forget()
        for analysis in analyses:
            probability = analysis.probability.reshape(len(analysis.time_s), -1)[:, -1]
            self.track = _make_track(analysis.rule, analysis.time_s, probability, duration_s)
            self.progress = Progress(Phase.DONE, 1.0, "Analysed")
            break
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what has been found so far stays on the lanes."""
        self._engine.cancel()

    def close(self) -> None:
        """Stop and end the engine's thread."""
        self._engine.close()

    @property
    def is_running(self) -> bool:
        """Whether an analysis is under way."""
        return self.progress.phase is Phase.RUNNING

    @Slot(object)
    def _take_update(self, update: AnalysisUpdate) -> None:
        names = [package.card.name for package in self._packages]
        if not self.is_running or update.model_name not in names:
            return
        number = names.index(update.model_name)
        fraction = (number + update.done_s / max(update.total_s, 1e-9)) / len(names)
        self.progress = Progress(Phase.RUNNING, fraction, self._tell_progress(fraction))
        self.found.update({detection.detection_id: detection for detection in update.detections})
        if number == 0:
            self._extend_track(self._packages[0].card.events, update)
        self.changed.emit()

    def _extend_track(self, rule: EventRule, update: AnalysisUpdate) -> None:
        time_s, probability = update.time_s, update.probability
        if self.track is not None:
            time_s = np.concatenate([self.track.time_s, time_s])
            probability = np.concatenate([self.track.probability, probability])
        self.track = _make_track(rule, time_s, probability, update.done_s)

    def _tell_progress(self, fraction: float) -> str:
        percent = f"Analysing {fraction:.0%}"
        if fraction < _FRACTION_TO_JUDGE:
            return percent
        left_s = (time.monotonic() - self._began_s) * (1 - fraction) / fraction
        return f"{percent}, {duration_text(left_s)} left"

    @Slot(object)
    def _finish(self, results: tuple[ModelResult, ...]) -> None:
        self.results = results
        took = duration_text(time.monotonic() - self._began_s)
        self.progress = Progress(Phase.DONE, 1.0, f"Analysed in {took}")
        if results:
            first = results[0]
            done_s = float(first.time_s[-1]) if first.time_s.size else 0.0
            self.track = _make_track(first.events, first.time_s, first.probability, done_s)
        self.finished.emit(results)
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


def _make_track(rule: EventRule, time_s: np.ndarray, probability: np.ndarray, done_s: float) -> ProbabilityTrack:
    try:
        subject = find_term(rule.label).role
    except LabelError:
        subject = rule.label
    return ProbabilityTrack(f"P({subject})", time_s, probability, rule.threshold, done_s)
