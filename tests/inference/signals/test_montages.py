import numpy as np
import pytest

from inference.recordings.recording import Channel, ChannelKind
from inference.signals.montages import MONTAGE_NAMES, apply_derivations, build_montage, montage_title

CLASSIC = [
    "Fp1",
    "Fp2",
    "F3",
    "F4",
    "C3",
    "C4",
    "P3",
    "P4",
    "O1",
    "O2",
    "F7",
    "F8",
    "T7",
    "T8",
    "P7",
    "P8",
    "Fz",
    "Cz",
    "Pz",
]


def eeg(name: str, reference: str | None = None, rate_hz: float = 256.0) -> Channel:
    label = name if reference is None else f"{name}-{reference}"
    return Channel(label, ChannelKind.EEG, "uV", rate_hz, name, reference)


def labels(montage, kind=ChannelKind.EEG):
    return [derivation.label for derivation in montage.derivations if derivation.kind is kind]


def test_the_double_banana_has_its_18_derivations_left_before_right_and_the_midline_last():
    montage = build_montage("longitudinal", [eeg(name) for name in CLASSIC])
    assert labels(montage) == [
        "Fp1-F7",
        "F7-T7",
        "T7-P7",
        "P7-O1",
        "Fp2-F8",
        "F8-T8",
        "T8-P8",
        "P8-O2",
        "Fp1-F3",
        "F3-C3",
        "C3-P3",
        "P3-O1",
        "Fp2-F4",
        "F4-C4",
        "C4-P4",
        "P4-O2",
        "Fz-Cz",
        "Cz-Pz",
    ]
    assert montage.notes == ()


@pytest.mark.parametrize("name", MONTAGE_NAMES)
def test_a_potential_common_to_all_electrodes_cancels_in_every_montage_but_the_recorded_one(name):
    channels = [eeg(electrode) for electrode in CLASSIC]
    montage = build_montage(name, channels)
    signals = {index: np.full(3, 100.0, np.float32) for index in range(len(channels))}
    expected = 100.0 if name == "recorded" else 0.0
    np.testing.assert_allclose(apply_derivations(montage.derivations, signals), expected, atol=1e-4)
    assert montage.name == name
    assert montage_title(name)


def test_the_average_reference_leaves_mastoids_out():
    channels = [eeg(name) for name in ("C3", "C4", "O1", "O2", "M1")]
    montage = build_montage("average", channels)
    assert labels(montage) == ["C3-Avg", "O1-Avg", "C4-Avg", "O2-Avg"]
    assert all(4 not in dict(derivation.terms) for derivation in montage.derivations)
    assert montage.notes == ("Not part of this montage: M1.",)


def test_a_reduced_infant_array_gets_chains_that_span_what_is_not_there_and_says_so():
    montage = build_montage(
        "longitudinal", [eeg(name) for name in ["Fp1", "C3", "O1", "T7", "Fp2", "C4", "O2", "T8", "Cz"]]
    )
    assert labels(montage) == ["Fp1-T7", "T7-O1", "Fp2-T8", "T8-O2", "Fp1-C3", "C3-O1", "Fp2-C4", "C4-O2"]
    assert montage.notes[0].startswith("Chains span electrodes that were not recorded: F7, P7")


def test_channels_recorded_against_different_references_are_not_subtracted():
    channels = [eeg("F3", "M2"), eeg("C3", "M2"), eeg("F4", "M1"), eeg("C4", "M1")]
    assert labels(build_montage("longitudinal", channels)) == ["F3-C3", "F4-C4"]
    average = build_montage("average", channels)
    assert average.name == "recorded"
    assert average.notes[0] == (
        "Average reference cannot be shown: it needs at least 4 scalp electrodes recorded against one reference."
    )


def test_channels_of_different_rates_are_not_subtracted():
    assert build_montage("longitudinal", [eeg("F3"), eeg("C3", rate_hz=512.0)]).name == "recorded"


def test_a_file_of_bipolar_channels_shows_them_as_the_chain_they_are():
    channels = [eeg("Fp1", "F7"), eeg("F7", "T7"), eeg("T7", "P7")]
    montage = build_montage("longitudinal", channels)
    assert [(d.label, d.terms) for d in montage.derivations] == [
        ("Fp1-F7", ((0, 1.0),)),
        ("F7-T7", ((1, 1.0),)),
        ("T7-P7", ((2, 1.0),)),
    ]


def test_every_other_channel_follows_as_recorded():
    emg = Channel("Deltoid L", ChannelKind.EMG, "uV", 1024.0)
    flow = Channel("Flow", ChannelKind.RESPIRATION, "cmH2O", 32.0)
    montage = build_montage("longitudinal", [emg, eeg("F3"), flow, eeg("C3")])
    assert [d.label for d in montage.derivations] == ["F3-C3", "Deltoid L", "Flow"]
    assert montage.derivations[1].rate_hz == 1024.0
    assert montage.derivations[2].unit == "cmH2O"


def test_a_recording_without_eeg_shows_what_it_has_without_complaint():
    montage = build_montage("average", [Channel("Leg", ChannelKind.EMG, "uV", 200.0)])
    assert labels(montage, ChannelKind.EMG) == ["Leg"]
    assert montage.notes == ()


def test_a_gap_in_one_electrode_leaves_derivations_without_it_whole():
    channels = [eeg(name) for name in ("F3", "C3", "F4", "C4")]
    signals = {index: np.ones(4, np.float32) for index in range(4)}
    signals[0] = np.array([1, np.nan, 1, 1], np.float32)
    derived = apply_derivations(build_montage("longitudinal", channels).derivations, signals)
    assert np.isnan(derived).tolist() == [[False, True, False, False], [False] * 4]


def test_an_unknown_montage_is_refused_by_name():
    with pytest.raises(KeyError, match="triple banana"):
        build_montage("triple banana", [])
