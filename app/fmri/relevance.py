"""Why the network staged the epoch on the page as it did: the relevance of each region, found behind the window."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.newest_job import NewestJob, Report
from app.session import Session
from inference.errors import SpasmlensError
from inference.explain.regions import RegionOccluder, RegionRelevance
from inference.imaging.fmri_study import FmriStudy
from inference.recordings.recording import Recording
from inference.runtime.cards import SleepInputs
from inference.runtime.fmri_inputs import bold_of_study
from inference.runtime.package import ModelPackage

#: Who scrolls wants to know of where they stop, not of every epoch on the way.
_PATIENCE_MS = 300


class _Case(NamedTuple):
    """What is explained: another recording, run or network needs an occluder of its own."""

    recording: Recording
    study: FmriStudy
    package: ModelPackage


class RelevanceFeed(QObject):
    """Keeps the relevance of the regions coming for the epoch that is asked for; at most one is under way.

    Attributes
    ----------
    relevance : of the epoch that was asked for last, None while it is not there.
    sentence : why not, or how far it is.

    Signals
    -------
    changed : either is another.

    Lives in the GUI thread; `close` ends the thread that it started.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.relevance: RegionRelevance | None = None
        self.sentence = ""
        self._case: _Case | None = None
        self._occluder: RegionOccluder | None = None
        self._known: dict[int, RegionRelevance | str] = {}
        self._epoch = -1
        self._asked = -1
        self._job = NewestJob(self)
        self._job.progressed.connect(self._tell)
        self._job.done.connect(self._take)
        self._job.failed.connect(self._fail)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._start)

    @Slot(float)
    def ask(self, time_s: float) -> None:
        """Ask for the epoch in which a time lies."""
        case = self._find_case()
        if not _are_same(case, self._case):
            self.forget()
            self._case = case
        if case is None:
            self._say(None, "No network that looks at fMRI is installed.")
            return
        spec = case.package.card.inputs
        assert isinstance(spec, SleepInputs)
        self._epoch = int(time_s // spec.epoch_s)
        known = self._known.get(self._epoch)
        if known is not None:
            self._say(None, known) if isinstance(known, str) else self._say(known, "")
            return
        if self.relevance is not None or not self.sentence:
            self._say(None, "Asking the network about this epoch …")
        self._patience.start()

    def forget(self) -> None:
        """Let go of the recording and the run."""
        self._patience.stop()
        self._job.abandon()
        self._case, self._occluder, self._known = None, None, {}
        self._epoch = self._asked = -1
        self.relevance, self.sentence = None, ""

    def close(self) -> None:
        """End the thread."""
        self.forget()
        self._job.close()

    def _find_case(self) -> _Case | None:
        session, study = self._session, self._session.fmri.study
        packages = [package for package in session.networks if isinstance(package.card.inputs, SleepInputs)]
        if session.recording is None or study is None or study.series is None or not packages:
            return None
        return _Case(session.recording, study, packages[0])

    @Slot()
    def _start(self) -> None:
        if self._case is not None and not self._job.is_busy and self._epoch not in self._known:
            self._asked = self._epoch
            self._job.start("Asking the network", _make_job(self._case, self._occluder, self._epoch))

    @Slot(str, float)
    def _tell(self, sentence: str, _fraction: float) -> None:
        self._say(None, sentence)

    @Slot(object)
    def _take(self, found: tuple[RegionOccluder, RegionRelevance]) -> None:
        self._occluder, self._known[self._asked] = found
        self._go_on()

    @Slot(object)
    def _fail(self, error: SpasmlensError) -> None:
        self._known[self._asked] = str(error)
        self._go_on()

    def _go_on(self) -> None:
        known = self._known.get(self._epoch)
        if known is None:
            self._start()
        elif isinstance(known, str):
            self._say(None, known)
        else:
            self._say(known, "")

    def _say(self, relevance: RegionRelevance | None, sentence: str) -> None:
        if (relevance, sentence) != (self.relevance, self.sentence):
            self.relevance, self.sentence = relevance, sentence
            self.changed.emit()


def _are_same(one: _Case | None, other: _Case | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(part is counterpart for part, counterpart in zip(one, other, strict=True))


def _make_job(
    case: _Case, known: RegionOccluder | None, epoch: int
) -> Callable[[Report], tuple[RegionOccluder, RegionRelevance]]:
    spec = case.package.card.inputs
    assert isinstance(spec, SleepInputs)
    time_s = (epoch + 0.5) * spec.epoch_s

    def ask(report: Report) -> tuple[RegionOccluder, RegionRelevance]:
        def go_on() -> None:
            report("Asking the network about this epoch …", -1.0)

        occluder = known or RegionOccluder(case.recording, bold_of_study(case.study), case.package, checkpoint=go_on)
        return occluder, occluder.explain(time_s, go_on)

    return ask
