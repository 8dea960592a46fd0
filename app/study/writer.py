"""The thread that writes a study, so that the window never waits for a disk."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

from app.study.analyses import Analysis
from app.study.journal import Entry
from app.study.store import Store
from inference.errors import StudyError


@dataclass(frozen=True, slots=True)
class EditJob:
    """An edit to be written; edits of an epoch in which one failed are not written any more."""

    entry: Entry
    epoch: int


@dataclass(frozen=True, slots=True)
class AnalysisJob:
    """Analyses to be written."""

    analyses: tuple[Analysis, ...]


Job = EditJob | AnalysisJob


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: ``fault`` is None where it is on disk, else the sentence that says why not.

    An edit that was given up because one before it failed has an empty fault: that one was reported.
    """

    job: Job
    fault: str | None


class StudyWriter:
    """Writes jobs in order on a thread of its own, which alone uses the store meanwhile.

    ``outcomes`` receives one outcome for each job; ``notify`` is called on the writer's thread after each.
    """

    def __init__(self, store: Store, notify: Callable[[], None]) -> None:
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._store = store
        self._notify = notify
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="study-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._jobs.put(job)

    def close(self) -> None:
        """Write what is queued, end the thread and close the store."""
        self._jobs.put(None)
        self._thread.join()
        self._store.close()

    def _run(self) -> None:
        broken_epoch = -1
        while (job := self._jobs.get()) is not None:
            fault: str | None = ""
            if not (isinstance(job, EditJob) and job.epoch == broken_epoch):
                fault = self._write(job)
                if fault is not None and isinstance(job, EditJob):
                    broken_epoch = job.epoch
            self.outcomes.put(Outcome(job, fault))
            self._notify()

    def _write(self, job: Job) -> str | None:
        try:
            if isinstance(job, EditJob):
                self._store.append(job.entry)
            else:
                self._store.write_analyses(job.analyses)
        except StudyError as error:
            return str(error)
        return None
