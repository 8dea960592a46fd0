import numpy as np
import onnx
import pytest
import torch

from inference.models.focus_localisation import PROJECT_CHOICES, FocusConfig, FocusLocalisation
from inference.runtime.package import ONNX_NAME, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.runtime.session import NetworkSession
from inference.training.export import load_weights
from inference.training.focus_export import CalibratedFocus

FOLDER = SHIPPED_FOLDER / "focus-localisation"


@pytest.fixture(scope="module")
def package():
    return open_package(FOLDER)


def test_the_shipped_focus_graph_and_weights_are_the_same_network(package):
    card = package.card
    config = FocusConfig(n_patients=card.training["recipe"]["n_patients"])
    network = load_weights(FOLDER, FocusLocalisation(config))
    module = CalibratedFocus(network, card.calibration["temperature"], card.calibration["prior_offset"])
    session = NetworkSession(package, "cpu")
    generator = torch.Generator().manual_seed(0)
    for n_windows in (1, 4, 9):
        signal = 60.0 * torch.randn(n_windows, config.window_samples, generator=generator)
        with torch.no_grad():
            expected = module(signal).numpy()
        np.testing.assert_allclose(session.run({"signal": signal.numpy()})["probability"], expected, atol=1e-4)


def test_the_shipped_focus_package_is_small_enough_for_git():
    for path in FOLDER.iterdir():
        assert path.stat().st_size < 5_000_000, path.name


def test_the_shipped_focus_card_says_what_it_was_trained_on_and_what_it_is_not_for(package):
    card = package.card
    assert card.simulated
    assert "not clinically validated" in card.trained_on
    assert "not to be used for planning surgery" in card.trained_on
    assert card.choices == dict(PROJECT_CHOICES)
    assert set(card.training) >= {"training_seeds", "validation_seeds", "test_seeds", "machine", "minutes"}


def test_the_shipped_focus_network_beats_chance_on_held_out_patients_beyond_its_interval(package):
    held_out = package.card.metrics["held_out"]["all"]
    assert held_out["patients"] >= 20
    assert held_out["named_focus"]["interval"][0] > 2 * held_out["chance"]
    assert held_out["auc"]["interval"][0] > 0.6


def test_the_shipped_focus_graph_needs_nothing_beyond_onnx_opset_21(package):
    model = onnx.load(package.folder / ONNX_NAME)
    assert all(opset.domain == "" and opset.version <= 21 for opset in model.opset_import)
