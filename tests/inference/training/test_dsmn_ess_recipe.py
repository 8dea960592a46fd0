import dataclasses

import numpy as np
import pytest
import torch

from inference.errors import TrainingError
from inference.models.dsmn_ess import DsmnConfig
from inference.training.dsmn_ess import (
    INPUTS,
    LabelledWindows,
    Recipe,
    cut_windows,
    fit,
    make_network,
    predict,
    split_patients,
)
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
RECIPE = Recipe(network=SMALL, n_epochs=12, rate=5e-3, n_threads=1)
N_SYNDROMES, PATIENTS_EACH, WINDOWS_EACH = 3, 5, 16


@pytest.fixture(scope="module")
def windows() -> LabelledWindows:
    """Patients whose syndrome is the frequency of a rhythm and whose seizures are a rhythm of 20 Hz, in noise."""
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
        eeg.astype(np.float32), np.ones((len(patient), 3), np.float32), syndrome.astype(np.int64), seizure, patient
    )


def test_windows_overlap_by_half_and_never_hold_a_gap():
    signals = np.arange(2 * 20 * 256, dtype=np.float32).reshape(2, -1)
    valid = np.ones(20 * 256, dtype=bool)
    valid[2000] = False
    windows, onset_s = cut_windows(signals, valid)
    assert onset_s.tolist() == [0.0, 2.0, 8.0, 10.0, 12.0, 14.0, 16.0]
    assert all(np.array_equal(w, signals[:, round(256 * t) :][:, :1024]) for w, t in zip(windows, onset_s, strict=True))


@pytest.mark.parametrize("n_samples", [0, 1023])
def test_a_recording_shorter_than_a_window_has_none(n_samples):
    windows, onset_s = cut_windows(np.zeros((3, n_samples), np.float32), np.ones(n_samples, dtype=bool))
    assert windows.shape == (0, 3, 1024)
    assert len(onset_s) == 0


def test_no_patient_is_on_two_sides_and_every_syndrome_is_on_each(windows):
    split = split_patients(windows, RECIPE)
    patients = [set(windows.patient[side].tolist()) for side in split]
    assert [len(side) for side in patients] == [9, 3, 3]
    assert not patients[0] & patients[1]
    assert not (patients[0] | patients[1]) & patients[2]
    assert all(set(windows.syndrome[side].tolist()) == {0, 1, 2} for side in split)
    assert sum(map(len, split)) == len(windows)


def test_the_seed_decides_who_is_tested(windows):
    tested = [split_patients(windows, dataclasses.replace(RECIPE, seed=seed)).test.tolist() for seed in (0, 0, 1)]
    assert tested[0] == tested[1] != tested[2]


def test_a_syndrome_of_two_patients_cannot_be_split(windows):
    few = dataclasses.replace(windows, patient=windows.patient % 6)
    with pytest.raises(TrainingError, match="EIEE has 2 patients"):
        split_patients(few, RECIPE)


def test_a_patient_of_two_syndromes_is_refused(windows):
    mixed = dataclasses.replace(windows, syndrome=np.roll(windows.syndrome, 1))
    with pytest.raises(TrainingError, match="more than one syndrome"):
        split_patients(mixed, RECIPE)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="no GPU"):
        make_network(dataclasses.replace(RECIPE, device="cuda"))


def test_the_recipe_is_the_papers():
    recipe = Recipe()
    assert (recipe.rate, recipe.weight_decay, recipe.batch_size, recipe.epsilon) == (1e-3, 5e-4, 32, 1e-8)
    assert (recipe.training_share, recipe.validation_share) == (0.6, 0.2)
    assert (recipe.loss, recipe.loss.syndrome_share, recipe.loss.margin) == (LOSSES["L2"], 0.5, 0.15)
    assert (INPUTS.window_s, INPUTS.hop_s, INPUTS.lff_hz, INPUTS.hff_hz) == (4.0, 2.0, 1.0, 70.0)


@pytest.mark.parametrize("loss", LOSSES)
def test_training_learns_both_tasks_of_patients_it_has_not_seen(windows, loss):
    recipe = dataclasses.replace(RECIPE, loss=LOSSES[loss])
    network, split = make_network(recipe), split_patients(windows, recipe)
    reports = list(fit(network, windows, split, recipe))
    assert reports[-1].training_loss < 0.5 * reports[0].training_loss
    assert not network.training
    found = predict(network, windows, split.test)
    assert np.mean(found.probability["syndrome"].argmax(axis=1) == windows.syndrome[split.test]) > 0.9
    in_seizure = windows.seizure[split.test] == 1
    score = found.probability["seizure"][:, 1]
    assert np.mean(score[in_seizure][:, None] > score[~in_seizure]) > 0.9
    assert found.channel_weights.shape == (len(split.test), 3)


def test_the_weights_kept_are_those_of_the_best_epoch(windows):
    recipe = dataclasses.replace(RECIPE, n_epochs=3, rate=0.05)
    split = split_patients(windows, recipe)
    network = make_network(recipe)
    best = [report.epoch for report in fit(network, windows, split, recipe) if report.best][-1]
    again = make_network(recipe)
    for _ in fit(again, windows, split, dataclasses.replace(recipe, n_epochs=best)):
        pass
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_log_power_is_standardised_over_recorded_electrodes_of_training_patients_alone(windows):
    split = split_patients(windows, RECIPE)
    eeg, present = windows.eeg.copy(), windows.present.copy()
    present[:, 2], eeg[:, 2], eeg[split.test] = 0, 0, 1e3
    networks = []
    for shown in (
        dataclasses.replace(windows, present=present),
        dataclasses.replace(windows, present=present, eeg=eeg),
    ):
        networks.append(make_network(RECIPE))
        next(fit(networks[-1], shown, split, dataclasses.replace(RECIPE, n_epochs=1)))
    assert torch.equal(networks[0].body.mean, networks[1].body.mean)
    assert float(networks[0].body.sd.min()) > 0.1
