import json

import numpy as np
import pytest

from inference.errors import ModelPackageError
from inference.runtime.calibration import (
    RELIABILITY,
    describe_reliability,
    expected_calibration_error,
    read_reliability,
    reliability_bins,
)
from inference.runtime.detections import describe_calibration


def test_expected_calibration_error_is_the_gap_between_claim_and_outcome():
    (only,) = bins = reliability_bins(np.full(1000, 0.9, dtype=np.float32), np.arange(1000) < 600)
    assert (only.claimed, only.observed, only.n) == (pytest.approx(0.9), 0.6, 1000)
    assert expected_calibration_error(bins) == pytest.approx(0.3, abs=1e-6)


def test_probabilities_that_come_true_as_often_as_they_say_lie_on_the_diagonal():
    rng = np.random.default_rng(3)
    probability = rng.random(60_000)
    bins = reliability_bins(probability, rng.random(60_000) < probability)
    assert len(bins) == 15
    assert all(abs(one.claimed - one.observed) < 0.03 for one in bins)
    assert expected_calibration_error(bins) < 0.01


def test_certainty_falls_into_the_last_bin_and_empty_bins_are_left_out():
    bins = reliability_bins(np.array([0.0, 1.0, 1.0]), np.array([False, True, False]))
    assert [(one.claimed, one.observed, one.n) for one in bins] == [(0.0, 0.0, 1), (1.0, 0.5, 2)]


def test_a_curve_survives_the_way_through_a_card():
    bins = reliability_bins(np.array([0.1, 0.125, 0.875]), np.array([False, True, True]))
    stored = json.loads(json.dumps({"method": "temperature", RELIABILITY: {"spasm": describe_reliability(bins)}}))
    read = read_reliability(stored)["spasm"]
    assert [one.n for one in read] == [2, 1]
    assert [one.claimed for one in read] == pytest.approx([one.claimed for one in bins], abs=1e-4)
    assert read_reliability({"method": "temperature"}) == {}


def test_a_curve_that_is_none_is_refused_in_a_sentence():
    for nonsense in ("high", {"spasm": [[0.1, 0.2]]}, {"spasm": "high"}, {"spasm": [["a", 0.1, 3]]}):
        with pytest.raises(ModelPackageError, match="reliability curve cannot be read"):
            read_reliability({RELIABILITY: nonsense})


def test_what_detections_carry_of_the_calibration_stays_one_phrase():
    calibration = {"method": "temperature", "temperature": 1.5, RELIABILITY: {"spasm": [[0.5, 0.5, 10]]}}
    assert describe_calibration(calibration) == "method temperature, temperature 1.5"
