from datetime import datetime
from pathlib import Path

import numpy as np
import pybv
import pytest

from inference.imaging.alignment import ClockSource, align
from inference.imaging.volumes import open_volumes
from inference.recordings import open_recording
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, FileAnnotation
from tests.inference.imaging.images import write_run, write_sidecar

RATE_HZ = 250.0
TR_S = 2.1
N_VOLUMES = 120


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "sub-01" / "func" / "sub-01_task-sleep_bold.nii"
    path.parent.mkdir(parents=True)
    write_run(path, np.ones((3, 3, 2, N_VOLUMES), np.float32), tr=TR_S)
    return path


def eeg(onsets_s, label="Response/R128", *, duration_s=400.0, start=None, path=Path("eeg"), others=()):
    annotations = [FileAnnotation(float(onset_s), 0.0, label) for onset_s in onsets_s]
    annotations += [FileAnnotation(onset_s, 0.0, other) for onset_s, other in others]
    channels = [Channel("Cz", ChannelKind.EEG, "uV", RATE_HZ)]
    signal = [np.zeros(round(duration_s * RATE_HZ), np.float32)]
    return ArrayRecording(channels, signal, start, annotations=annotations, path=path)


def triggers(offset_s=31.7, n=N_VOLUMES, tr_s=TR_S, jitter_s=0.001, seed=1):
    return offset_s + tr_s * np.arange(n) + np.random.default_rng(seed).uniform(-jitter_s, jitter_s, n)


def place(run, *arguments, offset_s=None, **options):
    return align(open_volumes(run), eeg(*arguments, **options), offset_s=offset_s)


@pytest.mark.parametrize(
    "label", ["Response/R128", "R128", "Volume/V  1", "V  1", "TR", "Scanner/Scan Start", "Stimulus/S  9"]
)
def test_the_offset_is_that_of_the_triggers_whatever_they_are_called(run, label):
    others = [(40.0 + 0.77 * i**1.3, "Stimulus/S  2") for i in range(60)]
    found = place(run, triggers(), label, others=others)
    assert found.source is ClockSource.TRIGGERS
    assert found.offset_s == pytest.approx(31.7, abs=0.001)
    assert found.tr_s == pytest.approx(TR_S, rel=1e-5)
    assert found.problems == ()
    assert found.volume_at(31.6) is None
    assert [found.volume_at(31.71), found.volume_at(31.71, lag_s=5.0), found.volume_at(found.end_s + 0.01)] == [
        0,
        2,
        None,
    ]


@pytest.mark.parametrize("shift_s", [0.0, 0.037, 5.2, -20.013])
def test_a_shift_of_the_markers_in_a_brainvision_file_is_recovered_to_ten_milliseconds(run, tmp_path, shift_s):
    samples = np.rint((triggers(31.7 + shift_s, jitter_s=0.0)) * RATE_HZ).astype(int)
    events = [{"onset": int(s), "duration": 1, "description": 128, "type": "Response"} for s in samples]
    data = np.random.default_rng(2).normal(0, 1e-5, (2, round(400 * RATE_HZ)))
    pybv.write_brainvision(
        data=data, sfreq=RATE_HZ, ch_names=["Cz", "Pz"], fname_base="eeg", folder_out=tmp_path, events=events
    )
    recording = open_recording(tmp_path / "eeg.vhdr")
    assert "Response/R128" in {annotation.label for annotation in recording.annotations}
    found = align(open_volumes(run), recording)
    assert abs(found.offset_s - (31.7 + shift_s)) <= 0.010
    assert abs(found.onset_s(N_VOLUMES - 1) - (31.7 + shift_s + (N_VOLUMES - 1) * TR_S)) <= 0.010


def test_missing_and_extra_triggers_are_reported_with_their_places_and_move_nothing(run):
    onsets_s = triggers()
    onsets_s = np.delete(onsets_s, [7, 40, 41, 42])
    onsets_s = np.sort(np.concatenate([onsets_s, [50.9, 100.55, onsets_s[60] + 0.004]]))
    found = place(run, onsets_s)
    assert found.offset_s == pytest.approx(31.7, abs=0.001)
    assert found.train.missing == (7, 40, 41, 42)
    assert len(found.train.extra_s) == 3
    assert found.problems[0] == "4 triggers are missing, at volume 8, 41, 42, 43 of the train."
    assert "3 triggers fit no volume, at 50.90 s, 100.55 s" in found.problems[1]


def test_a_stray_trigger_before_the_run_is_no_volume(run):
    found = place(run, np.concatenate([[30.5], triggers()]))
    assert found.offset_s == pytest.approx(31.7, abs=0.001)
    assert found.train.extra_s == (30.5,)


def test_clocks_that_drift_apart_keep_the_last_volume_in_its_place(run):
    drifting = 31.7 + TR_S * (1 + 2e-4) * np.arange(N_VOLUMES)
    found = place(run, drifting)
    assert found.onset_s(N_VOLUMES - 1) == pytest.approx(drifting[-1], abs=0.001)


def test_a_wrong_or_absent_tr_is_put_right_by_the_triggers(tmp_path):
    for tr, words in ((2.0, "the image says 2 s"), (0.0, "taken from the triggers")):
        write_run(tmp_path / "run.nii", np.ones((3, 3, 2, N_VOLUMES), np.float32), tr=tr)
        found = align(open_volumes(tmp_path / "run.nii"), eeg(triggers()))
        assert found.tr_s == pytest.approx(TR_S, rel=1e-5)
        assert found.offset_s == pytest.approx(31.7, abs=0.001)
        assert words in found.problems[0]
    assert align(open_volumes(tmp_path / "run.nii"), eeg([])) is None


