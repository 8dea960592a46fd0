"""Opening a recording behind the window's back: the reading of files that may be slow, far away or broken."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from inference.errors import SpasmlensError
from inference.recordings import fingerprint, open_recording
from inference.recordings.recording import ChannelKind, Recording
from inference.runtime.package import ModelPackage
from inference.runtime.registry import shipped_packages

_log = logging.getLogger(__name__)

#: Tells the reader how far something is: a sentence and a fraction, 0 to 1, negative where it cannot be known.
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What is to be opened.

    ``title`` is what the reader sees meanwhile. ``locate`` gives the file's path and may first have to make the file;
    it runs in the opening thread. ``correct`` gives the reader's corrections of channel kinds by fingerprint.
    """

    title: str
    locate: Callable[[Report], Path]
    correct: Callable[[str], dict[str, ChannelKind]]


@dataclass(frozen=True, slots=True)
class OpenedRecording:
    """A recording ready to be read; ``model_problem`` says why there are no networks, empty where there are."""

    path: Path
    recording: Recording
    fingerprint: str
    packages: tuple[ModelPackage, ...]
    model_problem: str


class OpeningThread(QThread):
    """Opens one recording.

    Signals
    -------
    progressed : a sentence and a fraction, 0 to 1, negative where it cannot be known.
    opened : an `OpenedRecording`.
    failed : one sentence.

    The thread's object lives in the GUI thread; only `run` is elsewhere.
    """

    progressed = Signal(str, float)
    opened = Signal(object)
    failed = Signal(str)

    def __init__(self, request: OpenRequest, parent: QObject) -> None:
        super().__init__(parent)
        self._request = request

    def run(self) -> None:
        """Open the recording; runs in this thread."""
        try:
            result = self._open()
        except SpasmlensError as error:
            self.failed.emit(str(error))
        except Exception:
            _log.exception("opening %s", self._request.title)
            self.failed.emit(f"{self._request.title} could not be opened because of a fault in Spasmlens itself.")
        else:
            self.opened.emit(result)

    def _open(self) -> OpenedRecording:
        path = self._request.locate(self.progressed.emit)
        self.progressed.emit(f"Opening {path.name} …", -1.0)
        recording = open_recording(path)
        digest = fingerprint(path)
        recording.correct_kinds(self._request.correct(digest))
        try:
            packages, problem = tuple(shipped_packages()), ""
        except SpasmlensError as error:
            packages, problem = (), str(error)
        return OpenedRecording(path, recording, digest, packages, problem)
