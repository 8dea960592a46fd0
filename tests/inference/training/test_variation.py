from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from inference.models.blocks import morlet
from inference.models.blocks.morlet import POWER_FLOOR
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.training.variation import (
    MIRRORED,
    Variation,
    Window,
    compress,
    draw_electrodes,
    draw_muscles,
    expand,
    mix,
    vary,
)
from tests.inference.training.conftest import SMALL

NONE = Variation(**{field.name: 0.0 for field in fields(Variation) if field.name != "fewest_electrodes"})
N_FRAMES = 16
N_POWERS = SMALL.eeg_wavelets.n_frequencies
N_FEATURES = SMALL.eeg_wavelets.n_features


def window(seed: int = 0) -> Window:
    rng = np.random.default_rng(seed)
    eeg = rng.normal(size=(N_FEATURES, 25, N_FRAMES)).astype(np.float32)
    emg = rng.normal(size=(32, 4, N_FRAMES)).astype(np.float32)
    return Window(eeg, emg, np.ones(25, np.float32), np.ones(4, np.float32))


def changes(**settings: float) -> tuple[np.ndarray, np.ndarray]:
    """Give what one kind of variation adds to windows of constant power, (windows, frequencies, channels, frames)."""
    eeg, emg = np.zeros((N_FEATURES, 25, N_FRAMES), np.float32), np.zeros((32, 4, N_FRAMES), np.float32)
    level = window()._replace(eeg=eeg, emg=emg)
    variation = replace(NONE, **settings)
    drawn = [vary(level, SMALL, np.random.default_rng(seed), variation) for seed in range(200)]
    return np.stack([w.eeg[:N_POWERS] for w in drawn]), np.stack([w.emg for w in drawn])


def test_without_variation_a_window_is_itself_or_its_mirror_image():
    original = window()
    mirrored = 0
    for seed in range(40):
        varied = vary(original, SMALL, np.random.default_rng(seed), NONE)
        as_it_was, swapped = (
            np.allclose(varied.eeg, eeg, atol=1e-6) for eeg in (original.eeg, original.eeg[:, MIRRORED])
        )
        assert as_it_was or swapped
        mirrored += swapped
        assert sorted(varied.emg.sum((0, 2))) == pytest.approx(sorted(original.emg.sum((0, 2))), abs=1e-4)
    assert 10 < mirrored < 30


def test_mirroring_swaps_left_and_right_and_keeps_the_midline():
    assert [MIRRORED[i] for i in MIRRORED] == list(range(len(IFCN_ELECTRODES)))
    names = {name: IFCN_ELECTRODES[MIRRORED[i]] for i, name in enumerate(IFCN_ELECTRODES)}
    assert (names["T9"], names["P8"], names["Cz"]) == ("T10", "P7", "Cz")


def test_a_mirrored_window_keeps_each_electrode_with_its_mask():
    original = window()
    original.eeg_present[IFCN_ELECTRODES.index("T9")] = 0.0
    original.eeg[:, IFCN_ELECTRODES.index("T9")] = 20.0
    for seed in range(10):
        varied = vary(original, SMALL, np.random.default_rng(seed), NONE)
        assert not (varied.eeg * varied.eeg_present[:, None] > 10.0).any()


def test_gains_are_as_large_as_asked_and_alike_at_all_times():
    eeg, emg = changes(eeg_gain=0.5)
    assert np.std(eeg[:, 0, 0, 0]) == pytest.approx(0.5, rel=0.2)
    assert not np.ptp(eeg, axis=(1, 2, 3)).any()
    assert not emg.any()
    eeg, emg = changes(emg_gain=0.7, electrode_gain=0.3)
    assert np.std(emg[:, 0, :, 0]) == pytest.approx(0.7, rel=0.2)
    assert np.std(eeg[:, 0, :, 0]) == pytest.approx(0.3, rel=0.2)
    assert not np.ptp(emg, axis=(1, 3)).any()


def test_tilts_are_smooth_over_frequency_and_leave_time_alone():
    eeg, emg = changes(eeg_tilt=0.5, emg_tilt=0.5)
    for power in (eeg, emg):
        assert np.std(power[:, 0, 0, 0]) == pytest.approx(0.5, rel=0.25)
        assert np.abs(np.diff(power, axis=1)).max() < 0.5
        assert not np.ptp(power, axis=(2, 3)).any()


