import numpy as np
import pytest

from inference.signals.sleep_windows import BoldRun, gather_bold, gather_eeg, prepare_bold


def numbered_epochs(n: int = 5) -> np.ndarray:
    return np.arange(1.0, n + 1)[:, None, None] * np.ones((n, 2, 10))


def test_each_epoch_comes_with_the_one_before_and_the_one_after():
    eeg, present = gather_eeg(numbered_epochs(), [True, True], [1, 3])
    assert eeg[..., 0, 0].tolist() == [[1, 2, 3], [3, 4, 5]]
    assert present.min() == 1
    assert eeg.dtype == present.dtype == np.float32


def test_there_is_nothing_before_the_first_epoch_and_after_the_last():
    eeg, present = gather_eeg(numbered_epochs(), [True, True], [0, 4])
    assert eeg[..., 0, 0].tolist() == [[0, 1, 2], [4, 5, 0]]
    assert present[..., 0].tolist() == [[0, 1, 1], [1, 1, 0]]


def test_a_gap_takes_away_its_electrode_in_its_epoch_only():
    epochs = numbered_epochs()
    epochs[2, 1, 4] = np.nan
    eeg, present = gather_eeg(epochs, [True, True], [2])
    assert present[0].tolist() == [[1, 1], [1, 0], [1, 1]]
    assert np.isfinite(eeg).all()
    assert gather_eeg(epochs, [True, False], [2])[1][0, :, 1].tolist() == [0, 0, 0]


def test_bold_is_standardised_by_region_and_silent_regions_are_zero():
    series = np.random.default_rng(1).normal(800, 12, (200, 3))
    series[:, 1] = 500.0
    series[7] = np.nan
    series[:, 2] = np.nan
    run = prepare_bold(series, 4.0, 2.1, 2.1)
    assert (run.onset_s, run.tr_s) == (4.0, 2.1)
    kept = np.delete(run.series[:, 0], 7)
    assert (kept.mean(), kept.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))
    assert not run.series[:, 1:].any()
    assert not run.series[7].any()


def test_another_tr_is_resampled_and_every_volume_keeps_its_time():
    def middle_s(run: BoldRun) -> np.ndarray:
        return run.onset_s + (np.arange(len(run.series)) + 0.5) * run.tr_s

    tr_s, onset_s = 2.52, 10.0
    times_s = onset_s + (np.arange(240) + 0.5) * tr_s
    run = prepare_bold(np.sin(2 * np.pi * 0.02 * times_s)[:, None], onset_s, tr_s, 2.1)
    assert run.tr_s == 2.1
    expected = np.sqrt(2) * np.sin(2 * np.pi * 0.02 * middle_s(run))
    np.testing.assert_allclose(run.series[20:-20, 0], expected[20:-20], atol=0.05)


def test_the_context_is_centred_on_the_epoch():
    run = BoldRun(np.arange(300.0, dtype=np.float32)[:, None], 5.0, 2.1)
    bold, present = gather_bold(run, [300.0], 30.0, 42)
    assert bold.shape == (1, 1, 42)
    middles_s = run.onset_s + (bold[0, 0] + 0.5) * run.tr_s
    assert abs(middles_s.mean() - 315.0) <= run.tr_s / 2
    assert present.tolist() == [[1.0]]


def test_outside_the_run_there_is_no_fmri_and_at_its_edges_the_context_is_padded():
    run = BoldRun(np.ones((100, 4), dtype=np.float32), 60.0, 2.1)
    bold, present = gather_bold(run, [0.0, 30.0, 60.0, 240.0, 270.0, 9000.0], 30.0, 42)
    assert present[:, 0].tolist() == [0, 0, 1, 1, 0, 0]
    assert not bold[[0, 1, 4, 5]].any()
    assert 0 < bold[2].mean() < 1
