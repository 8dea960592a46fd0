"""The reviewed case: what people and networks say about one recording, edited with verbs, watched by signals."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.study import edits, scoring
from app.study.analyses import Analysis, AnalysisResult, keep
from app.study.edits import Stamp, Target, Update
from app.study.forming import ShownEvents
from app.study.journal import Entry
from app.study.opening import OpenedStudy, default_author, gather_labels, open_study
from app.study.rules import cluster_rule, threshold_id
from app.study.writer import AnalysisJob, EditJob, Outcome, StudyWriter
from inference.errors import StudyError
from inference.labels.annotations import Annotation, Decision, ReadingView, ReviewedSpan
from inference.labels.clusters import ClusterRule
from inference.labels.detections import Detection, ModelReference
from inference.labels.hypnograms import Hypnogram
from inference.labels.labelset import LabelSet
from inference.labels.scorings import Scoring
from inference.labels.sleep_stages import AASM, StageSet
from inference.recordings.recording import Gap
from inference.runtime.cards import EventRule
from inference.runtime.package import ModelPackage


class Study(QObject):
    """A study that is open for editing.

    A verb builds an update from the labels as they will be once everything queued is written, and queues it. When it
    is on disk, ``saved`` says so, and only then do ``annotations`` and the views change. If it cannot be written,
    ``failed`` says why, and it and everything that was built upon it never happened. Verbs take the id of a detection
    or of an annotation and raise `StudyError` where the event, the label or the times make no sense.

    Attributes
    ----------
    annotations, reviewed_spans : what is on disk, in order of onset.
    scorings : what people say about the sleep, as it is on disk.
    detections, near_misses, analyses : what networks said last, by the thresholds that are in force.
    rules : how detections are formed now, by the network's name. ``cluster_rule`` : how spasms are grouped.
    history : every edit ever made, undone ones and undoings included.
    author : who is editing.
    view : what is on the screen; recorded with every edit.

    Signals
    -------
    saved(int) : the edit with this sequence is on disk.
    annotations_changed(object) : an `Update` was applied to ``annotations``, ``reviewed_spans`` or ``scorings``; after
        ``saved``.
    detections_changed() : ``detections``, ``analyses``, ``rules`` or ``cluster_rule`` are others.
    failed(str) : an edit or an analysis could not be made durable; one sentence.

    Lives in the thread that made it, the GUI's; writes on a thread of its own until `close`.
    """

    saved = Signal(int)
    annotations_changed = Signal(object)
    detections_changed = Signal()
    failed = Signal(str)
    _written = Signal()

    def __init__(self, opened: OpenedStudy, author: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.author = author or default_author()
        self.view: ReadingView | None = None
        self._identity = opened.identity
        self._folder = opened.store.path.parent
        self._durable = opened.ledger
        self._pending = opened.ledger.copy()
        self._analyses = opened.analyses
        self._known = {analysis.reference.digest: analysis for analysis in opened.known_analyses}
        self._index_detections()
        self._epoch = 0
        self._in_flight = 0
        self._closed = False
        # Queued by name: the signal is emitted on the writer's thread and must arrive on this one.
        self._written.connect(self._collect, Qt.ConnectionType.QueuedConnection)
        self._writer = StudyWriter(opened.store, self._written.emit)

    @classmethod
    def open(
        cls,
        recording_path: Path,
        fingerprint: str,
        folder: Path | None = None,
        author: str = "",
        *,
        duration_s: float | None = None,
        start: datetime | None = None,
    ) -> "Study":
        """Open the study of a recording, or begin it; see `open_study`, which may be called on another thread.

        Raises
        ------
        StudyError
            The study cannot be opened; nothing was changed.
        """
        return cls(open_study(recording_path, fingerprint, folder, duration_s=duration_s, start=start), author)

    @property
    def folder(self) -> Path:
        """Folder that holds the study."""
        return self._folder

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """What people said, as it is on disk, in order of onset."""
        kept = self._durable.labels.annotations.values()
        return tuple(sorted(kept, key=lambda event: (event.onset_s, event.annotation_id)))

    @property
    def reviewed_spans(self) -> tuple[ReviewedSpan, ...]:
        """Stretches that were read completely, as they are on disk, in order of onset."""
        return tuple(sorted(self._durable.labels.spans.values(), key=lambda span: span.onset_s))

    @property
    def scorings(self) -> tuple[Scoring, ...]:
        """What people say about the sleep, the reader's own first."""
        kept = self._durable.labels.scorings.values()
        return tuple(sorted(kept, key=lambda one: (one.scorer != self.author, one.made)))

    @property
    def own_scoring(self) -> Scoring | None:
        """What the reader who is editing says about the sleep."""
        return scoring.find_own(self._durable.labels, self.author)

    @property
    def detections(self) -> tuple[Detection, ...]:
        """What the networks found in the last analysis, in order of onset."""
        return self._shown.detections

    @property
    def near_misses(self) -> tuple[Detection, ...]:
        """What stayed just below the thresholds, in order of onset; nothing while one is tried out."""
        return self._shown.near_misses

    @property
    def rules(self) -> dict[str, EventRule]:
        """How the detections of each network are formed now, by its name."""
        return self._shown.rules

    @property
    def cluster_rule(self) -> ClusterRule:
        """How spasms are grouped."""
        return cluster_rule(self._durable.labels.settings)

    def threshold_of(self, model: ModelReference) -> float | None:
        """Give the threshold that is chosen or being tried out for a network, None where it has its own."""
        return self._shown.threshold_of(model)

    def detection_of(self, event_id: str) -> Detection | None:
        """Find a detection that is shown now, or that somebody decided on."""
        kept = self._by_id.get(event_id) or self._durable.labels.detections.get(event_id)
        return kept or self._shown.passing.get(event_id)

    @property
    def analyses(self) -> tuple[Analysis, ...]:
        """The last analysis of each network, with its probability track."""
        return self._analyses

    @property
    def history(self) -> tuple[Entry, ...]:
        """The audit trail, from the first edit on."""
        return tuple(self._durable.entries)

    @property
    def labels(self) -> LabelSet:
        """Everything that is said, for export."""
        return gather_labels(self._identity, self._durable, list(self._known.values()))

    @property
    def is_saved(self) -> bool:
        """Whether nothing waits to be written."""
        return self._in_flight == 0

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._pending.undoable)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to do again."""
        return bool(self._pending.redoable)

    def annotation_of(self, event_id: str) -> Annotation | None:
        """Find the annotation with this id, or the one that decides the detection with this id."""
        return self._durable.labels.about(event_id)

    @Slot(str)
    def accept(self, event_id: str, confidence: float | None = None) -> None:
        """Say that the event is what it is labelled as, even if it was rejected before."""
        self._edit(edits.decide(self._target(event_id), Decision.ACCEPTED, self._stamp(), confidence))

    @Slot(str)
    def reject(self, event_id: str, confidence: float | None = None) -> None:
        """Say that a detection is wrong; an event that a person had added is taken away."""
        self._edit(edits.decide(self._target(event_id), Decision.REJECTED, self._stamp(), confidence))

    @Slot(str)
    def mark_unsure(self, event_id: str, confidence: float | None = None) -> None:
        """Say that the reader cannot decide."""
        self._edit(edits.decide(self._target(event_id), Decision.UNSURE, self._stamp(), confidence))

    def decide_all(self, event_ids: Sequence[str], decision: Decision) -> None:
        """Decide several events in one edit, which one undo takes back."""
        targets = [self._target(event_id) for event_id in event_ids]
        self._edit(edits.decide_all(targets, decision, self._stamp()))

    @Slot(str, str)
    def relabel(self, event_id: str, label: str) -> None:
        """Give an event another label of the vocabulary."""
        self._edit(edits.relabel(self._target(event_id), label, self._stamp()))

    @Slot(str, float, float)
    def move(self, event_id: str, onset_s: float, duration_s: float) -> None:
        """Give an event other edges."""
        onset_s, duration_s = self._within_recording(onset_s, duration_s)
        self._edit(edits.move(self._target(event_id), onset_s, duration_s, self._stamp()))

    @Slot(float, float, str)
    def add(self, onset_s: float, duration_s: float, label: str, channels: tuple[str, ...] = ()) -> str:
        """Mark an event that no network had found; give the id of its annotation."""
        onset_s, duration_s = self._within_recording(onset_s, duration_s)
        update = edits.add(onset_s, duration_s, label, channels, self._stamp())
        self._edit(update)
        return edits.item_id(update.added[0])

    @Slot(str)
    def remove(self, event_id: str) -> None:
        """Delete an added event, or withdraw a decision or a reviewed span, by its id."""
        if event_id not in self._pending.labels.spans:
            self._target(event_id)
        self._edit(edits.remove(self._pending.labels, event_id))

    def remove_all(self, event_ids: Sequence[str]) -> None:
        """Withdraw the decisions on several events in one edit."""
        self._edit(edits.remove_all(self._pending.labels, event_ids))

    @Slot(str, float)
    def rate(self, event_id: str, confidence: float | None) -> None:
        """Record how sure the reader is, 0 to 1."""
        self._edit(edits.rate(self._target(event_id), confidence, self._stamp()))

    @Slot(str, str)
    def comment(self, event_id: str, text: str) -> None:
        """Record a remark on a decision."""
        self._edit(edits.comment(self._target(event_id), text, self._stamp()))

    @Slot(float, float)
    def mark_reviewed(self, onset_s: float, duration_s: float) -> None:
        """Say that a stretch was read completely: what is not labelled in it is not there."""
        onset_s, duration_s = self._within_recording(onset_s, duration_s)
        self._edit(edits.mark_reviewed(self._pending.labels, onset_s, duration_s, self._stamp()))

    @Slot(float, float, str)
    def score(self, onset_s: float, duration_s: float, stage: str, gaps: Sequence[Gap] = ()) -> None:
        """Score the epochs of a stretch, all but those that were not recorded; begins the reader's scoring in AASM."""
        if scoring.find_own(self._pending.labels, self.author) is None:
            self.begin_scoring(AASM)
        own = scoring.find_own(self._pending.labels, self.author)
        assert own is not None
        self._edit(scoring.score(own, onset_s, duration_s, stage, gaps))

    @Slot(object)
    def begin_scoring(self, stage_set: StageSet) -> None:
        """Let the reader score in these stages from now on; what was scored and is none of them is taken back."""
        self._edit(scoring.begin(self._pending.labels, self._identity.duration_s, stage_set, self._stamp()))

    @Slot(object, str)
    def add_scoring(self, hypnogram: Hypnogram, source: str) -> None:
        """Take in a hypnogram from a file; it replaces what the same scorer had said."""
        self._edit(scoring.bring_in(self._pending.labels, hypnogram, source, self._stamp()))

    @Slot(str)
    def remove_scoring(self, scoring_id: str) -> None:
        """Take a scoring out."""
        self._edit(scoring.withdraw(self._pending.labels, scoring_id))

    def choose(self, setting_id: str, value: float | None) -> None:
        """Choose a number for this recording, or with None go back to the usual one."""
        self._edit(edits.choose(self._pending.labels, setting_id, value, self._stamp()))

    def choose_threshold(self, model: ModelReference, threshold: float | None) -> None:
        """Form a network's detections by another threshold from now on, None for its own; decisions stay."""
        before = self._pending.next_sequence
        try:
            self.choose(threshold_id(model.digest), threshold)
        finally:
            # What was tried out stays until it is on disk: the old threshold would flash up in between.
            if self._pending.next_sequence == before:
                self._stop_trying()

    def try_threshold(self, model: ModelReference, threshold: float) -> None:
        """Show a network's detections by another threshold without keeping it, as while it is dragged."""
        self._shown.try_threshold(model, threshold)
        self.detections_changed.emit()

    @Slot()
    def undo(self) -> None:
        """Take the last edit back; nothing happens where there is none."""
        step = self._pending.undo()
        if step is not None:
            self._edit(*step)

    @Slot()
    def redo(self) -> None:
        """Do the last edit that was taken back again; nothing happens where there is none."""
        step = self._pending.redo()
        if step is not None:
            self._edit(*step)

    def set_detections(self, results: Sequence[AnalysisResult], packages: Sequence[ModelPackage] = ()) -> None:
        """Show and keep the results of an analysis; ``packages`` tell what the networks were trained on."""
        self._refuse_closed()
        self._analyses = tuple(keep(result, packages) for result in results)
        self._known.update({analysis.reference.digest: analysis for analysis in self._analyses})
        self._index_detections()
        self._in_flight += 1
        self._writer.submit(AnalysisJob(self._analyses))
        self.detections_changed.emit()

    def flush(self) -> None:
        """Wait until everything queued is on disk or failed, and tell of it; needs no event loop."""
        while self._in_flight:
            self._settle(self._writer.outcomes.get())

    def close(self) -> None:
        """Write what is queued, tell of it, end the writer's thread and release the study for others."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._collect()

    @Slot()
    def _collect(self) -> None:
        while not self._writer.outcomes.empty():
            self._settle(self._writer.outcomes.get())

    def _settle(self, outcome: Outcome) -> None:
        """Bring the labels up to what the writer reports: acknowledge first, then let the views repaint."""
        self._in_flight -= 1
        job = outcome.job
        if isinstance(job, EditJob) and job.epoch == self._epoch:
            if outcome.fault is None:
                self._durable.append(job.entry)
                self.saved.emit(job.entry.sequence)
                self.annotations_changed.emit(job.entry.update)
                if self._shown.follow(self._durable.labels.settings):
                    self.detections_changed.emit()
                return
            # Everything that was built upon the lost edit is lost with it; the next edit starts from what is on disk.
            self._epoch += 1
            self._pending = self._durable.copy()
            self._stop_trying()
        if outcome.fault:
            self.failed.emit(outcome.fault)

    def _edit(self, update: Update | None, target: int | None = None) -> None:
        self._refuse_closed()
        if update is None:
            return
        entry = Entry(self._pending.next_sequence, datetime.now(UTC), self.author, update, target)
        self._pending.append(entry)
        self._in_flight += 1
        self._writer.submit(EditJob(entry, self._epoch))

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StudyError(f"The study of {self._identity.path.name} is closed; open the recording again to edit it.")

    def _target(self, event_id: str) -> Target:
        return edits.find_target(self._pending.labels, self._by_id, event_id, self._shown.passing)

    def _stamp(self) -> Stamp:
        return Stamp(self.author, datetime.now(UTC), self.view, _new_id)

    def _within_recording(self, onset_s: float, duration_s: float) -> tuple[float, float]:
        """Cut times to the recording: a drag may end beyond its edge."""
        end_s = onset_s + duration_s
        if self._identity.duration_s is not None:
            end_s = min(end_s, self._identity.duration_s)
        onset_s = max(0.0, onset_s)
        return onset_s, end_s - onset_s

    def _stop_trying(self) -> None:
        """Return to the thresholds that are on disk."""
        if self._shown.stop_trying():
            self.detections_changed.emit()

    def _index_detections(self) -> None:
        self._by_id = {item.detection_id: item for analysis in self._known.values() for item in analysis.detections}
        self._shown = ShownEvents(self._analyses, self._durable.labels.settings, self._identity.duration_s)


def _new_id() -> str:
    return uuid4().hex
