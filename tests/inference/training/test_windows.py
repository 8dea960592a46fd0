from dataclasses import replace

import numpy as np
import torch

from inference.simulate.truth import Role, TruthEvent
from inference.training.windows import (
    BEGINNING_S,
    NEGATIVE_REACH_S,
    POSITIVE_REACH_S,
    WindowSampler,
    label_frames,
)
from tests.inference.training.conftest import SMALL


def test_labels_say_beginning_of_a_spasm_none_or_too_close_to_tell(features):
    labels = label_frames(features)
    centre_s = np.arange(features.n_frames) * features.frame_s
    for time_s, label in zip(centre_s, labels, strict=True):
        apart_s = min(max(event.onset_s - time_s, time_s - event.end_s, 0.0) for event in features.spasms)
        begun_s = [event.onset_s + min(event.duration_s, BEGINNING_S) for event in features.spasms]
        from_beginning_s = min(
            max(event.onset_s - time_s, time_s - end_s, 0.0)
            for event, end_s in zip(features.spasms, begun_s, strict=True)
        )
        if from_beginning_s < POSITIVE_REACH_S - features.frame_s:
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
    assert batch.eeg_power.shape == (20, 33, 25, SMALL.window_frames)
    assert batch.emg_power.shape == (20, 32, 4, SMALL.window_frames)
    assert int(batch.target.sum()) == 8
    assert torch.isfinite(batch.eeg_power).all()


def test_an_infant_is_shown_as_often_as_the_square_root_of_its_spasms(features):
    single = replace(features, truth=features.spasms[:1])
    sampler = WindowSampler([features, single], SMALL, seed=0)
    n_many = len(sampler._spasms[0])
    drawn = [sampler._draw_spasm(np.random.default_rng(seed))[0] for seed in range(400)]
    assert n_many >= 4
    np.testing.assert_allclose(np.mean(drawn), 1 / (1 + np.sqrt(n_many)), atol=0.06)


def test_every_kind_of_decoy_is_shown_as_often_as_any_other(features):
    calm_s = np.flatnonzero(label_frames(features) == 0)[[300, -300]] * features.frame_s
    frequent, rare = (TruthEvent(onset_s, 0.2, label) for onset_s, label in zip(calm_s, ("often", "once"), strict=True))
    truth = tuple(event for event in features.truth if event.role is not Role.NEGATIVE)
    sampler = WindowSampler([replace(features, truth=(*truth, *[frequent] * 50, rare))], SMALL, seed=0)
    drawn = [sampler._draw_negative(np.random.default_rng(seed), near_decoy=True)[1].mean() for seed in range(200)]
    shares = np.unique(drawn, return_counts=True)[1] / 200
    np.testing.assert_allclose(shares, [0.5, 0.5], atol=0.12)
