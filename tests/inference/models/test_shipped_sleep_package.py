import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from inference.models.sleep_staging import PROJECT_CHOICES, SleepStagingNet
from inference.runtime.package import ONNX_NAME, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.runtime.session import NetworkSession
from inference.training.export import load_weights
from inference.training.sleep_export import CalibratedStaging
from inference.training.sleep_sessions import CONFIG, INPUTS, gather
from inference.training.sleep_staging import TEST_SEEDS, simulated_session

FOLDER = SHIPPED_FOLDER / "sleep-staging"
NAMES = ("eeg", "eeg_present", "bold", "bold_present")


@pytest.fixture(scope="module")
def package():
    return open_package(FOLDER)


@pytest.mark.parametrize("n_epochs", [1, 4, 7])
def test_the_shipped_graph_and_the_shipped_weights_are_the_same_network(package, n_epochs):
    module = CalibratedStaging(load_weights(FOLDER, SleepStagingNet()), package.card.calibration["temperature"])
    session = onnxruntime.InferenceSession(package.read_onnx(), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(n_epochs)
    eeg = torch.randn(n_epochs, 3, 19, CONFIG.epoch_samples, generator=generator)
    eeg_present = (torch.rand(n_epochs, 3, 19, generator=generator) > 0.3).float()
    bold = torch.randn(n_epochs, 100, 42, generator=generator)
    for shows_eeg, shows_bold in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)):
        inputs = (eeg, shows_eeg * eeg_present, bold, torch.full((n_epochs, 1), shows_bold))
        with torch.no_grad():
            expected = module.eval()(*inputs)
        found = session.run(None, {name: x.numpy() for name, x in zip(NAMES, inputs, strict=True)})
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


def test_a_sleeper_that_training_never_saw_is_staged_from_either_modality(package):
    session, sleeper = NetworkSession(package, "cpu"), simulated_session(None, TEST_SEEDS + 1, 20, rate_hz=256.0)
    right = {}
    for name, (eeg, bold) in {"both": (True, True), "eeg": (True, False), "fmri": (False, True)}.items():
        batch = gather(sleeper, sleeper.scored.tolist(), eeg=eeg, bold=bold)
        found = session.run({key: x.numpy() for key, x in zip(NAMES, batch[:-1], strict=True)})
        right[name] = (found["probability"].argmax(axis=1) == batch.stage.numpy()).mean()
    assert right["both"] >= 0.7
    assert right["eeg"] >= 0.7
    assert right["fmri"] >= 0.3


def test_the_card_states_what_training_prepared(package):
    assert package.card.inputs == INPUTS
    assert package.card.choices == dict(PROJECT_CHOICES)


def test_the_card_says_that_everything_was_simulated_and_what_was_reached(package):
    card = package.card
    assert card.simulated
    assert "simulated" in card.trained_on.lower()
    assert "not clinically validated" in card.trained_on
    held_out = card.metrics["held_out"]
    assert held_out["eeg_and_fmri"]["subjects"] >= 12
    assert held_out["eeg_and_fmri"]["balanced_accuracy"] >= 0.8
    assert held_out["eeg_only"]["balanced_accuracy"] >= 0.75
    assert held_out["fmri_only"]["balanced_accuracy"] >= 0.35
    assert {"gate_mean", "gate_mean_by_stage", "linear_cka"} <= set(card.metrics["fusion"])


def test_the_shipped_graph_needs_nothing_beyond_onnx_opset_21(package):
    model = onnx.load(package.folder / ONNX_NAME)
    assert all(opset.domain == "" and opset.version <= 21 for opset in model.opset_import)
