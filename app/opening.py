"""Opening a recording behind the window's back: the reading of files that may be slow, far away or broken."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from app.fmri_opening import locate_study, recording_of
from app.study import OpenedStudy, open_study
from inference.errors import SpasmlensError
from inference.imaging.fmri_study import FmriStudy, open_fmri
from inference.recordings import fingerprint, open_recording
from inference.recordings.recording import ChannelKind, Recording
from inference.runtime.registry import PackageSurvey, survey_packages

_log = logging.getLogger(__name__)

#: Tells the reader how far something is: a sentence and a fraction, 0 to 1, negative where it cannot be known.
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What is to be opened.

    ``title`` is what the reader sees meanwhile. ``locate`` gives the file's path and may first have to make the file;
    it runs in the opening thread. ``study_folder`` is the study's own, None for the usual one; ``models_folder`` holds
    the networks. ``correct`` gives the
    reader's corrections of channel kinds by fingerprint.
    """

    title: str
    locate: Callable[[Report], Path]
    study_folder: Path | None
    models_folder: Path
    correct: Callable[[str], dict[str, ChannelKind]]


@dataclass(frozen=True, slots=True)
class OpenedRecording:
    """A recording ready to be read, with its study and the networks that are here.

    ``fmri`` is the run that was found with the recording, if one was; ``fmri_study`` the run itself where the recording
    is nothing but its signals.
    """

    path: Path
    recording: Recording
    fingerprint: str
    study: OpenedStudy
    models: PackageSurvey
    fmri: Path | None = None
    fmri_study: FmriStudy | None = None


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
        self._is_abandoned = False

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits for this recording any more."""
        return self._is_abandoned

    def abandon(self) -> None:
        """Say that nobody waits for this recording any more: its signals are to be ignored."""
        # Qt's own request for interruption is forgotten as soon as the thread has ended.
        self._is_abandoned = True

    def run(self) -> None:
        """Open the recording; runs in this thread."""
        try:
            result = self._open()
        except SpasmlensError as error:
            self.failed.emit(str(error))
        except Exception:
            _log.exception("opening %s", self._request.title)
            self.failed.emit(f"Opening {self._request.title} failed because of a fault in Spasmlens itself.")
        else:
            self.opened.emit(result)

    def _open(self) -> OpenedRecording:
        path, fmri = locate_study(self._request.locate(self.progressed.emit))
        self.progressed.emit(f"Opening {path.name} …", -1.0)
        fmri_study = open_fmri(None, path, report=self._tell_step) if path == fmri else None
        recording = open_recording(path) if fmri_study is None else recording_of(fmri_study)
        digest = fingerprint(path)
        recording.correct_kinds(self._request.correct(digest))
        models = survey_packages(self._request.models_folder)
        folder = self._request.study_folder
        study = open_study(path, digest, folder, duration_s=recording.duration_s, start=recording.start)
        return OpenedRecording(path, recording, digest, study, models, fmri, fmri_study)

    def _tell_step(self, sentence: str, fraction: float) -> None:
        self.progressed.emit(f"{sentence} …", fraction)
