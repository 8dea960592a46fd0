from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch

from inference.simulate import Term, draw_patient
from inference.simulate.background import add_background, add_interictal_spikes, add_spindles
from inference.simulate.course import Course, Spell, State
from inference.simulate.sheet import Sheet

RATE_HZ = 256.0


def background(seed: int, state: State, degree: float, duration_s: float = 90.0) -> Sheet:
    patient = draw_patient(seed)
    patient = replace(patient, hypsarrhythmia=replace(patient.hypsarrhythmia, degree=degree))
    sheet = Sheet(patient, round(duration_s * RATE_HZ), RATE_HZ)
    course = Course((Spell(state, 0.0, duration_s),), ())
    add_spindles(sheet, course, seed)
    add_interictal_spikes(sheet, course, seed)
    add_background(sheet, course, seed, lambda share: None)
    return sheet


def rms_uv(sheet: Sheet) -> float:
    average_referenced = sheet.eeg - sheet.eeg.mean(axis=0)
    return float(np.sqrt((average_referenced**2).mean()))


def typical_uv(state: State, degree: float) -> float:
    return float(np.median([rms_uv(background(seed, state, degree)) for seed in range(5)]))


def test_a_healthy_background_is_of_moderate_voltage_and_higher_in_sleep():
    awake, nrem = typical_uv(State.AWAKE, 0.0), typical_uv(State.NREM, 0.0)
    assert 8.0 < awake < 30.0
    assert 1.3 * awake < nrem < 60.0


def test_hypsarrhythmia_is_of_high_voltage_and_mostly_gone_in_rem():
    nrem, rem = typical_uv(State.NREM, 1.0), typical_uv(State.REM, 1.0)
    assert nrem > 40.0
    assert rem < 0.6 * nrem


def test_hypsarrhythmia_is_asynchronous():
    likeness = []
    for seed in range(4):
        sheet = background(seed, State.AWAKE, 1.0)
        rows = [sheet.patient.electrodes.index(electrode) for electrode in ("F3", "O2", "T7", "P8", "C4")]
        correlation = np.corrcoef(sheet.eeg[rows] - sheet.eeg.mean(axis=0))
        likeness.append(np.abs(correlation[np.triu_indices(5, 1)]))
    assert np.median(likeness) < 0.3


def test_the_spectrum_falls_and_slow_waves_dominate_sleep():
    sheet = background(1, State.NREM, 0.0)
    frequency_hz, power = welch(sheet.eeg, RATE_HZ, nperseg=1024)
    power = power.mean(axis=0)

    def band(low: float, high: float) -> float:
        return float(power[(frequency_hz >= low) & (frequency_hz < high)].sum())

    assert band(0.5, 4.0) > 3 * band(4.0, 8.0) > 3 * band(15.0, 30.0)


def test_spindles_of_infants_are_13_hz_three_seconds_long_and_over_the_centre():
    found = [event for seed in range(4) for event in background(seed, State.NREM, 0.0, 240.0).truth]
    spindles = [event for event in found if event.label == Term.SPINDLE]
    assert len(spindles) / 16.0 == pytest.approx(6.6, abs=2.0)
    assert np.mean([event.duration_s for event in spindles]) == pytest.approx(2.9, abs=0.4)
    both = [any("C3" in name for name in e.channels) and any("C4" in name for name in e.channels) for e in spindles]
    assert np.mean(both) == pytest.approx(0.6, abs=0.2)


def test_nothing_awake_is_called_a_spindle():
    assert background(1, State.AWAKE, 0.0).truth == []


def test_suppression_flattens_the_background():
    patient = draw_patient(3)
    sheet = Sheet(patient, round(60 * RATE_HZ), RATE_HZ)
    sheet.suppress(20.0, 10.0, 0.9)
    add_background(sheet, Course((Spell(State.AWAKE, 0.0, 60.0),), ()), 3, lambda share: None)
    flat, _ = sheet.span(22.0, 5.0)
    usual, _ = sheet.span(40.0, 15.0)
    assert sheet.eeg[:, flat].std() < 0.3 * sheet.eeg[:, usual].std()
