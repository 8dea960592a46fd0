from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import pywt
import torch
from torch import Tensor
from torch.nn import functional

from inference.models.blocks.gradient_reversal import reverse_gradient
from inference.models.blocks.squeeze_excitation import SqueezeExcitation
from inference.models.blocks.style_randomisation import StyleRandomisation, style_of
from inference.models.blocks.wavelet_decomposition import DB4_SCALING, WaveletDecomposition
from inference.models.focus_localisation import (
    BANDS_HZ,
    FocusConfig,
    FocusLocalisation,
    class_weights,
    fine_tuning_loss,
    freeze_extractor,
    joint_loss,
)
from inference.runtime.cards import ChannelInputs
from inference.runtime.package import ONNX_NAME
from inference.training.export import example_inputs, write_package
from inference.training.focus_export import OUTPUTS, CalibratedFocus
from inference.training.focus_fitting import (
    FocusTraining,
    embed,
    fine_tune,
    fit_jointly,
    fit_late_layers,
    pool_windows,
    predict_log_odds,
    predict_pooled_log_odds,
    pretrain_by_identity,
    stand_in_patients,
)
from tests.inference.training.cards import untrained_card

RATE_HZ = 256.0
#: Short windows, of two segments: quick, and the same in kind.
SHORT = FocusConfig(window_samples=1024, segment_samples=512)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def two_kinds_of_channels(n_channels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Half of the channels ring at 6 Hz, the others at 20 Hz, all in noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(2048) / RATE_HZ
    label = np.arange(n_channels) % 2
    tone = np.sin(2 * np.pi * np.where(label == 1, 20.0, 6.0)[:, None] * time_s + rng.uniform(0, 6, (n_channels, 1)))
    return (tone + rng.standard_normal(tone.shape)).astype(np.float32), label


# --- blocks ---------------------------------------------------------------------------------------------------------


def test_the_db4_filter_is_orthonormal_and_has_four_vanishing_moments():
    scaling = np.array(DB4_SCALING)
    wavelet = scaling[::-1] * np.array([1, -1] * 4)
    for shift in range(4):
        assert abs(scaling[2 * shift :] @ scaling[: 8 - 2 * shift] - (shift == 0)) < 1e-12
    for moment in range(4):
        assert abs(wavelet @ np.arange(8.0) ** moment) < 1e-9


def periodic_dwt(x: np.ndarray, n_levels: int) -> list[np.ndarray]:
    """Decompose by definition, in double precision: inner products with the circularly shifted filters."""
    scaling = np.array(DB4_SCALING)
    wavelet = scaling[::-1] * np.array([1, -1] * 4)
    details = []
    for _ in range(n_levels):
        n = len(x)
        # Equation 4 puts R/2 - 1 = 3 samples in front, so that tap 0 of coefficient i lies on sample 2 i + 4.
        where = (2 * np.arange(n // 2)[:, None] + 4 - np.arange(8)) % n
        details.append(x[where] @ wavelet)
        x = x[where] @ scaling
    return [x, *reversed(details)]


@pytest.mark.parametrize("n_samples", [64, 1024])
def test_strided_convolutions_give_the_periodic_db4_transform(n_samples):
    x = np.random.default_rng(0).standard_normal(n_samples)
    bands = WaveletDecomposition(5)(torch.from_numpy(x.astype(np.float32))[None, None])
    for band, expected in zip(bands, periodic_dwt(x, 5), strict=True):
        assert np.abs(band[0, 0].numpy() - expected).max() < 1e-5


def test_the_transform_keeps_energy_and_puts_each_tone_into_its_band():
    time_s = torch.arange(2048) / RATE_HZ
    decompose = WaveletDecomposition(5)
    for index, (low_hz, high_hz) in enumerate(BANDS_HZ.values()):
        tone = torch.sin(2 * torch.pi * (low_hz + high_hz) / 2 * time_s)[None, None]
        energy = torch.stack([band.square().sum() for band in decompose(tone)])
        assert torch.isclose(energy.sum(), tone.square().sum(), rtol=1e-4)
        assert energy.argmax() == index


def test_the_transform_is_that_of_pywavelets_with_time_reversed_where_it_is_installed():
    x = normal(256)
    expected = pywt.wavedec(x.double().numpy()[::-1], "db4", mode="periodization", level=3)
    for band, reference in zip(WaveletDecomposition(3)(x[None, None]), expected, strict=True):
        assert np.abs(band[0, 0].numpy() - reference[::-1]).max() < 1e-5


def test_gradient_reversal_is_the_identity_and_flips_the_gradient():
    x = normal(3, 4).requires_grad_()
    reversed_x = reverse_gradient(x)
    assert torch.equal(reversed_x, x)
    (reversed_x * normal(3, 4, seed=1)).sum().backward()
    assert torch.equal(x.grad, -normal(3, 4, seed=1))


def test_style_randomisation_normalises_by_another_samples_statistics_as_equation_3_does():
    x = 3.0 * normal(4, 2, 100) + torch.arange(4.0)[:, None, None]
    order = torch.tensor([2, 0, 3, 1])
    mean = x.double().mean(dim=-1)
    deviation = x.double().var(dim=-1, correction=0).add(1e-5).sqrt()
    expected = (x - mean[order][:, :, None]) / deviation[order][:, :, None]
    assert (StyleRandomisation()(x, order) - expected).abs().max() < 1e-5
    own = StyleRandomisation()(x, torch.arange(4))
    assert own.mean(dim=-1).abs().max() < 1e-5
    assert (own.var(dim=-1, correction=0) - 1).abs().max() < 1e-4


def test_permuted_adain_gives_each_sample_another_ones_mean_and_deviation():
    x = 3.0 * normal(4, 2, 100) + torch.arange(4.0)[:, None, None]
    order = torch.tensor([2, 0, 3, 1])
    restyled = StyleRandomisation("permuted AdaIN")(x, order)
    for given, taken in zip(style_of(restyled), style_of(x[order]), strict=True):
        assert (given - taken).abs().max() < 1e-3


def test_squeeze_and_excitation_only_scales_features():
    x = normal(2, 12, 30)
    ratio = SqueezeExcitation(12)(x) / x
    assert (ratio.amax(dim=-1) - ratio.amin(dim=-1)).max() < 1e-4
    assert ratio.min() > 0 and ratio.max() < 1


# --- the network ----------------------------------------------------------------------------------------------------


def test_every_temporal_level_has_as_many_frames_as_its_wavelet_band():
    network = FocusLocalisation(SHORT)
    sub_bands = network.embedding(normal(2, 1024))
    coefficients = network.features.decompose(sub_bands)
    frames = [level(sub_bands).shape[-1] for level in network.features.temporal]
    assert frames == [band.shape[-1] for band in coefficients] == [32, 32, 64, 128, 256, 512]


def test_the_answer_does_not_depend_on_gain_or_offset():
    network = FocusLocalisation(SHORT).eval()
    signal = normal(3, 1024)
    assert (network(signal) - network(250.0 * signal + 40.0)).abs().max() < 1e-3
    assert torch.isfinite(network(torch.zeros(2, 1024))).all()


def test_the_joint_loss_is_made_of_the_papers_terms():
    network = FocusLocalisation(SHORT).eval()
    label, patient = torch.arange(6) % 2, torch.arange(6) % 5
    outputs = network.train_outputs(normal(6, 1024))
    expected = (
        functional.cross_entropy(outputs.logits, label)
        + functional.cross_entropy(outputs.restyled, label)
        + 0.01 * (outputs.logits - outputs.restyled).square().mean()
        + 0.01 * functional.cross_entropy(outputs.patients, patient)
    )
    assert torch.isclose(joint_loss(outputs, label, patient), expected)


def test_the_discriminator_learns_while_the_features_are_turned_against_it():
    network = FocusLocalisation(SHORT).eval()
    features = normal(6, network.config.mixed_width).requires_grad_()
    patient = torch.arange(6) % 5
    discriminator = network.patient_discriminator
    through = functional.cross_entropy(discriminator(features), patient)
    (reversed_gradient,) = torch.autograd.grad(through, features)
    plain = discriminator.decide(functional.elu(discriminator.hidden(features)))
    (gradient,) = torch.autograd.grad(functional.cross_entropy(plain, patient), features)
    assert torch.allclose(reversed_gradient, -gradient)


def test_the_ablations_of_tables_6_and_7_are_configurations():
    for style in (True, False):
        for discriminator in (True, False):
            config = replace(SHORT, style_randomisation=style, patient_discriminator=discriminator)
            outputs = FocusLocalisation(config).train_outputs(normal(4, 1024))
            assert (outputs.restyled is not None) == style
            assert (outputs.patients is not None) == discriminator
            assert torch.isfinite(joint_loss(outputs, torch.arange(4) % 2, torch.arange(4)))


def test_class_weights_are_those_of_equation_14():
    weights = class_weights(torch.tensor([0] * 15 + [1]))
    assert torch.allclose(weights, torch.tensor([1 / 16, 15 / 16]))
    logits, label = normal(5, 2), torch.tensor([0, 1, 0, 0, 1])
    expected = -(weights[label] * torch.log_softmax(logits, dim=-1)[torch.arange(5), label]).mean()
    assert torch.isclose(fine_tuning_loss(logits, label, weights), expected)


# --- training -------------------------------------------------------------------------------------------------------


def test_joint_training_separates_two_kinds_of_channels_and_repeats_itself():
    signals, label = two_kinds_of_channels(16, seed=0)
    patient = stand_in_patients(signals, RATE_HZ, 3, seed=0)
    settings = FocusTraining(n_steps=12, batch_size=12, seed=4)
    answers = []
    for _ in range(2):
        torch.manual_seed(1)
        network = FocusLocalisation(replace(SHORT, n_patients=3))
        fit_jointly(network, signals, label, patient, settings)
        answers.append(predict_log_odds(network, two_kinds_of_channels(8, seed=5)[0]))
    assert ((answers[0] > 0) == (np.arange(8) % 2 == 1)).all()
    assert np.array_equal(*answers)


def test_late_layers_learn_behind_fixed_convolutions():
    signals, label = two_kinds_of_channels(24, seed=0)
    torch.manual_seed(1)
    network = FocusLocalisation(replace(SHORT, n_patients=3))
    convolutions = {name: value.clone() for name, value in network.features.state_dict().items()}
    pooled = pool_windows(network, signals, 2, seed=0)
    assert pooled.plain.shape == pooled.restyled.shape == (2, 24, SHORT.n_pooled)
    assert (pooled.donors != torch.arange(24)).all()
    chosen = np.arange(16)
    settings = FocusTraining(n_steps=40, batch_size=16, seed=4)
    fit_late_layers(network, pooled, chosen, label[:16], patient=chosen % 3, settings=settings)
    answers = predict_pooled_log_odds(network, pooled)
    assert ((answers[16:] > 0) == (label[16:] == 1)).all()
    assert all(torch.equal(value, convolutions[name]) for name, value in network.features.state_dict().items())


def test_twins_in_the_style_of_a_channel_that_is_not_trained_on_teach_nothing():
    signals, label = two_kinds_of_channels(8, seed=0)
    chosen, weights = np.arange(4), []
    for spoilt in (0.0, 1e3):
        torch.manual_seed(1)
        network = FocusLocalisation(SHORT)
        pooled = pool_windows(network, signals, 2, seed=0)
        outside = ~torch.isin(pooled.donors, torch.from_numpy(chosen))
        assert outside[:, chosen].any()
        pooled.restyled[outside] += spoilt
        settings = FocusTraining(n_steps=3, batch_size=4)
        fit_late_layers(network, pooled, chosen, label[:4], patient=chosen, settings=settings)
        weights.append(network.mixing.mix.weight.detach().clone())
    assert torch.equal(*weights)


def test_fine_tuning_moves_the_classifier_and_nothing_else():
    signals, label = two_kinds_of_channels(8, seed=0)
    network = FocusLocalisation(SHORT)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    pooled = pool_windows(network, signals, 2, seed=0)
    fine_tune(network, pooled, np.arange(6), label[:6], FocusTraining(n_steps=3, batch_size=6))
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.startswith("classifier.") for name in moved)
    assert {p.shape for p in freeze_extractor(network)} == {p.shape for p in network.classifier.parameters()}


def test_pretraining_by_identity_needs_no_label_and_changes_the_features():
    signals, _ = two_kinds_of_channels(6, seed=0)
    network = FocusLocalisation(SHORT)
    before = embed(network, signals)
    pretrain_by_identity(network, signals, FocusTraining(n_steps=2, batch_size=4))
    assert embed(network, signals).shape == before.shape == (6, 2 * network.config.n_pooled)
    assert not np.allclose(embed(network, signals), before)


# --- export ---------------------------------------------------------------------------------------------------------


def test_onnx_gives_the_probabilities_of_torch_for_any_number_of_windows(tmp_path):
    network = FocusLocalisation(SHORT).eval()
    inputs = ChannelInputs(rate_hz=RATE_HZ, window_s=4.0, hop_s=2.0)
    card = untrained_card("focus", inputs, OUTPUTS)
    write_package(tmp_path, CalibratedFocus(network, 1.3), example_inputs(inputs), network.state_dict(), card)
    session = onnxruntime.InferenceSession((tmp_path / ONNX_NAME).read_bytes(), providers=["CPUExecutionProvider"])
    for n_windows in (1, 2, 7):
        signal = 100.0 * normal(n_windows, 1024, seed=n_windows)
        (probability,) = session.run(["probability"], {"signal": signal.numpy()})
        with torch.no_grad():
            expected = torch.softmax(network(signal) / 1.3, dim=-1).numpy()
        assert np.abs(probability - expected).max() <= 1e-4
