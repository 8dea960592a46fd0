"""The fMRI beside the recording as the window follows it: how far its opening is, how it ended, when it began."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.fmri_opening import FmriRequest, FmriThread
from inference.imaging.alignment import align
from inference.imaging.fmri_study import FmriOptions, FmriStudy
from inference.recordings.recording import Recording


class FmriPhase(StrEnum):
    """How the fMRI stands."""

    NONE = "none"
    OPENING = "opening"
    READY = "ready"
    FAILED = "failed"


class FmriRun(QObject):
    """Opens runs one at a time; a newer request takes the place of an older.

    Attributes
    ----------
    phase, sentence, fraction : how far it is.
    study : the run that is open, None while there is none.
    needs_tr : whether it failed because nothing tells how long a volume takes.
    own_offset_s : where the files place it, whatever was set by hand since.

    Signals
    -------
    changed : any of the attributes is another.
    failed : a registration cannot be used, and the run is shown as before; one sentence.

    Lives in the GUI thread; `close` ends every thread that it started.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._threads: list[FmriThread] = []
        self._recording: Recording | None = None
        self._placed: FmriStudy | None = None
        self._before: FmriStudy | None = None
        self._path: Path | None = None
        self.needs_tr = False
        self.phase, self.sentence, self.fraction = FmriPhase.NONE, "", 0.0
        self.study: FmriStudy | None = None

    @property
    def own_offset_s(self) -> float:
        """Where the files place the first volume."""
        return 0.0 if self._placed is None else self._placed.alignment.offset_s

    def open(self, recording: Recording | None, path: Path | None = None, options: FmriOptions | None = None) -> None:
        """Open a run for a recording, or by itself; without a path the one that lies beside it, if any does."""
        self.forget()
        self._recording, self._path = recording, path
        self.phase, self.sentence = FmriPhase.OPENING, "Looking for fMRI" if path is None else f"Opening {path.name}"
        thread = FmriThread(FmriRequest(recording, path, options or FmriOptions()), self)
        thread.progressed.connect(self._tell)
        thread.opened.connect(self._take)
        thread.failed.connect(self._fail)
        thread.finished.connect(self._drop_finished)
        self._threads.append(thread)
        self.changed.emit()
        thread.start()

    def register(self, registration: Path) -> None:
        """Open the same run again, placed in MNI space by a registration of the user's."""
        study = self.study
        if study is not None:
            tr_s = study.volumes.tr_s
            self.open(self._recording, study.volumes.path, FmriOptions(registration=registration, tr_s=tr_s))
            self._before = study

    def set_tr(self, tr_s: float) -> None:
        """Open the run again with a TR set by hand."""
        self.open(self._recording, self._path, FmriOptions(tr_s=tr_s))

    def take(self, study: FmriStudy) -> None:
        """Follow a run that was opened by itself, without a recording."""
        self.forget()
        self._show(study)

    def set_offset(self, offset_s: float | None) -> None:
        """Let the first volume begin at a time set by hand; None puts it back where the files place it."""
        if self.study is None or self._placed is None:
            return
        alignment = self._placed.alignment
        if offset_s is not None:
            alignment = align(self.study.volumes, self._recording, offset_s=offset_s) or alignment
        self.study = replace(self._placed, alignment=alignment)
        self.changed.emit()

    def forget(self) -> None:
        """Let go of the run, and of one that is being opened."""
        for thread in self._threads:
            thread.abandon()
        self.phase, self.sentence, self.fraction = FmriPhase.NONE, "", 0.0
        self.study = self._placed = self._before = self._recording = None
        self.needs_tr = False
        self.changed.emit()

    def close(self) -> None:
        """Let go of the run and end every thread."""
        self.forget()
        for thread in self._threads:
            thread.wait()
        self._threads.clear()

    def _show(self, study: FmriStudy) -> None:
        self.study = self._placed = study
        self._before = None
        self.phase, self.sentence, self.fraction = FmriPhase.READY, "", 1.0
        self.changed.emit()

    def _is_awaited(self) -> bool:
        thread = self.sender()
        return isinstance(thread, FmriThread) and not thread.is_abandoned

    @Slot(str, float)
    def _tell(self, sentence: str, fraction: float) -> None:
        if self._is_awaited():
            self.sentence, self.fraction = sentence, fraction
            self.changed.emit()

    @Slot(object)
    def _take(self, study: FmriStudy | None) -> None:
        if not self._is_awaited():
            return
        if study is None:
            self.phase, self.sentence = FmriPhase.NONE, ""
            self.changed.emit()
        else:
            self._show(study)

    @Slot(str, bool)
    def _fail(self, sentence: str, needs_tr: bool) -> None:
        if not self._is_awaited():
            return
        if self._before is not None:
            self._show(self._before)
            self.failed.emit(sentence)
        else:
            self.phase, self.sentence, self.needs_tr = FmriPhase.FAILED, sentence, needs_tr
            self.changed.emit()

    @Slot()
    def _drop_finished(self) -> None:
        for thread in [thread for thread in self._threads if thread.isFinished()]:
            self._threads.remove(thread)
            thread.deleteLater()
