"""Each defect is found in the second and the channel where it is, and nothing of the body is taken for one."""

import numpy as np
import pytest

from inference.recordings import open_recording
from inference.recordings.recording import ChannelKind
from inference.signals.quality import DISABLING, Fault, find_faults, name_faults
from inference.simulate import simulate_infant
from inference.simulate.truth import Role

RATES_HZ = (100.0, 256.0, 512.0, 1024.0)
N_CHANNELS, N_SECONDS = 6, 20


def background(rate_hz: float, scale_uv: float = 30.0, seed: int = 4) -> np.ndarray:
    """Give slow EEG of some channels with an amplifier's noise on it."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(N_SECONDS * rate_hz)) / rate_hz
    waves = [np.sin(2 * np.pi * (hz * time_s + rng.random((N_CHANNELS, 1)))) / hz**0.5 for hz in (0.7, 1.5, 3, 6, 10)]
    return (scale_uv * sum(waves) + rng.normal(scale=0.7, size=(N_CHANNELS, len(time_s)))).astype(np.float32)


def judge(signals: np.ndarray, rate_hz: float, is_eeg: bool = True) -> np.ndarray:
    return find_faults(signals, rate_hz, np.full(len(signals), is_eeg))


def where(faults: np.ndarray, fault: Fault) -> list[tuple[int, int]]:
    """Give (channel, second) of each place with a fault."""
    return [(int(row), int(second)) for row, second in np.argwhere(faults & fault)]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("scale_uv", [5.0, 30.0, 150.0])
def test_quiet_and_hypsarrhythmic_backgrounds_are_faultless(rate_hz: float, scale_uv: float):
    assert not judge(background(rate_hz, scale_uv), rate_hz).any()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_each_defect_is_found_where_it_is_and_nowhere_else(rate_hz: float):
    signals = background(rate_hz)
    time_s = np.arange(signals.shape[1]) / rate_hz
    second = int(rate_hz)
    signals[0, 3 * second : 4 * second] = 12.0
    signals[1, 5 * second : 6 * second] = np.clip(20 * signals[1, 5 * second : 6 * second], -400, 400)
    signals[2, int(7.4 * rate_hz) :] += 400.0 * np.exp(-(time_s[int(7.4 * rate_hz) :] - 7.4) / 0.8)
    faults = judge(signals, rate_hz)
    assert where(faults, Fault.FLAT) == [(0, 3)]
    assert where(faults, Fault.CLIPPED) == [(1, 5)]
    # An amplifier that runs into its limits leaps as well.
    assert [place for place in where(faults, Fault.POP) if place[0] != 1] == [(2, 7)]


@pytest.mark.parametrize("line_hz", [50.0, 60.0])
def test_mains_hum_is_found_in_eeg_and_emg_and_told_from_muscle(line_hz: float):
    rate_hz = 256.0
    signals = background(rate_hz)
    time_s = np.arange(signals.shape[1]) / rate_hz
    signals[1] += 15 * np.sin(2 * np.pi * line_hz * time_s)
    for is_eeg in (True, False):
        faults = judge(signals, rate_hz, is_eeg)
        assert where(faults, Fault.LINE) == [(1, second) for second in range(N_SECONDS)]
        assert not (faults & ~np.uint8(Fault.LINE)).any()


def test_muscle_over_the_eeg_is_marked_there_and_is_no_fault_of_an_emg_channel():
    rate_hz = 512.0
    signals = background(rate_hz)
    burst = slice(int(8 * rate_hz), int(9 * rate_hz))
    signals[2:4, burst] += np.random.default_rng(1).normal(scale=40, size=(2, int(rate_hz)))
    assert where(judge(signals, rate_hz), Fault.MUSCLE) == [(2, 8), (3, 8)]
    assert not judge(signals, rate_hz, is_eeg=False).any()


def test_a_leap_of_all_channels_at_once_is_no_electrode_pop_and_neither_is_a_spike():
    rate_hz = 256.0
    everywhere, spike = background(rate_hz), background(rate_hz)
    everywhere[:, int(7.4 * rate_hz) :] += 400.0
    middle = int(7.5 * rate_hz)
    width = int(0.035 * rate_hz)
    spike[2, middle - width : middle + width] += 400.0 * np.bartlett(2 * width)
    assert not where(judge(everywhere, rate_hz), Fault.POP)
    assert not where(judge(spike, rate_hz), Fault.POP)


def test_a_second_with_a_gap_is_judged_no_further_and_the_others_are():
    rate_hz = 200.0
    signals = background(rate_hz)
    signals[:, 700:900] = np.nan
    signals[0, 1000:1200] = 0.0
    faults = judge(signals, rate_hz)
    assert where(faults, Fault.ABSENT) == [(row, second) for row in range(N_CHANNELS) for second in (3, 4)]
    assert where(faults, Fault.FLAT) == [(0, 5)]


def test_seconds_lie_right_at_a_rate_that_is_no_whole_number():
    rate_hz = 256.4
    signals = background(rate_hz)
    signals[1, round(18 * rate_hz) : round(19 * rate_hz)] = 0.0
    faults = judge(signals, rate_hz)
    assert faults.shape == (N_CHANNELS, N_SECONDS)
    assert where(faults, Fault.FLAT) == [(1, 18)]


def test_less_than_a_second_is_judged_not_at_all():
    assert judge(background(256.0)[:, :200], 256.0).shape == (N_CHANNELS, 0)


def test_a_quiet_muscle_is_no_fault_but_one_that_never_moves_is_flat():
    quiet = np.random.default_rng(0).normal(scale=0.05, size=(1, 2560)).astype(np.float32)
    assert not judge(quiet, 256.0, is_eeg=False).any()
    assert (judge(quiet * 0, 256.0, is_eeg=False) == Fault.FLAT).all()


def test_no_simulated_spasm_disables_a_channel():
    case = simulate_infant(20, 60.0, 256.0)
    recording = case.recording
    eeg = recording.of_kind(ChannelKind.EEG)
    faults = judge(np.stack(recording.read(eeg, 0.0, 60.0)), 256.0)
    spasms = [event for event in case.truth if event.role is Role.SPASM]
    seconds = sorted({int(event.onset_s) + n for event in spasms for n in range(3) if event.onset_s + n < 59})
    assert spasms and seconds
    assert not (faults[:, seconds] & DISABLING).any()


def test_a_real_seizure_shows_muscle_over_the_temples_and_leaves_every_channel_its_signal(test_data):
    recording = open_recording(test_data / "scalp" / "michigan_tle_seizure.edf")
    eeg = recording.of_kind(ChannelKind.EEG)
    faults = judge(np.stack(recording.read(eeg, 0.0, recording.duration_s)), 100.0)
    muscle = {
        recording.channels[i].electrode: (row & Fault.MUSCLE > 0).mean() for i, row in zip(eeg, faults, strict=True)
    }
    assert muscle["T8"] > 0.1 > muscle["Pz"]
    assert ((faults & DISABLING) > 0).mean() < 0.01


def test_faults_are_named_in_words():
    assert name_faults(Fault.FLAT | Fault.MUSCLE) == "flat, muscle"
