"""Everything that is said about one recording, gathered for export: the same value whatever the format."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePath

from inference.labels.annotations import Annotation, Decision, ReviewedSpan
from inference.labels.clusters import Cluster, ClusterRule, find_clusters, is_spasm
from inference.labels.detections import Detection, ModelReference
from inference.labels.scorings import Scoring

#: What a de-identified label says in place of a time at which something was done.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model's knowledge comes from; ``simulated`` is None where its card was not at hand."""

    reference: ModelReference
    simulated: bool | None
    trained_on: str


@dataclass(frozen=True, slots=True)
class LabelSet:
    """What people and models say about one recording.

    ``recording_name`` is the recording's file name. ``detections`` and ``models`` are everything that annotations may
    point at, not only the last analysis. ``duration_s`` and ``start`` are None where the recording was never opened
    with them. ``cluster_rule`` says what makes a cluster of spasms, ``scorings`` are what people say about the sleep.
    """

    recording_name: str
    fingerprint: str
    annotations: tuple[Annotation, ...]
    reviewed_spans: tuple[ReviewedSpan, ...] = ()
    detections: tuple[Detection, ...] = ()
    models: tuple[ModelSource, ...] = ()
    duration_s: float | None = None
    start: datetime | None = None
    deidentified: bool = False
    cluster_rule: ClusterRule = field(default_factory=ClusterRule)
    scorings: tuple[Scoring, ...] = ()

    @property
    def stem(self) -> str:
        """File name of the recording without its suffix."""
        return PurePath(self.recording_name).stem

    @property
    def events(self) -> tuple[Annotation, ...]:
        """Annotations that say that something is there or may be there, in order of onset: all but the rejected."""
        kept = (annotation for annotation in self.annotations if annotation.decision is not Decision.REJECTED)
        return tuple(sorted(kept, key=lambda event: (event.onset_s, event.annotation_id)))

    @property
    def clusters(self) -> tuple[Cluster[Annotation], ...]:
        """Clusters of the spasms among the events."""
        return find_clusters((event for event in self.events if is_spasm(event.label)), self.cluster_rule)

    @property
    def provenance(self) -> str:
        """One sentence on what the models behind these labels were trained on."""
        if not self.models:
            return "No model was used; every label was made by a person."
        return " ".join(_describe(model) for model in self.models)


def _describe(model: ModelSource) -> str:
    name = f"{model.reference.name} {model.reference.version}"
    if model.simulated is None:
        return f"What {name} was trained on is not recorded; not clinically validated."
    if model.simulated:
        return f"{name} was trained on simulated data, not clinically validated."
    return f"{name} was trained on recorded data: {model.trained_on}"


def deidentify(labels: LabelSet) -> LabelSet:
    """Remove names, dates and free text; what is left points at the recording only by its fingerprint.

    Authors become ``reader1``, ``reader2`` ... in order of their first label, and scorers of sleep with them; the
    recording's name becomes a pseudonym drawn from its fingerprint; comments and names of files go, because nobody can
    tell what was typed into them.
    """
    labelled: tuple[Annotation | ReviewedSpan, ...] = (*labels.annotations, *labels.reviewed_spans)
    said = [*((item.made, item.author) for item in labelled), *((one.made, one.scorer) for one in labels.scorings)]
    authors = dict.fromkeys(author for _, author in sorted(said))
    pseudonyms = {author: f"reader{number}" for number, author in enumerate(authors, 1)}
    annotations = (
        replace(item, author=pseudonyms[item.author], made=NO_TIME, changed=NO_TIME, comment="")
        for item in labels.annotations
    )
    spans = (replace(item, author=pseudonyms[item.author], made=NO_TIME) for item in labels.reviewed_spans)
    scorings = (
        replace(one, hypnogram=replace(one.hypnogram, scorer=pseudonyms[one.scorer]), made=NO_TIME, source="")
        for one in labels.scorings
    )
    return replace(
        labels,
        recording_name=f"case{sha256(labels.fingerprint.encode()).hexdigest()[:10]}",
        annotations=tuple(annotations),
        reviewed_spans=tuple(spans),
        start=None,
        deidentified=True,
        scorings=tuple(scorings),
    )
