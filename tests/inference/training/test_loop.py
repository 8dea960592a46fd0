import dataclasses

import pytest
import torch

from inference.models.iess_fusionnet import IessFusionNet
from inference.training.loop import LoopSettings, fit, learning_rate
from inference.training.windows import WindowSampler
from tests.inference.training.conftest import SMALL

SETTINGS = LoopSettings(n_steps=40, batch_size=16, warm_up_steps=5, averaging=0.8, peak_rate=5e-3)


def train(features, settings: LoopSettings) -> tuple[IessFusionNet, list[float]]:
    torch.manual_seed(0)
    network = IessFusionNet(SMALL)
    losses = [report.loss for report in fit(network, WindowSampler([features], SMALL, seed=1), settings)]
    return network, losses


def test_the_same_seed_gives_the_same_network(features):
    few = dataclasses.replace(SETTINGS, n_steps=3)
    (first, _), (second, _) = train(features, few), train(features, few)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name


def test_training_learns_to_tell_one_patients_spasms(features):
    network, losses = train(features, SETTINGS)
    assert losses[-1] < 0.85 * losses[0]
    assert not network.training


def test_the_learning_rate_rises_and_then_falls_to_nothing():
    rates = [learning_rate(step, SETTINGS) for step in range(SETTINGS.n_steps)]
    assert max(rates) == pytest.approx(SETTINGS.peak_rate)
    assert rates[:5] == sorted(rates[:5])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.01 * SETTINGS.peak_rate


def test_a_time_limit_ends_training(features):
    _, losses = train(features, dataclasses.replace(SETTINGS, minutes_limit=0.0))
    assert len(losses) == 1
