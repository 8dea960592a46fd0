from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from inference.recordings.recording import ChannelKind
from inference.simulate.sleep.bold import TR_S
from inference.simulate.sleep.course import STAGES, plan_sleep
from inference.simulate.sleep.night import VOLUME_TRIGGER, SleepCase, simulate_sleep
from inference.simulate.sleep.patients import Setting, draw_sleeper
from inference.simulate.truth import Term

RATE_HZ = 128.0
ORDER = [stage for stage in STAGES for _ in range(8)]


@pytest.fixture(scope="module")
def cases() -> list[SleepCase]:
    """Four sleepers of different age, each with eight epochs of every stage; the last lies in the scanner."""
    ages = (6.0, 25.0, 60.0)
    night = [
        simulate_sleep(seed, 0.0, RATE_HZ, stages=ORDER, patient=draw_sleeper(seed, age_years=age))
        for seed, age in enumerate(ages, 1)
    ]
    return [*night, simulate_sleep(4, 0.0, RATE_HZ, stages=ORDER, setting=Setting.SCANNER)]


def derivation(case: SleepCase, first: str, second: str) -> np.ndarray:
    names = [channel.electrode for channel in case.recording.channels]
    one, other = case.recording.read([names.index(first), names.index(second)], 0.0, case.recording.duration_s)
    return one - other


def epochs(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(ORDER), -1)


def band(x: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    return signal.sosfiltfilt(signal.butter(2, [low_hz, high_hz], "band", fs=RATE_HZ, output="sos"), x)


def band_power(x: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    hz, power = signal.welch(epochs(x), RATE_HZ, nperseg=4 * int(RATE_HZ), axis=-1)
    return power[:, (hz >= low_hz) & (hz <= high_hz)].mean(axis=1)


def slow_wave_share(x: np.ndarray) -> np.ndarray:
    """Share of each epoch in waves of 0.5-2 Hz with 75 µV and more, from one upward zero crossing to the next."""
    slow = band(x, 0.3, 4.0)
    crossings = np.flatnonzero((slow[:-1] < 0) & (slow[1:] >= 0))
    inside = np.zeros(len(x))
    for start, stop in pairwise(crossings):
        if 0.5 <= (stop - start) / RATE_HZ <= 2.0 and np.ptp(slow[start:stop]) >= 75.0:
            inside[start:stop] = 1.0
    return epochs(inside).mean(axis=1)


def of_stage(values: np.ndarray, stage: str) -> np.ndarray:
    return values[np.array(ORDER) == stage]


def mastoid(case: SleepCase) -> str:
    return "M1" if case.patient.setting is Setting.NIGHT else "TP9"


def test_deep_sleep_has_slow_waves_in_a_fifth_of_the_epoch_and_no_other_stage_has(cases):
    for case in cases:
        share = slow_wave_share(derivation(case, "F4", mastoid(case)))
        assert np.median(of_stage(share, "N3")) > 0.25
        assert (of_stage(share, "N3") >= 0.2).mean() >= 0.8
        assert all((of_stage(share, stage) < 0.2).mean() >= 0.8 for stage in ("W", "N1", "R"))
        assert np.median(of_stage(share, "N2")) < 0.2


def test_alpha_is_posterior_and_leaves_on_falling_asleep(cases):
    for case in cases[1:3]:
        hz = case.patient.rhythms.alpha_hz
        occipital = band_power(derivation(case, "O2", mastoid(case)), hz - 1, hz + 1)
        assert of_stage(occipital, "W").max() > 2 * np.median(of_stage(occipital, "N1"))


def test_spindles_are_noted_in_n2_and_n3_alone_and_are_seen_there(cases):
    for case in cases:
        spindles = [event for event in case.truth if event.label == Term.SPINDLE]
        assert spindles
        assert {case.hypnogram.stage_at(event.onset_s) for event in spindles} <= {"N1", "N2", "N3", "R"}
        within = [case.hypnogram.stage_at(event.onset_s) in ("N2", "N3") for event in spindles]
        assert np.mean(within) > 0.9
        assert all(0.5 <= event.duration_s <= 2.5 for event in spindles)


def test_eyes_move_against_each_other_in_rem_sleep_and_the_chin_is_slack(cases):
    for case in cases:
        left, right = case.recording.of_kind(ChannelKind.EOG)
        (chin,) = case.recording.of_kind(ChannelKind.EMG)
        e1, e2, emg = case.recording.read([left, right, chin], 0.0, case.recording.duration_s)
        tone = epochs(band(emg, 20.0, 45.0)).std(axis=1)
        assert np.median(of_stage(tone, "R")) < 0.6 * np.median(of_stage(tone, "W"))
        e1, e2 = (epochs(band(x, 0.3, 10.0)) for x in (e1, e2))
        rapid = of_stage(np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(e1, e2, strict=True)]), "R")
        assert np.median(rapid) < -0.3


def test_children_have_the_larger_slow_waves(cases):
    child, adult = (epochs(derivation(case, "F4", "M1")).std(axis=1) for case in (cases[0], cases[2]))
    assert of_stage(child, "N3").mean() > 1.2 * of_stage(adult, "N3").mean()


def test_the_greater_part_of_every_epoch_is_in_its_stage():
    stages = tuple(np.random.default_rng(1).choice(STAGES, 200))
    course = plan_sleep(stages, seed=3)
    time_s = np.arange(0.5, course.duration_s, 1.0)
    weights = course.weights(time_s)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, atol=1e-5)
    share = weights.reshape(len(STAGES), len(stages), 30).mean(axis=2)
    assert all(share[STAGES.index(stage), epoch] > 0.5 for epoch, stage in enumerate(stages))


def test_the_scanner_marks_its_volumes_in_the_eeg_and_leaves_something_in_it(cases):
    case = cases[-1]
    assert case.bold is not None
    onsets_s = [a.onset_s for a in case.recording.annotations if a.label == VOLUME_TRIGGER]
    np.testing.assert_allclose(np.diff(onsets_s), TR_S)
    assert len(onsets_s) == len(case.bold.series)
    assert len(case.recording.of_kind(ChannelKind.EEG)) == 31
    assert all(case.bold is None and not case.recording.annotations for case in cases[:3])


def test_the_same_seed_gives_the_same_night_and_another_session_another_one_of_the_same_sleeper():
    first, again, session = (simulate_sleep(5, 60.0, RATE_HZ, session=n) for n in (0, 0, 1))
    signals = [np.stack(case.recording.read([0, 1], 0.0, 60.0)) for case in (first, again, session)]
    np.testing.assert_array_equal(signals[0], signals[1])
    assert first.patient == session.patient
    assert not np.allclose(signals[0], signals[2])


def test_truth_tells_every_bout(cases):
    states = {"Awake", "Sleep-stage-N1", "Sleep-stage-N2", "Sleep-stage-N3", "Sleep-stage-REM"}
    for case in cases:
        bouts = [event for event in case.truth if event.label in states]
        assert [event.onset_s for event in bouts] == [0.0, 240.0, 480.0, 720.0, 960.0]


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(ValueError, match="too slow"):
        simulate_sleep(0, 60.0, 64.0)
    with pytest.raises(ValueError, match="cannot be simulated"):
        simulate_sleep(0, 10.0, RATE_HZ)
    with pytest.raises(ValueError, match="cannot be simulated"):
        simulate_sleep(0, 60.0, RATE_HZ, stages=("W", "S4"))