def test_a_regional_tilt_changes_sign_across_the_head():
    eeg, _ = changes(regional_tilt=0.5)
    left, right = (eeg[:, :, IFCN_ELECTRODES.index(name), 0] for name in ("T9", "T10"))
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] < -0.3


def test_noise_raises_what_is_silent_and_never_lowers_anything():
    eeg, emg = changes(noisy=1.0)
    assert (eeg >= 0).all()
    assert (emg >= 0).all()
    assert emg.mean() > eeg.mean() > 0
    assert not np.ptp(emg, axis=3).any()


def test_a_mixed_window_holds_both_powers_and_the_electrodes_of_both():
    ours, theirs = window(1), window(2)
    theirs.eeg_present[:5] = 0.0
    mixed = mix(ours, theirs, SMALL, np.random.default_rng(0), Variation(mixed_level=0.0))
    power, own, other = (w.eeg[:N_POWERS] for w in (mixed, ours, theirs))
    assert (power > own).all()
    level = np.log(np.exp(power) - np.exp(own)) - other
    assert np.std(level) < 1e-2
    slow, own_slow, other_slow = (expand(w.eeg[N_POWERS:]) for w in (mixed, ours, theirs))
    np.testing.assert_allclose(slow, own_slow + np.exp(np.median(level) / 2) * other_slow, atol=1e-3)
    np.testing.assert_array_equal(mixed.eeg_present, theirs.eeg_present)
    np.testing.assert_array_equal(mixed.emg, ours.emg)


def test_a_slow_recorder_knows_nothing_above_its_band():
    eeg, _ = changes(slow_recorder=1.0)
    silent = eeg[:, :, 0, 0] == np.float32(np.log(POWER_FLOOR))
    highest = np.array(SMALL.eeg_wavelets.frequencies_hz)[np.argmax(silent, axis=1)]
    assert silent[:, -1].all()
    assert 40.0 <= highest.min() <= highest.max() < 70.0


def test_a_masked_band_tells_nothing_of_time_or_place():
    original = window()
    hidden = 0
    for seed in range(20):
        varied = vary(original, SMALL, np.random.default_rng(seed), replace(NONE, masked=1.0))
        flat = np.ptp(varied.eeg[:N_POWERS], axis=(1, 2)) == 0
        assert 1 <= flat.sum() <= 6
        hidden += flat.sum()
    assert hidden > 40


def test_the_slow_signal_is_scaled_with_the_lowest_power_and_keeps_its_sign():
    original = window()
    for seed in range(20):
        varied = vary(original, SMALL, np.random.default_rng(seed), replace(NONE, eeg_gain=0.5, electrode_gain=0.5))
        gain = varied.eeg[0] - original.eeg[0]
        if np.ptp(gain, axis=-1).max() > 1e-5:
            continue  # Mirrored: electrodes stand elsewhere.
        expected = np.exp(gain / 2) * expand(original.eeg[N_POWERS])
        np.testing.assert_allclose(expand(varied.eeg[N_POWERS]), expected, rtol=1e-3, atol=1e-4)
        break
    else:
        raise AssertionError("every window was mirrored")


def test_a_hidden_slow_signal_says_nothing_and_leaves_the_powers_alone():
    varied = vary(window(), SMALL, np.random.default_rng(0), replace(NONE, slow_masked=1.0))
    assert not varied.eeg[N_POWERS:].any()
    assert varied.eeg[:N_POWERS].any(axis=(1, 2)).all()


def test_slow_signals_are_compressed_and_expanded_as_the_front_end_does():
    signal = np.array([-20.0, -1.0, 0.0, 0.3, 7.0])
    np.testing.assert_allclose(compress(signal), morlet.compress(torch.from_numpy(signal)).numpy(), atol=1e-12)
    np.testing.assert_allclose(expand(compress(signal)), signal, atol=1e-12)


def test_electrodes_and_muscles_are_left_out_as_often_as_asked():
    rng, variation = np.random.default_rng(0), Variation()
    counts = [int(draw_electrodes(rng, variation).sum()) for _ in range(2000)]
    assert min(counts) == variation.fewest_electrodes
    assert abs(counts.count(19) / 2000 - variation.ten_twenty) < 0.05
    muscles = [int(draw_muscles(rng, variation, 4).sum()) for _ in range(2000)]
    assert abs(muscles.count(0) / 2000 - variation.no_emg) < 0.05
    assert set(muscles) == {0, 1, 2, 3, 4}
