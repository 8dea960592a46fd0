"""An image that says which parcel each voxel belongs to: the approximate one that can be had everywhere."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.parcels import Parcel, load_parcels

APPROXIMATE_NAME: Final = "Schaefer 2018, 100 parcels (approximate)"
#: What has to be said wherever the approximate parcellation is used.
APPROXIMATE_NOTE: Final = (
    "The regions are approximate: grey matter divided by the published centroids of the Schaefer atlas, "
    "because the atlas itself is not installed."
)

#: Grey matter of the template from which on a voxel may belong to a parcel. Low, for the atlas's own ribbon is thick.
_LEAST_GREY: Final = 0.1
#: Farther from every centroid there is no cortex.
_FARTHEST_MM: Final = 25.0
_NOT_CORTEX: Final = ("hippocampus", "amygdala", "basalGanglia", "thalamus", "cerebellum")


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """A labelled image in MNI space.

    Attributes
    ----------
    name : what to call it, "approximate" included where it is.
    approximate : whether it was made from the published centroids instead of read from the atlas's own image.
    labels : (x, y, z) int16, 0 outside the cortex, else the label of a parcel.
    affine : (4, 4), from voxel to mm in MNI space.
    parcels : the regions in the order of their labels.
    path : the file it was read from, None for the approximate one.
    """

    name: str
    approximate: bool
    labels: NDArray[np.int16]
    affine: NDArray[np.float64]
    parcels: tuple[Parcel, ...]
    path: Path | None = None


@cache
def approximate_atlas() -> Atlas:
    """Divide the grey matter of the MNI template among the published centroids, on a grid of 2 mm.

    A voxel of nilearn's bundled grey-matter map (ICBM 152, 2009a) belongs to the nearest centroid of its own
    hemisphere, unless the nearest coordinate of the hippocampus, amygdala, basal ganglia, thalamus or cerebellum in
    the bundled set of Seitzman et al. 2020 is nearer still, or it lies more than 25 mm from all.
    """
    from nilearn import datasets

    template = datasets.load_mni152_gm_template(resolution=2)
    voxels = np.argwhere(template.get_fdata() >= _LEAST_GREY)
    affine = np.asarray(template.affine, dtype=np.float64)
    places_mm = voxels @ affine[:3, :3].T + affine[:3, 3]
    labels = np.zeros(template.shape, dtype=np.int16)
    labels[tuple(voxels.T)] = _nearest_labels(places_mm)
    labels.flags.writeable = False
    affine.flags.writeable = False
    return Atlas(APPROXIMATE_NAME, True, labels, affine, load_parcels())


def labels_on_grid(atlas: Atlas, shape: tuple[int, int, int], affine: NDArray[np.floating]) -> NDArray[np.int16]:
    """Give the label of each voxel of another grid in MNI space: that of the atlas voxel in which its centre lies.

    Parameters
    ----------
    shape, affine : the other grid, and its (4, 4) from voxel to mm; any orientation and sampling.

    Returns
    -------
    (x, y, z) int16 of that shape, 0 outside the atlas.
    """
    import nibabel
    from nilearn import image

    source = nibabel.Nifti1Image(np.asarray(atlas.labels), atlas.affine)
    resampled = image.resample_img(
        source,
        target_affine=np.asarray(affine, dtype=np.float64),
        target_shape=shape,
        interpolation="nearest",
        force_resample=True,
        copy_header=True,
    )
    return np.asarray(resampled.dataobj, dtype=np.int16)


def _nearest_labels(places_mm: NDArray[np.float64]) -> NDArray[np.int16]:
    from scipy.spatial import KDTree

    to_other_mm = np.asarray(KDTree(_other_places_mm()).query(places_mm)[0])
    labels = np.zeros(len(places_mm), dtype=np.int16)
    on_left = places_mm[:, 0] < 0
    for hemisphere, inside in (("left", on_left), ("right", ~on_left)):
        parcels = [parcel for parcel in load_parcels() if parcel.hemisphere == hemisphere]
        tree = KDTree([parcel.centroid_mm for parcel in parcels])
        distance_mm, nearest = tree.query(places_mm[inside], distance_upper_bound=_FARTHEST_MM)
        # Beyond the bound the tree answers with one index more than it has.
        candidates = np.array([*(parcel.label for parcel in parcels), 0], dtype=np.int16)[nearest]
        labels[inside] = np.where(distance_mm < to_other_mm[inside], candidates, np.int16(0))
    return labels


def _other_places_mm() -> NDArray[np.float64]:
    from nilearn import datasets

    regions = datasets.fetch_coords_seitzman_2018(ordered_regions=False)
    places_mm = regions.rois[["x", "y", "z"]].to_numpy(dtype=np.float64)
    return np.asarray(places_mm[np.isin(np.asarray(regions.regions), _NOT_CORTEX)])
