import pytest

from inference.models.iess_fusionnet import IessConfig, IessFusionNet
from inference.simulate import Scenario, simulate_infant
from inference.training.features import PatientFeatures, store_features
from inference.training.iess_fusionnet import INPUTS

SMALL = IessConfig(width=16, temporal_width=8, n_states=4, hidden=8)
DURATION_S = 120.0


@pytest.fixture(scope="session")
def case():
    return simulate_infant(7, DURATION_S, 256.0, scenario=Scenario.dense())


@pytest.fixture(scope="session")
def features(case, tmp_path_factory) -> PatientFeatures:
    folder = tmp_path_factory.mktemp("features")
    return store_features(case.recording, case.truth, INPUTS, IessFusionNet(SMALL).front_end, folder)
