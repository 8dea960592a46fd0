import dataclasses

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor

from inference.models.blocks.channel_weights import ChannelWeightUpdate
from inference.models.blocks.pooled_convolution import PooledConvolution2d, PooledConvolution3d
from inference.models.blocks.sharing_gate import share_information
from inference.models.blocks.spectrogram import Spectrogram, SpectrogramConfig
from inference.models.cost import measure_cost
from inference.models.dsmn_ess import ABLATIONS, CLASSES, ELECTRODES, SYNDROMES, Classifier, DsmnConfig, DsmnEss
from inference.recordings.electrodes import electrode_names

SMALL = DsmnConfig(lstm_width=4, widths_2d=(4, 4, 4, 4), widths_3d=(4, 4, 4, 4), shared_width=16, task_width=8)
RATE_HZ = 256.0


def small_network(**changes: object) -> DsmnEss:
    torch.manual_seed(1)
    return DsmnEss(dataclasses.replace(SMALL, **changes)).eval()


def windows(n: int, n_electrodes: int = 21) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(n)
    return torch.randn(n, n_electrodes, 1024, generator=generator), torch.ones(n, n_electrodes)


def test_the_network_has_the_size_and_the_cost_of_the_papers():
    cost = measure_cost(DsmnEss(), *windows(1))
    assert cost.n_parameters == pytest.approx(2.20e6, rel=0.1)
    assert cost.n_flops == pytest.approx(2.06e9, rel=0.1)
    assert cost.n_multiply_accumulates * 2 == cost.n_flops


def test_the_cost_counts_what_recurrent_layers_do():
    lstm = torch.nn.LSTM(8, 32, batch_first=True)
    cost = measure_cost(lstm, torch.zeros(5, 10, 8))
    assert cost.n_multiply_accumulates == 5 * 10 * 4 * 32 * (8 + 32)
    assert cost.n_parameters == 4 * 32 * (8 + 32 + 2)


def test_the_electrodes_are_the_papers_under_their_present_names():
    assert len(ELECTRODES) == len(set(ELECTRODES)) == 21
    assert set(ELECTRODES) <= set(electrode_names())
    assert len(SYNDROMES) == 6


def test_one_stream_alone_has_none_of_the_others_parameters():
    names = {
        stream: set(dict(small_network(streams=(stream,), weigh_channels=False).named_parameters()))
        for stream in ("time", "spectrum")
    }
    assert not {name for name in names["time"] if "spectral" in name}
    assert not {name for name in names["spectrum"] if "over_time" in name or "rhythm" in name}


def test_one_stream_cannot_weigh_the_electrodes_of_another_that_is_not_there():
    with pytest.raises(ValueError, match="both streams"):
        DsmnConfig(streams=("time",))


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_of_the_tables_answers(name):
    config = dataclasses.replace(ABLATIONS[name], widths_3d=(2, 2, 2, 2), widths_2d=(2, 2, 2, 2))
    network = DsmnEss(config).eval()
    logits, weights = network(*windows(2, len(config.electrodes)))
    assert {task: tuple(values.shape) for task, values in logits.items()} == {
        task: (2, len(CLASSES[task])) for task in config.tasks
    }
    assert weights.shape == (2, 4, len(config.electrodes))
    assert config.weigh_channels or bool((weights == 1).all())


def test_each_window_is_judged_by_itself():
    network = small_network()
    eeg, present = windows(3)
    together, alone = network(eeg, present), network(eeg[1:2], present[1:2])
    for task, logits in together.logits.items():
        torch.testing.assert_close(logits[1:2], alone.logits[task], atol=1e-5, rtol=1e-4)


def test_what_lies_in_a_missing_channel_changes_nothing_and_weighs_nothing():
    network = small_network()
    eeg, present = windows(2)
    present[:, 3:9] = 0
    other = eeg.clone()
    other[:, 3:9] = 100.0
    expected, found = network(eeg, present), network(other, present)
    torch.testing.assert_close(found.logits, expected.logits)
    assert bool((found.channel_weights[:, :, 3:9] == 0).all())


def test_a_network_without_any_channel_still_answers_with_finite_numbers():
    logits, weights = small_network()(torch.zeros(1, 21, 1024), torch.zeros(1, 21))
    assert all(torch.isfinite(values).all() for values in (*logits.values(), weights))


def test_channel_weights_depend_on_the_window_and_lie_between_0_and_1():
    weights = small_network()(*windows(4)).channel_weights.detach()
    assert float(weights.min()) > 0
    assert float(weights.max()) < 1
    assert float((weights[0] - weights[1]).abs().max()) > 0


