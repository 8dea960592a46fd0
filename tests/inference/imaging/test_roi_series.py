import tracemalloc

import nibabel
import numpy as np
import pytest
from nilearn.interfaces.fmriprep import load_confounds
from nilearn.maskers import NiftiLabelsMasker

from inference.imaging.atlas import approximate_atlas, labels_on_grid
from inference.imaging.confounds import find_confounds, read_confounds
from inference.imaging.roi_series import CleaningOptions, clean_series, region_means, window_connectivity
from inference.imaging.volumes import open_volumes
from tests.inference.imaging.images import write_run

RAW = CleaningOptions(detrend=False, high_pass_hz=None, low_pass_hz=None, standardise=False, scrub_above_mm=None)
AFFINE = np.array([[-6.0, 0, 0, 90], [0, 6, 0, -120], [0, 0, 6, -60], [0, 0, 0, 1]])
GRID = (31, 36, 28)


def bold(n_volumes=60, seed=1):
    rng = np.random.default_rng(seed)
    drift = np.linspace(0, 40, n_volumes)
    return (rng.normal(1000, 25, (*GRID, n_volumes)) + drift).astype(np.float32)


def nilearn_series(path, atlas_image, **options):
    masker = NiftiLabelsMasker(atlas_image, resampling_target="data", **{"standardize": None} | options)
    series = masker.fit_transform(str(path))
    return series, np.array(sorted(label for label in masker.region_ids_.values() if int(label) > 0), int)


@pytest.fixture(scope="module")
def atlas_image():
    atlas = approximate_atlas()
    return nibabel.Nifti1Image(np.asarray(atlas.labels), atlas.affine)


def compare(path, volumes, atlas_image, options, **nilearn_options):
    labels = labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine)
    series = clean_series(region_means(volumes, labels), volumes.tr_s, options)
    expected, ids = nilearn_series(path, atlas_image, **nilearn_options)
    assert len(ids) == np.isfinite(series.values).all(axis=0).sum()
    ours = series.values[:, ids - 1]
    scale = np.abs(expected).max()
    assert np.abs(ours - expected).max() <= 1e-6 * scale
    return ids


@pytest.mark.parametrize(
    ("options", "nilearn_options"),
    [
        (RAW, {}),
        (
            CleaningOptions(),
            {"detrend": True, "high_pass": 0.01, "low_pass": 0.1, "t_r": 2.0, "standardize": "zscore_sample"},
        ),
        (
            CleaningOptions(high_pass_hz=None, low_pass_hz=None),
            {"detrend": True, "standardize": "zscore_sample"},
        ),
        (
            CleaningOptions(detrend=False, high_pass_hz=None, low_pass_hz=0.08, standardise=False),
            {"low_pass": 0.08, "t_r": 2.0},
        ),
    ],
)
def test_the_series_are_those_of_nilearn_on_a_simulated_run(tmp_path, atlas_image, options, nilearn_options):
    # Whole numbers, as scanners write them: of single-precision images nilearn takes the means in single precision.
    write_run(tmp_path / "run.nii", np.rint(bold()).astype(np.int16), affine=AFFINE)
    ids = compare(tmp_path / "run.nii", open_volumes(tmp_path / "run.nii"), atlas_image, options, **nilearn_options)
    assert len(ids) == 100


@pytest.mark.filterwarnings("ignore:After resampling the label image:UserWarning")
@pytest.mark.parametrize(
    "name",
    ["bids_rest_5mm/sub-001/func/sub-001_task-rest_bold.nii.gz", "haxby_25mm/BOLD/task001_run001/bold_25mm.nii.gz"],
)
def test_the_series_are_those_of_nilearn_on_real_runs(test_data, tmp_path, atlas_image, name):
    volumes = open_volumes(test_data / "mri" / name, cache_folder=tmp_path)
    compare(test_data / "mri" / name, volumes, atlas_image, RAW)
    options = {"detrend": True, "standardize": "zscore_sample"}
    if volumes.n_volumes > 100:
        compare(
            test_data / "mri" / name,
            volumes,
            atlas_image,
            CleaningOptions(),
            high_pass=0.01,
            low_pass=0.1,
            t_r=volumes.tr_s,
            **options,
        )
    unfiltered = CleaningOptions(high_pass_hz=None, low_pass_hz=None)
    compare(test_data / "mri" / name, volumes, atlas_image, unfiltered, **options)


