from collections import Counter

import nibabel
import numpy as np
import pytest

from inference.imaging.atlas import approximate_atlas, labels_on_grid
from inference.imaging.parcels import N_PARCELS, NETWORKS, load_parcels


def test_the_table_names_a_hundred_parcels_of_seven_networks_each_on_its_own_side():
    parcels = load_parcels()
    assert [parcel.label for parcel in parcels] == list(range(1, N_PARCELS + 1))
    assert len({parcel.name for parcel in parcels}) == N_PARCELS
    assert set(Counter(parcel.network for parcel in parcels)) == set(NETWORKS)
    assert all((parcel.centroid_mm[0] < 0) == (parcel.hemisphere == "left") for parcel in parcels)
    assert Counter(parcel.hemisphere for parcel in parcels) == {"left": 50, "right": 50}


def test_every_approximate_parcel_lies_on_its_side_and_around_its_centroid():
    atlas = approximate_atlas()
    assert atlas.approximate and "approximate" in atlas.name
    for parcel in atlas.parcels:
        places_mm = nibabel.affines.apply_affine(atlas.affine, np.argwhere(atlas.labels == parcel.label))
        assert len(places_mm) * 8 > 1000, parcel.name
        assert np.all((places_mm[:, 0] < 0) == (parcel.hemisphere == "left"))
        assert np.linalg.norm(places_mm.mean(axis=0) - parcel.centroid_mm) < 12


@pytest.mark.parametrize(
    ("name", "least_mean"),
    [("schaefer100_7net_MNI152NLin6Asym_2mm_derived.nii.gz", 0.6), ("schaefer100x7MNI.nii.gz", 0.6)],
)
def test_the_approximate_parcels_overlap_with_the_real_ones(test_data, name, least_mean):
    real = nibabel.load(test_data / "mri" / name)
    truth = np.asarray(real.dataobj)
    guess = labels_on_grid(approximate_atlas(), truth.shape, real.affine)
    both = np.bincount(truth[(truth == guess)].astype(int), minlength=N_PARCELS + 1)[1:]
    sizes = [np.bincount(image.astype(int).ravel(), minlength=N_PARCELS + 1)[1:] for image in (truth, guess)]
    dice = 2 * both / (sizes[0] + sizes[1])
    print(f"{name}: Dice per parcel, mean {dice.mean():.3f}, from {dice.min():.2f} to {dice.max():.2f}")
    assert dice.mean() > least_mean
    assert dice.min() > 0.35


def test_labels_follow_a_grid_of_other_sampling_and_orientation():
    atlas = approximate_atlas()
    # 5 mm, axes in the order A, R, S, the first and the second of them running backwards.
    affine = np.array([[0, -5, 0, 80.4], [-5, 0, 0, 90.4], [0, 0, 5, -60.4], [0, 0, 0, 1]], dtype=float)
    labels = labels_on_grid(atlas, (40, 33, 30), affine)
    voxels = np.argwhere(labels)
    places_mm = nibabel.affines.apply_affine(affine, voxels)
    nearest = np.rint(nibabel.affines.apply_affine(np.linalg.inv(atlas.affine), places_mm)).astype(int)
    expected = atlas.labels[tuple(nearest.T)]
    assert set(np.unique(labels)) == set(range(N_PARCELS + 1))
    assert np.array_equal(labels[tuple(voxels.T)], expected)
    assert np.all((places_mm[:, 0] < 0) == (expected <= 50))
