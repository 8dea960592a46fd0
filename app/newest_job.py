"""Work behind the window's back of which only the newest is waited for: opening files that may be slow or broken."""

import logging
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from inference.errors import SpasmlensError

_log = logging.getLogger(__name__)

#: Tells the reader how far something is: a sentence and a fraction, 0 to 1, negative where it cannot be known.
Report = Callable[[str, float], None]


class _AbandonedError(Exception):
    """Nobody waits any more."""


class _JobThread(QThread):
    """Does one piece of work; the thread's object lives in the GUI thread, only `run` is elsewhere."""

    progressed = Signal(str, float)
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, title: str, job: Callable[[Report], object], parent: QObject) -> None:
        super().__init__(parent)
        self._title, self._job = title, job
        # Qt's own request for interruption is forgotten as soon as the thread has ended.
        self.is_abandoned = False

    def run(self) -> None:
        """Do the work; runs in this thread."""
        try:
            result = self._job(self._report)
        except _AbandonedError:
            return
        except SpasmlensError as error:
            self.failed.emit(error)
        except Exception:
            _log.exception("%s", self._title)
            self.failed.emit(SpasmlensError(f"{self._title} failed because of a fault in Spasmlens itself."))
        else:
            self.done.emit(result)

    def _report(self, sentence: str, fraction: float) -> None:
        if self.is_abandoned:
            raise _AbandonedError
        self.progressed.emit(sentence, fraction)


class NewestJob(QObject):
    """Does one thing at a time in a thread of its own; what is asked for later takes the place of what was before.

    Signals
    -------
    progressed : a sentence and a fraction, as the work reports them.
    done : what the work gave.
    failed : the `SpasmlensError` that ended it.
    discarded : what work gave that nobody waits for any more.

    Lives in the GUI thread; `close` ends every thread that it started.
    """

    progressed = Signal(str, float)
    done = Signal(object)
    failed = Signal(object)
    discarded = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._threads: list[_JobThread] = []

    @property
    def is_busy(self) -> bool:
        """Whether something is under way that is waited for."""
        return any(not thread.is_abandoned for thread in self._threads)

    def start(self, title: str, job: Callable[[Report], object]) -> None:
        """Do some work; ``title`` names it where it fails by a fault of ours, as in "Opening night.edf"."""
        self.abandon()
        thread = _JobThread(title, job, self)
        thread.progressed.connect(self._tell)
        thread.done.connect(self._take)
        thread.failed.connect(self._fail)
        thread.finished.connect(self._drop_finished)
        self._threads.append(thread)
        thread.start()

    def abandon(self) -> None:
        """Wait no more for what is under way: it ends at its next report, and what it gives is discarded."""
        for thread in self._threads:
            thread.is_abandoned = True

    def close(self) -> None:
        """Abandon what is under way and end its threads."""
        self.abandon()
        for thread in self._threads:
            thread.wait()
        # What they gave in the meantime is still in the post, and may hold what others want.
        QCoreApplication.sendPostedEvents(self, 0)
        self._threads.clear()

    def _awaited(self) -> _JobThread | None:
        thread = self.sender()
        return thread if isinstance(thread, _JobThread) and not thread.is_abandoned else None

    @Slot(str, float)
    def _tell(self, sentence: str, fraction: float) -> None:
        if self._awaited() is not None:
            self.progressed.emit(sentence, fraction)

    @Slot(object)
    def _take(self, result: object) -> None:
        thread = self._awaited()
        if thread is None:
            self.discarded.emit(result)
        else:
            thread.is_abandoned = True
            self.done.emit(result)

    @Slot(object)
    def _fail(self, error: SpasmlensError) -> None:
        thread = self._awaited()
        if thread is not None:
            thread.is_abandoned = True
            self.failed.emit(error)

    @Slot()
    def _drop_finished(self) -> None:
        for thread in [thread for thread in self._threads if thread.isFinished()]:
            self._threads.remove(thread)
            thread.deleteLater()
