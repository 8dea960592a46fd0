"""The fMRI beside the recording as the window follows it: how far its opening is, how it ended, when it began."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.newest_job import NewestJob, Report
from inference.errors import RepetitionTimeError, SpasmlensError
from inference.imaging.alignment import align
from inference.imaging.fmri_study import FmriOptions, FmriStudy, clean_again, open_fmri
from inference.imaging.roi_series import CleaningOptions
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
    cleaning : how the signals of the regions are cleaned, of this run and of those opened later.
    own_offset_s : where the files place it, whatever was set by hand since.

    Signals
    -------
    changed : any of the attributes is another.
    failed : what was asked of the open run cannot be done, and it is shown as before; one sentence.

    Lives in the GUI thread; `close` ends every thread that it started.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job = NewestJob(self)
        self._job.progressed.connect(self._tell)
        self._job.done.connect(self._take)
        self._job.failed.connect(self._fail)
        self._recording: Recording | None = None
        self._placed: FmriStudy | None = None
        self._before: FmriStudy | None = None
        self._offset_s: float | None = None
        self._path: Path | None = None
        self._options = FmriOptions()
        self.cleaning = CleaningOptions()
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
        self._options = replace(options or FmriOptions(), cleaning=self.cleaning)
        sentence = "Looking for fMRI" if path is None else f"Opening {path.name}"
        self._begin(sentence, partial(open_fmri, recording, path, self._options))

    def register(self, registration: Path) -> None:
        """Open the same run again, placed in MNI space by a registration of the user's."""
        if self.study is not None:
            self._open_again(replace(self._options, registration=registration, tr_s=self.study.volumes.tr_s))

    def set_tr(self, tr_s: float) -> None:
        """Open the run again with a TR set by hand."""
        self._open_again(replace(self._options, tr_s=tr_s))

    def clean(self, cleaning: CleaningOptions) -> None:
        """Clean the signals of the regions in another way."""
        self.cleaning = cleaning
        self._options = replace(self._options, cleaning=cleaning)
        placed = self._placed
        if placed is not None and placed.series is not None and placed.series.options != cleaning:
            self._before = placed
            self._begin("Cleaning the signals", lambda _report: clean_again(placed, cleaning))

    def take(self, study: FmriStudy) -> None:
        """Follow a run that was opened by itself, without a recording."""
        self.forget()
        self._show(study)

    def set_offset(self, offset_s: float | None) -> None:
        """Let the first volume begin at a time set by hand; None puts it back where the files place it."""
        if self._placed is not None:
            self._offset_s = offset_s
            self.study = self._move(self._placed)
            self.changed.emit()

    def forget(self) -> None:
        """Let go of the run, and of one that is being opened."""
        self._job.abandon()
        self.phase, self.sentence, self.fraction = FmriPhase.NONE, "", 0.0
        self.study = self._placed = self._before = self._recording = None
        self._offset_s = None
        self.needs_tr = False
        self.changed.emit()

    def close(self) -> None:
        """Let go of the run and end every thread."""
        self.forget()
        self._job.close()

    def _open_again(self, options: FmriOptions) -> None:
        """Open the run in another way; where that fails it stays as it is, and an offset set by hand stays anyway."""
        before, offset_s = self._placed, self._offset_s
        path = self._path if before is None else before.volumes.path
        self.open(self._recording, path, options)
        self._before, self._offset_s = before, offset_s

    def _begin(self, sentence: str, job: Callable[[Report], object]) -> None:
        self.phase, self.sentence, self.fraction = FmriPhase.OPENING, sentence, 0.0
        self.changed.emit()
        self._job.start(sentence, job)

    def _show(self, placed: FmriStudy) -> None:
        self._placed, self._before = placed, None
        self.study = self._move(placed)
        self.phase, self.sentence, self.fraction = FmriPhase.READY, "", 1.0
        self.changed.emit()

    def _move(self, placed: FmriStudy) -> FmriStudy:
        """Give a run as it lies with the offset set by hand, if one is."""
        if self._offset_s is None:
            return placed
        alignment = align(placed.volumes, self._recording, offset_s=self._offset_s)
        return placed if alignment is None else replace(placed, alignment=alignment)

    @Slot(str, float)
    def _tell(self, sentence: str, fraction: float) -> None:
        self.sentence, self.fraction = sentence, fraction
        self.changed.emit()

    @Slot(object)
    def _take(self, study: FmriStudy | None) -> None:
        if study is None:
            self.phase, self.sentence = FmriPhase.NONE, ""
            self.changed.emit()
        else:
            self._show(study)

    @Slot(object)
    def _fail(self, error: SpasmlensError) -> None:
        if self._before is not None:
            self._show(self._before)
            self.failed.emit(str(error))
        else:
            self.phase, self.sentence = FmriPhase.FAILED, str(error)
            self.needs_tr = isinstance(error, RepetitionTimeError)
            self.changed.emit()
