"""The moment that panels beside the traces follow."""

import math

from PySide6.QtCore import QObject, Signal, Slot

from app.panels.event_queue import EventQueue
from app.reading import ReadingPage
from app.session import Session


class Follower(QObject):
    """Gives the time under the cursor; else the middle of the selected event while it is on the page; else the page's.

    Signals
    -------
    moved : the moment in seconds.

    Lives in the GUI thread.
    """

    moved = Signal(float)

    def __init__(self, session: Session, page: ReadingPage, queue: EventQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._page, self._queue = session, page, queue
        self._cursor_s = math.nan
        page.traces.cursor_moved.connect(self._follow_cursor)
        page.page_changed.connect(self._follow)
        queue.selected.connect(self._follow)

    @property
    def moment_s(self) -> float:
        """The moment, in seconds from the start of the recording."""
        if not math.isnan(self._cursor_s):
            return self._cursor_s
        traces, recording = self._page.traces, self._session.recording
        start_s, end_s = traces.position_s, traces.position_s + traces.page_s
        event = self._session.find(self._queue.current_id)
        if event is not None and start_s <= (event.onset_s + event.end_s) / 2 <= end_s:
            return (event.onset_s + event.end_s) / 2
        return (start_s + (end_s if recording is None else min(end_s, recording.duration_s))) / 2

    @Slot(float)
    def _follow_cursor(self, time_s: float) -> None:
        self._cursor_s = time_s
        self._follow()

    @Slot()
    def _follow(self) -> None:
        self.moved.emit(self.moment_s)
