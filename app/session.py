"""The controller of the window: one recording, its study and its analysis, opened, edited and closed together."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from app.analysis_run import AnalysisRun
from app.demonstration import demonstration_file
from app.fmri_run import FmriRun
from app.joining import join_events
from app.opening import OpenedRecording, OpeningThread, OpenRequest, Report
from app.review import ReviewEvent
from app.settings import Settings
from app.study.study import Study
from inference.errors import SpasmlensError
from inference.labels.annotations import ReadingView
from inference.labels.detections import Detection, ModelReference
from inference.recordings.recording import ChannelKind, Recording
from inference.runtime.cards import EventRule
from inference.runtime.detections import with_threshold
from inference.runtime.package import ModelPackage
from inference.runtime.registry import SHIPPED_FOLDER, PackageSurvey
from inference.runtime.results import ModelResult


class Session(QObject):
    """What is open, and every change to it.

    Attributes
    ----------
    recording, study : what is open, None while nothing is.
    models : the networks that are here, and what is wrong with the others.
    analysis : the run that the lanes and the queue follow.
    fmri : the fMRI beside the recording.
    events : detections joined with decisions, and what was nearly detected, in order of time.

    Signals
    -------
    opening : a sentence and a fraction (negative where unknown) on the recording that is being opened.
    opened, closed : another recording is open, or none.
    open_failed : one sentence.
    events_changed : ``events`` are others.
    rules_changed : ``rules`` or the study's ``cluster_rule`` are others.
    kinds_corrected : the channels of the recording are of other kinds.
    saved_changed : whether every edit is on disk now.
    failed : an edit could not be done or kept; one sentence.

    Lives in the GUI thread. `close` ends every thread that it started.
    """

    opening = Signal(str, float)
    opened = Signal()
    closed = Signal()
    open_failed = Signal(str)
    events_changed = Signal()
    rules_changed = Signal()
    kinds_corrected = Signal()
    saved_changed = Signal(bool)
    failed = Signal(str)

    def __init__(
        self,
        settings: Settings,
        study_folder: Path | None = None,
        models_folder: Path = SHIPPED_FOLDER,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._models_folder = models_folder
        self._settings = settings
        self._study_folder = study_folder
        self._threads: list[OpeningThread] = []
        self.path: Path | None = None
        self.recording: Recording | None = None
        self.study: Study | None = None
        self.fingerprint = ""
        self.models = PackageSurvey((), ())
        self.events: tuple[ReviewEvent, ...] = ()
        self._fmri_path: Path | None = None
        self.fmri = FmriRun(self)
        self.analysis = AnalysisRun(self)
        self.analysis.changed.connect(self._gather_events)
        self.analysis.concluded.connect(self._keep_results)

    # Opening and closing

    def open_file(self, path: Path, fmri: Path | None = None) -> None:
        """Open a recording; the one that is open stays until the other can be read.

        ``path`` may also be a folder in which a recording lies beside fMRI, or a run of fMRI by itself. Without
        ``fmri`` the run that belongs to the recording is looked for.
        """
        self._fmri_path = fmri
        if path.absolute() != self.path:
            self._open(path.name, partial(_give_path, path.absolute()))

    def open_demonstration(self) -> None:
        """Open the simulated case, making it first where it is not there yet."""
        self._fmri_path = None
        self._open("the demonstration case", demonstration_file)

    def close_recording(self) -> None:
        """Close what is open; everything is on disk afterwards."""
        if self.recording is None:
            return
        self.analysis.cancel()
        self.analysis.forget()
        self.fmri.forget()
        if self.study is not None:
            self.study.close()
            self.study.deleteLater()
        self.recording, self.study, self.path, self.events = None, None, None, ()
        self.closed.emit()

    def close(self) -> None:
        """Close what is open and end every thread."""
        self.analysis.close()
        self.close_recording()
        for thread in self._threads:
            thread.abandon()
        for thread in self._threads:
            thread.wait()
        self.fmri.close()
        # What they had opened in the meantime is still in the post, and holds a study that others may want.
        QCoreApplication.sendPostedEvents(self, 0)
        self._threads.clear()

    @property
    def is_opening(self) -> bool:
        """Whether a recording is being opened."""
        return any(not thread.is_abandoned for thread in self._threads)

    # Analysis

    @property
    def networks(self) -> tuple[ModelPackage, ...]:
        """The networks that look at a recording, in the order in which they do."""
        return self.models.packages

    @property
    def is_analysed(self) -> bool:
        """Whether each network has been through this recording, now or in an earlier session."""
        analyses = self.study.analyses if self.study is not None else ()
        known = {analysis.reference.digest for analysis in analyses}
        return all(package.reference.digest in known for package in self.networks)

    @property
    def rules(self) -> dict[str, EventRule]:
        """How the events of each network are formed, by its name: with the threshold that is chosen or tried out."""
        if self.study is None:
            return {}
        usual = {package.card.name: package.card.events for package in self.networks} | self.study.rules
        chosen = {name: self.study.threshold_of(self._model_of(name)) for name in usual}
        return {
            name: with_threshold(rule, chosen[name] or rule.threshold)
            for name, rule in usual.items()
            if rule is not None
        }

    def analyse(self) -> None:
        """Let the networks look at the recording from its start."""
        if self.recording is not None and self.networks and not self.analysis.is_running:
            self.analysis.start(self.recording, self.networks, self._kept_answers)

    @property
    def _kept_answers(self) -> Path | None:
        """Where networks keep what they have said so far, so that a killed analysis goes on where it was."""
        return None if self.study is None else self.study.folder / "answers"

    # Editing

    def set_view(self, view: ReadingView) -> None:
        """Tell the study what is on the screen: it is recorded with every decision."""
        if self.study is not None:
            self.study.view = view

    def edit(self, verb: str, *values: object) -> None:
        """Do one of the study's verbs; where it makes no sense, ``failed`` says why."""
        if self.study is None:
            return
        try:
            getattr(self.study, verb)(*values)
        except SpasmlensError as error:
            self.failed.emit(str(error))
        self.saved_changed.emit(self.study.is_saved)

    def try_threshold(self, network: str, threshold: float) -> None:
        """Show the events of another threshold while a hand is still at it."""
        if self.study is not None:
            self.study.try_threshold(self._model_of(network), threshold)

    def choose_threshold(self, network: str, threshold: float | None) -> None:
        """Form a network's events by another threshold, None for its own; every decision stays."""
        if self.study is None:
            return
        usual = {package.card.name: package.card.events for package in self.networks}.get(network)
        is_usual = usual is not None and threshold == usual.threshold
        self.edit("choose_threshold", self._model_of(network), None if is_usual else threshold)

    def find(self, event_id: str) -> ReviewEvent | None:
        """Find an event by its id."""
        return next((event for event in self.events if event.event_id == event_id), None)

    def correct_kinds(self, kinds: dict[str, ChannelKind]) -> None:
        """Apply a reader's corrections of channel kinds, keep them, and analyse what is now another recording."""
        if self.recording is None:
            return
        self.analysis.cancel()
        self.recording.correct_kinds(kinds)
        self._settings.set_channel_kinds(self.fingerprint, {**self._settings.channel_kinds(self.fingerprint), **kinds})
        self.kinds_corrected.emit()
        if self.networks:
            self.analysis.start(self.recording, self.networks, self._kept_answers)

    def _open(self, title: str, locate: Callable[[Report], Path]) -> None:
        for thread in self._threads:
            thread.abandon()
        request = OpenRequest(title, locate, self._study_folder, self._models_folder, self._settings.channel_kinds)
        thread = OpeningThread(request, self)
        thread.progressed.connect(self._tell_opening)
        thread.opened.connect(self._take_opened)
        thread.failed.connect(self._tell_failure)
        thread.finished.connect(self._drop_finished)
        self._threads.append(thread)
        self.opening.emit(f"Opening {title} …", -1.0)
        thread.start()

    @Slot(str, float)
    def _tell_opening(self, sentence: str, fraction: float) -> None:
        if self._is_awaited():
            self.opening.emit(sentence, fraction)

    @Slot(str)
    def _tell_failure(self, sentence: str) -> None:
        if self._is_awaited():
            self.sender().abandon()
            self.open_failed.emit(sentence)

    @Slot(object)
    def _take_opened(self, opened: OpenedRecording) -> None:
        if not self._is_awaited():
            opened.study.store.close()
            return
        self.sender().abandon()
        self.close_recording()
        self.path, self.recording, self.fingerprint = opened.path, opened.recording, opened.fingerprint
        self.models = opened.models
        self.study = Study(opened.study, parent=self)
        self.study.annotations_changed.connect(self._gather_events)
        self.study.detections_changed.connect(self._gather_events)
        self.study.detections_changed.connect(self.rules_changed)
        self.study.saved.connect(self._tell_saved)
        self.study.failed.connect(self.failed)
        self.analysis.restore(self.study.analyses, opened.recording.duration_s)
        self.opened.emit()
        if opened.fmri_study is not None:
            self.fmri.take(opened.fmri_study)
        else:
            self.fmri.open(opened.recording, self._fmri_path or opened.fmri)

    def _is_awaited(self) -> bool:
        thread = self.sender()
        return isinstance(thread, OpeningThread) and not thread.is_abandoned

    @Slot()
    def _drop_finished(self) -> None:
        for thread in [thread for thread in self._threads if thread.isFinished()]:
            self._threads.remove(thread)
            thread.deleteLater()

    @Slot()
    def _gather_events(self) -> None:
        if self.study is None:
            return
        study, detections, near_misses = self.study, self.study.detections, self.study.near_misses
        if self.analysis.is_running:
            detections, near_misses = self._found_so_far(study), ()
        events = join_events(detections, study.annotations, near_misses, study.detection_of)
        if events != self.events:
            self.events = events
            self.events_changed.emit()

    def _found_so_far(self, study: Study) -> tuple[Detection, ...]:
        """Give the events of networks that are through, and those of the others that are final and high enough."""
        through = {result.reference.digest for result in self.analysis.results}
        final = (detection for detection in study.detections if detection.model.digest in through)
        growing = (
            detection
            for detection in self.analysis.found.values()
            if detection.model.digest not in through
            and detection.probability >= (study.threshold_of(detection.model) or 0.0)
        )
        return (*final, *growing)

    def _model_of(self, network: str) -> ModelReference:
        """Find the weights whose events are shown under a network's name."""
        known = {package.card.name: package.reference for package in self.networks}
        assert self.study is not None
        return (known | {item.reference.name: item.reference for item in self.study.analyses})[network]

    @Slot(int)
    def _tell_saved(self, _sequence: int) -> None:
        if self.study is not None:
            self.saved_changed.emit(self.study.is_saved)

    @Slot(object)
    def _keep_results(self, results: tuple[ModelResult, ...]) -> None:
        if self.study is not None:
            self.study.set_detections(results, self.networks)


def _give_path(path: Path, _report: Report) -> Path:
    return path
