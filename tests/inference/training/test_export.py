import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from inference.models.iess_fusionnet import IessFusionNet
from inference.training.export import INPUT_NAMES, Calibrated, export_onnx
from inference.training.graph_export import OPSET
from tests.inference.training.conftest import SMALL


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(2)
    module = Calibrated(IessFusionNet(SMALL).eval(), temperature=0.05)
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    export_onnx(path, module)
    return module, path


def windows(n: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n)
    eeg = torch.randn(n, 25, 1024, generator=generator)
    emg = torch.randn(n, 4, 1024, generator=generator)
    return eeg, emg, (torch.rand(n, 25, generator=generator) > 0.3).float(), (torch.rand(n, 4) > 0.5).float()


@pytest.mark.parametrize("n_windows", [1, 2, 5])
def test_the_exported_graph_answers_as_the_network_does_for_any_number_of_windows(exported, n_windows):
    module, path = exported
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    inputs = windows(n_windows)
    with torch.no_grad():
        expected = module(*inputs).numpy()
    feeds = {name: tensor.numpy() for name, tensor in zip(INPUT_NAMES, inputs, strict=True)}
    (probability,) = session.run(["probability"], feeds)
    assert probability.shape == (n_windows, 2)
    np.testing.assert_allclose(probability, expected, atol=1e-4)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-5)


def test_the_exported_graph_uses_standard_operators_only(exported):
    model = onnx.load(exported[1])
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert OPSET <= 21
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions


def test_the_exported_graph_does_not_tell_where_it_was_made(exported):
    assert b".py" not in exported[1].read_bytes()
