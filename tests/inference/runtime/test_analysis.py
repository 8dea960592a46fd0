import json
import time

import numpy as np
import pytest

from inference.errors import AnalysisError, LabelError, ModelPackageError
from inference.recordings import open_recording
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Gap
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.runtime.outputs import write_outputs
from inference.runtime.package import ONNX_NAME
from inference.runtime.plan import WindowPlan
from inference.runtime.registry import choose_packages, shipped_packages, survey_packages
from inference.runtime.session import NetworkSession
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import SPEC, emg, make_patient

BURSTS_S = (20.0, 41.5, 63.0, 100.0)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_burst_package(tmp_path_factory.mktemp("models"))


def run(recording, *packages, should_cancel=lambda: False):
    return list(analyze(AnalysisRequest(recording, packages, "cpu"), should_cancel))


def last_result(updates):
    return next(update.result for update in reversed(updates) if update.result)


def test_bursts_are_found_where_they_are(package):
    result = last_result(run(make_patient(bursts_s=BURSTS_S), package))
    assert len(result.detections) == len(BURSTS_S)
    for event, onset_s in zip(result.detections, BURSTS_S, strict=True):
        assert abs(event.onset_s - onset_s) < 0.6
        assert event.onset_s < onset_s + 0.5 < event.end_s
        assert event.label == "Epileptic-spasm"


def test_the_track_covers_the_recording_and_is_silent_only_near_ends_and_gaps(package):
    result = last_result(run(make_patient(60.0, gaps=(Gap(30.0, 5.0),)), package))
    assert result.time_s[0] == 0.0
    assert result.time_s[-1] == 60.0
    half_s = SPEC.window_s / 2
    t = result.time_s
    expected = (t >= half_s) & (t <= 60 - half_s) & ~((t > 30 - half_s) & (t < 35 + half_s))
    assert np.array_equal(np.isfinite(result.probability), expected)


def test_what_is_told_piecewise_is_the_whole_result(package, monkeypatch):
    monkeypatch.setattr("inference.runtime.analysis._UPDATE_INTERVAL_S", 0.0)
    updates = run(make_patient(bursts_s=BURSTS_S, gaps=(Gap(70.0, 4.0),)), package)
    result = last_result(updates)
    assert len(updates) > 1
    time_s, told = (np.concatenate([getattr(u, name) for u in updates]) for name in ("time_s", "probability"))
    order = np.argsort(time_s)
    assert np.array_equal(time_s[order], result.time_s)
    assert np.array_equal(told[order], result.probability, equal_nan=True)
    events = [event for update in updates for event in update.detections]
    assert sorted(events, key=lambda event: event.onset_s) == list(result.detections)
    assert [update.done_s for update in updates] == sorted(update.done_s for update in updates)
    assert updates[-1].done_s == updates[-1].total_s == 120.0


def test_results_are_the_same_at_any_pace(package, monkeypatch):
    recording = make_patient(bursts_s=BURSTS_S)
    ours = last_result(run(recording, package))
    monkeypatch.setattr("inference.runtime.montage_run.PART_S", 7.0)
    theirs = last_result(run(recording, package))
    assert np.allclose(ours.probability, theirs.probability, atol=1e-6, equal_nan=True)
    assert ours.detections == theirs.detections


def test_a_cancelled_analysis_ends_without_a_result(package):
    asked = []

    def should_cancel():
        asked.append(time.monotonic())
        return len(asked) > 200

    updates = run(make_patient(600.0), package, should_cancel=should_cancel)
    assert len(asked) == 201
    assert not any(update.result for update in updates)
    print(f"longest wait between two looks: {1000 * np.diff(asked).max():.0f} ms")


def test_no_emg_is_told_and_the_network_still_runs(package):
    result = last_result(run(make_patient(30.0, muscles=()), package))
    assert "EMG" in result.channels_missing
    assert any("EMG" in problem for problem in result.problems)
    assert np.isfinite(result.probability).any()


def test_a_recording_without_eeg_is_one_sentence(package):
    recording = ArrayRecording([emg("L DELT")], [np.zeros(2560)])
    with pytest.raises(AnalysisError, match="no EEG channel"):
        run(recording, package)


def test_a_recording_shorter_than_a_window_is_told(package):
    result = last_result(run(make_patient(3.0), package))
    assert not np.isfinite(result.probability).any()
    assert any("long enough" in problem for problem in result.problems)


def test_one_failing_network_does_not_stop_the_others(tmp_path, package):
    broken = make_burst_package(tmp_path, "broken")
    (broken.folder / ONNX_NAME).write_bytes(b"not a network")
    updates = run(make_patient(30.0), broken, package)
    assert "broken" in updates[0].problem
    assert last_result(updates).reference == package.reference


def test_when_every_network_fails_the_analysis_fails(tmp_path):
    broken = make_burst_package(tmp_path, "broken")
    (broken.folder / ONNX_NAME).unlink()
    with pytest.raises(AnalysisError, match="broken"):
        run(make_patient(30.0), broken)


