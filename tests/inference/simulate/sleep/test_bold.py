from dataclasses import replace

import numpy as np
import pytest

from inference.imaging.parcels import load_parcels
from inference.simulate.sleep.bold import STEP_S, TR_S, EegDrive, neural_drive, simulate_bold
from inference.simulate.sleep.course import SleepCourse, plan_sleep
from inference.simulate.sleep.patients import Setting, draw_sleeper

N_EPOCHS = 24
PLAIN = replace(
    draw_sleeper(0, Setting.SCANNER).haemodynamics,
    amplitude=1.0,
    network_gain=(1.0,) * 7,
    global_gain=1.0,
    state_gain=1.0,
    eeg_gain=0.0,
)


def course(stage: str, seed: int = 0) -> SleepCourse:
    return plan_sleep((stage,) * N_EPOCHS, seed)


def no_eeg(n: int = round(N_EPOCHS * 30 / STEP_S)) -> EegDrive:
    silence = np.zeros(n, dtype=np.float32)
    return EegDrive(silence, silence, silence)


def drives(stage: str, traits=PLAIN) -> np.ndarray:
    volumes = N_EPOCHS * 14
    return np.concatenate([neural_drive(course(stage), no_eeg(), traits, seed, volumes) for seed in range(4)])


def coupling(stage: str) -> float:
    """Mean correlation within networks, without what all regions share."""
    drive = drives(stage, replace(PLAIN, global_gain=0.0))
    networks = np.array([parcel.network for parcel in load_parcels()])
    correlation = np.corrcoef(drive.T)
    same = (networks[:, None] == networks) & ~np.eye(100, dtype=bool)
    return float(correlation[same].mean())


def test_networks_hold_together_in_light_sleep_and_fall_apart_in_deep_sleep():
    assert coupling("N1") == pytest.approx(coupling("W"), abs=0.1)
    assert coupling("N3") < 0.7 * coupling("W")
    assert coupling("N2") > coupling("N3")


def test_what_all_regions_share_swells_on_falling_asleep():
    shared = {stage: drives(stage).mean(axis=1).std() for stage in ("W", "N1", "N3")}
    assert shared["N1"] > 1.4 * shared["W"]
    assert shared["N1"] > 1.2 * shared["N3"]


def test_alpha_takes_bold_away_from_visual_cortex_alone():
    traits = replace(PLAIN, eeg_gain=1.0)
    bursts = np.zeros(no_eeg().alpha.size, dtype=np.float32)
    bursts[500:900] = 1.0
    with_alpha = neural_drive(course("W"), replace(no_eeg(), alpha=bursts), traits, 0, 300)
    change = (with_alpha - neural_drive(course("W"), no_eeg(), traits, 0, 300)).mean(axis=0)
    visual = np.array([parcel.network == "Vis" for parcel in load_parcels()])
    assert (change[visual] < 0).all()
    assert not change[~visual].any()


def test_the_run_covers_the_recording_and_changes_by_some_percent():
    bold = simulate_bold(course("N2"), no_eeg(), PLAIN, seed=6)
    assert bold.series.shape == (np.ceil(N_EPOCHS * 30 / TR_S), 100)
    assert bold.motion.shape == (len(bold.series), 6)
    assert np.isfinite(bold.series).all()
    assert 0.5 < bold.series.std(axis=0).mean() < 4.0


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    first, again, other = (simulate_bold(course("W"), no_eeg(), PLAIN, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.series, again.series)
    assert np.abs(np.corrcoef(first.series[:, 0], other.series[:, 0])[0, 1]) < 0.9


def test_flow_never_stops_however_strong_the_drive():
    wild = replace(PLAIN, amplitude=20.0)
    assert np.isfinite(simulate_bold(course("N1"), no_eeg(), wild, seed=3).series).all()
