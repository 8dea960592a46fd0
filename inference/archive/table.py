"""One table for all recordings of an archive: what was found in each, and which could not be analysed."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from inference.archive.analysing import Outcome
from inference.labels.files import NOT_AVAILABLE, format_seconds, write_table

TABLE_NAME = "spasmlens_recordings.tsv"


def write_archive_table(folder: Path, outcomes: Iterable[Outcome], networks: Sequence[str]) -> Path:
    """Write a row for each recording, in their order, whole or not at all.

    Columns: ``recording``, ``status`` (``analysed`` or ``failed``), ``duration`` in seconds; for each network
    ``NETWORK_events`` and ``NETWORK_gist``; ``seconds`` that the networks took, ``problems``.

    Raises
    ------
    LabelError
        The file cannot be written.
    """
    of_networks = [f"{name}_{column}" for name in networks for column in ("events", "gist")]
    columns = ("recording", "status", "duration", *of_networks, "seconds", "problems")
    return write_table(folder / TABLE_NAME, columns, (_row(outcome, networks) for outcome in outcomes))


def _row(outcome: Outcome, networks: Sequence[str]) -> list[str]:
    summary: dict[str, Any] = outcome.summary
    models = summary["models"]
    cells = [outcome.item.name, "failed" if outcome.failure else "analysed", format_seconds(summary.get("duration_s"))]
    for name in networks:
        model = models.get(name)
        cells += [NOT_AVAILABLE, NOT_AVAILABLE] if model is None else [str(model["events"]), model["gist"]]
    problems = [*summary["problems"], *(problem for model in models.values() for problem in model["problems"])]
    return [*cells, f"{sum(model['seconds'] for model in models.values()):.1f}", " ".join(problems)]
