import numpy as np
import pytest
import torch

from inference.errors import AnalysisError
from inference.explain.regions import RegionOccluder
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer
from tests.inference.runtime.networks import SLEEP_INPUTS, calibrated_networks
from tests.inference.runtime.patients import make_patient, only_muscles

EPOCH_S = 30.0
SILENT = 41


@pytest.fixture(scope="module")
def recording():
    return make_patient(125.0)


@pytest.fixture(scope="module")
def package(untrained_packages):
    return untrained_packages["sleep-staging"]


def bold_signals(n_volumes=50):
    series = np.random.default_rng(8).normal(size=(n_volumes, 100))
    series[:, SILENT] = np.nan
    return BoldSignals(series, 0.0, 2.1)


def log_odds(inputs):
    network = calibrated_networks()["sleep-staging"]
    with torch.no_grad():
        given = network(*(torch.from_numpy(inputs[name]) for name in SLEEP_INPUTS.shapes))
    probability = (given[0] if isinstance(given, tuple) else given).numpy()[0].astype(float)
    return np.log(probability / (1 - probability))


def test_a_regions_relevance_is_what_the_log_odds_of_the_stage_lose_with_its_signal(recording, package):
    bold = bold_signals()
    found = RegionOccluder(recording, bold, package, "cpu").explain(50.0)
    inputs = SleepPreparer(recording, SLEEP_INPUTS, bold=bold).gather(1, 2)
    whole = log_odds(inputs)
    stage = int(whole.argmax())
    assert found.stage == package.card.classes[stage]
    assert (found.onset_s, found.duration_s) == (EPOCH_S, EPOCH_S)
    assert np.log(found.probability / (1 - found.probability)) == pytest.approx(whole[stage], abs=1e-3)
    for region in (0, 7, 99):
        bold_without = inputs["bold"].copy()
        bold_without[:, region] = 0
        expected = whole[stage] - log_odds({**inputs, "bold": bold_without})[stage]
        assert found.by_region[region] == pytest.approx(expected, abs=1e-3)
    none = {"bold": np.zeros_like(inputs["bold"]), "bold_present": np.zeros_like(inputs["bold_present"])}
    assert found.without_fmri == pytest.approx(whole[stage] - log_odds({**inputs, **none})[stage], abs=1e-3)
    assert np.nanmax(np.abs(found.by_region)) > 1e-3


def test_a_region_without_a_signal_says_nothing(recording, package):
    by_region = RegionOccluder(recording, bold_signals(), package, "cpu").explain(0.0).by_region
    assert np.flatnonzero(np.isnan(by_region)).tolist() == [SILENT]


def test_without_eeg_nothing_is_said_of_what_the_fmri_adds(package):
    found = RegionOccluder(only_muscles(95.0), bold_signals(), package, "cpu").explain(40.0)
    assert np.isnan(found.without_fmri)
    assert np.isfinite(found.by_region).sum() == 99


def test_an_epoch_that_the_run_does_not_cover_gets_a_sentence(recording, package):
    occluder = RegionOccluder(recording, bold_signals(n_volumes=30), package, "cpu")
    assert occluder.explain(20.0).stage in package.card.classes
    with pytest.raises(AnalysisError, match="does not cover"):
        occluder.explain(100.0)
    with pytest.raises(AnalysisError, match="no whole epoch"):
        occluder.explain(500.0)


def test_a_network_that_stages_no_sleep_is_refused(recording, untrained_packages):
    with pytest.raises(AnalysisError, match="stages no sleep"):
        RegionOccluder(recording, bold_signals(), untrained_packages["dsmn-ess"], "cpu")


def test_the_work_ends_where_its_checkpoint_says_so(recording, package):
    occluder = RegionOccluder(recording, bold_signals(), package, "cpu")

    def stop():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        occluder.explain(40.0, stop)
    assert occluder.explain(40.0).stage in package.card.classes
