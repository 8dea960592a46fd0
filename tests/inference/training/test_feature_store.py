import dataclasses

import numpy as np
import pytest

from inference.training.feature_store import RECORD_NAME, find_features, keep_features
from inference.training.features import PatientFeatures

MADE_FROM = {"seed": 7, "hours": (1.0, 2.0)}


@pytest.fixture
def kept(features, tmp_path) -> PatientFeatures:
    for name in ("eeg", "emg"):
        np.save(tmp_path / f"{name}.npy", getattr(features, name))
    keep_features(tmp_path, features, MADE_FROM)
    return features


def test_kept_features_come_back_whole(kept, tmp_path):
    found = find_features(tmp_path, MADE_FROM)
    for field in dataclasses.fields(PatientFeatures):
        ours, theirs = getattr(kept, field.name), getattr(found, field.name)
        assert np.array_equal(ours, theirs) and np.asarray(ours).dtype == np.asarray(theirs).dtype, field.name


def test_features_made_from_something_else_are_not_taken(kept, tmp_path):
    assert find_features(tmp_path, {**MADE_FROM, "seed": 8}) is None


@pytest.mark.parametrize("name", ["eeg.npy", RECORD_NAME])
def test_features_that_a_kill_left_incomplete_are_not_taken(kept, tmp_path, name):
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:200])
    assert find_features(tmp_path, MADE_FROM) is None
    (tmp_path / name).unlink()
    assert find_features(tmp_path, MADE_FROM) is None
