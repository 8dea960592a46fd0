"""The fMRI in the window's own analysis: waited for when it is being opened, and staged again when it is another."""

from dataclasses import replace
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

from app.analysis_run import AnalysisRun
from app.fmri.run import FmriPhase, FmriRun
from inference.runtime.analysis import AnalysisRequest
from inference.runtime.cards import SleepInputs
from inference.runtime.fmri_inputs import bold_of_study
from inference.runtime.package import ModelPackage
from inference.runtime.sleep_inputs import BoldSignals

#: An offset that is being set by hand goes through many values.
_PATIENCE_MS: Final = 1500


class StagingWithFmri(QObject):
    """Starts analyses with the fMRI that is open, and asks the networks that look at it again when it is another.

    Lives in the GUI thread.
    """

    def __init__(self, analysis: AnalysisRun, fmri: FmriRun, parent: QObject) -> None:
        super().__init__(parent)
        self._analysis, self._fmri = analysis, fmri
        self._request: AnalysisRequest | None = None
        self._given: BoldSignals | None = None
        self._is_waiting = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._renew)
        fmri.changed.connect(self._follow)

    def analyse(self, request: AnalysisRequest) -> None:
        """Analyse as requested, as soon as the fMRI that is being opened beside the recording is there."""
        self._patience.stop()
        self._request = request
        self._is_waiting = self._fmri.phase is FmriPhase.OPENING and bool(_looking_at_fmri(request.packages))
        if self._is_waiting:
            self._analysis.wait("Analysis waits for the fMRI …")
        else:
            self._given = self._bold()
            self._analysis.start(replace(request, bold=self._given))

    def forget(self) -> None:
        """Analyse nothing any more."""
        self._patience.stop()
        self._request, self._given, self._is_waiting = None, None, False

    @Slot()
    def _follow(self) -> None:
        if self._request is None or self._fmri.phase is FmriPhase.OPENING:
            return
        if self._is_waiting and not self._analysis.is_running:
            self.forget()
        elif self._is_waiting:
            self.analyse(self._request)
        elif not _are_same(self._given, self._bold()):
            self._patience.start()

    @Slot()
    def _renew(self) -> None:
        bold = self._bold()
        if self._request is None or _are_same(self._given, bold):
            return
        concerned = _looking_at_fmri(self._request.packages)
        if not concerned:
            return
        self._given = bold
        if self._analysis.is_running:
            self._analysis.start(replace(self._request, bold=bold))
        else:
            self._analysis.renew(replace(self._request, packages=concerned, bold=bold))

    def _bold(self) -> BoldSignals | None:
        study = self._fmri.study
        return None if study is None or study.series is None else bold_of_study(study)


def _looking_at_fmri(packages: tuple[ModelPackage, ...]) -> tuple[ModelPackage, ...]:
    return tuple(package for package in packages if isinstance(package.card.inputs, SleepInputs))


def _are_same(one: BoldSignals | None, other: BoldSignals | None) -> bool:
    if one is None or other is None:
        return one is other
    same_clock = (one.onset_s, one.tr_s) == (other.onset_s, other.tr_s)
    return same_clock and np.array_equal(one.series, other.series, equal_nan=True)
