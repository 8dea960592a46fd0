import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from inference.models.iess_fusionnet import PROJECT_CHOICES, IessFusionNet
from inference.runtime.package import ONNX_NAME, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.training.export import load_weights
from inference.training.iess_export import Calibrated

FOLDER = SHIPPED_FOLDER / "iess-fusionnet"


@pytest.fixture(scope="module")
def package():
    return open_package(FOLDER)


def test_the_shipped_graph_and_the_shipped_weights_are_the_same_network(package):
    module = Calibrated(load_weights(FOLDER, IessFusionNet()), package.card.calibration["temperature"])
    session = onnxruntime.InferenceSession(package.read_onnx(), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    inputs = (
        torch.randn(4, 25, 1024, generator=generator),
        torch.randn(4, 4, 1024, generator=generator),
        (torch.rand(4, 25, generator=generator) > 0.3).float(),
        torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]),
    )
    with torch.no_grad():
        expected = module(*inputs).numpy()
    feeds = {name: tensor.numpy() for name, tensor in zip(package.card.inputs.shapes, inputs, strict=True)}
    np.testing.assert_allclose(session.run(None, feeds)[0], expected, atol=1e-4)


def test_the_shipped_package_is_small_enough_for_git():
    for path in FOLDER.iterdir():
        assert path.stat().st_size < 5_000_000, path.name


def test_the_shipped_card_says_that_it_was_trained_on_simulated_patients(package):
    card = package.card
    assert card.simulated
    assert "simulated" in card.trained_on
    assert "not clinically validated" in card.trained_on
    assert card.choices == dict(PROJECT_CHOICES)
    assert set(card.training) >= {"training_seeds", "validation_seeds", "test_seeds", "machine", "minutes"}


def test_the_shipped_card_reports_held_out_patients_no_worse_than_the_readme_tells(package):
    held_out = package.card.metrics["held_out"]
    assert held_out["patients"] >= 6
    assert held_out["all_channels"]["sensitivity"] >= 0.85
    assert held_out["all_channels"]["false_per_hour"] <= 6.0


def test_the_shipped_graph_needs_nothing_beyond_onnx_opset_21(package):
    model = onnx.load(package.folder / ONNX_NAME)
    assert all(opset.domain == "" and opset.version <= 21 for opset in model.opset_import)
