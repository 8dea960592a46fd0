import pytest
from safetensors.torch import load_file

from inference.errors import TrainingError
from inference.recordings.recording import ChannelKind
from inference.runtime.package import WEIGHTS_NAME, open_package
from inference.training import iess_fusionnet
from inference.training.iess_fusionnet import (
    MAX_RECIPE_SEED,
    SEEDS_PER_RECIPE,
    TEST_SEEDS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    Recipe,
    held_out_seeds,
    train_iess_fusionnet,
    without_emg,
)
from inference.training.loop import LoopSettings

SHORT = Recipe(
    n_rounds=2,
    n_patients=2,
    patient_minutes=1.0,
    n_validation=1,
    validation_minutes=1.0,
    n_test=1,
    test_minutes=0.5,
    device="cpu",
    n_threads=1,
    loop=LoopSettings(n_steps=4, batch_size=4, warm_up_steps=1),
)


def test_a_training_that_was_stopped_goes_on_without_simulating_again_and_makes_the_same_network(tmp_path, monkeypatch):
    for progress in train_iess_fusionnet(tmp_path / "whole", SHORT):
        if progress.stage == "validating":
            break
    for progress in train_iess_fusionnet(tmp_path / "stopped", SHORT):
        if (progress.stage, progress.done, progress.note[:7]) == ("training", 1, "round 2"):
            break
    with pytest.raises(TrainingError, match="--resume"):
        next(train_iess_fusionnet(tmp_path / "stopped", SHORT))
    with monkeypatch.context() as patched:
        patched.setattr(iess_fusionnet, "simulate_infant", None)
        resumed = train_iess_fusionnet(tmp_path / "stopped", SHORT, resume=True)
        stages = [next(resumed) for _ in range(5)]
    assert [(progress.stage, progress.done) for progress in stages[2:]] == [
        ("simulating", 1),
        ("simulating", 2),
        ("training", 2),
    ]
    patients = {path.name for path in (tmp_path / "stopped.work" / "patients").iterdir()}
    assert patients == {str(TRAINING_SEEDS + index) for index in range(4)}
    for _ in resumed:
        pass
    (whole,) = (tmp_path / "whole.work" / "checkpoint" / "round-2").glob("*.safetensors")
    trained, shipped = load_file(whole), load_file(tmp_path / "stopped" / WEIGHTS_NAME)
    prefix, calibrated = "averaged/module.", "classifier.decide.bias"
    learnt = {name.removeprefix(prefix) for name in trained if name.startswith(prefix)} - {calibrated}
    assert "classifier.decide.weight" in learnt
    assert all((trained[prefix + name] == shipped[f"body.{name}"]).all() for name in learnt)
    assert open_package(tmp_path / "stopped").card.training["steps"] == 7
    assert {path.name for path in (tmp_path / "stopped.work").iterdir()} == {"learning_curve.png", "learning_curve.tsv"}


def test_no_seed_is_shared_by_training_validation_and_test():
    recipe = Recipe()
    assert max(recipe.n_rounds * recipe.n_patients, recipe.n_validation, recipe.n_test) <= SEEDS_PER_RECIPE
    reach = SEEDS_PER_RECIPE * MAX_RECIPE_SEED
    assert TRAINING_SEEDS + reach <= VALIDATION_SEEDS
    assert VALIDATION_SEEDS + reach <= TEST_SEEDS
    assert len(held_out_seeds(recipe)) >= 6


@pytest.mark.parametrize("recipe", [Recipe(seed=-1), Recipe(seed=MAX_RECIPE_SEED)])
def test_a_seed_that_would_mix_the_patients_is_refused(recipe, tmp_path):
    with pytest.raises(TrainingError, match="seed"):
        next(train_iess_fusionnet(tmp_path, recipe))


def test_a_routine_eeg_has_nineteen_electrodes_and_no_emg(case):
    recording = without_emg(case)
    assert len(recording.channels) == 19
    assert not recording.of_kind(ChannelKind.EMG)
    assert recording.duration_s == case.recording.duration_s
