import numpy as np
import onnxruntime
import pytest
import torch

from inference.models.dsmn_ess import PROJECT_CHOICES, SYNDROMES, DsmnEss
from inference.runtime.cards import WHOLE
from inference.runtime.package import open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.training.dsmn_export import DsmnAnswers
from inference.training.export import load_weights

FOLDER = SHIPPED_FOLDER / "dsmn-ess"


@pytest.fixture(scope="module")
def package():
    return open_package(FOLDER)


@pytest.fixture(scope="module")
def both(package):
    """The graph as it ships, and the network with the weights as they ship."""
    calibration = package.card.calibration
    temperatures = {task: calibration[f"{task}_temperature"] for task in ("syndrome", "seizure")}
    module = DsmnAnswers(load_weights(FOLDER, DsmnEss()), temperatures)
    return onnxruntime.InferenceSession(package.read_onnx(), providers=["CPUExecutionProvider"]), module


@pytest.mark.parametrize("n_windows", [1, 3, 8])
def test_the_shipped_graph_and_the_shipped_weights_are_the_same_network(package, both, n_windows):
    session, module = both
    generator = torch.Generator().manual_seed(n_windows)
    eeg = 2.0 * torch.randn(n_windows, 21, 1024, generator=generator)
    present = (torch.rand(n_windows, 21, generator=generator) > 0.2).float()
    with torch.no_grad():
        expected = module(eeg, present)
    found = session.run(
        [output.name for output in package.card.outputs], {"eeg": eeg.numpy(), "eeg_present": present.numpy()}
    )
    for answer, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(answer, right.numpy(), atol=1e-4, rtol=0)


def test_the_shipped_network_is_of_the_papers_size(package):
    cost, paper = package.card.cost[WHOLE], package.card.paper_cost[WHOLE]
    assert cost.parameters == pytest.approx(paper.parameters, rel=0.1)
    assert cost.flops == pytest.approx(paper.flops, rel=0.1)


def test_the_shipped_package_leaves_room_for_the_other_networks():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 19_000_000


def test_the_shipped_card_says_that_it_was_trained_on_simulated_patients(package):
    card = package.card
    assert card.simulated
    assert "simulated" in card.trained_on
    assert "not clinically validated" in card.trained_on
    assert card.choices == dict(PROJECT_CHOICES)
    assert set(card.training) >= {"training_seeds", "validation_seeds", "held_out_seeds", "machine", "minutes"}


def test_no_held_out_child_was_trained_or_validated_on(package):
    training = package.card.training
    sides = [range(first, last + 1) for first, last in (training["training_seeds"], training["validation_seeds"])]
    held_out = package.card.metrics["held_out"]["per_patient"]
    assert held_out
    assert not any(child["seed"] in side for child in held_out for side in sides)
    assert {child["syndrome"] for child in held_out} == set(SYNDROMES)


def test_the_shipped_card_reports_held_out_children_at_the_promised_level(package):
    held_out = package.card.metrics["held_out"]
    assert held_out["patients"] >= 18
    assert held_out["syndrome_of_patients_right"] >= 0.8 * held_out["patients"]
    assert held_out["seizure_windows"]["auc"]["value"] >= 0.95
    assert held_out["szcore"]["sensitivity"] >= 0.9
    assert held_out["szcore"]["false_per_hour"] <= 6.0
