import numpy as np
import pytest
import torch

from inference.errors import TrainingError
from inference.runtime.package import open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.runtime.session import NetworkSession
from inference.training.export import example_inputs
from inference.training.refresh import refresh_package


def test_a_package_is_exported_again_from_its_own_weights_and_calibration(monkeypatch):
    written = {}

    def keep(folder, module, examples, weights, card, **rest):
        written.update(folder=folder, module=module, weights=weights)
        return card

    monkeypatch.setattr("inference.training.refresh.write_package", keep)
    package = open_package(SHIPPED_FOLDER / "iess-fusionnet")
    assert refresh_package(package.folder) == package.card
    assert written["folder"] == package.folder
    assert set(written["weights"]) == set(written["module"].network.state_dict())
    generator = torch.Generator().manual_seed(0)
    inputs = example_inputs(package.card.inputs, 2)
    inputs["eeg"].normal_(generator=generator)
    inputs["emg"].normal_(generator=generator)
    answer = NetworkSession(package, "cpu").run({name: tensor.numpy() for name, tensor in inputs.items()})
    with torch.no_grad():
        expected = written["module"].eval()(*inputs.values()).numpy()
    np.testing.assert_allclose(answer["probability"], expected, atol=1e-4)


def test_a_network_without_another_way_to_be_written_is_not_exported_again():
    with pytest.raises(TrainingError, match="focus-localisation cannot be exported again"):
        refresh_package(SHIPPED_FOLDER / "focus-localisation")
