import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from inference.models.dsmn_ess import DsmnConfig, DsmnEss
from inference.runtime.package import ONNX_NAME
from inference.training.dsmn_export import DsmnAnswers, describe_outputs
from inference.training.dsmn_windows import INPUTS
from inference.training.export import example_inputs, write_package
from tests.inference.training.cards import untrained_card

TEMPERATURES = {"syndrome": 0.3, "seizure": 0.1}


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[DsmnAnswers, onnx.ModelProto]:
    torch.manual_seed(2)
    network = DsmnEss().eval()
    answers = DsmnAnswers(network, TEMPERATURES)
    folder = tmp_path_factory.mktemp("export")
    card = untrained_card("dsmn-ess", INPUTS, describe_outputs(network.config))
    write_package(folder, answers, example_inputs(INPUTS), network.state_dict(), card)
    return answers, onnx.load(folder / ONNX_NAME)


def run_both(exported, n_windows: int) -> list[tuple[np.ndarray, np.ndarray]]:
    answers, model = exported
    generator = torch.Generator().manual_seed(n_windows)
    eeg = 2 * torch.randn(n_windows, 21, 1024, generator=generator)
    present = (torch.rand(n_windows, 21, generator=generator) > 0.2).float()
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {name: tensor.numpy() for name, tensor in zip(INPUTS.shapes, (eeg, present), strict=True)}
    names = [output.name for output in describe_outputs(answers.network.config)]
    with torch.no_grad():
        expected = [tensor.numpy() for tensor in answers(eeg, present)]
    return list(zip(session.run(names, feeds), expected, strict=True))


@pytest.mark.parametrize("n_windows", [1, 2, 5])
def test_the_exported_graph_answers_as_the_network_does_for_any_number_of_windows(exported, n_windows):
    answers = run_both(exported, n_windows)
    assert [found.shape for found, _ in answers] == [(n_windows, 6), (n_windows, 2), (n_windows, 21)]
    for found, expected in answers:
        np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


def test_the_exported_graph_uses_standard_operators_only(exported):
    model = exported[1]
    assert [opset.domain for opset in model.opset_import] == [""]
    assert model.opset_import[0].version <= 21
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    assert sum(node.op_type == "LSTM" for node in model.graph.node) == 1


def test_a_network_of_one_task_without_channel_weights_answers_what_it_has():
    config = DsmnConfig(electrodes=("C3", "C4"), tasks=("seizure",), weigh_channels=False)
    answers = DsmnAnswers(DsmnEss(config)).eval()
    (probability,) = answers(torch.zeros(4, 2, 1024), torch.ones(4, 2))
    assert [output.name for output in describe_outputs(config)] == ["seizure_probability"]
    torch.testing.assert_close(probability.sum(dim=1), torch.ones(4))
