import numpy as np
import torch

from inference.training.windows import (
    NEGATIVE_REACH_S,
    POSITIVE_REACH_S,
    WindowSampler,
    label_frames,
)
from tests.inference.training.conftest import SMALL


def test_labels_say_spasm_none_or_too_close_to_tell(features):
    labels = label_frames(features)
    centre_s = np.arange(features.n_frames) * features.frame_s
    for time_s, label in zip(centre_s, labels, strict=True):
        apart_s = min(max(event.onset_s - time_s, time_s - event.end_s, 0.0) for event in features.spasms)
        if apart_s < POSITIVE_REACH_S - features.frame_s:
            assert label == 1
        elif apart_s > NEGATIVE_REACH_S + features.frame_s:
            assert label == 0


def test_the_batch_of_a_step_depends_on_seed_and_step_alone(features):
    first, second = WindowSampler([features], SMALL, seed=3), WindowSampler([features], SMALL, seed=3)
    first.batch(0, 8)
    for ours, theirs in zip(first.batch(2, 8), second.batch(2, 8), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(second.batch(2, 8).eeg_power, second.batch(3, 8).eeg_power)


def test_batches_are_balanced_and_shaped_as_the_network_takes_them(features):
    batch = WindowSampler([features], SMALL, seed=0).batch(0, 20)
    assert batch.eeg_power.shape == (20, 32, 25, SMALL.window_frames)
    assert batch.emg_power.shape == (20, 32, 4, SMALL.window_frames)
    assert int(batch.target.sum()) == 8
    assert torch.isfinite(batch.eeg_power).all()
