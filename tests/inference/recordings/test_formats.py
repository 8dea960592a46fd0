"""Every real file opens with the channels, rates and annotations that its own header states.

Expected counts come from the raw headers and from MNE and edfio called directly, not from this reader.
"""

import sys
import warnings
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
import scipy.io

from inference.errors import RecordingError
from inference.recordings import open_recording
from inference.recordings.recording import ChannelKind, Gap

NOX = {"eeg": 15, "emg": 8, "eog": 4, "ecg": 1, "impedance": 26, "respiration": 15, "position": 6, "oximetry": 6}

# name: format, kinds, rates, duration in s, annotations
FILES = {
    "psg/nox_a1_89ch.edf": ("EDF+C", {**NOX, "other": 8}, {1, 3, 5, 20, 25, 75, 100, 200}, 120, 0),
    "psg/sleepedf_5min.edf": (
        "EDF",
        {"eeg": 2, "eog": 1, "emg": 1, "respiration": 1, "other": 1, "trigger": 1},
        {1, 100},
        300,
        0,
    ),
    "scalp/michigan_tle_seizure.edf": ("EDF", {"eeg": 19}, {100}, 500, 0),
    "formats/bdfPlusC.bdf": ("BDF+C", {"ecg": 1, "other": 9, "oximetry": 1}, {200}, 20, 2),
    "formats/bipolar.edf": ("EDF+C", {"eeg": 19}, {256}, 2, 0),
    "formats/chtypes_edf.edf": ("EDF+C", {"eeg": 29, "ecg": 2, "oximetry": 2, "other": 9}, {200}, 5, 8),
    "formats/duplicate_channel_labels.edf": ("EDF+C", {"eeg": 3}, {250}, 10, 0),
    "formats/edfAnnonC.edf": ("EDF+C", {"other": 2}, {20000, 30000}, 1.2, 8),
    "formats/edfPlusC.edf": ("EDF+C", {"ecg": 1, "other": 9, "oximetry": 1}, {200}, 20, 2),
    "formats/subsecond_starttime.edf": ("EDF+C", {"eeg": 3}, {512}, 5, 2),
    "formats/test_uneven_samp.edf": ("EDF", {"other": 2}, {100, 12.8}, 110, 0),
    "formats/test_utf8_annotations.edf": ("EDF+C", {"ecg": 1, "other": 9, "oximetry": 1}, {200}, 10, 2),
    "formats/unipolar.edf": ("EDF+C", {"eeg": 19}, {256}, 2, 0),
    "formats/brainvision/test.vhdr": ("BrainVision", {"eeg": 26, "other": 6}, {1000}, 7.9, 13),
    "formats/brainvision/test_old_layout_latin1_software_filter.vhdr": (
        "BrainVision",
        {"eeg": 25, "eog": 4},
        {250},
        251 / 250,
        1,
    ),
    "formats/scan41_short.cnt": ("Neuroscan CNT", {"eeg": 126, "eog": 2}, {400}, 3070 / 400, 6),
    "formats/test_1ch.gdf": ("GDF", {"ecg": 1}, {150}, 30, 0),
    "formats/test_egi.raw": ("EGI", {"eeg": 256, "trigger": 6}, {250}, 77 / 250, 2),
    "formats/test_nicolet_raw.data": (
        "Nicolet",
        {"eeg": 24, "eog": 2, "emg": 1, "ecg": 1, "trigger": 1},
        {256},
        2,
        0,
    ),
    "formats/test_raw_2021.set": ("EEGLAB", {"eeg": 3}, {128}, 1281 / 128, 6),
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_opens_with_its_channels_rates_and_annotations(test_data, name):
    file_format, kinds, rates_hz, duration_s, n_annotations = FILES[name]
    recording = open_recording(test_data / name)
    assert recording.file_format == file_format
    assert Counter(channel.kind.value for channel in recording.channels) == kinds
    assert {channel.rate_hz for channel in recording.channels} == rates_hz
    assert recording.duration_s == pytest.approx(duration_s)
    assert len(recording.annotations) == n_annotations
    assert len({channel.name for channel in recording.channels}) == len(recording.channels)
    for samples in recording.read(range(len(recording.channels)), 0, duration_s):
        assert np.isfinite(samples).all()


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("test_epochs_onefile.set", "it holds 4 epochs, not a continuous recording"),
        ("unreadable_eeglab_test.cnt", "its header counts 26080 samples"),
    ],
)
def test_a_file_that_is_no_recording_says_why(test_data, name, cause):
    with pytest.raises(RecordingError, match=f"{name} cannot be opened: {cause}"):
        open_recording(test_data / "formats" / name)


