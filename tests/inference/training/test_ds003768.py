import os
from collections import Counter
from pathlib import Path

import numpy as np
import pybv
import pytest

from inference.errors import LabelError, RecordingError
from inference.imaging.atlas import approximate_atlas
from inference.recordings.array import ArrayRecording
from inference.recordings.opening import open_recording
from inference.recordings.recording import Channel, ChannelKind, FileAnnotation
from inference.simulate.sleep.night import simulate_sleep
from inference.simulate.sleep.patients import Setting
from inference.simulate.writing import as_edf
from inference.training.corpora.ds003768 import SleepRun, clean_eeg, find_runs, read_session, read_sessions

DATA = Path(os.environ.get("SPASMLENS_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
CORPUS = DATA / "ds003768"
needs_data = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real recordings in {DATA}")
RATE_HZ = 1000.0
TR_S = 2.1
N_VOLUMES = 20


@needs_data
def test_every_session_of_the_real_tables_is_found_and_doubt_is_left_out():
    runs = find_runs(CORPUS)
    assert len({run.subject for run in runs}) == 33
    assert len(runs) == 255
    stages = Counter(stage for run in runs for stage in run.hypnogram.stages)
    # One row has a space for a tab, which a reader of tables would lose.
    assert (stages["W"], stages["N1"], stages["N2"], stages["N3"], stages["?"]) == (3344, 2148, 1325, 42, 131)
    assert "R" not in stages
    assert (runs[0].subject, runs[0].session, runs[0].hypnogram.n_epochs) == ("sub-01", "task-rest_run-1", 20)


@needs_data
def test_stages_without_their_signals_are_said_to_be_so():
    with pytest.raises(LabelError, match="none of its EEG"):
        next(read_sessions(CORPUS))


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(LabelError, match=r"is not ds003768: it has no table sourcedata"):
        find_runs(tmp_path)
    with pytest.raises(RecordingError, match="is not a folder"):
        find_runs(tmp_path / "none")


def raw_signals(artefact: bool) -> tuple[np.ndarray, list[float]]:
    """Alpha of 40 µV in three channels and an ECG, in a scanner that adds a millivolt in each volume, the same."""
    random = np.random.default_rng(1)
    n = round((N_VOLUMES + 1) * TR_S * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    eeg = 40.0 * np.sin(2 * np.pi * 9.7 * t + np.arange(3)[:, None]) + random.normal(0, 2, (3, n))
    ecg = 500.0 * np.exp(-0.5 * (((t % 0.97) - 0.3) / 0.012) ** 2)[None]
    signals = np.concatenate([eeg, ecg])
    step = round(TR_S * RATE_HZ)
    onsets = 500 + step * np.arange(N_VOLUMES)
    if artefact:
        shape = 1000.0 * np.sin(2 * np.pi * 60 / TR_S * np.arange(step) / RATE_HZ)
        for onset in onsets:
            signals[:, onset : onset + step] += shape
    return signals, (onsets / RATE_HZ).tolist()


def test_brain_vision_as_downloaded_is_freed_of_the_scanner_s_artefact(tmp_path):
    signals, onsets_s = raw_signals(artefact=True)
    events = [
        {"onset": round(s * RATE_HZ), "duration": 1, "type": "Response", "description": 128, "channels": "all"}
        for s in onsets_s
    ]
    pybv.write_brainvision(
        data=1e-6 * signals,
        sfreq=RATE_HZ,
        ch_names=["C3", "O1", "O2", "ECG"],
        fname_base="sub-01_task-sleep_run-1_eeg",
        folder_out=tmp_path,
        events=events,
        unit="µV",
    )
    recording = open_recording(tmp_path / "sub-01_task-sleep_run-1_eeg.vhdr")
    cleaned = clean_eeg(recording)
    assert [channel.rate_hz for channel in cleaned.channels] == [250.0] * 4
    found = np.stack(cleaned.read([0, 1, 2], 0.0, cleaned.duration_s))
    expected = raw_signals(artefact=False)[0][:3, ::4]
    inside = slice(3 * 250, 40 * 250)
    before = np.stack(recording.read([0, 1, 2], 0.0, recording.duration_s))[:, ::4]
    assert np.std((before - expected)[:, inside]) > 500
    assert np.std((found - expected)[:, inside]) < 12


def test_eeg_that_was_corrected_already_is_left_alone():
    channel = Channel("EEG C3-Ref", ChannelKind.EEG, "uV", 250.0, "C3")
    triggers = [FileAnnotation(TR_S * i, 0.0, "R128") for i in range(N_VOLUMES)]
    slow = ArrayRecording([channel], [np.zeros(12_000)], annotations=triggers)
    assert clean_eeg(slow) is slow


def test_the_first_epoch_begins_with_the_first_volume(tmp_path):
    case = simulate_sleep(5, 90.0, 250.0, setting=Setting.SCANNER)
    lead_s = 4.0
    signals = np.stack(case.recording.read(range(len(case.recording.channels)), 0.0, 90.0))
    before = np.random.default_rng(0).normal(0, 30, (len(signals), round(lead_s * 250)))
    later = ArrayRecording(
        case.recording.channels,
        np.concatenate([before, signals, signals[:, :500]], axis=1),
        annotations=[FileAnnotation(a.onset_s + lead_s, 0.0, a.label) for a in case.recording.annotations],
    )
    as_edf(later, "x").write(tmp_path / "later.edf")
    as_edf(case.recording, "x").write(tmp_path / "plain.edf")
    runs = [SleepRun("sub-05", "x", case.hypnogram, tmp_path / name, None) for name in ("later.edf", "plain.edf")]
    found, expected = (read_session(run, approximate_atlas()).epochs[1].astype(float) for run in runs)
    same = [np.corrcoef(a, b)[0, 1] for a, b in zip(found, expected, strict=True)]
    assert min(same) > 0.95
