from pathlib import Path

import numpy as np
import pybv
import pytest

from inference.errors import ImagingError
from inference.imaging.alignment import ClockSource
from inference.imaging.atlas_file import ATLAS_VARIABLE
from inference.imaging.fmri_study import FmriOptions, find_studies, open_fmri
from inference.imaging.space import Basis
from inference.recordings import open_recording
from tests.inference.imaging.brains import write_brain_run
from tests.inference.imaging.images import write_run, write_sidecar

RATE_HZ = 250.0
TR_S = 2.0
N_VOLUMES = 50


@pytest.fixture(autouse=True)
def no_atlas_of_this_machine(monkeypatch, tmp_path):
    for name in (ATLAS_VARIABLE, "NILEARN_SHARED_DATA", "NILEARN_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def write_eeg(folder: Path, stem: str, offset_s: float | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = np.random.default_rng(1).normal(0, 2e-5, (2, round(160 * RATE_HZ)))
    onsets_s = [] if offset_s is None else offset_s + TR_S * np.arange(N_VOLUMES)
    events = [
        {"onset": round(onset_s * RATE_HZ), "duration": 1, "description": 128, "type": "Response"}
        for onset_s in onsets_s
    ]
    names = ["Cz", "Pz"]
    pybv.write_brainvision(data=data, sfreq=RATE_HZ, ch_names=names, fname_base=stem, folder_out=folder, events=events)
    return folder / f"{stem}.vhdr"


def write_study(root: Path, offset_s: float | None = 20.0, **options) -> tuple[Path, Path]:
    """Write a subject's simultaneous EEG and fMRI in BIDS: BrainVision with R128 markers, volumes in MNI space."""
    root.mkdir(parents=True, exist_ok=True)
    write_sidecar(root / "dataset_description.json", Name="simulated", BIDSVersion="1.10.0")
    eeg = write_eeg(root / "sub-01" / "eeg", "sub-01_task-sleep_eeg", offset_s)
    bold = root / "sub-01" / "func" / "sub-01_task-sleep_bold.nii.gz"
    bold.parent.mkdir(parents=True, exist_ok=True)
    write_brain_run(bold, n_volumes=N_VOLUMES, **{"code": 4, "tr": TR_S} | options)
    write_sidecar(root / "task-sleep_bold.json", RepetitionTime=TR_S, TaskName="sleep")
    return eeg, bold


def options(tmp_path, **fields):
    return FmriOptions(cache_folder=tmp_path / "cache", **fields)


@pytest.mark.parametrize("shift_s", [0.0, 0.317])
def test_a_study_in_bids_opens_as_one_from_its_folder_with_the_offset_of_its_markers(tmp_path, shift_s):
    eeg, bold = write_study(tmp_path / "bids", 20.0 + shift_s)
    for folder in (tmp_path / "bids", tmp_path / "bids" / "sub-01", tmp_path / "bids" / "sub-01" / "eeg"):
        assert find_studies(folder) == ((eeg, bold),)
    told = []
    study = open_fmri(
        open_recording(eeg), options=options(tmp_path), report=lambda sentence, fraction: told.append(fraction)
    )
    assert study.volumes.path == bold
    assert study.alignment.source is ClockSource.TRIGGERS
    assert abs(study.alignment.offset_s - (20.0 + shift_s)) <= 0.010
    assert study.placement.basis is Basis.CLAIM
    assert study.labels.shape == study.volumes.grid
    assert len(np.unique(study.labels)) == 101
    assert np.isfinite(study.series.values).all()
    assert any("approximate" in note for note in study.notes)
    assert study.problems == ()
    assert told == sorted(told)


def test_a_recording_without_fmri_has_none(tmp_path):
    eeg = write_eeg(tmp_path / "alone", "night", None)
    assert open_fmri(open_recording(eeg), options=options(tmp_path)) is None
    assert find_studies(tmp_path / "alone") == ()


def test_a_recording_and_an_image_side_by_side_are_a_study_without_bids(tmp_path):
    eeg = write_eeg(tmp_path / "pair", "night", 5.0)
    write_brain_run(tmp_path / "pair" / "scan.nii", n_volumes=4)
    assert find_studies(tmp_path / "pair") == ((eeg, tmp_path / "pair" / "scan.nii"),)


def test_of_several_runs_the_first_is_shown_and_the_others_are_named(tmp_path):
    eeg, bold = write_study(tmp_path / "bids")
    for run in (1, 2):
        write_brain_run(bold.with_name(f"sub-01_task-sleep_run-{run}_bold.nii.gz"), n_volumes=3, code=4)
    bold.unlink()
    study = open_fmri(open_recording(eeg), options=options(tmp_path))
    assert study.volumes.path.name == "sub-01_task-sleep_run-1_bold.nii.gz"
    assert "not sub-01_task-sleep_run-2_bold.nii.gz" in study.problems[0]


def test_an_image_whose_place_is_not_trusted_shows_volumes_and_names_no_region(tmp_path):
    rng = np.random.default_rng(1)
    write_run(tmp_path / "noise.nii", rng.normal(100, 9, (12, 12, 10, 30)).astype(np.float32), code=4)
    study = open_fmri(None, tmp_path / "noise.nii")
    assert study.labels is None and study.series is None
    assert "too little to name regions" in study.notes[0]
    assert study.alignment.source is ClockSource.OWN
    assert study.volumes.volume(3).shape == (12, 12, 10)


def test_without_a_tr_it_is_asked_for_by_hand(tmp_path):
    write_brain_run(tmp_path / "run.nii", n_volumes=45, code=4, tr=0)
    with pytest.raises(ImagingError, match="Set the TR by hand"):
        open_fmri(None, tmp_path / "run.nii")
    study = open_fmri(None, tmp_path / "run.nii", FmriOptions(tr_s=2.2))
    assert study.alignment.tr_s == 2.2
    assert study.alignment.volume_at(4.5) == 2


@pytest.mark.parametrize(
    "name",
    [
        "bids_rest_5mm/sub-001/func/sub-001_task-rest_bold.nii.gz",
        "example4d.nii.gz",
        "functional.nii",
    ],
)
def test_every_real_run_opens_and_explains_itself(test_data, tmp_path, name):
    study = open_fmri(None, test_data / "mri" / name, options(tmp_path))
    for sentence in (*study.notes, *study.problems):
        print(f"{name}: {sentence}")
        assert sentence.endswith(".")
    assert study.placement.trusted
    assert study.placement.basis is (Basis.CLAIM if name == "functional.nii" else Basis.FIT)
    assert np.linalg.det(study.to_mni) * np.linalg.det(study.volumes.affine) > 0
    assert (study.series.means.n_voxels == 0).sum() == np.isnan(study.series.values).all(axis=0).sum()


def test_a_real_run_in_voxels_of_25_mm_names_no_region_and_says_why(test_data, tmp_path):
    study = open_fmri(None, test_data / "mri" / "haxby_25mm/BOLD/task001_run001/bold_25mm.nii.gz", options(tmp_path))
    assert study.labels is None and study.series is None
    assert study.notes[0].startswith("Not in MNI space; the brain is 73 voxels, which any affine")
    assert study.notes[0].endswith("Supply a registration, or the image in MNI space.")
    assert study.volumes.n_volumes == 121


def test_a_real_run_is_labelled_by_the_real_atlas_where_the_user_has_it(test_data, tmp_path):
    atlas = test_data / "mri" / "schaefer100_7net_MNI152NLin6Asym_2mm_derived.nii.gz"
    run = test_data / "mri" / "bids_rest_5mm/sub-001/func/sub-001_task-rest_bold.nii.gz"
    study = open_fmri(None, run, options(tmp_path, atlas=atlas))
    assert not study.atlas.approximate
    assert not any("approximate" in note for note in study.notes)
    assert np.isfinite(study.series.values).all()
