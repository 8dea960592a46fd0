import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from inference.errors import RecordingError
from inference.imaging.alignment import ClockSource
from inference.imaging.fmri_study import FmriOptions, find_studies, open_fmri
from inference.imaging.parcels import N_PARCELS
from inference.recordings.opening import open_recording
from inference.runtime.sleep_inputs import BoldSignals
from inference.simulate.sleep.bids import write_eeg_fmri
from inference.simulate.sleep.bold import TR_S
from inference.simulate.sleep.night import simulate_sleep
from inference.simulate.sleep.patients import Setting
from inference.simulate.sleep.volumes import VOXEL_MM, image_grid
from inference.training.corpora.ds003768 import find_runs, read_sessions
from inference.training.sleep_sessions import bold_run

DURATION_S = 240.0


@pytest.fixture(scope="module")
def data_set(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bids")
    write_eeg_fmri(7, DURATION_S, folder)
    return folder


def test_the_bids_validator_finds_no_error(data_set):
    program = Path(sys.executable).with_name("bids-validator-deno")
    report = subprocess.run(
        [program, data_set, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DENO_NO_UPDATE_CHECK": "1"},
    )
    result = json.loads(report.stdout)
    assert [issue for issue in result["issues"]["issues"] if issue["severity"] == "error"] == []
    assert set(result["summary"]["modalities"]) == {"EEG", "MRI"}


def test_the_image_says_what_it_is(data_set):
    image = nibabel.load(data_set / "sub-07" / "func" / "sub-07_task-sleep_run-1_bold.nii.gz")
    n_volumes = np.ceil(DURATION_S / TR_S)
    assert image.shape == (*image_grid().labels.shape, n_volumes)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    np.testing.assert_allclose(image.header.get_zooms(), (VOXEL_MM, VOXEL_MM, VOXEL_MM, TR_S), rtol=1e-6)
    assert int(image.header["sform_code"]) == 4
    assert (
        json.loads((data_set / "sub-07/func/sub-07_task-sleep_run-1_bold.json").read_text())["RepetitionTime"] == TR_S
    )


def test_every_region_has_voxels():
    assert (np.bincount(image_grid().labels.ravel(), minlength=N_PARCELS + 1)[1:] >= 20).all()


def test_the_recording_marks_its_volumes_and_betrays_no_stage(data_set):
    path = data_set / "sub-07" / "eeg" / "sub-07_task-sleep_run-1_eeg.vhdr"
    recording = open_recording(path)
    assert {annotation.label for annotation in recording.annotations} == {"Response/R128"}
    assert not any(b"stage" in part.read_bytes().lower() for part in path.parent.glob(f"{path.stem}.*[!n]"))
    assert "Simulated" in (data_set / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shift_s", [0.0, 0.316, 11.052])
def test_opened_from_its_folder_the_offset_is_found_again_however_its_markers_are_shifted(data_set, tmp_path, shift_s):
    shutil.copytree(data_set, tmp_path / "bids")
    (markers,) = (tmp_path / "bids").rglob("*.vmrk")
    rate_hz = 250.0
    lines = [
        re.sub(r"(R128,)(\d+)", lambda found: f"{found[1]}{int(found[2]) + round(shift_s * rate_hz)}", line)
        for line in markers.read_text(encoding="utf-8").splitlines()
    ]
    rows = [number for number, line in enumerate(lines) if "R128" in line]
    # Two are lost, one comes where no volume begins.
    lines[rows[20]] = lines[rows[20]].replace("R128", "R  1")
    lines[rows[33]] = lines[rows[33]].replace("R128", "R  1")
    place = int(lines[rows[40]].split(",")[2])
    lines.append(lines[rows[40]].replace("Mk", "Mk9", 1).replace(f",{place},", f",{place + 200},"))
    markers.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ((eeg, bold),) = find_studies(tmp_path / "bids")
    study = open_fmri(open_recording(eeg), bold, FmriOptions(cache_folder=tmp_path / "cache"))
    assert study.alignment.source is ClockSource.TRIGGERS
    assert abs(study.alignment.offset_s - shift_s) <= 0.010
    assert study.alignment.tr_s == pytest.approx(TR_S, abs=1e-4)
    assert "2 triggers are missing, at volume 21, 34 of the train." in study.problems
    assert any(problem.startswith("1 trigger fits no volume, at ") for problem in study.problems)


def test_the_data_set_is_read_back_as_ds003768_is(data_set):
    (run,) = find_runs(data_set)
    assert (run.subject, run.session, run.hypnogram.n_epochs) == ("sub-07", "task-sleep_run-1", 8)
    (session,) = read_sessions(data_set)
    assert session.present.all()
    assert (session.stage >= 0).all()
    assert session.bold is not None
    assert (session.bold.onset_s, session.bold.tr_s) == (pytest.approx(0, abs=1e-3), pytest.approx(TR_S, abs=1e-4))
    # What the regions were given comes out of the voxels again.
    truth = simulate_sleep(7, DURATION_S, 250.0, setting=Setting.SCANNER).bold
    assert truth is not None
    expected = bold_run(BoldSignals(truth.series, 0.0, TR_S)).series
    same = [np.corrcoef(a, b)[0, 1] for a, b in zip(expected.T, session.bold.series.T, strict=True)]
    assert np.median(same) > 0.95


def test_a_subject_is_added_to_the_data_set_but_never_overwritten(data_set, tmp_path):
    with pytest.raises(RecordingError, match="sub-07 exists already"):
        write_eeg_fmri(7, DURATION_S, data_set)
    write_eeg_fmri(8, 30.0, tmp_path)
    write_eeg_fmri(9, 30.0, tmp_path)
    rows = (tmp_path / "participants.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[0] for row in rows] == ["participant_id", "sub-08", "sub-09"]
