from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from inference.recordings.array import ArrayRecording
from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.recordings.recording import Gap
from inference.runtime.cards import MAINS
from inference.runtime.inputs import MIN_EMG_SCALE_UV, InputPreparer, plan_channels
from tests.inference.runtime.patients import SPEC, TEN_TWENTY, bipolar, eeg, emg, make_patient


def prepare(recording, spec=SPEC):
    return InputPreparer(recording, plan_channels(recording.channels, spec), spec)


def test_what_is_read_does_not_depend_on_how_it_is_chunked():
    recording = make_patient(95.0, bursts_s=(20, 50), gaps=(Gap(40.0, 3.0),))
    whole = prepare(recording).read(0.0, 95.0)
    rng = np.random.default_rng(3)
    onsets_s = np.sort(rng.choice(np.arange(1, 95 * 256), 12, replace=False)) / 256
    edges_s = [0.0, *onsets_s, 95.0]
    preparer = prepare(recording)
    parts = [
        (first, preparer.read(edges_s[first], edges_s[first + 1] - edges_s[first])) for first in rng.permutation(13)
    ]
    parts = [part for _, part in sorted(parts, key=lambda item: item[0])]
    assert np.array_equal(np.concatenate([part.eeg for part in parts], axis=1), whole.eeg)
    assert np.array_equal(np.concatenate([part.emg for part in parts], axis=1), whole.emg)
    assert np.array_equal(np.concatenate([part.valid for part in parts]), whole.valid)


def test_tiles_meet_without_a_seam():
    recording = make_patient(90.0)
    prepared = prepare(recording).read(0.0, 90.0)
    shifted = prepare(recording).prepare(round(15.0 * 256), round(30.0 * 256))
    assert np.abs(shifted.eeg - prepared.eeg[:, 15 * 256 : 45 * 256]).max() < 2e-3


def test_gaps_and_time_beyond_the_recording_are_not_valid_and_read_as_zero():
    prepared = prepare(make_patient(60.0, gaps=(Gap(20.0, 5.0),))).read(-2.0, 64.0)
    time_s = np.arange(64 * 256) / 256 - 2.0
    expected = (time_s >= 0) & (time_s < 60) & ~((time_s >= 20) & (time_s < 25))
    assert np.array_equal(prepared.valid, expected)
    assert not prepared.eeg[:, ~expected].any()
    assert not prepared.emg[:, ~expected].any()


def test_a_common_reference_does_not_matter():
    recording = make_patient(30.0, electrodes=IFCN_ELECTRODES)
    signals = [recording.read([i], 0.0, 30.0)[0] for i in range(len(recording.channels))]
    moved = ArrayRecording(recording.channels, [x + 100 * signals[0] if i < 25 else x for i, x in enumerate(signals)])
    ours, theirs = prepare(recording).read(5.0, 20.0), prepare(moved).read(5.0, 20.0)
    assert np.allclose(ours.eeg, theirs.eeg, atol=1e-3)
    assert np.abs(ours.eeg.mean(axis=0)).max() < 1e-4


def test_a_longitudinal_montage_gives_back_the_potentials():
    recording = make_patient(30.0)
    potentials = dict(zip(TEN_TWENTY, recording.read(range(19), 0.0, 30.0), strict=True))
    chains = ("Fp1 F7 T7 P7 O1", "Fp1 F3 C3 P3 O1", "Fp2 F8 T8 P8 O2", "Fp2 F4 C4 P4 O2", "F3 Fz F4", "Fz Cz Pz")
    pairs = [pair for chain in chains for pair in pairwise(chain.split())]
    chain = ArrayRecording([bipolar("-".join(p)) for p in pairs], [potentials[a] - potentials[b] for a, b in pairs])
    ours, theirs = prepare(recording).read(5.0, 20.0), prepare(chain).read(5.0, 20.0)
    assert np.allclose(ours.eeg, theirs.eeg, atol=1e-3)
    assert "bipolar" in " ".join(plan_channels(chain.channels, SPEC).problems)


def test_unconnected_chains_are_told():
    plan = plan_channels([bipolar("Fpz-Cz"), bipolar("Pz-Oz")], SPEC)
    assert plan.eeg_present[IFCN_ELECTRODES.index("Cz")] == plan.eeg_present[IFCN_ELECTRODES.index("Pz")] == 1
    assert any("2 unconnected groups" in problem for problem in plan.problems)


