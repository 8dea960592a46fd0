import numpy as np
import torch

from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.training.windows import (
    _MIRRORED,
    NEGATIVE_REACH_S,
    POSITIVE_REACH_S,
    Variation,
    WindowSampler,
    draw_electrodes,
    draw_muscles,
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


def test_mirroring_swaps_left_and_right_and_keeps_the_midline():
    assert [_MIRRORED[i] for i in _MIRRORED] == list(range(len(IFCN_ELECTRODES)))
    names = {name: IFCN_ELECTRODES[_MIRRORED[i]] for i, name in enumerate(IFCN_ELECTRODES)}
    assert (names["T9"], names["P8"], names["Cz"]) == ("T10", "P7", "Cz")


def test_electrodes_and_muscles_are_left_out_as_often_as_asked():
    rng, variation = np.random.default_rng(0), Variation()
    counts = [int(draw_electrodes(rng, variation).sum()) for _ in range(2000)]
    assert min(counts) == variation.fewest_electrodes
    assert abs(counts.count(19) / 2000 - variation.ten_twenty) < 0.05
    muscles = [int(draw_muscles(rng, variation, 4).sum()) for _ in range(2000)]
    assert abs(muscles.count(0) / 2000 - variation.no_emg) < 0.05
    assert set(muscles) == {0, 1, 2, 3, 4}
