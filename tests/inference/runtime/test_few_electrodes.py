"""A network that sees less than it knows says so, and is less sure of itself by what was measured."""

import numpy as np
import pytest

from inference.errors import ModelPackageError
from inference.recordings.array import ArrayRecording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.few_electrodes import FEW_ELECTRODES, find_temperature, temper
from inference.runtime.registry import SHIPPED_FOLDER, survey_packages
from inference.runtime.results import ModelResult
from inference.runtime.sleep_inputs import BoldSignals
from tests.inference.runtime.patients import eeg

NIGHT = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "T7", "T8", "Cz", "Pz")
CARD = {"method": "temperature", FEW_ELECTRODES: [[2, 2.0], [4, 1.5], [8, 1.0]]}


@pytest.mark.parametrize(("n", "expected"), [(1, 2.0), (2, 2.0), (4, 1.5), (8, 1.0), (19, 1.0)])
def test_the_temperature_is_the_measured_one(n, expected):
    assert find_temperature(CARD, n) == pytest.approx(expected)


def test_between_two_measured_numbers_it_lies_between():
    assert 1.5 < find_temperature(CARD, 3) < 2.0


def test_without_figures_or_without_electrodes_nothing_is_lowered():
    assert find_temperature({}, 2) == find_temperature(CARD, 0) == 1.0


def test_confidence_is_never_raised():
    assert find_temperature({FEW_ELECTRODES: [[2, 0.5]]}, 2) == 1.0


@pytest.mark.parametrize("bad", [[[2]], "many", [[2, "x"]], 7])
def test_a_card_that_says_something_else_is_refused(bad):
    with pytest.raises(ModelPackageError, match="few electrodes cannot be read"):
        find_temperature({FEW_ELECTRODES: bad}, 2)


def test_flattened_probabilities_keep_their_order_and_sum_to_one():
    before = np.array([[0.9, 0.07, 0.03], [0.2, 0.5, 0.3]], np.float32)
    after = temper(before, 2.0)
    assert after.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert (after.argmax(axis=1) == before.argmax(axis=1)).all()
    assert (after.max(axis=1) < before.max(axis=1)).all()
    np.testing.assert_allclose(temper(before, 1.0), before, atol=1e-7)


@pytest.fixture(scope="module")
def package():
    return next(one for one in survey_packages(SHIPPED_FOLDER).packages if one.card.name == "sleep-staging")


def stage(package, electrodes, bold=None) -> ModelResult:
    rng = np.random.default_rng(5)
    signals = [20.0 * rng.normal(size=100 * 90) for _ in electrodes]
    recording = ArrayRecording([eeg(name, 100.0) for name in electrodes], signals)
    updates = analyze(AnalysisRequest(recording, (package,), "cpu", bold), lambda: False)
    return next(update.result for update in updates if update.result is not None)


def test_the_shipped_staging_tells_how_sure_it_may_be_with_few_electrodes(package):
    calibration = package.card.calibration
    assert find_temperature(calibration, 2) > find_temperature(calibration, 4) > find_temperature(calibration, 6) > 1.0
    assert find_temperature(calibration, 19) == 1.0


def test_a_recording_of_two_electrodes_is_staged_with_less_confidence_and_told_why(package, monkeypatch):
    result = stage(package, ("C3", "O1"))
    assert result.hypnogram.n_epochs == 3
    assert any("2 of 19 electrodes" in said and "confidence is lowered" in said for said in result.problems)
    monkeypatch.setattr("inference.runtime.sleep_run.find_temperature", lambda *_: 1.0)
    plain = stage(package, ("C3", "O1"))
    assert not any("confidence is lowered" in said for said in plain.problems)
    assert result.hypnogram.stages == plain.hypnogram.stages
    assert (result.probability.max(axis=1) < plain.probability.max(axis=1)).all()


def test_enough_electrodes_are_believed_as_they_are(package):
    assert not any("confidence is lowered" in said for said in stage(package, NIGHT).problems)


def test_with_fmri_each_epoch_tells_how_much_it_rests_on_which(package):
    assert stage(package, NIGHT).measures == ()
    bold = BoldSignals(np.random.default_rng(8).normal(size=(60, 100)), 0.0, 2.1)
    (share,) = stage(package, NIGHT, bold).measures
    assert share.columns == ("EEG", "fMRI")
    assert ((share.values > 0.0) & (share.values < 1.0)).all()
    assert share.values.sum(axis=1) == pytest.approx(1.0)
