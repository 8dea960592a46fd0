import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from inference.models.sleep_staging import ELECTRODES, N_EPOCHS, SleepStagingConfig, SleepStagingNet
from inference.runtime.cards import SleepInputs
from inference.runtime.package import ONNX_NAME
from inference.training.export import example_inputs, write_package
from inference.training.graph_export import OPSET
from inference.training.sleep_export import OUTPUTS, CalibratedStaging
from tests.inference.training.cards import untrained_card

N_REGIONS = 100
INPUTS = SleepInputs(
    eeg_electrodes=ELECTRODES,
    rate_hz=100.0,
    epoch_s=30.0,
    n_epochs=N_EPOCHS,
    lff_hz=0.3,
    hff_hz=35.0,
    n_regions=N_REGIONS,
    n_volumes=42,
    tr_s=2.1,
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(2)
    network = SleepStagingNet(SleepStagingConfig(), torch.rand(N_REGIONS, N_REGIONS).triu(1)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.0)  # an untrained network is never sure of anything
    module = CalibratedStaging(network, 0.2)
    folder = tmp_path_factory.mktemp("export")
    card = untrained_card("sleep-staging", INPUTS, OUTPUTS)
    write_package(folder, module, example_inputs(INPUTS), network.state_dict(), card)
    return module, folder / ONNX_NAME


@pytest.mark.parametrize("n_epochs", [1, 2, 5])
def test_the_exported_graph_answers_as_the_network_does_with_any_signals_present(exported, n_epochs):
    module, path = exported
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(n_epochs)
    eeg = torch.randn(n_epochs, 3, 19, 3000, generator=generator)
    bold = torch.randn(n_epochs, N_REGIONS, 42, generator=generator)
    some = (torch.rand(n_epochs, 3, 19, generator=generator) > 0.3).float()
    for eeg_present, has_bold in ((some, 1.0), (some, 0.0), (0 * some, 1.0), (0 * some, 0.0)):
        inputs = (eeg, eeg_present, bold, torch.full((n_epochs, 1), has_bold))
        with torch.no_grad():
            expected = module(*inputs)
        found = session.run(None, {name: x.numpy() for name, x in zip(INPUTS.shapes, inputs, strict=True)})
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)
        np.testing.assert_allclose(found[0].sum(axis=1), 1.0, atol=1e-5)


def test_the_exported_graph_uses_standard_operators_and_says_gate_and_embeddings(exported):
    model = onnx.load(exported[1])
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert OPSET <= 21
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    assert tuple(output.name for output in model.graph.output) == tuple(output.name for output in OUTPUTS)
