"""The sleep room: follows the study of the open recording and says what is known about its night."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from app.review import ReviewEvent
from app.session import Session
from app.sleep_night import NO_NIGHT, Night, Seizure, read_stages
from inference.errors import LabelError
from inference.labels.annotations import Decision
from inference.labels.hypnogram_formats.edf import hypnogram_of_annotations
from inference.labels.hypnograms import Hypnogram
from inference.labels.vocabulary import is_seizure
from inference.recordings.recording import Recording


class SleepRoom(QObject):
    """Gathers the night anew whenever the study says something else.

    Attributes
    ----------
    night : what is known.

    Signals
    -------
    changed : ``night`` is another.

    Lives in the GUI thread.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._in_file: Hypnogram | None = None
        self.night: Night = NO_NIGHT
        session.opened.connect(self._follow_study)
        session.closed.connect(self._gather)
        session.events_changed.connect(self._gather)

    @Slot()
    def _follow_study(self) -> None:
        session = self._session
        assert session.study is not None and session.recording is not None
        self._in_file = _read_own(session.recording)
        session.study.annotations_changed.connect(self._gather)
        session.study.detections_changed.connect(self._gather)
        self._gather()

    @Slot()
    def _gather(self) -> None:
        study = self._session.study
        if study is None:
            self._in_file = None
            self.night = NO_NIGHT
        else:
            self.night = Night(
                own=study.own_scoring,
                scorings=study.scorings,
                network=read_stages(study.analyses),
                in_file=self._in_file,
                seizures=_find_seizures(self._session.events),
            )
        self.changed.emit()


def _find_seizures(events: Sequence[ReviewEvent]) -> tuple[Seizure, ...]:
    undoubted = (Decision.ACCEPTED, Decision.ADDED)
    return tuple(
        Seizure(event.onset_s, is_confirmed=event.decision in undoubted)
        for event in events
        if is_seizure(event.label) and event.decision is not Decision.REJECTED
    )


def _read_own(recording: Recording) -> Hypnogram | None:
    """Give the stages that the recording's own annotations spell out, as far as they lie in it."""
    try:
        return hypnogram_of_annotations(recording.annotations, recording.path).within(0.0, recording.duration_s)
    except LabelError:  # most recordings say nothing about sleep
        return None
