"""Simulated patients that are kept, so that a run which goes on after a kill need not simulate them again."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from inference.labels.files import write_json
from inference.simulate.truth import Role, TruthEvent
from inference.training.features import PatientFeatures

RECORD_NAME = "patient.json"


def keep_features(folder: Path, features: PatientFeatures, made_from: Mapping[str, Any]) -> None:
    """Complete the folder of stored features with what is not an array; it counts as kept from then on.

    Parameters
    ----------
    made_from : everything that the features depend on, as JSON.
    """
    fields = {
        "made_from": made_from,
        "frame_s": features.frame_s,
        "eeg_present": features.eeg_present.tolist(),
        "emg_present": features.emg_present.tolist(),
        "truth": [asdict(event) for event in features.truth],
    }
    write_json(folder / RECORD_NAME, fields)


def find_features(folder: Path, made_from: Mapping[str, Any]) -> PatientFeatures | None:
    """Give the features kept in a folder, None where there are none, or others, or not all of them."""
    try:
        fields = json.loads((folder / RECORD_NAME).read_bytes())
        if fields["made_from"] != json.loads(json.dumps(made_from)):
            return None
        eeg, emg = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("eeg", "emg"))
        eeg_present, emg_present = (np.array(fields[f"{name}_present"], np.float32) for name in ("eeg", "emg"))
        truth = tuple(
            TruthEvent(**{**event, "channels": tuple(event["channels"]), "role": Role(event["role"])})
            for event in fields["truth"]
        )
        return PatientFeatures(eeg, emg, eeg_present, emg_present, truth, float(fields["frame_s"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
