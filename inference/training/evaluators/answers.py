"""What a package said about each file, kept in a folder, so that a long evaluation can go on after a kill."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from inference.labels.files import write_bytes
from inference.labels.scoring import Score
from inference.training.evaluators.material import CaseScore
from inference.training.metrics import Predictions


class AnswerStore:
    """Answers by everything that they depend on: another package, file or label is another answer.

    Parameters
    ----------
    folder : made when the first answer is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, made_from: Mapping[str, Any]) -> CaseScore | None:
        """Give an answer, None where it was not kept or cannot be read."""
        try:
            content = io.BytesIO(self._path(made_from).read_bytes())
            with np.load(content, allow_pickle=False) as arrays:
                fields = json.loads(str(arrays["fields"]))
                predictions = Predictions(
                    arrays["truth"],
                    arrays["said"],
                    arrays.get("probability"),
                    arrays["patient"],
                    tuple(fields["classes"]),
                )
            events = {way: Score(**counts) for way, counts in fields["events"].items()}
            return CaseScore(predictions, events, tuple(fields["problems"]))
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
            return None

    def keep(self, made_from: Mapping[str, Any], score: CaseScore) -> None:
        """Keep an answer, whole or not at all.

        Raises
        ------
        LabelError
            It cannot be written.
        """
        predictions = score.predictions
        fields = {
            "classes": predictions.classes,
            "events": {way: asdict(counts) for way, counts in score.events.items()},
            "problems": score.problems,
        }
        arrays: dict[str, Any] = {
            "truth": predictions.truth,
            "said": predictions.said,
            "patient": predictions.patient,
            "fields": np.array(json.dumps(fields)),
        }
        if predictions.probability is not None:
            arrays["probability"] = predictions.probability
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)
        write_bytes(self._path(made_from), packed.getvalue())

    def _path(self, made_from: Mapping[str, Any]) -> Path:
        text = json.dumps(made_from, sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"
