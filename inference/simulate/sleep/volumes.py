"""BOLD signals of regions become a 4D image in MNI space, on the approximate parcellation."""

import gzip
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.atlas import approximate_atlas, labels_on_grid
from inference.simulate.sleep.bold import SimulatedBold
from inference.simulate.streams import Stream, generator

#: Edge of a voxel: coarse, so that a quarter of an hour takes some megabytes and every region keeps some voxels.
VOXEL_MM: Final = 5
#: The brain in an echo-planar image, in the scanner's arbitrary unit; outside it is 0, as after brain extraction.
_BRAIN_LEVEL: Final = 900.0
#: Thermal noise of a voxel; what the region shows of it falls with the root of its voxels.
_VOXEL_NOISE_PERCENT: Final = 1.0
_MNI_CODE: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The voxels that a simulated image has.

    Attributes
    ----------
    mean : (x, y, z) what a voxel shows on average.
    labels : (x, y, z) the parcel of a voxel, 0 outside the cortex.
    affine : (4, 4) from voxel to mm in MNI space.
    """

    mean: NDArray[np.float32]
    labels: NDArray[np.int16]
    affine: NDArray[np.float64]


@cache
def image_grid() -> Grid:
    """Give the grid: nilearn's MNI152 template at 5 mm, its contrast turned to that of an echo-planar image."""
    from nilearn import datasets  # takes seconds to import

    template = datasets.load_mni152_template(resolution=VOXEL_MM)
    brain = np.asarray(datasets.load_mni152_brain_mask(resolution=VOXEL_MM).dataobj) > 0
    anatomy = np.asarray(template.dataobj, dtype=np.float32)
    affine = np.asarray(template.affine, dtype=np.float64)
    # Grey matter and fluid are brighter than white matter in a T2*-weighted image.
    contrast = 1.0 + 0.35 * (np.median(anatomy[brain]) - anatomy) / np.ptp(anatomy[brain])
    mean = np.where(brain, _BRAIN_LEVEL * contrast, 0.0).astype(np.float32)
    labels = np.where(brain, labels_on_grid(approximate_atlas(), anatomy.shape, affine), 0).astype(np.int16)
    return Grid(mean, labels, affine)


def bold_image(bold: SimulatedBold, seed: int) -> bytes:
    """Give the run as the bytes of a ``.nii.gz``: int16, millimetres and seconds, the same for the same seed.

    A voxel of a region carries the region's signal; the rest of the brain that of all regions together, more weakly.
    Motion moves the contents by what ``motion`` says of the translations, to first order.
    """
    import nibabel

    grid = image_grid()
    random = generator(seed, Stream.MOTION)
    labelled = np.concatenate([bold.series.mean(axis=1, keepdims=True) * 0.3, bold.series], axis=1)
    slopes = np.stack([np.gradient(grid.mean, VOXEL_MM, axis=axis) for axis in range(3)], axis=-1)
    noise_sd = grid.mean * np.float32(_VOXEL_NOISE_PERCENT / 100)
    data = np.empty((*grid.mean.shape, len(bold.series)), dtype=np.int16)
    # The template's axes may run against those of space.
    steps_mm = bold.motion[:, :3] * np.sign(np.diag(grid.affine)[:3]).astype(np.float32)
    for volume, signal in enumerate(labelled):
        image = grid.mean * (1.0 + signal[grid.labels] / np.float32(100)) - slopes @ steps_mm[volume]
        image += noise_sd * random.standard_normal(image.shape, dtype=np.float32)
        data[..., volume] = np.where(grid.mean > 0, image, 0).astype(np.int16)
    nifti = nibabel.Nifti1Image(data, grid.affine)
    nifti.header.set_xyzt_units("mm", "sec")
    nifti.header.set_zooms((VOXEL_MM, VOXEL_MM, VOXEL_MM, bold.tr_s))
    nifti.header["descrip"] = b"simulated by Spasmlens"
    nifti.set_sform(grid.affine, code=_MNI_CODE)
    nifti.set_qform(grid.affine, code=_MNI_CODE)
    # Without a time stamp, so that the same seed gives the same file.
    return gzip.compress(nifti.to_bytes(), compresslevel=4, mtime=0)
