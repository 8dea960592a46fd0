import nibabel
import numpy as np
import pytest

from inference.errors import ImagingError
from inference.imaging.atlas import approximate_atlas
from inference.imaging.atlas_file import ATLAS_VARIABLE, atlas_folder, find_atlas, read_atlas


@pytest.fixture(autouse=True)
def no_atlas_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.delenv(ATLAS_VARIABLE, raising=False)
    for name in ("NILEARN_SHARED_DATA", "NILEARN_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def write_atlas(path, labels=None, affine=None):
    atlas = approximate_atlas()
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = atlas.labels if labels is None else labels
    nibabel.save(nibabel.Nifti1Image(labels, atlas.affine if affine is None else affine), path)
    return path


def refusal(path) -> str:
    with pytest.raises(ImagingError) as caught:
        read_atlas(path)
    return str(caught.value).removeprefix(f"{path} cannot be used: ")


@pytest.mark.parametrize(
    "name",
    [
        "schaefer100_7net_MNI152NLin6Asym_2mm_derived.nii.gz",
        "schaefer100x7MNI.nii.gz",
        "Schaefer2018_100Parcels_7Networks_order_Tian_Subcortex_S1_MNI152NLin6Asym_2mm.nii.gz",
        "Schaefer2018_100Parcels_7Networks_order_Tian_Subcortex_S1_3T_MNI152NLin2009cAsym_2mm.nii.gz",
    ],
)
def test_every_real_copy_of_the_atlas_is_read_and_none_is_called_approximate(test_data, name):
    atlas = read_atlas(test_data / "mri" / name)
    assert not atlas.approximate and "approximate" not in atlas.name
    assert np.array_equal(np.unique(atlas.labels), np.arange(101))
    plain = read_atlas(test_data / "mri" / "schaefer100_7net_MNI152NLin6Asym_2mm_derived.nii.gz")
    if atlas.labels.shape == plain.labels.shape:
        assert np.mean(atlas.labels == plain.labels) > 0.999


def test_the_atlas_is_found_where_the_user_said_then_in_the_environment_then_in_known_folders(tmp_path, monkeypatch):
    assert find_atlas()[0].approximate
    name = "Schaefer2018_100Parcels_7Networks_order_FSLMNI152_2mm.nii.gz"
    places = [tmp_path / "home" / "nilearn_data" / "schaefer_2018" / name, atlas_folder() / name]
    for path in places:
        write_atlas(path)
        assert find_atlas()[0].path == path
    monkeypatch.setenv(ATLAS_VARIABLE, str(write_atlas(tmp_path / "named.nii")))
    assert find_atlas()[0].path == tmp_path / "named.nii"
    atlas, problems = find_atlas(write_atlas(tmp_path / "chosen.nii.gz"))
    assert (atlas.path, atlas.approximate, problems) == (tmp_path / "chosen.nii.gz", False, ())


def test_an_atlas_that_is_not_there_or_not_right_gives_the_approximate_one_and_says_why(tmp_path):
    atlas, problems = find_atlas(tmp_path / "absent.nii")
    assert atlas.approximate
    assert problems == (
        f"{tmp_path / 'absent.nii'} cannot be used: there is no such file. The approximate regions are used instead.",
    )


def test_an_image_with_other_labels_places_or_sides_is_refused(tmp_path):
    labels = np.array(approximate_atlas().labels)
    affine = np.array(approximate_atlas().affine)
    path = tmp_path / "atlas.nii.gz"
    assert "labels are not 1 to 100" in refusal(write_atlas(path, np.where(labels == 7, 0, labels)))
    assert "labels are not 1 to 100" in refusal(write_atlas(path, np.where(labels == 7, 7.5, labels)))
    assert "labels are not 1 to 100" in refusal(write_atlas(path, np.where(labels == 7, np.nan, labels)))
    assert "another atlas, or on another grid" in refusal(write_atlas(path, affine=affine @ np.diag([1.5, 1, 1, 1])))
    shuffled = np.concatenate([[0], np.random.default_rng(1).permutation(100) + 1]).astype(np.int16)
    assert "another atlas, or on another grid" in refusal(write_atlas(path, shuffled[labels]))
    flipped = np.diag([-1.0, 1, 1, 1]) @ affine
    assert refusal(write_atlas(path, affine=flipped)) == "its left and right are exchanged."
    assert "three axes" in refusal(write_atlas(path, np.stack([labels, labels], axis=-1)))


def test_a_cut_or_enormous_atlas_is_refused(tmp_path):
    path = write_atlas(tmp_path / "atlas.nii.gz")
    path.write_bytes(path.read_bytes()[:40_000])
    assert "cut off" in refusal(path)
    plain = write_atlas(tmp_path / "atlas.nii")
    content = bytearray(plain.read_bytes())
    plain.write_bytes(content[:40_000])
    assert "cut off" in refusal(plain)
    content[42:48] = np.array([1000, 500, 260], "<i2").tobytes()
    plain.write_bytes(content)
    assert "claims 260 MB" in refusal(plain)
