from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from inference.errors import ModelPackageError, TrainingError
from inference.models.iess_fusionnet import IessFusionNet
from inference.runtime.cards import WHOLE, ChannelInputs, MontageInputs, OutputSpec
from inference.runtime.package import BODY_NAME, FRONT_END_NAME, ONNX_NAME, WEIGHTS_NAME, open_package
from inference.runtime.parts import PartsSession
from inference.training.export import example_inputs, load_weights, write_package
from inference.training.graph_export import OPSET
from inference.training.iess_export import BLOCKS, OUTPUTS, PAPER_COST, Calibrated
from inference.training.iess_fusionnet import INPUTS
from tests.inference.training.cards import untrained_card
from tests.inference.training.conftest import SMALL

CARD = replace(untrained_card("small", INPUTS, OUTPUTS), paper_cost=PAPER_COST)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(2)
    module = Calibrated(IessFusionNet(SMALL).eval(), temperature=0.05)
    folder = tmp_path_factory.mktemp("export")
    write_package(folder, module, example_inputs(INPUTS), module.network.state_dict(), CARD, blocks=BLOCKS)
    return module, folder / ONNX_NAME


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
    feeds = {name: tensor.numpy() for name, tensor in zip(INPUTS.shapes, inputs, strict=True)}
    (probability,) = session.run(["probability"], feeds)
    assert probability.shape == (n_windows, 2)
    np.testing.assert_allclose(probability, expected, atol=1e-4)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-5)


GRAPHS = (ONNX_NAME, FRONT_END_NAME, BODY_NAME)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_exported_graphs_use_standard_operators_only(exported, name):
    model = onnx.load(exported[1].with_name(name))
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    assert OPSET <= 21
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions


@pytest.mark.parametrize("name", GRAPHS)
def test_the_exported_graphs_do_not_tell_where_they_were_made(exported, name):
    assert b".py" not in exported[1].with_name(name).read_bytes()


@pytest.mark.parametrize("seconds", [4, 11, 30])
def test_the_two_parts_say_of_windows_in_a_signal_of_any_length_what_the_network_says_of_each(exported, seconds):
    module, path = exported
    parts = PartsSession(open_package(path.parent), "cpu")
    assert (parts.step_samples, parts.window_samples) == (8, 1024)
    generator = torch.Generator().manual_seed(seconds)
    eeg, emg = (torch.randn(n, 256 * seconds, generator=generator) for n in (25, 4))
    starts = range(0, 256 * seconds - 1023, 128)
    present = {"eeg_present": torch.ones(len(starts), 25), "emg_present": torch.ones(len(starts), 4)}
    with torch.no_grad():
        cut = (torch.stack([signal[:, at : at + 1024] for at in starts]) for signal in (eeg, emg))
        expected = module(*cut, *present.values()).numpy()
    features = parts.features({"eeg": eeg.numpy(), "emg": emg.numpy()})
    found = parts.run({**parts.cut(features, starts), **{name: flags.numpy() for name, flags in present.items()}})
    np.testing.assert_allclose(found["probability"], expected, atol=1e-4)


def test_parts_whose_body_looks_beyond_its_window_are_refused(tmp_path):
    class Leaking(torch.nn.Module):
        """Its front end smooths over a window's ends, and nothing hides that from the body."""

        class Smooth(torch.nn.Module):
            def forward(self, eeg):
                return (torch.nn.functional.avg_pool1d(eeg, 3, stride=1, padding=1),)

        class Answer(torch.nn.Module):
            def forward(self, smooth, eeg_present):
                first = smooth[:, :, 0].sum(dim=1) * eeg_present.mean(dim=1)
                return torch.stack((torch.sigmoid(first), torch.sigmoid(-first)), dim=1)

        def separate(self):
            return self.Smooth(), self.Answer()

        def forward(self, eeg, eeg_present):
            return self.Answer()(*self.Smooth()(eeg), eeg_present)

    inputs = MontageInputs(("C3", "C4"), rate_hz=16.0, window_s=1.0, hop_s=0.5, lff_hz=0.5, hff_hz=7.0)
    card = untrained_card("leaking", inputs, (OutputSpec("probability", "seizure", ("yes", "no"), event_class="yes"),))
    with pytest.raises(TrainingError, match=r"probability of its two parts is .* from the whole graph's"):
        write_package(tmp_path, Leaking(), example_inputs(inputs), {}, card)


def test_the_written_package_opens_and_tells_what_the_network_costs_beside_the_papers(exported):
    module, path = exported
    card = open_package(path.parent).card
    assert set(card.files) == {*GRAPHS, WEIGHTS_NAME}
    assert card.cost[WHOLE].parameters == sum(parameter.numel() for parameter in module.parameters())
    assert card.paper_cost == PAPER_COST
    for block, modules in BLOCKS.items():
        inside = (module.get_submodule(name).parameters() for name in modules)
        assert card.cost[block].parameters == sum(parameter.numel() for part in inside for parameter in part)
        assert 0 < card.cost[block].flops < card.cost[WHOLE].flops


def test_the_written_weights_are_the_networks(exported):
    module, path = exported
    loaded = load_weights(path.parent, IessFusionNet(SMALL))
    for name, tensor in module.network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    module = torch.nn.Softmax(dim=-1)
    with pytest.raises(ModelPackageError, match="NaN or infinity, in scale"):
        write_small(tmp_path, module, {"scale": torch.tensor([1.0, torch.nan])})


def test_a_graph_that_answers_otherwise_than_its_network_is_refused(tmp_path):
    class Fickle(torch.nn.Module):
        def forward(self, signal):
            offset = 0.5 if torch.compiler.is_exporting() else 0.0
            return torch.sigmoid(signal) + offset

    with pytest.raises(TrainingError, match=r"exported probability is 0\.5 from the network's"):
        write_small(tmp_path, Fickle(), {})


def test_examples_of_other_shapes_than_the_card_states_are_refused(tmp_path):
    inputs = ChannelInputs(rate_hz=2.0, window_s=2.0, hop_s=1.0)
    with pytest.raises(ValueError, match="not of the shapes"):
        write_small(tmp_path, torch.nn.Softmax(dim=-1), {}, inputs)


def write_small(folder, module, weights, examples=None):
    """Write a network that takes and gives two numbers."""
    inputs = ChannelInputs(rate_hz=2.0, window_s=1.0, hop_s=1.0)
    card = untrained_card("two", inputs, (OutputSpec("probability", "focus", ("no", "yes")),))
    return write_package(folder, module, example_inputs(examples or inputs), weights, card)
