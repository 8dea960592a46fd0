"""Labels as a BIDS derivative data set: events with HED tags; apart from them the spans read whole and the clusters."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from inference.labels.annotations import Decision
from inference.labels.files import NOT_AVAILABLE, format_ratio, format_seconds, write_bytes, write_json, write_table
from inference.labels.hypnogram_formats.events import write_events
from inference.labels.labelset import LabelSet
from inference.labels.vocabulary import find_term, load_vocabulary

BIDS_VERSION = "1.10.0"
_EVENT_COLUMNS = ("onset", "duration", "trial_type", "decision", "confidence", "channel", "annotator")
_CLUSTER_COLUMNS = ("onset", "duration", "trial_type", "spasms", "spasms_per_minute")
_DECISIONS = {
    Decision.ACCEPTED: "A person confirmed an event that a model had detected",
    Decision.ADDED: "A person marked an event that no model had detected",
    Decision.UNSURE: "A person looked and could not decide",
}


def export_bids(labels: LabelSet, folder: Path) -> list[Path]:
    """Write a derivative data set of one recording.

    Rejected detections and detections that nobody looked at are not in it; unsure events are marked as such. Time that
    no ``desc-reviewed`` span covers says nothing by having no event.

    Raises
    ------
    LabelError
        A file cannot be written.
    """
    subject, task = _entities(labels.stem)
    stem = folder / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-{task}"
    events = stem.with_name(f"{stem.name}_desc-spasmlens_events.tsv")
    spans = stem.with_name(f"{stem.name}_desc-reviewed_events.tsv")
    clusters = stem.with_name(f"{stem.name}_desc-clusters_events.tsv")
    return [
        write_json(folder / "dataset_description.json", _dataset_description(labels)),
        write_bytes(folder / "README.md", _readme(labels).encode()),
        write_table(events, _EVENT_COLUMNS, _event_rows(labels)),
        write_json(events.with_suffix(".json"), _event_columns(labels)),
        write_table(spans, ("onset", "duration", "trial_type", "annotator"), _span_rows(labels)),
        write_json(spans.with_suffix(".json"), _span_columns()),
        write_table(clusters, _CLUSTER_COLUMNS, _cluster_rows(labels)),
        write_json(clusters.with_suffix(".json"), _cluster_columns(labels)),
        *_write_scorings(labels, stem),
    ]


def _write_scorings(labels: LabelSet, stem: Path) -> list[Path]:
    """Write the sleep stages of each scorer as events of their own."""
    written: list[Path] = []
    for number, scoring in enumerate(labels.scorings, 1):
        path = stem.with_name(f"{stem.name}_desc-sleep{number if len(labels.scorings) > 1 else ''}_events.tsv")
        written += [write_events(path, scoring.hypnogram), path.with_suffix(".json")]
    return written


def _entities(stem: str) -> tuple[str, str]:
    """Give subject and task: the file's own where its name follows BIDS, else its name without odd characters."""
    named = re.match(r"sub-([0-9A-Za-z]+)(?:_.*?)?(?:_task-([0-9A-Za-z]+))?(?:_|$)", stem)
    if named:
        task = re.search(r"_task-([0-9A-Za-z]+)", stem)
        return named[1], task[1] if task else "eeg"
    return re.sub(r"[^0-9A-Za-z]", "", stem) or "recording", "eeg"


def _event_rows(labels: LabelSet) -> list[tuple[str, ...]]:
    return [
        (
            format_seconds(event.onset_s),
            format_seconds(event.duration_s),
            find_term(event.label).term_id,
            event.decision.value,
            format_ratio(event.confidence),
            "|".join(event.channels) or NOT_AVAILABLE,
            event.author or NOT_AVAILABLE,
        )
        for event in labels.events
    ]


def _span_rows(labels: LabelSet) -> list[tuple[str, ...]]:
    spans = sorted(labels.reviewed_spans, key=lambda span: span.onset_s)
    return [
        (format_seconds(span.onset_s), format_seconds(span.duration_s), "reviewed", span.author or NOT_AVAILABLE)
        for span in spans
    ]


