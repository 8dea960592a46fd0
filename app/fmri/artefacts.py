"""The scanner's and the heart's artefact, subtracted from traces and analysis at a key, with before and after."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app.newest_job import NewestJob, Report
from app.reading import ReadingPage
from app.session import Session
from app.shell.feature import Feature
from app.shortcuts import Needs
from inference.errors import SpasmlensError
from inference.imaging.artefact_free import ArtefactFreeRecording, has_gradients
from inference.imaging.triggers import TriggerTrain, find_trigger_train
from inference.recordings.recording import Recording


class ArtefactFilter(Feature):
    """Exchanges the session's recording for one without artefacts, and back.

    Signals
    -------
    subtracted(bool) : whether the artefact is subtracted now.
    shown(bool) : whether the traces are shown as they were before, while the analysis goes on without the artefact.
    noted : a sentence on the artefact, empty where there is nothing to say.
    failed : one sentence.

    Lives in the GUI thread; `close` ends the thread that it started.
    """

    subtracted = Signal(bool)
    shown = Signal(bool)
    noted = Signal(str)
    failed = Signal(str)

    def __init__(self, session: Session, page: ReadingPage, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._page = session, page
        self._train: TriggerTrain | None = None
        self._look = NewestJob(self)
        self._look.done.connect(self._tell_gradients)
        self._job = NewestJob(self)
        self._job.progressed.connect(self._tell_progress)
        self._job.done.connect(self._take)
        self._job.failed.connect(self._tell_failure)
        session.opened.connect(self._begin)
        session.closed.connect(self._begin)
        session.fmri.changed.connect(self._find_train)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Give what the actions on the artefact do."""
        return {"artefacts": self.subtract, "artefacts_shown": self.show_before}

    def available(self) -> Needs:
        """Tell whether there are volume triggers, and whether the artefact is subtracted."""
        there_is = Needs.NOTHING if self._train is None else Needs.TRIGGERS
        return there_is | (Needs.NOTHING if self._free is None else Needs.ARTEFACT_FREE)

    def close(self) -> None:
        """End what is under way."""
        self._look.close()
        self._job.close()

    @Slot(bool)
    def subtract(self, wanted: bool) -> None:
        """Subtract the artefact from what is shown and analysed, or no more."""
        recording = self._session.recording
        if recording is None or wanted == (self._free is not None):
            return
        if not wanted:
            self._job.abandon()
            assert self._free is not None
            self.shown.emit(False)
            self._session.exchange(self._free.raw)
            self.noted.emit("")
        else:
            self.noted.emit("Going through the recording for the scanner's artefact …")
            self._job.start("Subtracting the artefact", partial(_make, recording, self._train))

    @Slot(bool)
    def show_before(self, before: bool) -> None:
        """Show the traces with their artefact, or without it again; the analysis does not change."""
        if self._free is not None:
            self._page.traces.exchange_recording(self._free.raw if before else self._free)
            self.noted.emit("The traces are shown with the scanner's artefact in them." if before else "")

    @property
    def _free(self) -> ArtefactFreeRecording | None:
        recording = self._session.recording
        return recording if isinstance(recording, ArtefactFreeRecording) else None

    @Slot()
    def _begin(self) -> None:
        self._job.abandon()
        self._look.abandon()
        self._train = None
        self.subtracted.emit(False)
        self.shown.emit(False)
        self.noted.emit("")
        self._find_train()
        recording = self._session.recording
        if recording is not None and self._train is not None:
            self._look.start(
                "Looking for the scanner's artefact", lambda _report: has_gradients(recording, self._train)
            )

    @Slot()
    def _find_train(self) -> None:
        """Take the triggers that the run goes by, else those that the recording itself names as a scanner's."""
        study, recording = self._session.fmri.study, self._session.recording
        told = None if study is None else study.alignment.train
        if told is None and recording is not None:
            told, _ = find_trigger_train(recording.annotations, None, 0)
        self._train = told if recording is not None and told is not None and told.n_steps > 1 else None

    @Slot(object)
    def _tell_gradients(self, there_are: bool) -> None:
        if there_are and self._free is None:
            self.noted.emit("The scanner's artefact is in the EEG. Ctrl+Shift+A subtracts it from traces and analysis.")

    @Slot(str, float)
    def _tell_progress(self, sentence: str, fraction: float) -> None:
        self.noted.emit(f"{sentence} {fraction:.0%}")

    @Slot(object)
    def _take(self, free: ArtefactFreeRecording) -> None:
        self.noted.emit("")
        self._session.exchange(free)
        self.subtracted.emit(True)

    @Slot(object)
    def _tell_failure(self, error: SpasmlensError) -> None:
        self.noted.emit("")
        self.subtracted.emit(False)
        self.failed.emit(str(error))


def _make(recording: Recording, train: TriggerTrain | None, report: Report) -> ArtefactFreeRecording:
    return ArtefactFreeRecording(recording, train, lambda fraction: report("Looking for heart beats …", fraction))
