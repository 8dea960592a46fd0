"""Explanations, found behind the window's back: the newest request ends an older one, and none is waited for."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Event

from PySide6.QtCore import QObject, Signal, Slot

from app.explaining.requests import Answerer, ExplainRequest
from inference.errors import SpasmlensError
from inference.explain.relevance import Relevance
from inference.explain.scalogram import Scalogram

_log = logging.getLogger(__name__)


class _SupersededError(Exception):
    """Unwinds an explanation that is no longer wanted."""


class ExplanationFeed(QObject):
    """Keeps the answer to the newest request coming; lives in the GUI thread.

    Signals
    -------
    explained : the request, and its `Relevance`. ``power_shown`` : the request, and its `Scalogram`.
    failed : the request, and one sentence.
    """

    explained = Signal(object, object)
    power_shown = Signal(object, object)
    failed = Signal(object, str)
    _found = Signal(object, object)
    _done = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._stop = Event()
        self._answerer = Answerer(self._checkpoint)
        self._wanted: ExplainRequest | None = None
        self._under_way: ExplainRequest | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._found.connect(self._take)
        self._done.connect(self._finish)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked for has come."""
        return self._wanted is None and self._under_way is None

    def ask(self, request: ExplainRequest) -> None:
        """Ask for an explanation, instead of what was asked for before."""
        if request == self._under_way and not self._stop.is_set():
            return
        self._wanted = request
        self._stop.set()
        self._start()

    def cancel(self) -> None:
        """Ask for nothing any more."""
        self._wanted = None
        self._stop.set()

    def close(self) -> None:
        """End the thread; returns when it has let go of what it was at."""
        self.cancel()
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.shutdown(wait=True, cancel_futures=True)

    def _checkpoint(self) -> None:
        # Called in the pool's thread.
        if self._stop.is_set():
            raise _SupersededError

    def _start(self) -> None:
        if self._under_way is not None or self._wanted is None:
            return
        request, self._wanted = self._wanted, None
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="explaining")
        # Nothing runs now, so nothing else reads it: what stopped the older must not stop the newer.
        self._stop.clear()
        self._under_way = request
        self._pool.submit(self._work, request).add_done_callback(partial(self._report, request))

    def _work(self, request: ExplainRequest) -> None:
        # Runs in the pool's thread; signals carry what is found into the GUI thread.
        if request.wants_relevance:
            self._found.emit(request, self._answerer.explain(request))
            self._checkpoint()
        if request.wants_power:
            self._found.emit(request, self._answerer.show_power(request))

    def _report(self, request: ExplainRequest, future: Future[None]) -> None:
        if not future.cancelled():
            self._done.emit(request, future)

    @Slot(object, object)
    def _take(self, request: ExplainRequest, found: Relevance | Scalogram) -> None:
        if self._stop.is_set():
            return
        if isinstance(found, Relevance):
            self.explained.emit(request, found)
        else:
            self.power_shown.emit(request, found)

    @Slot(object, object)
    def _finish(self, request: ExplainRequest, future: Future[None]) -> None:
        self._under_way = None
        is_wanted = not self._stop.is_set()
        try:
            future.result()
        except _SupersededError:
            pass
        except SpasmlensError as error:
            if is_wanted:
                self.failed.emit(request, str(error))
        except Exception:
            _log.exception("explaining")
            if is_wanted:
                self.failed.emit(request, "This cannot be explained because of a fault in Spasmlens itself.")
        self._start()