def write_fmriprep(folder, n_volumes=60, seed=2):
    """Write a run with fMRIPrep's names and its table of confounds, with two volumes of great motion."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    stem = "sub-01_task-rest_run-1"
    run = folder / f"{stem}_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
    write_run(run, np.rint(bold(n_volumes)).astype(np.int16), affine=AFFINE, code=4)
    motion = np.cumsum(rng.normal(0, 0.01, (n_volumes, 6)) * ([1] * 3 + [0.02] * 3), axis=0)
    motion[20:, 0] += 0.8
    motion[41:, 3] += 0.02
    names = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
    columns = {name: motion[:, i] for i, name in enumerate(names)}
    columns |= {f"{name}_derivative1": np.diff(motion[:, i], prepend=np.nan) for i, name in enumerate(names)}
    columns |= {"csf": rng.normal(size=n_volumes), "white_matter": rng.normal(size=n_volumes)}
    steps = np.abs(np.diff(motion, axis=0)) * ([1] * 3 + [50] * 3)
    columns["framewise_displacement"] = np.concatenate([[np.nan], steps.sum(axis=1)])
    lines = ["\t".join(columns)]
    lines += [
        "\t".join("n/a" if np.isnan(c[i]) else repr(float(c[i])) for c in columns.values()) for i in range(n_volumes)
    ]
    table = folder / f"{stem}_desc-confounds_timeseries.tsv"
    table.write_text("\n".join(lines) + "\n")
    return run, table


def test_confounds_of_fmriprep_are_found_and_taken_out_as_nilearn_does_it(tmp_path, atlas_image):
    run, table = write_fmriprep(tmp_path / "func")
    volumes = open_volumes(run, cache_folder=tmp_path / "cache")
    assert find_confounds(run) == table
    confounds, problems = read_confounds(table, volumes.n_volumes)
    assert problems == ()
    theirs, _ = load_confounds(
        str(run), strategy=("motion", "wm_csf"), motion="derivatives", wm_csf="basic", demean=False
    )
    assert set(confounds.names) == set(theirs.columns)
    assert np.allclose(confounds.regressors, theirs[list(confounds.names)])
    labels = labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine)
    series = clean_series(region_means(volumes, labels), volumes.tr_s, CleaningOptions(), confounds)
    assert np.flatnonzero(series.scrubbed).tolist() == [20, 41]
    assert "2 of 60 volumes" in series.problems[0]
    assert np.isnan(series.values[[20, 41]]).all()
    masker = NiftiLabelsMasker(
        atlas_image, detrend=True, high_pass=0.01, low_pass=0.1, t_r=2.0, standardize="zscore_sample"
    )
    kept = np.flatnonzero(~series.scrubbed)
    expected = masker.fit_transform(str(run), confounds=confounds.regressors, sample_mask=kept)
    assert np.allclose(series.values[kept], expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_framewise_displacement_follows_from_motion_where_the_table_lacks_it(tmp_path):
    _, table = write_fmriprep(tmp_path / "func", 30)
    whole, _ = read_confounds(table, 30)
    lines = [line.rpartition("\t")[0] for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines))
    without, _ = read_confounds(table, 30)
    assert np.isnan(without.displacement_mm[0])
    assert np.allclose(without.displacement_mm[1:], whole.displacement_mm[1:])


def test_confounds_that_do_not_fit_are_left_out_with_a_sentence(tmp_path):
    run, table = write_fmriprep(tmp_path / "func", 30)
    assert read_confounds(table, 31)[0] is None
    assert "of 30 volumes, the run has 31" in read_confounds(table, 31)[1][0]
    table.write_text("a\tb\n" + "1\t2\n" * 30)
    assert "no columns of motion" in read_confounds(table, 30)[1][0]
    table.write_bytes(b"\xff\xfe\x00broken")
    assert "cannot be read" in read_confounds(table, 30)[1][0]
    table.rename(table.with_name("sub-02_task-rest_run-1_desc-confounds_timeseries.tsv"))
    assert find_confounds(run) is None
    assert find_confounds(tmp_path / "plain.nii") is None


def test_a_volume_of_nan_is_marked_and_spoils_no_other(tmp_path):
    data = bold(40)
    data[..., 12] = np.nan
    data[3, 4, 5] = np.nan
    write_run(tmp_path / "run.nii", data, affine=AFFINE)
    volumes = open_volumes(tmp_path / "run.nii")
    labels = labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine)
    series = clean_series(region_means(volumes, labels), 2.0, CleaningOptions())
    assert np.flatnonzero(series.scrubbed).tolist() == [12]
    assert series.problems[0] == "Volume 13 holds no numbers in any region (NaN) and not used."
    assert np.isfinite(series.values[~series.scrubbed]).all()


def test_a_slab_leaves_the_regions_outside_it_without_a_signal(tmp_path):
    slab = AFFINE.copy()
    slab[2, 3] = 40
    write_run(tmp_path / "run.nii", bold(30)[:, :, :6], affine=slab)
    volumes = open_volumes(tmp_path / "run.nii")
    means = region_means(volumes, labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine))
    series = clean_series(means, 2.0, CleaningOptions())
    outside = means.n_voxels == 0
    assert 20 < outside.sum() < 80
    assert np.array_equal(np.isnan(series.values).all(axis=0), outside)
    assert f"{outside.sum()} of the 100 regions hold no voxel" in series.problems[0]


def test_two_volumes_are_neither_filtered_nor_refused(tmp_path):
    write_run(tmp_path / "run.nii", bold(2), affine=AFFINE)
    volumes = open_volumes(tmp_path / "run.nii")
    means = region_means(volumes, labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine))
    series = clean_series(means, 2.0, CleaningOptions())
    assert "too few to be filtered" in series.problems[0]
    assert series.values.shape == (2, 100)
    assert np.isnan(window_connectivity(series, 1)).all()


def test_the_connectivity_of_a_window_is_numpys_and_leaves_out_scrubbed_volumes(tmp_path):
    data = bold(90)
    data[..., 50] = np.nan
    write_run(tmp_path / "run.nii", data, affine=AFFINE)
    volumes = open_volumes(tmp_path / "run.nii")
    means = region_means(volumes, labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine))
    series = clean_series(means, 2.0, CleaningOptions())
    window = np.delete(series.values, 50, axis=0)[25 - 21 : 25 + 21]
    assert np.allclose(window_connectivity(series, 25), np.corrcoef(window.T), atol=1e-5)
    kept = [*range(39, 50), *range(51, 81)]
    assert np.allclose(window_connectivity(series, 60), np.corrcoef(series.values[kept].T), atol=1e-5)
    assert np.allclose(window_connectivity(series, 0), np.corrcoef(series.values[:21].T), atol=1e-5)


def test_a_run_is_never_in_memory_as_a_whole(tmp_path):
    write_run(tmp_path / "run.nii", bold(200), affine=AFFINE)
    volumes = open_volumes(tmp_path / "run.nii")
    labels = labels_on_grid(approximate_atlas(), volumes.grid, volumes.affine)
    tracemalloc.start()
    region_means(volumes, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * volumes.header.volume_bytes
