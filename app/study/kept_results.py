"""All that a network said about a recording, packed into one blob of a study."""

import io
import json
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np

from inference.runtime.results import Answer, Measure

_FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What a network answered, what it measured, and what a reader should know; nothing in studies of old."""

    answers: tuple[Answer, ...] = ()
    measures: tuple[Measure, ...] = ()
    problems: tuple[str, ...] = ()


def pack_result(result: KeptResult) -> bytes:
    """Give the blob."""
    arrays: dict[str, Any] = {}
    for i, answer in enumerate(result.answers):
        for name, values in (("time_s", answer.time_s), ("values", answer.probability), ("overall", answer.overall)):
            arrays[f"answer{i}_{name}"] = values
    for i, measure in enumerate(result.measures):
        arrays[f"measure{i}_time_s"], arrays[f"measure{i}_values"] = measure.time_s, measure.values
    fields = {
        "answers": [{"task": a.task, "columns_are": a.columns_are, "columns": a.columns} for a in result.answers],
        "measures": [{"name": m.name, "measures": m.measures, "columns": m.columns} for m in result.measures],
        "problems": result.problems,
    }
    packed = io.BytesIO()
    arrays[_FIELDS] = np.array(json.dumps(fields, ensure_ascii=False))
    np.savez(packed, **arrays)
    return packed.getvalue()


def unpack_result(blob: bytes) -> KeptResult:
    """Read the blob, which is empty in a study of an earlier version.

    Raises
    ------
    ValueError
        It is damaged.
    """
    if not blob:
        return KeptResult()
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
            fields = json.loads(str(arrays[_FIELDS]))
            answers = tuple(
                Answer(
                    answer["task"],
                    answer["columns_are"],
                    tuple(answer["columns"]),
                    arrays[f"answer{i}_time_s"],
                    arrays[f"answer{i}_values"],
                    arrays[f"answer{i}_overall"],
                )
                for i, answer in enumerate(fields["answers"])
            )
            measures = tuple(
                Measure(
                    measure["name"],
                    measure["measures"],
                    tuple(measure["columns"]),
                    arrays[f"measure{i}_time_s"],
                    arrays[f"measure{i}_values"],
                )
                for i, measure in enumerate(fields["measures"])
            )
            return KeptResult(answers, measures, tuple(fields["problems"]))
    except (BadZipFile, OSError, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"what a network said cannot be read ({error})") from error
