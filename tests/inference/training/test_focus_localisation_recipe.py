from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.errors import TrainingError
from inference.models.focus_localisation import FocusConfig, FocusLocalisation
from inference.runtime.package import open_package
from inference.runtime.session import NetworkSession
from inference.simulate.foci import simulate_focus
from inference.training import focus_localisation
from inference.training.export import load_weights
from inference.training.focus_localisation import (
    INPUTS,
    MAX_RECIPE_SEED,
    SEEDS_PER_RECIPE,
    TEST_SEEDS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    Recipe,
    train_focus_localisation,
)
from inference.training.focus_patients import (
    ChannelDraws,
    PreparedPatient,
    find_patient,
    keep_patient,
    prepare_channels,
    prepare_patient,
)
from inference.training.focus_scores import (
    PatientScore,
    area_under_curve,
    balanced_accuracy,
    describe_scores,
    named_focus,
    named_focus_by_window,
)
from inference.training.loop import LoopSettings
from inference.training.recipes import RECIPES

LOOP = LoopSettings(n_steps=3, batch_size=4, warm_up_steps=1, precision="float32")
SHORT = Recipe(n_patients=2, patient_minutes=0.5, n_validation=1, n_test=1, test_minutes=0.5, loop=LOOP)


def made_up_patient(n_channels=6):
    rng = np.random.default_rng(0)
    signals = rng.normal(0, 50, (n_channels, 2560)).astype(np.float16)
    return PreparedPatient(7, "depth", signals, (np.arange(n_channels) < 2).astype(np.int64))


# --- the recipe -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Stopped after a step, resumed without simulating again, and finished."""
    folder = tmp_path_factory.mktemp("focus") / "package"
    for progress in train_focus_localisation(folder, SHORT):
        if (progress.stage, progress.done) == ("training", 1):
            break
    with pytest.raises(TrainingError, match="--resume"):
        next(train_focus_localisation(folder, SHORT))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(focus_localisation, "simulate_focus", None)
        resumed = train_focus_localisation(folder, SHORT, resume=True)
        stages = [next(resumed) for _ in range(4)]
    assert [(progress.stage, progress.done) for progress in stages] == [
        ("simulating", 1),
        ("simulating", 2),
        ("simulating", 3),
        ("training", 2),
    ]
    for _ in resumed:
        pass
    return folder


def test_a_training_that_was_stopped_ends_with_the_weights_of_one_that_was_not(package, tmp_path):
    network = FocusLocalisation(FocusConfig(n_patients=SHORT.n_patients))
    for progress in train_focus_localisation(tmp_path / "whole", SHORT):
        if progress.stage == "validating":
            break
    shipped = load_weights(package, network)
    (whole,) = (tmp_path / "whole.work" / "checkpoint").glob("*.safetensors")
    averaged = {
        name.removeprefix("averaged/module."): value
        for name, value in focus_weights(whole).items()
        if name.startswith("averaged/module.")
    }
    assert averaged
    assert all(torch.equal(value, averaged[name]) for name, value in shipped.state_dict().items() if name in averaged)


def focus_weights(path):
    from safetensors.torch import load_file

    return load_file(path)


def test_the_card_says_what_it_was_trained_on_and_how_held_out_patients_fared(package):
    card = open_package(package).card
    assert card.simulated
    assert "No recording of a person" in card.trained_on
    assert "not to be used for planning surgery" in card.trained_on
    assert card.metrics["held_out"]["all"]["patients"] == 1
    assert card.training["steps"] == 3
    assert {path.name for path in (package.parent / "package.work").iterdir()} == {
        "learning_curve.png",
        "learning_curve.tsv",
    }


def test_the_graph_gives_the_calibrated_answer_of_the_balanced_network(package):
    card = open_package(package).card
    network = load_weights(package, FocusLocalisation(FocusConfig(n_patients=SHORT.n_patients)))
    session = NetworkSession(open_package(package), "cpu")
    generator = torch.Generator().manual_seed(1)
    for n_windows in (1, 3, 8):
        signal = 100.0 * torch.randn(n_windows, 5120, generator=generator)
        with torch.no_grad():
            logits = network(signal) + torch.tensor([0.0, card.calibration["prior_offset"]])
        expected = torch.softmax(logits / card.calibration["temperature"], dim=-1)
        found = session.run({"signal": signal.numpy()})["probability"]
        assert np.abs(found - expected.numpy()).max() <= 1e-4


