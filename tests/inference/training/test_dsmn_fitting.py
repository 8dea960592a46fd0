import dataclasses

import numpy as np
import pytest
import torch

from inference.errors import TrainingError
from inference.models.dsmn_ess import DsmnConfig
from inference.training.checkpoints import Checkpoint
from inference.training.dsmn_fitting import Recipe, fit, make_network, predict
from inference.training.dsmn_windows import INPUTS, LabelledWindows, Split
from inference.training.losses import LOSSES

SMALL = DsmnConfig(
    electrodes=("C3", "C4", "Cz"),
    lstm_width=4,
    widths_2d=(4, 4, 4, 4),
    widths_3d=(4, 8, 8, 8),
    shared_width=32,
    task_width=16,
    dropout=0.0,
)
RECIPE = Recipe(network=SMALL, n_steps=90, rate=8e-3, warm_up_steps=5, validate_every=30, n_threads=1)
N_SYNDROMES, PATIENTS_EACH, WINDOWS_EACH = 3, 5, 16
#: Three patients of each syndrome train, one validates, one is tested.
SPLIT = Split(np.arange(9 * WINDOWS_EACH), np.arange(9 * WINDOWS_EACH, 12 * WINDOWS_EACH))
TEST = np.arange(12 * WINDOWS_EACH, 15 * WINDOWS_EACH)


@pytest.fixture(scope="module")
def windows() -> LabelledWindows:
    """Patients whose syndrome is the frequency of a rhythm and whose seizures are a rhythm of 25 Hz, in noise."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(N_SYNDROMES * PATIENTS_EACH), WINDOWS_EACH)
    syndrome = patient % N_SYNDROMES
    seizure = (rng.random(len(patient)) < 0.3).astype(np.int64)
    seconds = np.arange(1024) / INPUTS.rate_hz
    phase = rng.uniform(0, 2 * np.pi, (len(patient), 2, 1))
    gain = np.exp(0.2 * rng.standard_normal(N_SYNDROMES * PATIENTS_EACH))[patient, None]
    own = np.sin(2 * np.pi * np.array([3.0, 7.0, 13.0])[syndrome, None] * seconds + phase[:, 0])
    ictal = seizure[:, None] * np.sin(2 * np.pi * 25 * seconds + phase[:, 1])
    eeg = 0.5 * rng.standard_normal((len(patient), 3, 1024)) + (gain * (own + ictal))[:, None]
    return LabelledWindows(
        eeg.astype(np.float16), np.ones((len(patient), 3), np.float32), syndrome.astype(np.int64), seizure, patient
    )


def run(windows: LabelledWindows, recipe: Recipe = RECIPE, **more):
    network = make_network(recipe)
    reports = list(fit(network, windows, SPLIT, recipe, **more))
    return network, reports


def test_the_recipe_is_the_papers():
    recipe = Recipe()
    assert (recipe.rate, recipe.weight_decay, recipe.batch_size) == (1e-3, 5e-4, 32)
    assert (recipe.loss, recipe.loss.syndrome_share, recipe.loss.margin) == (LOSSES["L2"], 0.5, 0.15)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="no GPU"):
        make_network(dataclasses.replace(RECIPE, device="cuda"))


@pytest.mark.parametrize("seed", [-1, 100])
def test_a_seed_that_would_let_training_meet_test_is_refused(seed):
    with pytest.raises(TrainingError, match="from 0 to 99"):
        make_network(dataclasses.replace(RECIPE, seed=seed))


@pytest.mark.parametrize("loss", LOSSES)
def test_training_learns_both_tasks_of_patients_it_has_not_seen(windows, loss):
    network, reports = run(windows, dataclasses.replace(RECIPE, loss=LOSSES[loss]))
    assert reports[-1].loss < 0.8 * reports[0].loss
    assert not network.training
    found = predict(network, windows, TEST)
    assert np.mean(found.logits["syndrome"].argmax(axis=1) == windows.syndrome[TEST]) > 0.9
    in_seizure = windows.seizure[TEST] == 1
    score = found.logits["seizure"][:, 1] - found.logits["seizure"][:, 0]
    assert np.mean(score[in_seizure][:, None] > score[~in_seizure]) > 0.9
    assert found.channel_weights.shape == (len(TEST), 3)


def test_the_same_recipe_gives_the_same_weights_also_after_a_kill(windows, tmp_path):
    recipe = dataclasses.replace(RECIPE, n_steps=12, validate_every=5)
    whole, _ = run(windows, recipe)
    checkpoint = Checkpoint(tmp_path, 0.0)
    cut = make_network(recipe)
    steps = fit(cut, windows, SPLIT, recipe, checkpoint)
    for _ in range(7):
        next(steps)
    steps.close()
    resumed, reports = run(windows, recipe, checkpoint=checkpoint)
    assert reports[0].step == 8
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_the_weights_kept_are_those_that_were_best_on_validation(windows):
    recipe = dataclasses.replace(RECIPE, n_steps=30, validate_every=10, rate=0.05)
    network, reports = run(windows, recipe)
    best = [report for report in reports if report.best][-1]
    assert best.validation == min(report.validation for report in reports if report.validation is not None)
    stopped = make_network(recipe)
    steps = fit(stopped, windows, SPLIT, recipe)
    for _ in range(best.step):
        next(steps)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, stopped.state_dict()[name]), name


def test_every_window_is_shown_once_before_any_is_shown_again(windows):
    shown = []

    class Watched(np.ndarray):
        def __getitem__(self, chosen):
            shown.append(np.asarray(chosen))
            return super().__getitem__(chosen).view(np.ndarray)

    recipe = dataclasses.replace(RECIPE, n_steps=9, validate_every=0, batch_size=16)
    assert len(SPLIT.training) == 9 * recipe.batch_size
    watched = dataclasses.replace(windows, eeg=windows.eeg.view(Watched))
    for _ in fit(make_network(recipe), watched, SPLIT, recipe):
        pass
    batches = [chosen for chosen in shown if len(chosen) == recipe.batch_size]
    assert sorted(np.concatenate(batches).tolist()) == sorted(SPLIT.training.tolist())


def test_windows_on_the_edge_of_a_seizure_are_not_learned_from(windows):
    on_edge = dataclasses.replace(windows, seizure=np.where(np.arange(len(windows)) % 2, -1, windows.seizure))
    spoilt = dataclasses.replace(
        on_edge, eeg=np.where((on_edge.seizure < 0)[:, None, None], np.float16(9e3), windows.eeg)
    )
    recipe = dataclasses.replace(RECIPE, n_steps=2, validate_every=2)
    networks = [run(shown, recipe)[0] for shown in (on_edge, spoilt)]
    for name, tensor in networks[0].state_dict().items():
        assert torch.equal(tensor, networks[1].state_dict()[name]), name


def test_log_power_is_standardised_over_recorded_electrodes_of_training_patients_alone(windows):
    eeg, present = windows.eeg.copy(), windows.present.copy()
    present[:, 2], eeg[:, 2], eeg[TEST] = 0, 0, 1e3
    recipe = dataclasses.replace(RECIPE, n_steps=1)
    shown = dataclasses.replace(windows, present=present)
    first, second = run(shown, recipe)[0], run(dataclasses.replace(shown, eeg=eeg), recipe)[0]
    assert torch.equal(first.body.mean, second.body.mean)
    assert float(first.body.sd.min()) > 0.1
