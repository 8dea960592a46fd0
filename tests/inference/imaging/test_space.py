import numpy as np
import pytest

from inference.errors import ImagingError
from inference.imaging.registration_file import read_registration
from inference.imaging.space import Basis, place
from inference.imaging.volumes import open_volumes
from inference.imaging.voxels import voxel_statistics, z_map
from tests.inference.imaging.brains import MOVED, write_brain_run
from tests.inference.imaging.images import write_run, write_sidecar

BRAIN_MM = np.array([[x, y, z] for x in (-60, 0, 60) for y in (-90, -20, 50) for z in (-20, 20, 60)], dtype=float)


def open_and_place(path, registration=None):
    volumes = open_volumes(path)
    return place(volumes, voxel_statistics(volumes), registration)


def largest_error_mm(found, truth):
    """How far apart two affines from voxel to MNI put the same place of a brain."""
    voxels = (BRAIN_MM - truth[:3, 3]) @ np.linalg.inv(truth[:3, :3]).T
    return np.linalg.norm(voxels @ found[:3, :3].T + found[:3, 3] - BRAIN_MM, axis=1).max()


def test_a_brain_that_lies_elsewhere_is_fitted_to_within_three_millimetres(tmp_path):
    truth = write_brain_run(tmp_path / "run.nii", moved=MOVED)
    placement = open_and_place(tmp_path / "run.nii")
    assert placement.basis is Basis.FIT and placement.trusted
    assert placement.overlap > 0.9
    assert "fitted to the template" in placement.sentence
    assert largest_error_mm(open_volumes(tmp_path / "run.nii").affine, truth) > 20
    assert largest_error_mm(placement.to_mni, truth) < 3


@pytest.mark.parametrize("how", ["code", "name", "sidecar"])
def test_an_image_that_says_it_is_in_mni_space_is_taken_at_its_word_when_its_brain_agrees(tmp_path, how):
    path = tmp_path / ("sub-01_space-MNI152NLin2009cAsym_bold.nii" if how == "name" else "sub-01_bold.nii")
    truth = write_brain_run(path, code=4 if how == "code" else 1)
    if how == "sidecar":
        write_sidecar(tmp_path / "sub-01_bold.json", SpatialReference="MNI152NLin6Asym", RepetitionTime=2.0)
    placement = open_and_place(path)
    assert placement.basis is Basis.CLAIM and placement.trusted
    assert np.allclose(placement.to_mni, truth)
    assert placement.overlap > 0.9


def test_a_false_claim_is_not_believed(tmp_path):
    shifted = np.eye(4)
    shifted[:3, 3] = (0, 90, -50)
    write_brain_run(tmp_path / "run.nii", moved=shifted, code=4)
    placement = open_and_place(tmp_path / "run.nii")
    assert not placement.trusted
    assert "too little to name regions" in placement.sentence


def test_noise_is_fitted_to_nothing(tmp_path):
    write_run(tmp_path / "run.nii", np.random.default_rng(1).normal(100, 10, (20, 22, 18, 4)).astype(np.float32))
    placement = open_and_place(tmp_path / "run.nii")
    assert placement.basis is Basis.FIT and not placement.trusted


def test_a_registration_of_either_form_goes_before_everything(tmp_path):
    truth = write_brain_run(tmp_path / "run.nii", moved=MOVED)
    np.savetxt(tmp_path / "plain.txt", MOVED, header="to MNI")
    placement = open_and_place(tmp_path / "run.nii", tmp_path / "plain.txt")
    assert placement.basis is Basis.REGISTRATION and placement.trusted
    assert np.allclose(placement.to_mni, truth)
    # ITK maps target to image, in axes to the left and back, about a centre.
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    itk = flip @ np.linalg.inv(MOVED) @ flip
    centre = np.array([3.0, -20.0, 8.0])
    offset = itk[:3, 3] + itk[:3, :3] @ centre - centre
    (tmp_path / "itk.txt").write_text(
        "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\n"
        f"Parameters: {' '.join(map(repr, [*itk[:3, :3].ravel().tolist(), *offset.tolist()]))}\n"
        f"FixedParameters: {' '.join(map(str, centre))}\n"
    )
    assert np.allclose(read_registration(tmp_path / "itk.txt"), MOVED)


def test_a_registration_that_puts_the_brain_elsewhere_is_not_trusted(tmp_path):
    write_brain_run(tmp_path / "run.nii", moved=MOVED)
    wrong = MOVED.copy()
    wrong[:3, 3] += (0, 80, -60)
    np.savetxt(tmp_path / "wrong.txt", wrong)
    assert not open_and_place(tmp_path / "run.nii", tmp_path / "wrong.txt").trusted


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", "1 0 0 0\n0 1 0 0\n", "four lines"),
        ("a.txt", "1 0 0 x\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "something else than numbers"),
        ("a.txt", "1 0 0 nan\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "not finite"),
        ("a.txt", "-1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "exchanges left and right"),
        ("a.txt", "0 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "volume by a factor of 0"),
        ("a.txt", "1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 1 1\n", "last line"),
        ("a.txt", "#Insight Transform File V1.0\nTransform: BSplineTransform_double_3_3\n", "exactly one affine"),
        ("a.txt", "#Insight Transform File V1.0\nTransform: AffineTransform_double_3_3\nParameters: 1\n", "twelve"),
        ("warp.nii.gz", "x", "apply a warp"),
        ("flirt.mat", "1 0 0 0", "convert it"),
    ],
)
def test_a_file_that_is_no_registration_of_a_head_gets_a_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(ImagingError, match=words) as caught:
        read_registration(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_voxel_statistics_are_those_of_numpy_and_leave_out_what_is_missing(tmp_path):
    data = np.random.default_rng(4).normal(5000, 3, (6, 5, 4, 9)).astype(np.float32)
    data[2, 2, 2] = 7.0
    data[0, 0, 0] = np.nan
    data[1, 1, 1, 3] = np.inf
    data[..., 6] = np.nan
    write_run(tmp_path / "run.nii", data)
    volumes = open_volumes(tmp_path / "run.nii")
    statistics = voxel_statistics(volumes)
    assert statistics.empty == (6,)
    known = np.ma.masked_invalid(data.astype(float))
    assert np.isnan(statistics.mean[0, 0, 0])
    assert np.allclose(statistics.mean, known.mean(axis=-1).filled(np.nan), equal_nan=True)
    assert np.allclose(statistics.sd, known.std(axis=-1).filled(np.nan), rtol=1e-4, equal_nan=True)
    z = z_map(volumes.volume(2), statistics)
    assert np.all(z[[2, 0], [2, 0], [2, 0]] == 0)
    assert z[3, 3, 3] == pytest.approx((data[3, 3, 3, 2] - statistics.mean[3, 3, 3]) / statistics.sd[3, 3, 3], rel=1e-4)


def test_a_run_without_one_number_gets_a_sentence(tmp_path):
    write_run(tmp_path / "run.nii", np.full((4, 4, 3, 5), np.nan, np.float32))
    with pytest.raises(ImagingError, match="only NaN or infinity"):
        voxel_statistics(open_volumes(tmp_path / "run.nii"))
