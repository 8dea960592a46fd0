import dataclasses
import math

import pytest
import torch
from torch import nn

from inference.errors import TrainingError
from inference.models.iess_fusionnet import IessFusionNet
from inference.training.iess_fusionnet import fit
from inference.training.loop import LoopSettings, descend, learning_rate
from inference.training.windows import WindowSampler
from tests.inference.training import toy
from tests.inference.training.conftest import SMALL

SETTINGS = LoopSettings(n_steps=40, batch_size=16, warm_up_steps=5, averaging=0.8, peak_rate=5e-3)


def train(features, settings: LoopSettings) -> tuple[IessFusionNet, list[float]]:
    torch.manual_seed(0)
    network = IessFusionNet(SMALL)
    losses = [report.loss for report in fit(network, WindowSampler([features], SMALL, seed=1), settings, seed=0)]
    return network, losses


def test_the_same_seed_gives_the_same_network(features):
    few = dataclasses.replace(SETTINGS, n_steps=3)
    (first, _), (second, _) = train(features, few), train(features, few)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name


def test_training_learns_to_tell_one_patients_spasms(features):
    network, losses = train(features, dataclasses.replace(SETTINGS, n_steps=60))
    assert losses[-1] < 0.85 * losses[0]
    assert not network.training


def test_the_learning_rate_rises_and_then_falls_to_nothing():
    rates = [learning_rate(step, SETTINGS) for step in range(SETTINGS.n_steps)]
    assert max(rates) == pytest.approx(SETTINGS.peak_rate)
    assert rates[:5] == sorted(rates[:5])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.01 * SETTINGS.peak_rate


def test_a_constant_rate_stays_after_warming_up():
    constant = dataclasses.replace(SETTINGS, schedule="constant")
    rates = [learning_rate(step, constant) for step in range(SETTINGS.n_steps)]
    assert rates[:5] == sorted(rates[:5])
    assert set(rates[5:]) == {SETTINGS.peak_rate}


def test_a_time_limit_ends_training(features):
    _, losses = train(features, dataclasses.replace(SETTINGS, minutes_limit=0.0))
    assert len(losses) == 1


def test_another_seed_gives_another_network():
    first, second = toy.train(), toy.train(seed=toy.SEED + 1)
    assert not torch.equal(first["4.weight"], second["4.weight"])


def test_the_weights_kept_are_those_of_the_best_validation():
    reports = []
    weights = toy.train(settings=dataclasses.replace(toy.SETTINGS, peak_rate=0.3), on_step=reports.append)
    validations = {report.step: report.validation for report in reports if report.validation is not None}
    assert list(validations) == [7, 14, 21, 28, 35, 40]
    network = toy.make_network().eval()
    network.load_state_dict(weights)
    assert toy.validate(network) == pytest.approx(min(validations.values()), rel=1e-5)
    assert [report.step for report in reports if report.best][-1] == min(validations, key=validations.get)


def test_without_validation_the_weights_kept_are_the_running_average():
    plain = dataclasses.replace(
        toy.SETTINGS, n_steps=3, validate_every=0, averaging=0.0, schedule="constant", warm_up_steps=0
    )
    settings = dataclasses.replace(plain, averaging=0.75)
    after = [toy.train(settings=dataclasses.replace(plain, n_steps=n))["0.weight"] for n in (1, 2, 3)]
    expected = 0.75 * (0.75 * after[0] + 0.25 * after[1]) + 0.25 * after[2]
    assert torch.allclose(toy.train(settings=settings)["0.weight"], expected, atol=1e-6)


def test_a_loss_that_is_no_number_ends_training_with_advice():
    network = nn.Linear(6, 2)
    steps = descend(network, toy.batch_at, lambda module, batch: module(batch[0]).sum() * math.nan, SETTINGS, seed=0)
    with pytest.raises(TrainingError, match=r"no longer a number in step 1: try a lower learning rate\.$"):
        next(steps)


def test_parameters_that_need_no_gradient_stay_as_they_are():
    network = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 2))
    network[0].requires_grad_(False)
    before = [parameter.clone() for parameter in network.parameters()]
    list(descend(network, toy.batch_at, toy.loss_of, dataclasses.replace(SETTINGS, n_steps=2), seed=0))
    moved = [not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True)]
    assert moved == [False, False, True, True]


@pytest.mark.parametrize(("precision", "dtype"), [("auto", torch.float32), ("bfloat16", torch.bfloat16)])
def test_matrix_products_have_the_precision_asked_for_and_weights_stay_float32(precision, dtype):
    seen = []

    def loss_of(network: nn.Module, batch):
        logits = network(batch[0])
        seen.append(logits.dtype)
        return nn.functional.cross_entropy(logits.float(), batch[1])

    network = toy.make_network()
    settings = dataclasses.replace(SETTINGS, n_steps=2, precision=precision)
    list(descend(network, toy.batch_at, loss_of, settings, seed=0))
    assert set(seen) == {dtype}
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_adam_decays_every_parameter_and_adamw_spares_offsets():
    bias_after = {}
    for optimiser in ("adam", "adamw"):
        network = nn.Linear(2, 1)
        nn.init.ones_(network.bias)
        settings = LoopSettings(n_steps=3, warm_up_steps=0, weight_decay=0.5, optimiser=optimiser, averaging=0.0)
        list(descend(network, toy.batch_at, lambda module, _: 0.0 * module.bias.sum(), settings, seed=0))
        bias_after[optimiser] = float(network.bias.detach())
    assert bias_after["adamw"] == 1.0
    assert bias_after["adam"] < 1.0