def test_a_surrounded_electrode_is_interpolated_and_one_at_the_edge_is_masked():
    plan = plan_channels([eeg(name) for name in TEN_TWENTY if name not in {"Cz", "O2"}], SPEC)
    assert plan.interpolated == ("Cz",)
    assert {"F9", "F10", "T9", "T10", "P9", "P10", "O2"} <= set(plan.missing)
    masked = plan.eeg_present == 0
    assert not plan.eeg_weights[masked].any()


def test_an_interpolated_electrode_is_near_the_truth():
    recording = make_patient(30.0, electrodes=IFCN_ELECTRODES)
    places = np.array([electrode_position(name) for name in IFCN_ELECTRODES])
    field = places @ np.array([0.4, -0.2, 0.9]) + (places @ np.array([0.0, 1.0, 0.3])) ** 2
    wave = 30 * np.sin(2 * np.pi * 3 * np.arange(30 * 256) / 256)
    kept = [i for i, name in enumerate(IFCN_ELECTRODES) if name != "C3"]
    partial = ArrayRecording([recording.channels[i] for i in kept], [field[i] * wave for i in kept])
    preparer = prepare(partial)
    prepared = preparer.read(10.0, 10.0).eeg * preparer.eeg_scale_uv
    expected = np.outer(field - field[kept].mean(), wave)[:, 10 * 256 : 20 * 256]
    row = IFCN_ELECTRODES.index("C3")
    assert preparer.plan.interpolated == ("C3",)
    assert np.abs(prepared[row] - expected[row]).max() < 0.1 * np.abs(expected).max()


def test_too_few_electrodes_are_masked_rather_than_interpolated():
    plan = plan_channels([eeg(name, reference="M2") for name in ("F3", "F4", "C3", "C4", "O1", "O2")], SPEC)
    assert plan.interpolated == ()
    assert plan.eeg_present.sum() == 6


def test_a_network_that_looks_at_no_muscle_is_told_nothing_about_them():
    spec = replace(SPEC, n_emg=0)
    plan = plan_channels([*(eeg(name) for name in TEN_TWENTY), emg("CHIN", rate_hz=1.0)], spec)
    assert plan.emg_channels == ()
    assert "EMG" not in plan.missing
    assert not any("EMG" in problem or "CHIN" in problem for problem in plan.problems)


def test_different_references_are_taken_as_one_and_told():
    plan = plan_channels([eeg("C3-M2", reference="M2"), eeg("C4-M1", reference="M1")], SPEC)
    assert plan.used == ("C3-M2", "C4-M1")
    assert any("M1" in problem and "M2" in problem for problem in plan.problems)


def test_one_channel_per_electrode_from_the_reference_that_most_share():
    channels = [eeg(name) for name in TEN_TWENTY] + [eeg("C3-M2", reference="M2"), eeg("C4-M1", reference="M1")]
    assert plan_channels(channels, SPEC).used == TEN_TWENTY


def test_one_scalp_reference_is_recovered_as_an_electrode():
    names = [name for name in TEN_TWENTY if name != "Cz"]
    plan = plan_channels([eeg(name, reference="Cz") for name in names], SPEC)
    assert plan.eeg_present[IFCN_ELECTRODES.index("Cz")] == 1
    assert plan.interpolated == ()
    assert not any("bipolar" in problem for problem in plan.problems)


def test_chin_differences_come_before_their_halves_and_leave_room_for_the_legs():
    names = ("1", "2", "F", "1-2", "1-F", "2-F", "Left Leg", "Right Leg")
    plan = plan_channels([eeg("C3"), *(emg(name) for name in names)], SPEC)
    assert plan.used == ("C3", "1-2", "1-F", "Left Leg", "Right Leg")


def test_an_envelope_at_one_hertz_is_no_emg():
    plan = plan_channels([eeg("C3"), emg("EMG submental", 1.0)], SPEC)
    assert plan.emg_channels == ()
    assert "EMG" in plan.missing
    assert any("EMG submental" in problem for problem in plan.problems)


