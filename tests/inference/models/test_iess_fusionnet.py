import dataclasses

import pytest
import torch
from safetensors.torch import load_file

from inference.models.iess_fusionnet import ABLATIONS, IessConfig, IessFusionNet
from inference.runtime.package import WEIGHTS_NAME
from inference.runtime.registry import SHIPPED_FOLDER


def small_network() -> IessFusionNet:
    torch.manual_seed(1)
    return IessFusionNet(IessConfig(width=16, temporal_width=8, n_states=4)).eval()


def small(config: IessConfig) -> IessFusionNet:
    torch.manual_seed(1)
    return IessFusionNet(dataclasses.replace(config, width=16, temporal_width=8, n_states=4, hidden=8))


def windows(n: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n)
    return (
        torch.randn(n, 25, 1024, generator=generator),
        torch.randn(n, 4, 1024, generator=generator),
        torch.ones(n, 25),
        torch.ones(n, 4),
    )


def test_the_network_has_the_size_of_the_papers():
    n_parameters = sum(parameter.numel() for parameter in IessFusionNet().parameters())
    assert 0.80e6 < n_parameters < 0.84e6


def test_each_window_is_judged_by_itself():
    network = small_network()
    eeg, emg, eeg_present, emg_present = windows(3)
    together = network(eeg, emg, eeg_present, emg_present)
    alone = network(eeg[1:2], emg[1:2], eeg_present[1:2], emg_present[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_the_body_gives_the_same_answer_on_power_cut_from_a_whole_recording():
    network = small_network()
    eeg, emg, eeg_present, emg_present = windows(1)
    long_eeg = torch.cat((torch.randn(1, 25, 1024), eeg, torch.randn(1, 25, 1024)), dim=2)
    long_emg = torch.cat((torch.randn(1, 4, 1024), emg, torch.randn(1, 4, 1024)), dim=2)
    eeg_power, emg_power = network.front_end(long_eeg, long_emg)
    frames = slice(128, 256)
    cut = network.body(eeg_power[..., frames], emg_power[..., frames], eeg_present, emg_present)
    torch.testing.assert_close(cut, network(eeg, emg, eeg_present, emg_present), atol=1e-4, rtol=1e-4)


def test_what_lies_in_a_missing_channel_changes_nothing():
    network = small_network()
    eeg, emg, eeg_present, emg_present = windows(2)
    eeg_present[:, 5:12] = 0
    emg_present[:] = 0
    other_eeg, other_emg = eeg.clone(), torch.randn_like(emg)
    other_eeg[:, 5:12] = 100.0
    torch.testing.assert_close(
        network(other_eeg, other_emg, eeg_present, emg_present), network(eeg, emg, eeg_present, emg_present)
    )


def test_a_network_without_any_channel_still_answers_with_finite_numbers():
    network = small_network()
    nothing = (torch.zeros(1, 25, 1024), torch.zeros(1, 4, 1024), torch.zeros(1, 25), torch.zeros(1, 4))
    assert torch.isfinite(network(*nothing)).all()


def test_the_front_end_holds_nothing_that_training_could_change():
    assert not list(small_network().front_end.parameters())
    assert not small_network().front_end.state_dict()


def test_in_short_numbers_the_network_answers_nearly_the_same_and_still_learns_everywhere():
    network = small_network()
    exact = torch.softmax(network(*windows(2)), dim=1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(*windows(2))
    torch.testing.assert_close(torch.softmax(logits.float(), dim=1), exact, atol=0.02, rtol=0.0)
    logits[:, 1].sum().backward()
    assert not [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]


def test_the_front_end_shows_the_polarity_of_a_slow_wave_in_the_eeg_alone():
    eeg, emg, *_ = windows(1)
    features, muscles = small_network().front_end(eeg, emg)
    turned, _ = small_network().front_end(-eeg, emg)
    assert (features.shape[1], muscles.shape[1]) == (33, 32)
    torch.testing.assert_close(turned[:, 32], -features[:, 32])
    torch.testing.assert_close(turned[:, :32], features[:, :32])


def test_the_shape_of_the_network_is_a_value():
    assert dataclasses.replace(IessConfig(), width=64) != IessConfig()


# --- the rows of the paper's tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ABLATIONS)
def test_every_ablation_answers_and_passes_gradients_to_all_that_it_holds(row):
    network = small(ABLATIONS[row])
    logits = network(*windows(2))
    assert logits.shape == (2, 2)
    logits[:, 1].sum().backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not idle


@pytest.mark.parametrize("row", ABLATIONS)
def test_no_ablation_looks_into_a_missing_channel(row):
    network = small(ABLATIONS[row]).eval()
    eeg, emg, eeg_present, emg_present = windows(2)
    eeg_present[:, 5:12] = 0
    emg_present[:, 1] = 0
    other_eeg, other_emg = eeg.clone(), emg.clone()
    other_eeg[:, 5:12] = 100.0
    other_emg[:, 1] = 100.0
    torch.testing.assert_close(
        network(other_eeg, other_emg, eeg_present, emg_present), network(eeg, emg, eeg_present, emg_present)
    )


@pytest.mark.parametrize(("row", "blind_to"), [("EEG-only", 1), ("EMG-only", 0)])
def test_a_network_of_one_modality_ignores_the_other(row, blind_to):
    network = small(ABLATIONS[row]).eval()
    inputs = list(windows(2))
    before = network(*inputs)
    inputs[blind_to] = torch.randn_like(inputs[blind_to])
    assert torch.equal(network(*inputs), before)
    inputs[1 - blind_to] = torch.randn_like(inputs[1 - blind_to])
    assert not torch.allclose(network(*inputs), before)


def test_the_shipped_weights_are_those_of_the_default_configuration():
    shipped = load_file(SHIPPED_FOLDER / "iess-fusionnet" / WEIGHTS_NAME)
    names = IessFusionNet().state_dict()
    assert {name: tensor.shape for name, tensor in shipped.items()} == {k: v.shape for k, v in names.items()}


@pytest.mark.parametrize(
    ("row", "parts", "millions", "papers"),
    [
        ("IESS-FusionNet", ("eeg.bi_mamba", "emg.bi_mamba"), 0.270, 0.25),
        ("Transformer", ("eeg.bi_mamba", "emg.bi_mamba"), 0.793, 0.78),
        ("Mamba", ("eeg.bi_mamba", "emg.bi_mamba"), 0.233, 0.17),
        ("IESS-FusionNet", ("eeg_asks_emg", "emg_asks_eeg"), 0.232, 0.23),
        ("Cross-Attention", ("eeg_asks_emg", "emg_asks_eeg"), 0.397, 0.58),
    ],
)
def test_the_parts_of_table_5_have_the_size_that_the_results_report(row, parts, millions, papers):
    body = IessFusionNet(ABLATIONS[row]).body
    n_parameters = sum(weight.numel() for part in parts for weight in body.get_submodule(part).parameters())
    assert n_parameters / 1e6 == pytest.approx(millions, abs=5e-4)
    assert n_parameters / 1e6 == pytest.approx(papers, rel=0.4)
