from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.errors import TrainingError
from inference.models.sleep_staging import CLASSES, ELECTRODES
from inference.runtime.sleep_inputs import BoldSignals
from inference.signals.sleep_windows import BoldRun
from inference.simulate.sleep.night import simulate_sleep
from inference.simulate.sleep.patients import Setting
from inference.training.sleep_sessions import (
    CONFIG,
    Hiding,
    SleepSampler,
    SleepSession,
    bold_run,
    find_session,
    gather,
    keep_session,
    prepare_session,
)

STAGES = ("W", "W", "N1", "N2", "?", "N2")


@pytest.fixture(scope="module")
def session() -> SleepSession:
    slept = tuple("N2" if stage == "?" else stage for stage in STAGES)
    case = simulate_sleep(3, 0.0, 128.0, stages=slept, setting=Setting.SCANNER)
    assert case.bold is not None
    return prepare_session("3", case.recording, STAGES, bold_run(BoldSignals(case.bold.series, 0.0, 2.1)))


def made(stages: list[int], bold: bool = True) -> SleepSession:
    """A session whose epochs hold their own number."""
    n = len(stages)
    numbers = np.arange(n, dtype=np.float16)[:, None, None]
    epochs = np.broadcast_to(numbers, (n, len(ELECTRODES), CONFIG.epoch_samples))
    series = np.ones((15 * n, CONFIG.n_regions), dtype=np.float32)
    run = BoldRun(series, 0.0, CONFIG.tr_s) if bold else None
    return SleepSession("made", epochs, np.ones(len(ELECTRODES), bool), run, np.array(stages))


def test_aligned_epochs_have_about_the_identity_for_covariance(session):
    epochs = session.epochs.astype(np.float64)
    covariance = np.mean([epoch @ epoch.T / epoch.shape[1] for epoch in epochs], axis=0)
    values = np.linalg.eigvalsh(covariance)
    # The average reference takes one direction away.
    np.testing.assert_allclose(values[1:], 1.0, atol=0.02)
    assert values[0] < 0.02


def test_what_nobody_scored_is_unknown_and_not_drawn(session):
    assert session.stage.tolist() == [0, 0, 1, 2, -1, 2]
    assert session.scored.tolist() == [0, 1, 2, 3, 5]
    assert -1 not in SleepSampler([session], 0).batch(0, 64).stage


def test_a_session_that_was_kept_is_found_again_and_another_is_not(session, tmp_path):
    keep_session(tmp_path, session, {"seed": 3})
    found = find_session(tmp_path, {"seed": 3})
    assert found is not None
    np.testing.assert_array_equal(found.epochs, session.epochs)
    np.testing.assert_array_equal(found.bold.series, session.bold.series)
    assert (found.subject, found.stage.tolist()) == (session.subject, session.stage.tolist())
    assert find_session(tmp_path, {"seed": 4}) is None
    (tmp_path / "epochs.npy").unlink()
    assert find_session(tmp_path, {"seed": 3}) is None


def test_a_batch_is_what_the_network_takes_and_hides_what_is_not_wanted():
    session = made([0, 1, 2])
    batch = gather(session, [0, 1])
    assert batch.eeg.shape == (2, 3, 19, 3000)
    assert batch.eeg[1, :, 0, 0].tolist() == [0, 1, 2]
    assert batch.eeg_present[0, :, 0].tolist() == [0, 1, 1]
    assert (batch.bold.shape, batch.bold_present.tolist()) == ((2, 100, 42), [[1.0], [1.0]])
    assert not gather(session, [0, 1], eeg=False).eeg_present.any()
    assert not gather(session, [0, 1], bold=False).bold_present.any()
    assert not gather(made([0], bold=False), [0]).bold_present.any()


def test_stages_are_drawn_by_the_root_of_their_share():
    sampler = SleepSampler([made([0] * 16 + [2] * 4 + [4])], 1)
    drawn = torch.cat([sampler.batch(step, 100).stage for step in range(8)])
    shares = torch.bincount(drawn, minlength=len(CLASSES)) / len(drawn)
    np.testing.assert_allclose(shares, np.array([4, 0, 2, 0, 1]) / 7, atol=0.05)


def test_the_batch_of_a_step_depends_on_seed_and_step_alone(session):
    first, again = SleepSampler([session], 5), SleepSampler([session], 5)
    again.batch(0, 8)
    for ours, theirs in zip(first.batch(3, 8), again.batch(3, 8), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(first.batch(3, 8).eeg, first.batch(4, 8).eeg)


def test_only_the_chosen_epochs_are_drawn():
    session = made([0, 1, 2, 3])
    sampler = SleepSampler([session], 0, chosen=[np.array([1, 3])])
    assert set(sampler.batch(0, 40).stage.tolist()) == {1, 3}
    with pytest.raises(TrainingError, match="no epoch of sleep"):
        SleepSampler([session], 0, chosen=[np.zeros(0, dtype=np.int64)])


def test_fmri_and_electrodes_are_hidden_as_often_as_asked_for():
    sampler = SleepSampler([made([0, 1, 2])], 0, hiding=Hiding(bold=0.5, electrodes=0.5, fewest_electrodes=4))
    batch = sampler.batch(0, 200)
    assert 0.4 < batch.bold_present.mean() < 0.6
    n_electrodes = batch.eeg_present[:, 1].sum(dim=1)
    assert n_electrodes.min() >= 4
    assert 0.4 < (n_electrodes < 19).float().mean() < 0.6


def test_a_gap_in_the_eeg_hides_its_epoch():
    session = made([0, 1, 2])
    epochs = np.array(session.epochs)
    epochs[1] = np.nan
    batch = gather(replace(session, epochs=epochs), [1, 2])
    assert batch.eeg_present[:, :, 0].tolist() == [[1, 0, 1], [0, 1, 0]]
    assert torch.isfinite(batch.eeg).all()
