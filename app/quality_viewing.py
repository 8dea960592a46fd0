"""Signal quality beside the traces: judged from the page that is looked at onwards, while the networks are at work."""

import logging
from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThread, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.reading import ReadingPage
from app.session import Session
from app.shell.feature import Feature
from app.traces.faults import TraceFaults
from inference.errors import RecordingError
from inference.recordings.recording import ChannelKind, Recording
from inference.signals.quality import find_faults

_log = logging.getLogger(__name__)
#: A minute is judged at a time: some hundredths of a second.
_CHUNK_S = 60
#: Slower channels are summaries of signals, not signals.
_LEAST_RATE_HZ = 64.0


class QualityThread(QThread):
    """Judges a recording chunk by chunk, from some time on to the end and then from the start.

    Parameters
    ----------
    channels : indices of the recording's channels to judge.

    Signals
    -------
    judged(int, object) : the first second of a chunk, and uint8 (channels, seconds) as `find_faults` gives them.

    The thread's object lives in the GUI thread; only `run` is elsewhere.
    """

    judged = Signal(int, object)

    def __init__(self, recording: Recording, channels: tuple[int, ...], from_s: float, parent: QObject) -> None:
        super().__init__(parent)
        self._recording, self._channels, self._from_s = recording, channels, from_s
        self._is_abandoned = False

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits for this any more."""
        return self._is_abandoned

    def abandon(self) -> None:
        """Say that nobody waits for this any more: it ends after the chunk that it is at."""
        self._is_abandoned = True

    def run(self) -> None:
        """Judge the recording; runs in this thread."""
        firsts = range(0, int(self._recording.duration_s), _CHUNK_S)
        here = min(int(self._from_s) // _CHUNK_S, max(len(firsts) - 1, 0))
        try:
            for first in (*firsts[here:], *firsts[:here]):
                if self._is_abandoned:
                    return
                self.judged.emit(first, self._judge(first))
        except RecordingError:
            # The traces tell the reader that the file can no longer be read.
            return
        except Exception:
            _log.exception("judging %s", self._recording.path)

    def _judge(self, first: int) -> NDArray[np.uint8]:
        channels = self._recording.channels
        duration_s = min(_CHUNK_S, int(self._recording.duration_s) - first)
        spans = self._recording.read(self._channels, float(first), float(duration_s))
        faults = np.zeros((len(self._channels), duration_s), dtype=np.uint8)
        by_rate: dict[float, list[int]] = defaultdict(list)
        for row, index in enumerate(self._channels):
            by_rate[channels[index].rate_hz].append(row)
        for rate_hz, rows in by_rate.items():
            is_eeg = np.array([channels[self._channels[row]].kind is ChannelKind.EEG for row in rows])
            judged = find_faults(np.stack([spans[row] for row in rows]), rate_hz, is_eeg)[:, :duration_s]
            faults[rows, : judged.shape[1]] = judged
        return faults


class QualityViewer(Feature):
    """Has every recording judged and shows on the page what is wrong.

    Lives in the GUI thread; `close` ends every thread that it started.
    """

    def __init__(self, session: Session, page: ReadingPage, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._page = session, page
        self._threads: list[QualityThread] = []
        self._faults: TraceFaults | None = None
        session.opened.connect(self._start)
        session.kinds_corrected.connect(self._start)
        session.closed.connect(self._forget)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Give what its action does."""
        return {"signal_quality": self._page.traces.set_faults_shown}

    @property
    def is_busy(self) -> bool:
        """Whether the recording is still being judged."""
        return any(not thread.is_abandoned for thread in self._threads)

    def close(self) -> None:
        """End every thread."""
        self._forget()
        for thread in self._threads:
            thread.wait()
        self._threads.clear()

    @Slot()
    def _start(self) -> None:
        self._forget()
        recording = self._session.recording
        if recording is None:
            return
        judged = recording.of_kind(ChannelKind.EEG, ChannelKind.EMG)
        channels = tuple(index for index in judged if recording.channels[index].rate_hz >= _LEAST_RATE_HZ)
        if not channels:
            return
        faults = np.zeros((len(channels), int(recording.duration_s)), dtype=np.uint8)
        self._faults = TraceFaults({index: row for row, index in enumerate(channels)}, faults)
        self._page.traces.set_faults(self._faults)
        thread = QualityThread(recording, channels, self._page.traces.position_s, self)
        thread.judged.connect(self._take)
        thread.finished.connect(self._drop_finished)
        self._threads.append(thread)
        thread.start(QThread.Priority.LowPriority)

    @Slot()
    def _forget(self) -> None:
        for thread in self._threads:
            thread.abandon()
        self._faults = None
        self._page.traces.set_faults(None)

    @Slot(int, object)
    def _take(self, first: int, faults: NDArray[np.uint8]) -> None:
        thread = self.sender()
        if isinstance(thread, QualityThread) and not thread.is_abandoned and self._faults is not None:
            self._faults.faults[:, first : first + faults.shape[1]] = faults
            self._page.traces.show_faults(first, first + faults.shape[1])

    @Slot()
    def _drop_finished(self) -> None:
        for thread in [thread for thread in self._threads if thread.isFinished()]:
            self._threads.remove(thread)
            thread.deleteLater()
