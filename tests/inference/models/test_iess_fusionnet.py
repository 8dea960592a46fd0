import dataclasses

import torch

from inference.models.iess_fusionnet import IessConfig, IessFusionNet


def small_network() -> IessFusionNet:
    torch.manual_seed(1)
    return IessFusionNet(IessConfig(width=16, temporal_width=8, n_states=4)).eval()


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


def test_the_shape_of_the_network_is_a_value():
    assert dataclasses.replace(IessConfig(), width=64) != IessConfig()
