import json
from dataclasses import asdict, fields

import numpy as np
import pytest

from inference.recordings.electrodes import IFCN_ELECTRODES, canonical_electrode
from inference.simulate import draw_patient
from inference.simulate.head import REFERENCES, Head

PATIENTS = [draw_patient(seed) for seed in range(400)]


def share(condition) -> float:
    return float(np.mean([condition(patient) for patient in PATIENTS]))


def test_a_seed_is_one_infant():
    assert draw_patient(11) == draw_patient(11)
    assert draw_patient(11) != draw_patient(12)


def test_a_patient_is_plain_values_that_a_card_can_hold():
    assert json.loads(json.dumps(asdict(PATIENTS[0])))["seed"] == 0
    assert {field.name for field in fields(PATIENTS[0])} >= {"reference", "hypsarrhythmia", "spasm", "technical"}


def test_the_full_set_is_the_25_electrodes_and_4_muscles_of_the_paper():
    patient = PATIENTS[0]
    assert patient.electrodes == IFCN_ELECTRODES
    assert [canonical_electrode(name) for name in patient.channel_names[:25]] == list(IFCN_ELECTRODES)
    assert patient.channel_names[25:] == ("EMG Delt L", "EMG Delt R", "EMG Quad L", "EMG Quad R")


def test_drawn_channel_sets_include_smaller_ones():
    sets = {(len(p.electrodes), len(p.emg_sites)) for p in (draw_patient(s, channel_set="drawn") for s in range(60))}
    assert sets == {(25, 4), (25, 2), (19, 4), (19, 2)}


def test_everything_that_may_differ_between_recorders_does():
    assert {patient.reference for patient in PATIENTS} == set(REFERENCES)
    assert {patient.technical.line_hz for patient in PATIENTS} == {50.0, 60.0}
    assert share(lambda p: p.hypsarrhythmia.degree == 0.0) == pytest.approx(0.25, abs=0.08)


def test_the_slow_wave_is_negative_behind_and_positive_in_front_in_most():
    assert share(lambda p: p.spasm.topography == "posterior") == pytest.approx(11 / 14, abs=0.07)
    front, back = (
        [IFCN_ELECTRODES.index(e) for e in ("Fp1", "Fp2", "Fz")],
        [IFCN_ELECTRODES.index(e) for e in ("O1", "O2", "Pz")],
    )
    for patient in PATIENTS[:60]:
        field = Head(patient.electrodes, patient.reference).field(*patient.spasm.slow_wave)
        if patient.spasm.topography == "posterior":
            assert field[front].mean() > field[back].mean() + 0.2


def test_the_slow_wave_is_asymmetric_in_some():
    assert share(lambda p: abs(p.spasm.slow_wave[0].position[0]) > 0.15) == pytest.approx(4 / 14, abs=0.08)


def test_fast_bursts_spread_as_slowly_as_measured():
    for patient in PATIENTS:
        assert 0.065 <= patient.spasm.fast_neighbour_lag_s <= 0.170
        assert 0.100 <= patient.spasm.fast_contralateral_lag_s <= 0.170
        assert patient.spasm.fast_hz in {(15.0, 30.0), (35.0, 90.0)}


def test_one_contraction_in_seven_is_long_over_all_patients():
    mean = np.mean([patient.spasm.emg_long_probability for patient in PATIENTS])
    assert mean == pytest.approx(0.143, abs=0.02)


def test_muscles_differ_severalfold_and_some_take_no_part():
    gains = np.array([patient.spasm.emg_uv for patient in PATIENTS])
    relative = gains / gains.max(axis=1, keepdims=True)
    assert np.median(relative.min(axis=1)) < 0.5
    assert 0.05 < np.mean(relative < 0.05) < 0.2
    assert gains.max(axis=1).min() >= 30.0 * (1 - 1e-9)


def test_tone_falls_in_sleep_and_is_gone_in_half_of_the_infants():
    for patient in PATIENTS:
        nrem, rem = patient.muscle.asleep
        assert 0.0 <= rem <= nrem <= 1.0
    assert share(lambda p: p.muscle.asleep[0] == 0.0) == pytest.approx(0.5, abs=0.08)


def test_slow_waves_of_one_two_and_three_phases_come_from_every_family_of_sources():
    phases = {(p.spasm.slow_wave_prelude > 0) + (p.spasm.slow_wave_undershoot > 0) + 1 for p in PATIENTS}
    assert phases == {1, 2, 3}
    assert {patient.spasm.topography for patient in PATIENTS} == {"posterior", "reversed", "vertex", "diffuse", "focal"}
    lengths_s = [patient.spasm.slow_wave_s for patient in PATIENTS]
    assert min(lengths_s) < 0.6
    assert max(lengths_s) > 2.0