def test_no_seed_is_shared_by_training_validation_and_test():
    recipe = Recipe()
    assert max(recipe.n_patients, recipe.n_validation, recipe.n_test) <= SEEDS_PER_RECIPE
    reach = SEEDS_PER_RECIPE * MAX_RECIPE_SEED
    assert TRAINING_SEEDS + reach <= VALIDATION_SEEDS
    assert VALIDATION_SEEDS + reach <= TEST_SEEDS


def test_a_seed_that_would_mix_the_patients_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="seed"):
        next(train_focus_localisation(tmp_path, replace(SHORT, seed=MAX_RECIPE_SEED)))


def test_the_recipe_is_one_of_those_that_the_command_knows():
    assert RECIPES["focus-localisation"].module == focus_localisation.__name__


# --- patients -------------------------------------------------------------------------------------------------------


def test_a_patient_is_prepared_alike_at_both_rates():
    # Fast activity that only the higher rate holds lies above the network's band.
    slow, fast = (simulate_focus(2, 30.0, rate_hz, site="scalp").recording for rate_hz in (256.0, 512.0))
    at_256, at_512 = (prepare_channels(recording, INPUTS)[:, 512:-512] for recording in (slow, fast))
    assert at_256.shape == at_512.shape
    agreement = [np.corrcoef(a, b)[0, 1] for a, b in zip(at_256, at_512, strict=True)]
    assert np.median(agreement) > 0.9


def test_a_kept_patient_comes_back_and_another_one_does_not(tmp_path):
    patient = prepare_patient(simulate_focus(2, 2.0, 256.0), INPUTS)
    keep_patient(tmp_path, patient, {"seed": 2})
    found = find_patient(tmp_path, {"seed": 2})
    assert np.array_equal(found.signals, patient.signals)
    assert np.array_equal(found.label, patient.label)
    assert find_patient(tmp_path, {"seed": 3}) is None


def test_a_batch_is_half_focal_and_the_same_at_every_call():
    draws = ChannelDraws([made_up_patient(), made_up_patient(9)], 1024, seed=3, noise=0.1)
    first, again, other = draws.batch(5, 8), draws.batch(5, 8), draws.batch(6, 8)
    assert first.windows.shape == (8, 1024)
    assert int(first.label.sum()) == 4
    assert torch.equal(first.windows, again.windows)
    assert not torch.equal(first.windows, other.windows)


# --- scores ---------------------------------------------------------------------------------------------------------


def test_scores_of_a_patient_are_those_of_their_definitions():
    log_odds = np.array([[3.0, 1.0, -1.0, -2.0], [-1.0, 0.0, 2.0, -2.0]])
    score = PatientScore(0, "depth", log_odds, np.array([1, 0, 0, 0]))
    # Mean log odds: 1.0, 0.5, 0.5, -2.0.
    assert named_focus(score) == 1.0
    assert named_focus_by_window(score) == 0.5
    assert area_under_curve(score) == 1.0
    assert balanced_accuracy(score) == pytest.approx((1 + 1 / 3) / 2)
    tied = PatientScore(0, "depth", np.zeros((1, 4)), np.array([1, 0, 0, 0]))
    assert area_under_curve(tied) == 0.5


def test_intervals_are_across_patients():
    hit = PatientScore(0, "depth", np.array([[1.0, 0.0]]), np.array([1, 0]))
    miss = PatientScore(1, "depth", np.array([[0.0, 1.0]]), np.array([1, 0]))
    described = describe_scores([hit, hit, miss, miss])
    assert described["named_focus"]["mean"] == 0.5
    low, high = described["named_focus"]["interval"]
    assert low <= 0.25
    assert high >= 0.75
    assert described["chance"] == 0.5
