"""Writing what networks said about a recording as files that other programs read."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference.errors import AnalysisError
from inference.labels.files import write_bytes, write_json
from inference.labels.hypnogram_formats.events import write_events
from inference.labels.hypnograms import Hypnogram
from inference.labels.szcore import rows_of_detections, write_szcore_events
from inference.recordings.recording import Recording
from inference.runtime.cards import ModelCard
from inference.runtime.package import ModelPackage
from inference.runtime.results import Answer, ModelResult

#: Grows when what is written changes: results of an older number are made again.
OUTPUTS_VERSION = 1


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the results on one recording go."""

    events: Path
    probabilities: Path
    hypnogram: Path
    summary: Path


def output_paths(recording_path: Path, folder: Path) -> OutputPaths:
    """Name the files for a recording.

    Raises
    ------
    AnalysisError
        One of them is the recording itself.
    """
    stem = recording_path.stem
    names = ("events.tsv", "probabilities.npz", "hypnogram.tsv", "summary.json")
    paths = tuple(folder / f"{stem}_desc-spasmlens_{name}" for name in names)
    if any(path.resolve() == recording_path.resolve() for path in paths):
        raise AnalysisError(f"The results of {recording_path} would overwrite it: choose another folder.")
    return OutputPaths(*paths)


def write_outputs(
    recording: Recording,
    packages: Sequence[ModelPackage],
    results: Sequence[ModelResult],
    folder: Path,
    problems: Sequence[str] = (),
    *,
    made_from: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write events, probabilities, stages of sleep and a summary, each at once or not at all, and give the summary.

    The events are a SzCORE file: those of all networks that look for seizures, or one background row; where no network
    looked for any, there is no such file. The hypnogram is a BIDS table with its side-car. The summary has the keys
    ``path``, ``duration_s``, ``models``, ``outputs``, ``problems`` and ``made_from``; ``problems`` adds what went wrong
    outside the results, ``made_from`` is all that they depend on, by which a later run knows them again.

    Raises
    ------
    AnalysisError, LabelError
        A file would overwrite the recording, or cannot be written.
    """
    paths = output_paths(recording.path, folder)
    outputs = []
    if any(result.events is not None for result in results):
        detections = [detection for result in results for detection in result.detections]
        write_szcore_events(paths.events, rows_of_detections(detections), recording.duration_s, recording.start)
        outputs.append(paths.events)
    outputs.append(write_bytes(paths.probabilities, _pack_probabilities(results)))
    for hypnogram in (result.hypnogram for result in results if result.hypnogram is not None):
        outputs.append(write_events(paths.hypnogram, hypnogram, predicted=True))
    cards = {package.card.name: package.card for package in packages}
    summary = {
        "path": str(recording.path),
        "duration_s": round(recording.duration_s, 3),
        "models": {result.reference.name: _describe_result(result, cards[result.reference.name]) for result in results},
        "outputs": [str(path) for path in (*outputs, paths.summary)],
        "problems": [*recording.problems, *problems],
        "made_from": dict(made_from or {}),
    }
    write_json(paths.summary, summary)
    return summary


def _pack_probabilities(results: Sequence[ModelResult]) -> bytes:
    arrays: dict[str, Any] = {}
    for result in results:
        for answer in result.answers:
            arrays[f"{answer.task}_time_s"] = answer.time_s
            arrays[f"{answer.task}_probability"] = answer.probability
            if answer.columns:
                arrays[f"{answer.task}_{answer.columns_are}"] = np.array(answer.columns)
                arrays[f"{answer.task}_overall"] = answer.overall
        for measure in result.measures:
            arrays[f"{measure.name}_time_s"] = measure.time_s
            arrays[measure.name] = measure.values
            arrays[f"{measure.name}_columns"] = np.array(measure.columns)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def _describe_result(result: ModelResult, card: ModelCard) -> dict[str, Any]:
    return {
        "title": card.title,
        "version": result.reference.version,
        "digest": result.reference.digest,
        "simulated": card.simulated,
        "trained_on": card.trained_on,
        "provider": result.provider,
        "channels_used": list(result.channels_used),
        "channels_missing": list(result.channels_missing),
        "channels_interpolated": list(result.channels_interpolated),
        "events": len(result.detections),
        "gist": result.gist,
        "overall": {answer.task: _describe_overall(answer) for answer in result.answers if answer.columns},
        "stage_minutes": None if result.hypnogram is None else _count_minutes(result.hypnogram),
        "seconds": round(result.seconds, 3),
        "problems": list(result.problems),
    }


def _describe_overall(answer: Answer) -> dict[str, float | None]:
    """Give what is said of the whole recording by class or channel; JSON has no NaN."""
    values = (round(float(value), 4) if np.isfinite(value) else None for value in answer.overall)
    return dict(zip(answer.columns, values, strict=True))


def _count_minutes(hypnogram: Hypnogram) -> dict[str, float]:
    return {code: round(hypnogram.stages.count(code) * hypnogram.epoch_s / 60, 2) for code in hypnogram.stage_set.codes}
