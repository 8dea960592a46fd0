from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.errors import TrainingError
from inference.runtime.package import open_package
from inference.runtime.session import NetworkSession
from inference.simulate.sleep.patients import Setting
from inference.training.loop import LoopSettings
from inference.training.recipes import RECIPES, TrainOptions
from inference.training.sleep_scores import StagedSubject
from inference.training.sleep_sessions import gather
from inference.training.sleep_staging import (
    Recipe,
    fit_temperature,
    simulate_sleeper,
    simulated_session,
    train_sleep_staging,
)

SMALL = Recipe(
    n_patients=4, n_validation=1, n_test=1, n_epochs=4, loop=LoopSettings(n_steps=2, batch_size=4, warm_up_steps=1)
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sleep")
    stages = [progress.stage for progress in train_sleep_staging(folder / "package", SMALL)]
    return folder, stages


def test_the_recipe_makes_a_package_that_stages_with_either_modality(made):
    folder, stages = made
    assert list(dict.fromkeys(stages)) == ["simulating", "training", "validating", "testing"]
    package = open_package(folder / "package")
    assert (package.card.name, package.card.task) == ("sleep-staging", "sleep_stage")
    assert package.card.simulated
    session = NetworkSession(package, "cpu")
    sleeper = simulated_session(None, 300_000, 4)
    for eeg, bold in ((True, True), (True, False), (False, True)):
        batch = gather(sleeper, [1, 2], eeg=eeg, bold=bold)
        names = ("eeg", "eeg_present", "bold", "bold_present")
        found = session.run({name: x.numpy() for name, x in zip(names, batch[:-1], strict=True)})
        np.testing.assert_allclose(found["probability"].sum(axis=1), 1.0, atol=1e-5)


def test_the_card_tells_how_it_was_made_and_what_it_reached(made):
    card = open_package(made[0] / "package").card
    assert card.training["training_seeds"] == [100_000, 100_003]
    assert card.training["test_seeds"] == [300_000, 300_000]
    assert set(card.metrics) == {"validation", "held_out", "fusion"}
    assert {"eeg_and_fmri", "eeg_only", "fmri_only"} <= set(card.metrics["held_out"])
    assert "linear_cka" in card.metrics["fusion"]
    assert {"network", "EEG encoder", "fMRI encoder", "gate"} == set(card.cost)


def test_what_only_an_unfinished_run_needs_is_gone_and_the_curve_is_not(made):
    work = made[0] / "package.work"
    assert {path.name for path in work.iterdir()} == {"learning_curve.png", "learning_curve.tsv"}


def test_four_sleepers_in_turn_nap_sleep_at_night_are_children_and_have_no_fmri():
    cases = [simulate_sleeper(100_000 + i, 2, 128.0) for i in range(4)]
    assert [case.bold is not None for case in cases] == [True, True, True, False]
    assert [case.patient.setting for case in cases] == [Setting.SCANNER] * 3 + [Setting.NIGHT]
    assert cases[2].patient.age_years < 18 <= cases[1].patient.age_years


def test_every_other_sleeper_without_fmri_has_routine_electrodes_only():
    routine, full = simulated_session(None, 100_007, 2), simulated_session(None, 100_003, 2)
    assert full.present.all()
    assert 6 <= routine.present.sum() < 19


def test_the_temperature_undoes_a_network_that_is_too_sure():
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (4000, 5))
    shares = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    stage = np.array([random.choice(5, p=row) for row in shares])
    nothing = np.zeros((4000, 1))
    staged = StagedSubject("a", stage, 3.0 * logits, nothing[:, 0], nothing, nothing)
    assert fit_temperature([staged]) == pytest.approx(3.0, rel=0.05)


def test_a_seed_that_would_test_on_training_sleepers_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="seed must be from 0"):
        next(train_sleep_staging(tmp_path / "x", replace(SMALL, seed=100)))


def test_the_network_can_be_asked_for_by_name(tmp_path):
    options = TrainOptions(device="cpu", n_threads=1, n_patients=1, n_steps=1)
    progress = next(RECIPES["sleep-staging"].train(tmp_path / "x", options))
    assert (progress.stage, progress.done) == ("simulating", 1)