def test_channel_weights_are_equations_11_and_12():
    torch.manual_seed(0)
    update = ChannelWeightUpdate(3, 5, expansion=16)
    over_time, spectral = torch.randn(2, 3, 5, 7), torch.randn(2, 4, 5, 6, 6)
    weighed, weights = update(over_time, spectral, torch.ones(2, 5))
    assert update.expand.weight.shape == (80, 5)
    for row in range(2):
        matrix = torch.einsum("f, fet -> et", update.combine.weight.flatten(), over_time[row])
        squeezed = torch.stack([matrix[electrode].sum() / 7 for electrode in range(5)])
        expected = torch.sigmoid(update.restore.weight @ torch.relu(update.expand.weight @ squeezed))
        torch.testing.assert_close(weights[row], expected)
        for electrode in range(5):
            torch.testing.assert_close(weighed[row, :, electrode], spectral[row, :, electrode] * expected[electrode])


def test_the_gate_is_equation_13():
    giver, receiver = torch.tensor([[1.0, -2.0, 0.0]]), torch.tensor([[0.5, 0.5, 0.5]])
    share = torch.tensor([[np.e, 1.0, 1.0]]) / (np.e + 2)
    torch.testing.assert_close(share_information(giver, receiver), (receiver + share * giver).float())


def test_the_gate_lets_each_task_learn_from_the_other_and_its_absence_keeps_them_apart():
    for shares in (True, False):
        classifier = Classifier(dataclasses.replace(SMALL, share_information=shares), n_fused=6).eval()
        logits = classifier(torch.randn(2, 6))
        logits["seizure"].sum().backward()
        assert (classifier.own["syndrome"].weight.grad is not None) == shares
        classifier.zero_grad()


@pytest.mark.parametrize(("block", "pool"), [(PooledConvolution2d, (1, 2)), (PooledConvolution3d, (1, 2, 2))])
def test_convolution_blocks_are_equations_9_and_10_with_maximum_pooling(block, pool):
    torch.manual_seed(0)
    layer = block(2, 3)
    features = torch.randn(2, 2, 5, *(8,) * (len(pool) - 1))
    max_pool = torch.nn.functional.max_pool2d if len(pool) == 2 else torch.nn.functional.max_pool3d
    torch.testing.assert_close(layer(features), max_pool(torch.tanh(layer.convolution(features)), pool))


def test_the_spectrogram_is_21_by_32_by_32_and_holds_nothing_that_training_could_change():
    front_end = Spectrogram(SpectrogramConfig())
    assert front_end(windows(2)[0]).shape == (2, 21, 32, 32)
    assert not list(front_end.parameters())
    assert not front_end.state_dict()


@pytest.mark.parametrize("frequency_hz", [3.0, 14.0, 47.5])
def test_a_rhythm_stands_in_the_row_of_its_frequency_with_its_power(frequency_hz):
    seconds = torch.arange(1024) / RATE_HZ
    eeg = torch.sin(2 * torch.pi * frequency_hz * seconds)[None, None]
    power = torch.exp(Spectrogram(SpectrogramConfig())(eeg))[0, 0, 8:24].mean(dim=0)
    edges = 0.5 + torch.linspace(0, 70, 33)
    assert edges[power.argmax()] - 0.5 <= frequency_hz <= edges[power.argmax() + 1] + 0.5
    assert power.max() > 0.3


def test_the_spectrogram_agrees_with_scipys():
    eeg = windows(1, 1)[0]
    config = SpectrogramConfig(n_rows=70)
    found = torch.exp(Spectrogram(config)(eeg))[0, 0].double().numpy()
    window = signal.get_window("hamming", config.taps)
    padded = np.pad(eeg[0, 0].double().numpy(), (config.taps - config.hop_samples) // 2)
    transform = signal.ShortTimeFFT(window, config.hop_samples, RATE_HZ, fft_mode="onesided")
    # The first slice that lies within the padded signal altogether is the network's first column.
    first = (config.taps // 2) // config.hop_samples
    spectrum = np.abs(transform.stft(padded)[1:71, transform.p_min * -1 + first :][:, :32]) ** 2
    np.testing.assert_allclose(found.T, spectrum * (2 / window.sum()) ** 2, rtol=2e-3, atol=1e-6)


def test_spectrograms_are_standardised_by_what_training_measured():
    network = small_network()
    eeg, present = windows(2)
    before = network(eeg, present).logits["syndrome"]
    log_power = network.front_end(eeg)
    network.body.set_standard(log_power.mean(dim=(0, 1, 2)), log_power.std(dim=(0, 1, 2)))
    assert not torch.allclose(before, network(eeg, present).logits["syndrome"], atol=1e-3)
    assert {"body.mean", "body.sd"} <= set(network.state_dict())
