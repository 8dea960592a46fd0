import pytest

from inference.errors import TrainingError
from inference.recordings.recording import ChannelKind
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


def test_no_seed_is_shared_by_training_validation_and_test():
    recipe = Recipe()
    assert max(recipe.n_patients, recipe.n_validation, recipe.n_test) <= SEEDS_PER_RECIPE
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
