import itertools

import numpy as np
import pytest

from inference.recordings.channels import SignalHeader, build_channels, unique_names
from inference.recordings.electrodes import (
    IFCN_ELECTRODES,
    canonical_electrode,
    electrode_names,
    electrode_position,
    parse_electrode_label,
)
from inference.recordings.kinds import infer_kind
from inference.recordings.recording import ChannelKind


@pytest.mark.parametrize(
    ("label", "electrode", "reference"),
    [
        ("EEG Fp1-Ref", "Fp1", None),
        ("FP1-LE", "Fp1", "A1+A2"),
        ("Fp1", "Fp1", None),
        ("EEG FP1-A1", "Fp1", "A1"),
        ("C3-M2", "C3", "M2"),
        ("C3A2", "C3", "A2"),
        ("EEG T3-Ref", "T7", None),
        ("T4", "T8", None),
        ("EEG T5-AVG", "P7", "average"),
        ("T6-Cz", None, None),
        ("POL T1", "FT9", None),
        ("Fc5.", "FC5", None),
        ("CPZ", "CPz", None),
        ("EEG A1-Ref", "A1", None),
        ("Fp1-F7", None, None),
        ("EEG Fpz-Cz", None, None),
        ("T8-P8-1", None, None),
        ("EEG F1-Ref (2)", "F1", None),
        ("M1M2", None, None),
        ("C3 Impédance", None, None),
        ("C3-M2 (Imp)", None, None),
        ("E1-M2", None, None),
        ("F", None, None),
        ("1-F", None, None),
        ("EEG 001", None, None),
        ("", None, None),
    ],
)
def test_labels_name_their_electrodes_in_every_spelling(label, electrode, reference):
    parsed = parse_electrode_label(label)
    assert (parsed.electrode, parsed.reference) == (electrode, reference)
    assert canonical_electrode(label) == electrode


def test_a_bipolar_label_keeps_both_electrodes():
    assert parse_electrode_label("EEG T3-C3").pair == ("T7", "C3")


def test_every_electrode_lies_on_the_unit_sphere_on_its_own_side():
    for name in electrode_names():
        x, y, z = electrode_position(name)
        assert np.hypot(np.hypot(x, y), z) == pytest.approx(1, abs=1e-5)
        digits = "".join(filter(str.isdigit, name))
        if digits:
            assert (x < 0) == bool(int(digits) % 2), name
    assert electrode_position("Fpz")[1] > 0.9
    assert electrode_position("Cz")[2] > 0.9
    assert electrode_position("F9")[2] < electrode_position("F7")[2]


def test_the_ifcn_array_has_25_electrodes_each_with_a_place():
    assert len({electrode_position(name) for name in IFCN_ELECTRODES}) == 25
    assert all(canonical_electrode(name) == name for name in IFCN_ELECTRODES)


@pytest.mark.parametrize(
    ("label", "unit", "transducer", "kind"),
    [
        ("EEG EKG1-REF", "uV", "", "ecg"),
        ("EEG LOC-REF", "uV", "", "eog"),
        ("EEG 27-REF", "uV", "", "eeg"),
        ("EEG PHOTIC-REF", "uV", "", "trigger"),
        ("O2", "uV", "", "eeg"),
        ("O2", "%", "", None),
        ("SpO2", "%", "", "oximetry"),
        ("Chin 1-2", "mV", "", "emg"),
        ("LLEG+", "uV", "", "emg"),
        ("Heart Rate", "bpm", "", "other"),
        ("C3", "kOhm", "", "impedance"),
        ("Body position", "", "", "position"),
        ("Status", "Boolean", "", "trigger"),
        ("X1", "uV", "nasal thermistor", "respiration"),
        ("Voltage (core)", "V", "", "other"),
        ("channel 7", "uV", "", None),
    ],
)
def test_kinds_follow_from_label_unit_and_transducer(label, unit, transducer, kind):
    assert infer_kind(label, unit, transducer) == kind


def kinds_of(*labels: str) -> list[str]:
    channels, _ = build_channels([SignalHeader(label, "uV", 256.0) for label in labels])
    return [channel.kind.value for channel in channels]


def test_the_same_label_means_another_thing_in_other_company():
    assert kinds_of("E1", "E2", "C3") == ["eog", "eog", "eeg"]
    assert kinds_of("E1", "E2", "E3") == ["eeg", "eeg", "eeg"]
    assert kinds_of("1", "2", "F") == ["emg", "emg", "emg"]
    assert kinds_of("1", "2", "3") == ["other", "other", "other"]


def test_sockets_and_depth_electrodes_are_not_taken_for_scalp_electrodes():
    labels = [f"{letter}{number}" for letter, number in itertools.product("ABCD", range(1, 9))]
    channels, _ = build_channels([SignalHeader(label, "uV", 256.0) for label in labels])
    assert {channel.electrode for channel in channels} == {None}


def test_a_scalp_electrode_shared_by_all_channels_is_their_reference():
    labels = [f"{name}-Cz" for name in ("Fp1", "Fp2", "F3", "F4", "P3", "P4", "O1", "O2")]
    channels, _ = build_channels([SignalHeader(label, "uV", 256.0) for label in labels])
    assert [(c.electrode, c.reference) for c in channels[:2]] == [("Fp1", "Cz"), ("Fp2", "Cz")]


def test_a_potential_without_a_unit_is_read_as_microvolts_and_that_is_said():
    channels, problems = build_channels([SignalHeader("Fp1", "", 256.0)])
    assert (channels[0].kind, channels[0].unit) == (ChannelKind.EEG, "uV")
    assert problems == ("No unit is given for Fp1; microvolts are assumed.",)


def test_names_are_unique_whatever_the_labels():
    labels = ["C3", "C3", "", "C3 (2)", "C3", ""]
    assert unique_names(labels) == ["C3", "C3 (2)", "Channel 3", "C3 (2) (2)", "C3 (3)", "Channel 6"]
