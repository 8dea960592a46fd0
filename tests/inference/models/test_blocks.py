from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from inference.models.blocks.bi_mamba import BiMamba
from inference.models.blocks.frame_projection import FrameProjection
from inference.models.blocks.morlet import MorletBank, MorletConfig, compress
from inference.models.blocks.rms_norm import RmsNorm
from inference.models.blocks.selective_scan import selective_scan
from inference.models.blocks.st_conv import StConv
from inference.models.blocks.strided_stem import StridedStem
from inference.models.blocks.time_mixing import _softmax_over_past, weighted_key_value


def scan_inputs(dtype: torch.dtype = torch.float32, n_time: int = 96) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(3)
    batch, groups, width, states = 3, 2, 12, 5

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    x = normal(batch, n_time, groups, width)
    delta = torch.nn.functional.softplus(normal(batch, n_time, groups, width))
    decay = -torch.exp(normal(groups, width, states))
    inputs = (x, delta, decay, normal(batch, n_time, groups, states), normal(batch, n_time, groups, states))
    return tuple(tensor.to(dtype) for tensor in inputs)


def scan_by_definition(x: Tensor, delta: Tensor, decay: Tensor, b: Tensor, c: Tensor) -> Tensor:
    state = torch.zeros(x.shape[0], *decay.shape, dtype=x.dtype)
    outputs = []
    for t in range(x.shape[1]):
        change = delta[:, t, :, :, None] * b[:, t, :, None, :] * x[:, t, :, :, None]
        state = torch.exp(delta[:, t, :, :, None] * decay) * state + change
        outputs.append((state * c[:, t, :, None, :]).sum(-1))
    return torch.stack(outputs, dim=1)


def test_selective_scan_agrees_with_its_definition_in_double_precision():
    expected = scan_by_definition(*scan_inputs(torch.float64))
    assert (selective_scan(*scan_inputs()) - expected).abs().max() < 1e-5


def test_selective_scan_gives_the_gradients_of_its_definition():
    inputs = [tensor.requires_grad_() for tensor in scan_inputs(torch.float64, n_time=7)]
    assert torch.autograd.gradcheck(selective_scan, inputs)
    weights = torch.linspace(-1, 1, 7, dtype=torch.float64)[None, :, None, None]
    found = torch.autograd.grad((selective_scan(*inputs) * weights).sum(), inputs)
    expected = torch.autograd.grad((scan_by_definition(*inputs) * weights).sum(), inputs)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_selective_scan_forgets_fast_without_overflow():
    x, delta, decay, b, c = scan_inputs()
    outputs = selective_scan(x, delta * 50, decay * 50, b, c)
    assert torch.isfinite(outputs).all()


def weighted_key_value_by_definition(key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor) -> Tensor:
    outputs = torch.zeros_like(value)
    for t in range(key.shape[1]):
        ages = torch.arange(t - 1, -1, -1, dtype=key.dtype)[:, None]
        past = torch.exp(key[:, :t] - ages * decay)
        now = torch.exp(bonus + key[:, t])
        above = (past * value[:, :t]).sum(1) + now * value[:, t]
        outputs[:, t] = above / (past.sum(1) + now)
    return outputs


def mixing_inputs(key_scale: float = 1.0) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(5)
    key, value = torch.randn(2, 3, 40, 8, generator=generator, dtype=torch.float64)
    decay = torch.exp(torch.linspace(-4, 1, 8, dtype=torch.float64))
    return key * key_scale, value, decay, torch.linspace(-1, 1, 8, dtype=torch.float64)


@pytest.mark.parametrize("form", [weighted_key_value, _softmax_over_past])
def test_weighted_key_value_agrees_with_its_definition_in_double_precision(form):
    expected = weighted_key_value_by_definition(*mixing_inputs())
    found = form(*(tensor.to(torch.float32) for tensor in mixing_inputs()))
    assert (found - expected).abs().max() < 1e-5


@pytest.mark.parametrize("form", [weighted_key_value, _softmax_over_past])
def test_weighted_key_value_stands_keys_that_would_overflow(form):
    found = form(*(tensor.to(torch.float32) for tensor in mixing_inputs(key_scale=300.0)))
    exact = weighted_key_value(*mixing_inputs(key_scale=300.0))
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found.to(torch.float64), exact, atol=1e-3, rtol=1e-3)


def test_gradients_of_weighted_key_value_are_finite_from_the_first_step_on():
    inputs = [tensor.requires_grad_() for tensor in mixing_inputs(key_scale=30.0)]
    for gradient in torch.autograd.grad(weighted_key_value(*inputs).square().sum(), inputs):
        assert torch.isfinite(gradient).all()


def test_bidirectional_mamba_sees_past_and_future():
    torch.manual_seed(0)
    block = BiMamba(16, n_states=4)
    tokens = torch.randn(1, 20, 16)
    changed = tokens.clone()
    changed[:, 10] += 1.0
    difference = (block(changed) - block(tokens)).abs().amax(dim=(0, 2))
    assert (difference[:10] > 0).any()
    assert (difference[11:] > 0).any()


def test_mamba_of_one_direction_sees_the_past_alone():
    torch.manual_seed(0)
    block = BiMamba(16, n_states=4, n_directions=1)
    tokens = torch.randn(1, 20, 16)
    changed = tokens.clone()
    changed[:, 10] += 1.0
    difference = (block(changed) - block(tokens)).abs().amax(dim=(0, 2))
    assert (difference[:10] == 0).all()
    assert (difference[11:] > 0).any()