def test_chin_legs_and_impedances_of_a_sleep_recorder_are_told_from_its_eeg(test_data):
    recording = open_recording(test_data / "psg/nox_a1_89ch.edf")
    names = {kind: {c.name for c in recording.channels if c.kind is kind} for kind in ChannelKind}
    assert names[ChannelKind.EMG] == {"1", "2", "F", "1-2", "1-F", "2-F", "Left Leg", "Right Leg"}
    assert {"C3", "C3-M2", "F4-M1", "O2", "O2-M1", "M1"} <= names[ChannelKind.EEG]
    assert {"C3 Impédance", "C3-M2 (Imp)", "Jambe droite Imp"} <= names[ChannelKind.IMPEDANCE]
    assert names[ChannelKind.EOG] == {"E1", "E2", "E1-M2", "E2-M1"}
    by_name = {c.name: c for c in recording.channels}
    assert (by_name["C3-M2"].electrode, by_name["C3-M2"].reference) == ("C3", "M2")
    assert (by_name["C3"].unit, by_name["Light"].unit, by_name["PosAngle"].unit) == ("uV", "lx", "°")


def test_a_data_file_opens_through_the_header_beside_it(test_data):
    folder = test_data / "formats"
    for data, header in [
        ("brainvision/test.eeg", "brainvision/test.vhdr"),
        ("brainvision/test.vmrk", "brainvision/test.vhdr"),
        ("test_nicolet_raw.head", "test_nicolet_raw.data"),
    ]:
        assert open_recording(folder / data).channels == open_recording(folder / header).channels


@pytest.mark.parametrize(("unit", "gain"), [("µV", 1.0), ("mV", 1e3), ("V", 1e6)])
def test_brainvision_values_keep_scale_and_sign_in_microvolts(tmp_path, unit, gain):
    pybv = pytest.importorskip("pybv")
    signal_uv = np.linspace(-150, 350, 400).reshape(1, -1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Encountered unsupported voltage units")
        pybv.write_brainvision(
            data=signal_uv * 1e-6,
            sfreq=200,
            ch_names=["Cz"],
            fname_base="case",
            folder_out=str(tmp_path),
            unit=unit,
            resolution=0.01 / gain,
            events=[{"onset": 100, "duration": 20, "description": 7}],
        )
    recording = open_recording(tmp_path / "case.vhdr")
    np.testing.assert_allclose(recording.read([0], 0, 2)[0], signal_uv[0], atol=0.02)
    assert [(a.onset_s, a.duration_s) for a in recording.annotations if "7" in a.label] == [(0.5, 0.1)]


def test_eeglab_values_are_read_in_microvolts(tmp_path):
    signal_uv = np.vstack([np.linspace(-90, 210, 500), np.zeros(500)]).astype(np.float32)
    labels = np.array([("C3",), ("EMG1",)], dtype=[("labels", object)])
    eeg = {
        "setname": "case", "nbchan": 2, "pnts": 500, "trials": 1, "srate": 250.0, "xmin": 0.0, "xmax": 1.996,
        "data": signal_uv, "chanlocs": labels, "event": [], "urevent": [], "epoch": [], "icawinv": [], "icaweights": [],
        "icasphere": [], "icaact": [],
    }  # fmt: skip
    scipy.io.savemat(tmp_path / "case.set", {"EEG": eeg}, appendmat=False)
    recording = open_recording(tmp_path / "case.set")
    assert [(c.name, c.kind) for c in recording.channels] == [("C3", ChannelKind.EEG), ("EMG1", ChannelKind.EMG)]
    np.testing.assert_allclose(recording.read([0], 0, 2)[0], signal_uv[0], rtol=1e-6)


@pytest.mark.parametrize("first_sample", [0, 300])
@pytest.mark.parametrize("start", [None, datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)])
def test_fif_skips_become_gaps_and_its_annotations_keep_their_time(tmp_path, first_sample, start):
    mne = pytest.importorskip("mne")
    signal_uv = np.tile(np.linspace(-80, 120, 1000), (2, 1))
    info = mne.create_info(["Fz", "ECG"], 100.0, ["eeg", "ecg"])
    raw = mne.io.RawArray(signal_uv * 1e-6, info, first_samp=first_sample, verbose="ERROR")
    raw.set_meas_date(start)
    raw.set_annotations(mne.Annotations([2.0, 5.0], [1.0, 0.5], ["BAD_ACQ_SKIP", "spasm"]))
    raw.save(tmp_path / "case_raw.fif", verbose="ERROR")
    recording = open_recording(tmp_path / "case_raw.fif")
    assert [c.kind for c in recording.channels] == [ChannelKind.EEG, ChannelKind.ECG]
    (annotation,) = recording.annotations
    assert (annotation.onset_s, annotation.duration_s, annotation.label) == (pytest.approx(5.0), 0.5, "spasm")
    assert recording.gaps == (Gap(2.0, 1.0),)
    (read_uv,) = recording.read([0], 0, 10)
    assert np.flatnonzero(np.isnan(read_uv)).tolist() == list(range(200, 300))
    np.testing.assert_allclose(np.delete(read_uv, slice(200, 300)), np.delete(signal_uv[0], slice(200, 300)), rtol=1e-5)


def test_opening_an_edf_file_does_not_wait_for_mne(test_data):
    import subprocess

    code = (
        "import sys; from pathlib import Path; from inference.recordings import open_recording; "
        f"open_recording(Path({str(test_data / 'psg/sleepedf_5min.edf')!r})); "
        "print([m for m in ('mne', 'torch', 'PySide6', 'scipy', 'edfio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
