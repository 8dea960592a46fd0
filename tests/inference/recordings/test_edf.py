from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import edfio
import numpy as np
import pytest

from inference.errors import RecordingError
from inference.recordings import open_recording
from inference.recordings.recording import ChannelKind, Gap
from tests.inference.recordings.edf_files import RECORD_COUNT, patch, stamp_records, write_edf

EDF_FILES = (
    "psg/nox_a1_89ch.edf",
    "psg/sleepedf_5min.edf",
    "scalp/michigan_tle_seizure.edf",
    "formats/bdfPlusC.bdf",
    "formats/bipolar.edf",
    "formats/chtypes_edf.edf",
    "formats/duplicate_channel_labels.edf",
    "formats/edfAnnonC.edf",
    "formats/edfPlusC.edf",
    "formats/subsecond_starttime.edf",
    "formats/test_uneven_samp.edf",
    "formats/test_utf8_annotations.edf",
    "formats/unipolar.edf",
)
MICROVOLTS_PER = {"uV": 1.0, "mV": 1e3, "V": 1e6}


@pytest.mark.parametrize("name", EDF_FILES)
def test_samples_rates_and_annotations_are_those_that_edfio_reads(test_data, name):
    recording = open_recording(test_data / name)
    read = edfio.read_bdf if name.endswith("bdf") else edfio.read_edf
    reference = read(test_data / name, header_encoding="latin-1")
    assert [c.rate_hz for c in recording.channels] == [s.sampling_frequency for s in reference.signals]
    assert recording.duration_s == pytest.approx(reference.duration)
    samples = recording.read(range(len(recording.channels)), 0, recording.duration_s)
    for channel, signal, read_uv in zip(recording.channels, reference.signals, samples, strict=True):
        in_uv = channel.unit == "uV"
        expected = signal.data * (MICROVOLTS_PER.get(signal.physical_dimension, 1.0) if in_uv else 1.0)
        np.testing.assert_allclose(read_uv, expected, rtol=1e-5, atol=1e-5 * np.ptp(expected))
    found = [(a.onset_s, a.duration_s, a.label) for a in recording.annotations]
    expected = [(a.onset, a.duration or 0.0, a.text) for a in reference.annotations if a.text.strip()]
    assert len(found) == len(expected)
    assert [a[2] for a in sorted(found)] == [a[2] for a in sorted(expected)]
    np.testing.assert_allclose([a[0] for a in sorted(found)], [a[0] for a in sorted(expected)], atol=1e-6)


@pytest.mark.parametrize("bdf", [False, True])
def test_records_that_start_late_leave_gaps_that_read_as_nan(tmp_path, bdf):
    path = tmp_path / "gaps.edf"
    signal = write_edf(path, bdf=bdf)
    stamp_records(path, [0, 1, 4.5, 5.5, 9])
    recording = open_recording(path)
    assert recording.file_format == ("BDF+D" if bdf else "EDF+D")
    assert recording.duration_s == 10.0
    assert recording.gaps == (Gap(2.0, 2.5), Gap(6.5, 2.5))
    fast, slow = recording.read([0, 1], 0, 10)
    assert np.flatnonzero(np.isnan(fast)).tolist() == [*range(200, 450), *range(650, 900)]
    assert np.flatnonzero(np.isnan(slow)).tolist() == [*range(20, 45), *range(65, 90)]
    np.testing.assert_allclose(fast[~np.isnan(fast)], signal, atol=1e-3)


def test_a_late_first_time_stamp_moves_the_start_not_the_signal(tmp_path):
    path = tmp_path / "late.edf"
    write_edf(path, annotations=[(2.5, 0.5, "spasm")])
    stamp_records(path, [0.25, 1.25, 2.25, 3.25, 4.25])
    recording = open_recording(path)
    assert recording.gaps == ()
    assert recording.start == datetime(1985, 1, 1, 0, 0, 0, 250000)
    assert [(a.onset_s, a.duration_s, a.label) for a in recording.annotations][-1] == (2.25, 0.5, "spasm")


def test_time_stamps_that_run_backwards_are_reported_and_not_believed(tmp_path):
    path = tmp_path / "back.edf"
    write_edf(path)
    stamp_records(path, [0, 1, 0.5, 3, 4])
    recording = open_recording(path)
    assert recording.duration_s == 5.0
    assert any("no valid time stamp" in problem for problem in recording.problems)