def test_rms_norm_is_blind_to_amplitude():
    tokens = torch.randn(2, 5, 16)
    torch.testing.assert_close(RmsNorm(16)(tokens * 100), RmsNorm(16)(tokens), atol=1e-5, rtol=1e-4)


BANK = MorletConfig(256.0, 1.5, 70.0)
SLOW_BANK = replace(BANK, slow_hz=5.0)


@pytest.mark.parametrize("frequency_hz", [3.0, 9.0, 30.0, 60.0])
def test_morlet_power_peaks_at_the_frequency_of_a_sine_and_measures_its_amplitude(frequency_hz):
    time_s = torch.arange(2048) / BANK.rate_hz
    power = MorletBank(BANK)(3.0 * torch.sin(2 * np.pi * frequency_hz * time_s)[None, None])[0, :, 0, 128]
    nearest = np.argmin(np.abs(np.log(np.array(BANK.frequencies_hz) / frequency_hz)))
    assert abs(int(power.argmax()) - nearest) <= 1
    assert float(power.max()) == pytest.approx(2 * np.log(3.0), abs=0.1)


def test_morlet_power_ignores_a_constant():
    power = MorletBank(BANK)(torch.full((1, 1, 2048), 1000.0))
    inside = MorletBank(BANK).cone_of_influence(2048)
    assert float(power[0, :, 0][inside].max()) < -4.0


def test_a_short_burst_is_seen_wherever_it_falls_between_frames():
    config = MorletConfig(256.0, 10.0, 100.0)
    peaks = []
    for shift in range(config.frame_samples):
        signal = torch.zeros(1, 1, 512)
        signal[0, 0, 256 + shift] = 1.0
        peaks.append(float(torch.logsumexp(MorletBank(config)(signal)[0, -1, 0], dim=0)))
    assert max(peaks) - min(peaks) < 0.5


@pytest.mark.parametrize("frequency_hz", [1.0, 5.0])
def test_the_slow_signal_shows_polarity_and_moment_of_a_wave(frequency_hz):
    time_s = torch.arange(2048) / SLOW_BANK.rate_hz
    wave = 3.0 * torch.sin(2 * np.pi * frequency_hz * time_s)
    slow = MorletBank(SLOW_BANK)(torch.stack((wave, -wave))[None])[0, -1]
    half = SLOW_BANK.frame_samples // 2
    gain = 2 ** (-0.5 * (frequency_hz / SLOW_BANK.slow_hz) ** 2)
    expected = compress(gain * wave[half :: SLOW_BANK.frame_samples])
    torch.testing.assert_close(slow[0, 5:-5], expected[5:-5], atol=0.02, rtol=0.02)
    torch.testing.assert_close(slow[1], -slow[0])


def test_the_slow_signal_leaves_the_powers_as_they_are():
    signal = torch.randn(1, 2, 1024)
    torch.testing.assert_close(MorletBank(SLOW_BANK)(signal)[:, :-1], MorletBank(BANK)(signal))


@pytest.mark.parametrize("config", [BANK, SLOW_BANK])
def test_a_window_gives_the_features_of_the_whole_recording_inside_its_cone_of_influence(config):
    bank = MorletBank(config)
    signal = torch.randn(1, 2, 4096)
    whole, window = bank(signal), bank(signal[..., 1024:2048])
    inside = bank.cone_of_influence(1024)
    difference = (whole[..., 128:256] - window)[0].transpose(0, 1)[:, inside].abs().max()
    assert difference < 1e-3
    assert inside.float().mean() > 0.7


def test_a_missing_channel_contributes_nothing():
    torch.manual_seed(0)
    block = StConv(n_channels=4, n_features=6, temporal_width=8, width=10)
    features, present = torch.randn(2, 6, 4, 32), torch.tensor([[1.0, 0, 1, 1], [1, 1, 0, 1]])
    garbage = features + 1000 * (1 - present)[:, None, :, None]
    torch.testing.assert_close(block(garbage, present), block(features, present))
    assert (block(features, torch.zeros(2, 4)) == 0).all()


def test_a_missing_channel_does_not_weigh_in_the_mean_over_electrodes():
    torch.manual_seed(0)
    block = FrameProjection(n_features=6, width=10)
    features, present = torch.randn(2, 6, 4, 32), torch.tensor([[1.0, 0, 1, 1], [1, 1, 0, 1]])
    garbage = features + 1000 * (1 - present)[:, None, :, None]
    torch.testing.assert_close(block(garbage, present), block(features, present))
    assert block(features, present).shape == (2, 16, 10)
    assert (block(features, torch.zeros(2, 4)) == 0).all()


def test_a_strided_stem_gives_a_frame_of_features_for_every_channel_alone():
    torch.manual_seed(0)
    stem = StridedStem(n_features=6, taps=64, frame_samples=8).eval()
    signals = torch.randn(2, 3, 256)
    features = stem(signals)
    assert features.shape == (2, 6, 3, 32)
    changed = signals.clone()
    changed[:, 1, 100:108] += 5.0
    moved = (stem(changed) - features).abs().amax(dim=(0, 1)) > 0
    assert not moved[[0, 2]].any()
    # The kernels reach 28 samples beyond either end of their frame.
    assert moved[1].nonzero().flatten().tolist() == list(range(9, 17))
