"""Runs analyses in a thread of their own and tells the window about them."""

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal, Slot

from inference.errors import SpasmlensError
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.memory import give_back_memory

if TYPE_CHECKING:
    from inference.runtime.results import ModelResult


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One request on its way; ``is_unwanted`` and ``gaze`` are the only things that both threads touch."""

    request: AnalysisRequest
    gaze: "_Gaze"
    is_unwanted: Event = field(default_factory=Event)


@dataclass(slots=True, eq=False)
class _Gaze:
    """Where the reader looks: left edge and length of the page, set in one thread and read in the other at once."""

    page_s: tuple[float, float] | None = None

    def __call__(self) -> tuple[float, float] | None:
        return self.page_s


class _Worker(QObject):
    """Runs jobs one after the other in the thread that it was moved to.

    Signals
    -------
    began(job), progressed(job, update), ended(job, results), failed(job, sentence), each queued to the engine's thread.
    """

    began = Signal(object)
    progressed = Signal(object, object)
    ended = Signal(object, object)
    failed = Signal(object, str)

    @Slot(object)
    def run(self, job: _Job) -> None:
        """Run one job to its end, or until it is no longer wanted."""
        self.began.emit(job)
        results: list[ModelResult] = []
        try:
            for update in analyze(job.request, job.is_unwanted.is_set, job.gaze):
                self.progressed.emit(job, update)
                if update.result is not None:
                    results.append(update.result)
        except SpasmlensError as error:
            self.failed.emit(job, str(error))
        except Exception:
            # The window must not wait for ever; the fault itself is ours and goes to the crash log.
            self.failed.emit(job, "The analysis stopped because of a fault in this program.")
            raise
        else:
            self.ended.emit(job, tuple(results))
        finally:
            # Last, because nobody should have to wait for it.
            give_back_memory()


class InferenceEngine(QObject):
    """Runs one analysis at a time; a newer request takes the place of the older.

    Every request ends with exactly one of ``finished``, ``failed`` and ``cancelled``, unless a newer one took its place
    or the engine was closed: then nothing more is heard of it. Updates come about four times a second.

    Signals
    -------
    analysis_started : the `AnalysisRequest` whose work begins.
    updated : an `AnalysisUpdate` of that request.
    finished : a tuple with the `ModelResult` of each network that did not fail.
    failed : one sentence; every network failed or the recording can no longer be read.
    cancelled : the work has ended as `cancel` asked.

    Lives in the thread that made it, where all its signals are emitted; the work is done in one thread of its own and
    in those that this one starts for each request, which `close` ends.
    """

    analysis_started = Signal(object)
    updated = Signal(object)
    finished = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    _job_submitted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: _Job | None = None
        self._gaze = _Gaze()
        self._thread = QThread(self)
        self._thread.setObjectName("inference")
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._thread.finished.connect(self._worker.deleteLater)
        self._job_submitted.connect(self._worker.run)
        self._worker.began.connect(self._tell_start)
        self._worker.progressed.connect(self._tell_update)
        self._worker.ended.connect(self._tell_end)
        self._worker.failed.connect(self._tell_failure)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether a request is waiting or being worked on."""
        return self._job is not None

    def submit(self, request: AnalysisRequest) -> None:
        """Analyse as requested, instead of whatever is being analysed now."""
        if not self._thread.isRunning():
            raise RuntimeError("the engine is closed")
        self._drop_job()
        self._job = _Job(request, self._gaze)
        self._job_submitted.emit(self._job)

    def look_at(self, onset_s: float, page_s: float) -> None:
        """Have the page that begins at ``onset_s`` and its neighbours analysed before everything else."""
        self._gaze.page_s = onset_s, page_s

    def cancel(self) -> None:
        """End the current work, if there is any; ``cancelled`` follows when it has ended."""
        if self._job is not None:
            self._job.is_unwanted.set()

    def close(self) -> None:
        """End the current work and the thread, and return when both have ended."""
        self._drop_job()
        self._thread.quit()
        self._thread.wait()

    def _drop_job(self) -> None:
        if self._job is not None:
            self._job.is_unwanted.set()
            self._job = None

    @Slot(object)
    def _tell_start(self, job: _Job) -> None:
        if job is self._job:
            self.analysis_started.emit(job.request)

    @Slot(object, object)
    def _tell_update(self, job: _Job, update: object) -> None:
        if job is self._job and not job.is_unwanted.is_set():
            self.updated.emit(update)

    @Slot(object, object)
    def _tell_end(self, job: _Job, results: object) -> None:
        if self._let_go(job):
            self.finished.emit(results)

    @Slot(object, str)
    def _tell_failure(self, job: _Job, sentence: str) -> None:
        if self._let_go(job):
            self.failed.emit(sentence)

    def _let_go(self, job: _Job) -> bool:
        """Let go of a job that has ended, and tell whether how it ended is news: not when it was cancelled."""
        if job is not self._job:
            return False
        self._job = None
        if job.is_unwanted.is_set():
            self.cancelled.emit()
            return False
        return True