def test_ears_are_electrodes_where_the_network_knows_them_and_no_part_of_the_average():
    names = (*TEN_TWENTY, "A1", "A2")
    spec = replace(SPEC, eeg_electrodes=names, n_emg=0)
    plan = plan_channels([eeg(name) for name in names], spec)
    assert plan.used == names
    assert plan.missing == ()
    ears = [names.index("A1"), names.index("A2")]
    assert np.allclose(plan.eeg_weights[:, ears], np.eye(21)[:, ears], atol=1e-6)
    assert plan_channels([eeg(name) for name in TEN_TWENTY], spec).missing == ("A1", "A2")


def test_a_disconnected_channel_is_not_used():
    recording = make_patient(30.0)
    signals = recording.read(range(len(recording.channels)), 0.0, 30.0)
    signals[3] = np.zeros_like(signals[3])
    preparer = prepare(ArrayRecording(recording.channels, signals))
    assert recording.channels[3].name not in preparer.plan.used


def test_mixed_rates_keep_one_clock():
    rates_hz = (100.0, 200.0, 256.0, 500.0, 1024.0, 173.61)
    channels = [eeg(name, rate) for name, rate in zip(("F3", "F4", "C3", "C4", "O1", "O2"), rates_hz, strict=True)]
    signals = [30 * np.sin(2 * np.pi * 5 * np.arange(int(80 * rate)) / rate + i) for i, rate in enumerate(rates_hz)]
    recording = ArrayRecording(channels, signals)
    weights = np.eye(25, 6, dtype=np.float32)
    plan = replace(plan_channels(channels, SPEC), eeg_weights=weights)
    preparer = InputPreparer(recording, plan, SPEC)
    prepared = preparer.read(20.0, 40.0).eeg[:6] * preparer.eeg_scale_uv
    time_s = 20 + np.arange(40 * 256) / 256
    for i in range(6):
        assert np.abs(prepared[i] - 30 * np.sin(2 * np.pi * 5 * time_s + i)).max() < 3.5, channels[i]


def test_amplitudes_of_other_amplifiers_are_made_comparable():
    recording = make_patient(60.0)
    signals = recording.read(range(len(recording.channels)), 0.0, 60.0)
    louder = ArrayRecording(recording.channels, [7 * x for x in signals])
    ours, theirs = prepare(recording).read(0.0, 60.0), prepare(louder).read(0.0, 60.0)
    assert np.allclose(ours.eeg, theirs.eeg, atol=1e-4)
    assert np.allclose(ours.emg, theirs.emg, atol=1e-3)


def _with_muscles(recording, change):
    signals = recording.read(range(len(recording.channels)), 0.0, recording.duration_s)
    return ArrayRecording(recording.channels, [*signals[:19], *(change(x) for x in signals[19:])])


def test_hum_of_muscle_electrodes_does_not_hide_a_contraction():
    recording = make_patient(60.0, bursts_s=(30.0,))
    hum = 40.0 * np.sin(2 * np.pi * 50.0 * np.arange(60 * 256) / 256)
    spec = replace(SPEC, notch_hz=MAINS)
    ours, humming = (prepare(r, spec) for r in (recording, _with_muscles(recording, lambda x: x + hum)))
    assert (ours.notch_hz, humming.notch_hz) == (None, 50.0)
    np.testing.assert_allclose(humming.emg_scale_uv[:2], ours.emg_scale_uv[:2], rtol=0.05)
    during, before = (humming.read(onset_s, 0.8).emg[:2].std() for onset_s in (30.1, 20.1))
    assert during > 10 * before


def test_a_silent_muscle_is_not_amplified_until_it_looks_like_a_contraction():
    silent = prepare(_with_muscles(make_patient(60.0), lambda x: x / 20))
    assert list(silent.emg_scale_uv[:2]) == [MIN_EMG_SCALE_UV] * 2
    assert silent.read(10.0, 20.0).emg.std() < 0.2


def test_measuring_amplitudes_can_be_stopped():
    def stop():
        raise InterruptedError

    recording = make_patient(60.0)
    with pytest.raises(InterruptedError):
        InputPreparer(recording, plan_channels(recording.channels, SPEC), SPEC, stop)
