import dataclasses
import json

import numpy as np
import pytest

from inference.errors import TrainingError
from inference.models.dsmn_ess import SYNDROMES, DsmnConfig
from inference.runtime.package import open_package
from inference.training import dsmn_patients
from inference.training.dsmn_ess import Recipe, held_out_orders, train_dsmn_ess, training_orders, validation_orders
from inference.training.dsmn_patients import order_patients, simulate_patient, simulate_patients
from inference.training.dsmn_scores import vote_syndrome
from inference.training.recipes import RECIPES

SMALL = DsmnConfig(lstm_width=4, widths_2d=(4, 4, 4, 4), widths_3d=(4, 4, 4, 4), shared_width=16, task_width=8)
RECIPE = Recipe(
    network=SMALL,
    n_patients=6,
    n_validation=6,
    n_test=1,
    patient_minutes=0.8,
    test_minutes=0.4,
    windows_per_patient=8,
    n_steps=3,
    batch_size=8,
    n_threads=1,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dsmn") / "package"
    return folder, list(train_dsmn_ess(folder, RECIPE))


def test_one_call_makes_a_package_that_opens_and_says_what_it_was_made_of(trained):
    folder, progress = trained
    card = open_package(folder).card
    assert [output.task for output in card.outputs] == ["syndrome", "seizure", ""]
    assert card.events is not None
    assert card.simulated
    assert "No recording of a person was used" in card.trained_on
    assert card.training["windows_seen"] == 24
    assert card.metrics["held_out"]["patients"] == 1
    assert {p.stage for p in progress} == {"simulating", "training", "validating", "testing"}
    assert all(1 <= p.done <= p.total for p in progress)
    assert (folder.parent / "package.work" / "learning_curve.png").exists()


def test_the_card_holds_numbers_that_json_knows(trained):
    text = (trained[0] / "card.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} on the card"))


def test_no_child_is_on_two_sides_whatever_the_seed():
    sides = [
        [order.seed for order in make(Recipe(seed=seed))]
        for seed in (0, 1, 99)
        for make in (training_orders, validation_orders, held_out_orders)
    ]
    together = [seed for side in sides for seed in side]
    assert len(together) == len(set(together))


def test_every_syndrome_has_as_many_children():
    for make in (training_orders, validation_orders, held_out_orders):
        counts = np.bincount([order.syndrome for order in make(Recipe())], minlength=len(SYNDROMES))
        assert len(set(counts)) == 1


def test_a_run_that_was_begun_is_not_begun_again_unasked(tmp_path):
    work = tmp_path / "work"
    steps = train_dsmn_ess(tmp_path / "package", RECIPE, work)
    next(steps)
    steps.close()
    with pytest.raises(TrainingError, match="--resume"):
        next(train_dsmn_ess(tmp_path / "package", RECIPE, work))


def test_drawn_windows_are_few_clear_and_mostly_between_seizures():
    order = order_patients(100_000, 6, minutes=1.5, most_windows=12, varied=True)[1]
    windows = simulate_patient(order).windows
    assert len(windows) == 12
    assert set(windows.seizure.tolist()) <= {0, 1}
    assert windows.seizure.sum() <= 3
    assert set(windows.patient.tolist()) == {order.seed}
    assert set(windows.syndrome.tolist()) == {1}
    assert np.isfinite(windows.eeg).all()
    assert 0.3 < windows.eeg.astype(np.float32).std() < 20.0


def test_some_training_children_lack_electrodes_and_no_validation_child_does():
    seeds = [order.seed for order in training_orders(RECIPE)]
    lacking = [dsmn_patients.draw_missing(seed) for seed in range(seeds[0], seeds[0] + 60)]
    assert 0.2 < np.mean([bool(missing) for missing in lacking]) < 0.8
    order = validation_orders(dataclasses.replace(RECIPE, patient_minutes=0.3))[0]
    assert simulate_patient(order).windows.present.all()


def test_children_that_are_kept_are_not_simulated_again(tmp_path, monkeypatch):
    orders = order_patients(100_000, 1, minutes=0.3)
    (first,) = simulate_patients(orders, tmp_path)
    monkeypatch.setattr(dsmn_patients, "simulate_patient", lambda order: pytest.fail("simulated again"))
    (second,) = simulate_patients(orders, tmp_path)
    np.testing.assert_array_equal(first.windows.eeg, second.windows.eeg)
    assert first.seizures == second.seizures
    assert first.duration_s == second.duration_s


def test_children_that_were_made_otherwise_are_simulated_again(tmp_path):
    list(simulate_patients(order_patients(100_000, 1, minutes=0.3), tmp_path))
    (patient,) = simulate_patients(order_patients(100_000, 1, minutes=0.4), tmp_path)
    assert patient.duration_s == pytest.approx(24.0)


def test_a_child_has_the_syndrome_that_its_windows_agree_on():
    said = np.full((5, 6), 0.1)
    said[:, 2], said[0, 4] = 0.5, 0.9
    assert vote_syndrome(said) == 2


def test_the_recipe_can_be_asked_for_by_name():
    assert RECIPES["dsmn-ess"].module == "inference.training.dsmn_ess"