def test_triggers_of_slices_give_the_volumes(run):
    per_volume = 30
    onsets_s = triggers(n=N_VOLUMES * per_volume, tr_s=TR_S / per_volume, jitter_s=0.0005)
    found = place(run, np.delete(onsets_s, [95]))
    assert found.train.steps_per_volume == per_volume
    assert found.offset_s == pytest.approx(31.7, abs=0.001)
    assert found.tr_s == pytest.approx(TR_S, rel=1e-5)
    assert found.problems == ("1 trigger is missing, at volume 4 of the train.",)


def test_one_mark_of_the_start_is_enough_and_said(run):
    found = place(run, [12.5], "Scan Start")
    assert (found.offset_s, found.tr_s) == (12.5, pytest.approx(TR_S))
    assert "one trigger (Scan Start)" in found.problems[0]


def test_of_several_runs_in_one_recording_the_one_of_this_length_is_taken(run):
    first = triggers(10.3, n=40)
    second = triggers(130.9)
    found = place(run, np.concatenate([first, second]))
    assert found.offset_s == pytest.approx(130.9, abs=0.001)
    assert "several trains" in found.problems[0]
    assert len(found.problems) == 1


def test_a_pause_in_the_triggers_of_one_run_does_not_split_it(run):
    found = place(run, np.delete(triggers(), np.arange(50, 80)))
    assert found.offset_s == pytest.approx(31.7, abs=0.001)
    assert found.train.n_steps == N_VOLUMES
    assert found.problems[0].startswith("30 triggers are missing, at volume 51, 52, 53, 54, 55 and 25 more")


def test_triggers_of_discarded_volumes_are_skipped_where_the_sidecar_says_so(run):
    onsets_s = triggers(n=N_VOLUMES + 4)
    found = place(run, onsets_s)
    assert found.offset_s == pytest.approx(31.7, abs=0.001)
    assert "4 at the end belong to none" in found.problems[0]
    write_sidecar(run.with_suffix(".json"), NumberOfVolumesDiscardedByUser=4)
    found = place(run, onsets_s)
    assert found.offset_s == pytest.approx(31.7 + 4 * TR_S, abs=0.001)
    assert found.problems == ()


def test_too_few_triggers_are_said(run):
    found = place(run, triggers(n=100))
    assert "triggers (Response/R128) of 100 volumes for 120: the last 20" in found.problems[0]


def test_a_recording_that_begins_in_the_middle_of_the_run_lacks_the_first_volumes(run):
    onsets_s = triggers(offset_s=-50.0)
    found = place(run, onsets_s[onsets_s > 0])
    assert found.offset_s == pytest.approx(-50.0, abs=0.001)
    assert found.volume_at(0.5) == 24
    assert "the first 24 are taken to have none" in found.problems[0]


@pytest.mark.parametrize("seed", range(12))
def test_triggers_lost_at_random_and_strays_among_them_move_the_offset_by_less_than_ten_milliseconds(run, seed):
    rng = np.random.default_rng(seed)
    onsets_s = triggers(
        float(rng.uniform(5, 60)), tr_s=TR_S * (1 + rng.uniform(-1e-4, 1e-4)), jitter_s=0.004, seed=seed
    )
    true_s, last_s = onsets_s[0], onsets_s[-1]
    kept = np.concatenate([[True, True], rng.uniform(size=N_VOLUMES - 3) > 0.15, [True]])
    strays = rng.uniform(onsets_s[2], last_s, 6)
    found = place(run, np.sort(np.concatenate([onsets_s[kept], strays])))
    assert abs(found.offset_s - true_s) < 0.010
    assert abs(found.onset_s(N_VOLUMES - 1) - last_s) < 0.010
    assert set(np.flatnonzero(~kept)) - set(found.train.missing) <= set(np.rint((strays - true_s) / TR_S).astype(int))


def test_the_hand_goes_before_everything_and_what_nothing_tells_is_said_to_be_assumed(run):
    found = place(run, triggers(), offset_s=3.25)
    assert (found.offset_s, found.source) == (3.25, ClockSource.HAND)
    found = place(run, [])
    assert (found.offset_s, found.source) == (0.0, ClockSource.ASSUMED)
    assert "set it by hand" in found.problems[0]


def test_without_triggers_the_sidecar_of_the_recording_tells(run, tmp_path):
    folder = tmp_path / "sub-01" / "eeg"
    folder.mkdir()
    write_sidecar(folder / "sub-01_task-sleep_eeg.json", StartTime=-12.5)
    found = place(run, [], path=folder / "sub-01_task-sleep_eeg.edf")
    assert (found.offset_s, found.source) == (12.5, ClockSource.SIDECAR)


def test_without_triggers_and_sidecar_the_times_of_acquisition_tell(run, tmp_path):
    start = datetime(2026, 3, 1, 23, 59, 50)
    write_sidecar(run.with_suffix(".json"), AcquisitionTime="00:00:02.250000")
    found = place(run, [], start=start)
    assert (found.offset_s, found.source) == (12.25, ClockSource.TIMES)
    assert "may be wrong" in found.problems[0]
    write_sidecar(run.with_suffix(".json"), AcquisitionDateTime="2026-03-02T00:00:05.5")
    assert place(run, [], start=start).offset_s == 15.5
    scans = tmp_path / "sub-01" / "sub-01_scans.tsv"
    scans.write_text(
        f"filename\tacq_time\nfunc/{run.name}\t2026-03-02T00:00:10\neeg/night.edf\t2026-03-02T00:00:03.5\n"
    )
    assert place(run, [], start=start, path=tmp_path / "night.edf").offset_s == 6.5
    found = place(run, [], start=datetime(2025, 1, 1))
    assert found.source is ClockSource.ASSUMED
    assert "not recorded together" in found.problems[0]
