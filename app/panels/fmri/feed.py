"""Frames of the ROI map, rendered behind the window's back: the newest request wins, none is waited for."""

import logging
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from app.panels.fmri.frames import Frame, FrameRenderer, FrameRequest
from inference.errors import SpasmlensError

_log = logging.getLogger(__name__)
_KEPT: Final = 32


class FrameFeed(QObject):
    """Keeps the frame that is asked for coming; lives in the GUI thread.

    At most one frame is under way; of what is asked for meanwhile only the newest is rendered after it.

    Signals
    -------
    rendered : a `Frame`, of the newest request or of one on the way to it.
    failed : the image can no longer be read; one sentence.
    """

    rendered = Signal(object)
    failed = Signal(str)
    _done = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._frames: OrderedDict[FrameRequest, Frame] = OrderedDict()
        self._renderer: FrameRenderer | None = None
        self._wanted: FrameRequest | None = None
        self._under_way: FrameRequest | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._done.connect(self._take)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was asked for has come."""
        return self._wanted is None and self._under_way is None

    def ask(self, request: FrameRequest) -> None:
        """Ask for a frame, instead of what was asked for before."""
        frame = self._frames.get(request)
        if frame is not None:
            self._wanted = None
            self._frames.move_to_end(request)
            self.rendered.emit(frame)
            return
        self._wanted = request
        self._start()

    def forget(self) -> None:
        """Forget what was rendered, and let go of its study."""
        self._wanted, self._renderer = None, None
        self._frames.clear()

    def close(self) -> None:
        """End the thread; returns when the frame under way has come to its end."""
        self.forget()
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        if self._under_way is not None or self._wanted is None:
            return
        request, self._wanted = self._wanted, None
        if self._renderer is None or self._renderer.study is not request.study:
            self._frames.clear()
            self._renderer = FrameRenderer(request.study)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="roi-map")
        self._under_way = request
        self._pool.submit(self._renderer.render, request).add_done_callback(partial(self._report, request))

    def _report(self, request: FrameRequest, future: Future[Frame]) -> None:
        # Runs in the pool's thread; the signal carries the result into the GUI thread.
        if not future.cancelled():
            self._done.emit(request, future)

    @Slot(object, object)
    def _take(self, request: FrameRequest, future: Future[Frame]) -> None:
        self._under_way = None
        if self._renderer is not None and self._renderer.study is request.study:
            self._keep(request, future)
        self._start()

    def _keep(self, request: FrameRequest, future: Future[Frame]) -> None:
        try:
            frame = future.result()
        except SpasmlensError as error:
            self.failed.emit(str(error))
        except Exception:
            _log.exception("rendering the ROI map")
            self.failed.emit("The ROI map cannot be drawn because of a fault in Spasmlens itself.")
        else:
            self._frames[request] = frame
            if len(self._frames) > _KEPT:
                self._frames.popitem(last=False)
            self.rendered.emit(frame)