def test_asking_for_cuda_without_a_gpu_runs_on_the_cpu_and_says_so(package):
    session = NetworkSession(package, "cuda")
    if session.provider == "cuda":
        pytest.skip("this machine has a GPU")
    assert any("runs on the CPU" in problem for problem in session.problems)
    assert NetworkSession(package, "auto").problems == ()


def test_windows_of_a_chunk_are_those_of_the_whole(package):
    recording = make_patient(40.0)
    preparer = InputPreparer(recording, plan_channels(recording.channels, SPEC), SPEC)
    windows = WindowPlan(40.0, SPEC)
    (whole,) = windows.chunks(100.0)
    all_eeg, all_emg = windows.stack(whole, list(whole)[4:-4], preparer.read(*windows.span_s(whole)))
    at = 0
    for indices in windows.chunks(7.0):
        signals = preparer.read(*windows.span_s(indices))
        chosen = windows.whole_windows(indices, signals.valid)
        if chosen:
            eeg, emg_ = windows.stack(indices, chosen, signals)
            assert np.array_equal(eeg, all_eeg[at : at + len(chosen)])
            assert np.array_equal(emg_, all_emg[at : at + len(chosen)])
            at += len(chosen)
    assert at == len(all_eeg) == 73


def test_outputs_are_what_other_programs_read(package, tmp_path):
    recording = make_patient(bursts_s=BURSTS_S, path=tmp_path / "night.edf")
    result = last_result(run(recording, package))
    summary = write_outputs(recording, [package], [result], tmp_path / "out", ["a note"])
    stem = tmp_path / "out" / "night_desc-spasmlens"
    rows = [line.split("\t") for line in (stem.with_name(f"{stem.name}_events.tsv")).read_text().splitlines()]
    assert rows[0] == ["onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration"]
    assert len(rows) == 1 + len(BURSTS_S)
    assert {row[2] for row in rows[1:]} == {"sz_uo_m_spasms"}
    with np.load(stem.with_name(f"{stem.name}_probabilities.npz")) as arrays:
        assert np.array_equal(arrays["spasm_time_s"], result.time_s)
        assert np.array_equal(arrays["spasm_probability"], result.probability, equal_nan=True)
    stored = json.loads(stem.with_name(f"{stem.name}_summary.json").read_text())
    assert stored == summary
    assert stored["models"]["burst-finder"]["events"] == len(BURSTS_S)
    assert stored["problems"] == ["a note"]
    assert all(path.startswith(str(stem)) for path in stored["outputs"])


def test_no_event_is_one_row_of_background(package, tmp_path):
    recording = make_patient(30.0, path=tmp_path / "calm.edf")
    write_outputs(recording, [package], [last_result(run(recording, package))], tmp_path)
    _, row = (tmp_path / "calm_desc-spasmlens_events.tsv").read_text().splitlines()
    assert row.split("\t")[:3] == ["0.000", "30.000", "bckg"]


def test_results_never_overwrite_the_recording(package, tmp_path):
    path = tmp_path / "x_desc-spasmlens_events.tsv"
    (tmp_path / "x").write_text("")
    recording = make_patient(30.0, path=path)
    results = [last_result(run(recording, package))]
    link = tmp_path / "x_desc-spasmlens_events_desc-spasmlens_events.tsv"
    path.write_text("recorded")
    link.symlink_to(path)
    with pytest.raises(AnalysisError, match="overwrite"):
        write_outputs(recording, [package], results, tmp_path)
    assert path.read_text() == "recorded"


def test_a_folder_that_cannot_be_written_is_one_sentence(package, tmp_path):
    (tmp_path / "out").write_text("a file")
    recording = make_patient(30.0)
    with pytest.raises(LabelError, match="cannot be written"):
        write_outputs(recording, [package], [last_result(run(recording, package))], tmp_path / "out")


def test_damaged_packages_are_told_and_left_out(tmp_path):
    good, bad = make_burst_package(tmp_path, "good"), make_burst_package(tmp_path, "bad")
    (bad.folder / ONNX_NAME).write_bytes(b"")
    survey = survey_packages(tmp_path)
    assert [package.reference for package in survey.packages] == [good.reference]
    assert len(survey.problems) == 1
    assert "bad" in survey.problems[0]


def test_a_name_that_no_model_has_is_told_with_those_that_exist(package):
    assert choose_packages([package], []) == (package,)
    with pytest.raises(ModelPackageError, match="burst-finder"):
        choose_packages([package], ["hunch"])


def test_every_shipped_package_is_intact():
    assert survey_packages().problems == ()
    for package in shipped_packages():
        assert NetworkSession(package, "cpu").provider == "cpu"


@pytest.mark.parametrize(
    ("file", "used"),
    [
        ("psg/nox_a1_89ch.edf", {"Left Leg", "Right Leg"}),
        ("scalp/michigan_tle_seizure.edf", set()),
        ("psg/sleepedf_5min.edf", set()),
    ],
)
def test_real_recordings_run_for_their_whole_length(package, test_data, file, used):
    recording = open_recording(test_data / file)
    result = last_result(run(recording, package))
    assert used <= set(result.channels_used)
    assert result.time_s[-1] == pytest.approx(recording.duration_s, abs=0.5)
    assert np.isfinite(result.probability).sum() > (recording.duration_s - 5) * 2