def _cluster_rows(labels: LabelSet) -> list[tuple[str, ...]]:
    return [
        (
            format_seconds(cluster.onset_s),
            format_seconds(cluster.duration_s),
            "cluster",
            str(len(cluster.events)),
            NOT_AVAILABLE if cluster.per_minute is None else f"{cluster.per_minute:.2f}",
        )
        for cluster in labels.clusters
    ]


def _event_columns(labels: LabelSet) -> dict[str, Any]:
    # Every key names a column: the HED tools stumble over a description of the whole file.
    terms = load_vocabulary().terms
    return {
        "onset": {"Description": "Start of the event from the start of the recording", "Units": "s"},
        "duration": {"Description": "Duration of the event", "Units": "s"},
        "trial_type": {
            "LongName": "Event",
            "Description": f"What a person says the event is, by its HED-SCORE tag. {labels.provenance}",
            "Levels": {term.term_id: f"{term.name}. {term.description}" for term in terms},
            "HED": {term.term_id: f"Data-feature, Expert-annotation, {term.hed}" for term in terms},
        },
        "decision": {
            "Description": "What the person decided",
            "Levels": {decision.value: text for decision, text in _DECISIONS.items()},
        },
        "confidence": {"Description": "The reader's own confidence, 0 to 1"},
        "channel": {"Description": "Channels on which the event is seen; n/a means all", "Delimiter": "|"},
        "annotator": {"Description": "Who made or last changed the label"},
    }


def _span_columns() -> dict[str, Any]:
    return {
        "onset": {"Description": "Start of the stretch from the start of the recording", "Units": "s"},
        "duration": {"Description": "Length of the stretch", "Units": "s"},
        "trial_type": {
            "Description": "Always reviewed",
            "Levels": {"reviewed": "A person read all of it: what is not labelled in it is not there"},
        },
        "annotator": {"Description": "Who read it"},
    }


def _cluster_columns(labels: LabelSet) -> dict[str, Any]:
    rule = labels.cluster_rule
    return {
        "onset": {"Description": "Start of the first spasm from the start of the recording", "Units": "s"},
        "duration": {"Description": "From there to the end of the last spasm", "Units": "s"},
        "trial_type": {
            "Description": "Always cluster",
            "Levels": {
                "cluster": f"{rule.min_spasms} spasms or more with pauses of less than {rule.gap_s:g} s between them, "
                "counted from the spasms of desc-spasmlens, unsure ones among them"
            },
        },
        "spasms": {"Description": "Number of spasms"},
        "spasms_per_minute": {"Description": "How often one spasm follows another", "Units": "1/min"},
    }


def _dataset_description(labels: LabelSet) -> dict[str, Any]:
    try:
        program_version = version("spasmlens")
    except PackageNotFoundError:  # run from a checkout that was never installed
        program_version = "unknown"
    authors = dict.fromkeys(event.author for event in labels.events if event.author)
    return {
        "Name": f"Event labels of {labels.stem}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "HEDVersion": load_vocabulary().hed_version,
        **({"Authors": list(authors)} if authors else {}),
        "GeneratedBy": [
            {
                "Name": "Spasmlens",
                "Version": program_version,
                "Description": f"Detections reviewed by a person. {labels.provenance}",
            }
        ],
    }


def _readme(labels: LabelSet) -> str:
    return f"""# Event labels of {labels.stem}

`*_desc-spasmlens_events.tsv` holds what people say is there: detections that they accepted, events that they added, and
events of which they were unsure (column `decision`). Detections that they rejected, or that nobody has looked at, are
not in it.

`*_desc-sleep*_events.tsv`, where there is one, holds the stages of sleep as people scored them, a file for each scorer
(column `annotator`).

`*_desc-reviewed_events.tsv` holds the stretches that a person has read completely. Time outside of them says nothing
by having no event.

`*_desc-clusters_events.tsv` holds the clusters that the spasms form.

{labels.provenance}
"""