def test_any_span_has_its_length_and_is_nan_outside_the_recording(tmp_path):
    path = tmp_path / "plain.edf"
    signal = write_edf(path)
    recording = open_recording(path)
    (before,) = recording.read([0], -0.1, 0.2)
    np.testing.assert_allclose(before, [*[np.nan] * 10, *signal[:10]], atol=0.02)
    (inside,) = recording.read([0], 1.234, 2.5)
    np.testing.assert_allclose(inside, signal[123:373], atol=0.02)
    assert np.isnan(recording.read([1], 7, 3)[0]).all()
    assert recording.read([1, 0, 1], 1, 0)[0].size == 0


def test_reading_from_several_threads_gives_what_one_thread_gets(tmp_path):
    path = tmp_path / "threads.edf"
    signal = write_edf(path, n_records=50)
    recording = open_recording(path)
    with ThreadPoolExecutor(8) as pool:
        spans = list(pool.map(lambda onset_s: recording.read([0], onset_s, 1)[0], range(50)))
    np.testing.assert_allclose(np.concatenate(spans), signal, atol=0.02)


def test_a_cut_file_offers_its_whole_records_and_says_how_much_is_missing(tmp_path):
    path = tmp_path / "cut.edf"
    signal = write_edf(path, n_records=10)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    recording = open_recording(path)
    (problem,) = recording.problems
    assert problem.startswith("The file is cut off: ")
    n_samples = round(recording.duration_s * 100)
    assert 0 < n_samples < 1000
    np.testing.assert_allclose(recording.read([0], 0, recording.duration_s)[0], signal[:n_samples], atol=0.02)


def test_an_open_record_count_is_counted_from_the_file(tmp_path):
    path = tmp_path / "running.edf"
    write_edf(path)
    patch(path, RECORD_COUNT, b"-1")
    recording = open_recording(path)
    assert (recording.duration_s, recording.problems) == (5.0, ())


def test_a_file_that_shrinks_after_opening_is_an_error_of_the_world(tmp_path):
    path = tmp_path / "shrinking.edf"
    write_edf(path)
    recording = open_recording(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(RecordingError, match=r"shrinking\.edf can no longer be read"):
        recording.read([0], 4, 1)
    path.unlink()
    with pytest.raises(RecordingError, match="no such file"):
        recording.read([0], 4, 1)


@pytest.mark.parametrize(("unit", "microvolts"), [(b"mV", 1e3), (b"V", 1e6), (b"nV", 1e-3), (b"\xb5V", 1.0)])
def test_every_unit_of_voltage_is_read_in_microvolts(tmp_path, unit, microvolts):
    path = tmp_path / "unit.edf"
    signal = write_edf(path, rates_hz=(100,))
    patch(path, slice(256 + 2 * 96, 256 + 2 * 96 + 8), unit)
    recording = open_recording(path)
    assert recording.channels[0].unit == "uV"
    np.testing.assert_allclose(recording.read([0], 0, 5)[0], signal * microvolts, rtol=1e-5, atol=0.02 * microvolts)


def test_a_corrected_kind_is_read_in_microvolts(tmp_path):
    path = tmp_path / "corrected.edf"
    signal = write_edf(path, rates_hz=(100,))
    patch(path, slice(256, 272), b"unknown")
    patch(path, slice(256 + 2 * 96, 256 + 2 * 96 + 8), b"mV")
    recording = open_recording(path)
    assert (recording.channels[0].kind, recording.channels[0].unit) == (ChannelKind.OTHER, "mV")
    np.testing.assert_allclose(recording.read([0], 0, 5)[0], signal, atol=0.02)
    recording.correct_kinds({"unknown": ChannelKind.EEG})
    assert (recording.channels[0].kind, recording.channels[0].unit) == (ChannelKind.EEG, "uV")
    np.testing.assert_allclose(recording.read([0], 0, 5)[0], signal * 1e3, rtol=1e-5, atol=20)


def test_a_page_of_a_long_file_reads_that_page_only(tmp_path, monkeypatch):
    path = tmp_path / "long.edf"
    write_edf(path, n_records=600)
    recording = open_recording(path)
    read_bytes = []
    read_block = type(recording)._read_block
    monkeypatch.setattr(
        type(recording), "_read_block", lambda *args: read_bytes.append((block := read_block(*args)).nbytes) or block
    )
    recording.read([0, 1], 100, 10)
    assert sum(read_bytes) < path.stat().st_size / 50
