"""Writing what networks said about a recording as files that other programs read."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference.errors import AnalysisError
from inference.labels.files import write_bytes, write_json
from inference.labels.szcore import rows_of_detections, write_szcore_events
from inference.recordings.recording import Recording
from inference.runtime.analysis import ModelResult
from inference.runtime.cards import ModelCard
from inference.runtime.package import ModelPackage


def output_paths(recording_path: Path, folder: Path) -> tuple[Path, Path, Path]:
    """Name the files for a recording: events, probabilities, summary.

    Raises
    ------
    AnalysisError
        One of them is the recording itself.
    """
    stem = recording_path.stem
    names = ("events.tsv", "probabilities.npz", "summary.json")
    paths = tuple(folder / f"{stem}_desc-spasmlens_{name}" for name in names)
    if any(path.resolve() == recording_path.resolve() for path in paths):
        raise AnalysisError(f"The results of {recording_path} would overwrite it: choose another folder.")
    return paths[0], paths[1], paths[2]


def write_outputs(
    recording: Recording,
    packages: Sequence[ModelPackage],
    results: Sequence[ModelResult],
    folder: Path,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Write events, probabilities and a summary, each at once or not at all, and give the summary.

    The events are a SzCORE file: those of all networks that look for seizures, or one background row. The summary has
    the keys ``path``, ``models``, ``outputs`` and ``problems``; ``problems`` adds what went wrong outside the results.

    Raises
    ------
    AnalysisError, LabelError
        A file would overwrite the recording, or cannot be written.
    """
    events, probabilities, summary_path = output_paths(recording.path, folder)
    detections = [detection for result in results for detection in result.detections]
    write_szcore_events(events, rows_of_detections(detections), recording.duration_s, recording.start)
    write_bytes(probabilities, _pack_probabilities(results))
    cards = {package.card.name: package.card for package in packages}
    summary = {
        "path": str(recording.path),
        "models": {result.reference.name: _describe_result(result, cards[result.reference.name]) for result in results},
        "outputs": [str(path) for path in (events, probabilities, summary_path)],
        "problems": [*recording.problems, *problems],
    }
    write_json(summary_path, summary)
    return summary


def _pack_probabilities(results: Sequence[ModelResult]) -> bytes:
    arrays: dict[str, Any] = {}
    for result in results:
        arrays[f"{result.task}_time_s"] = result.time_s
        arrays[f"{result.task}_probability"] = result.probability
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
        "seconds": round(result.seconds, 3),
        "problems": list(result.problems),
    }
