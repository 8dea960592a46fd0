"""An affine from an fMRI image to the MNI template, fitted openly, with figures that tell how well it fits.

The mean volume is explained as a weighted sum of the template's grey matter, white matter and brain outline, moved by
the affine; the weights are free, so that any contrast will do. What is maximised is the share of the image's variance
that is explained. Left and right cannot be told by it: a brain is nearly its own mirror image; they come from the
header, and no affine that mirrors is ever tried.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.voxels import VoxelStatistics

_TEMPLATE_MM: Final = 4
#: Voxels are looked at about this far apart: a fit of twelve numbers needs no more.
_STEP_MM: Final = 7.0
#: Stages of the fit: move and turn, then one size, then a size along each axis, then shear.
_STAGES: Final = (6, 7, 9, 12)
#: A radian, or a factor of e, moves the surface of a brain by about this much: all parameters then weigh alike.
_RADIUS_MM: Final = 50.0
_BRIGHTEST: Final = 99.0
_HISTOGRAM: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class AffineFit:
    """A fitted affine.

    ``to_mni`` is (4, 4), from mm in the image's space to mm in MNI space. ``explained`` is the share of the mean
    volume's variance that the template explains, ``overlap`` the Dice overlap of the image's brain with the template's
    within the image's field of view; both from 0 to 1. ``scales`` are the factors of size along the image's axes.
    """

    to_mni: NDArray[np.float64]
    explained: float
    overlap: float
    scales: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    maps: NDArray[np.float32]
    brain: NDArray[np.bool_]
    from_mm: NDArray[np.float64]
    centre_mm: NDArray[np.float64]


def fit_to_template(statistics: VoxelStatistics, affine: NDArray[np.float64]) -> AffineFit:
    """Fit a run's mean volume to the template (ICBM 152, 2009a); takes a few seconds.

    Parameters
    ----------
    affine : (4, 4) from voxel to mm in the image's space.
    """
    from scipy import optimize

    template = _load_template()
    brain = brain_mask(statistics)
    places_mm, values, inside = _sample(statistics, affine, brain)
    centre_mm = places_mm[inside].mean(axis=0) if inside.any() else places_mm.mean(axis=0)
    spread = float(np.sum((values - values.mean()) ** 2)) or 1.0

    def unexplained(parameters: NDArray[np.float64]) -> float:
        to_mni = _compose(parameters, centre_mm, template.centre_mm)
        return _residual(template, places_mm, values, to_mni) / spread

    parameters: NDArray[np.float64] = np.zeros(0)
    left = 1.0
    for n_parameters in _STAGES:
        # One size becomes a size along each axis.
        grown = [parameters[-1]] * 2 if n_parameters == 9 else [0.0] * (n_parameters - len(parameters))
        start = np.concatenate([parameters, grown])
        found = optimize.minimize(unexplained, start, method="Powell", options={"xtol": 0.05, "ftol": 1e-4})
        parameters, left = np.atleast_1d(found.x), float(found.fun)
    to_mni = _compose(parameters, centre_mm, template.centre_mm)
    to_mni.flags.writeable = False
    scales = np.linalg.norm(to_mni[:3, :3], axis=0)
    return AffineFit(to_mni, 1 - left, brain_overlap(brain, to_mni @ affine), (scales[0], scales[1], scales[2]))


def brain_mask(statistics: VoxelStatistics) -> NDArray[np.bool_]:
    """Tell the brain from the air around it: the largest bright body of the mean volume, (x, y, z), holes filled."""
    from scipy import ndimage

    mean = np.nan_to_num(statistics.mean, nan=0.0, posinf=0.0, neginf=0.0)
    bodies, n_bodies = ndimage.label(mean > _threshold(mean))
    if n_bodies == 0:
        return np.zeros(mean.shape, dtype=bool)
    largest = 1 + int(np.argmax(np.bincount(bodies.ravel())[1:]))
    return np.asarray(ndimage.binary_fill_holes(bodies == largest), dtype=bool)


def brain_overlap(brain: NDArray[np.bool_], to_mni: NDArray[np.float64]) -> float:
    """Give the Dice overlap of an image's brain with the template's, within the image's field of view.

    Parameters
    ----------
    brain : (x, y, z), :func:`brain_mask` of the image.
    to_mni : (4, 4) from voxel of the image to mm in MNI space.
    """
    from scipy import ndimage

    template = _load_template()
    total = template.from_mm @ to_mni
    expected = ndimage.affine_transform(
        template.brain.astype(np.uint8), total[:3, :3], total[:3, 3], output_shape=brain.shape, order=0
    ).astype(bool)
    both = int(brain.sum()) + int(expected.sum())
    return 2 * int((brain & expected).sum()) / both if both else 0.0


@cache
def _load_template() -> _Template:
    from nilearn import datasets
    from scipy import ndimage

    grey = datasets.load_mni152_gm_template(resolution=_TEMPLATE_MM)
    white = datasets.load_mni152_wm_template(resolution=_TEMPLATE_MM)
    brain = np.asarray(datasets.load_mni152_brain_mask(resolution=_TEMPLATE_MM).dataobj) > 0
    # Soft edges pull from farther away.
    maps = [ndimage.gaussian_filter(np.asarray(image.dataobj, dtype=np.float32), 1.0) for image in (grey, white)]
    maps.append(ndimage.gaussian_filter(brain.astype(np.float32), 1.0))
    affine = np.asarray(grey.affine, dtype=np.float64)
    centre_mm = affine[:3, :3] @ np.argwhere(brain).mean(axis=0) + affine[:3, 3]
    return _Template(np.stack(maps), brain, np.asarray(np.linalg.inv(affine), dtype=np.float64), centre_mm)


def _sample(
    statistics: VoxelStatistics, affine: NDArray[np.float64], brain: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Give places in mm, smoothed values, and which are brain, of voxels some millimetres apart."""
    from scipy import ndimage

    mean = np.nan_to_num(statistics.mean, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float64)
    steps = np.maximum(1, np.ceil(_STEP_MM / np.linalg.norm(affine[:3, :3], axis=0)).astype(int))
    steps = np.minimum(steps, np.maximum(1, np.array(mean.shape) // 4))
    smooth = ndimage.gaussian_filter(mean, [0.4 * (step - 1) for step in steps])
    grid = tuple(slice(None, None, int(step)) for step in steps)
    voxels = np.moveaxis(np.indices(mean.shape)[:, *grid], 0, -1).reshape(-1, 3)
    values = smooth[grid].ravel()
    places_mm = voxels @ affine[:3, :3].T + affine[:3, 3]
    return places_mm, np.clip(values, None, np.percentile(values, _BRIGHTEST)), brain[grid].ravel()


def _residual(
    template: _Template, places_mm: NDArray[np.float64], values: NDArray[np.float64], to_mni: NDArray[np.float64]
) -> float:
    from scipy import ndimage

    total = template.from_mm @ to_mni
    where = (places_mm @ total[:3, :3].T + total[:3, 3]).T
    columns = [ndimage.map_coordinates(tissue, where, order=1) for tissue in template.maps]
    design = np.stack([*columns, np.ones(len(values))], axis=1).astype(np.float64)
    # A little weight on the diagonal keeps the sum solvable where a tissue lies wholly outside the field of view.
    weights = np.linalg.solve(design.T @ design + 1e-6 * np.eye(4), design.T @ values)
    return float(np.sum((values - design @ weights) ** 2))


def _compose(
    parameters: NDArray[np.float64], centre_mm: NDArray[np.float64], target_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Build the affine from shift (mm), rotation vector, logarithms of sizes and shears, about the brain's centre."""
    from scipy.spatial.transform import Rotation

    full = np.zeros(12)
    full[: len(parameters)] = parameters
    if len(parameters) == 7:
        full[6:9] = parameters[6]
    shift_mm, turn, sizes, shears = full[:3], full[3:6] / _RADIUS_MM, full[6:9] / _RADIUS_MM, full[9:] / _RADIUS_MM
    skew = np.eye(3)
    skew[0, 1], skew[0, 2], skew[1, 2] = shears
    matrix = Rotation.from_rotvec(turn).as_matrix() @ np.diag(np.exp(sizes)) @ skew
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = target_mm + shift_mm - matrix @ centre_mm
    return affine


def _threshold(mean: NDArray[np.floating]) -> float:
    """Give Otsu's threshold: where the two classes of voxels that it makes differ most."""
    low, high = np.percentile(mean, (1, 99.5))
    if not high > low:
        return float(high)
    counts, edges = np.histogram(mean, _HISTOGRAM, range=(low, high))
    centres = (edges[1:] + edges[:-1]) / 2
    weight, mass = np.cumsum(counts)[:-1], np.cumsum(counts * centres)[:-1]
    total, whole = counts.sum(), (counts * centres).sum()
    rest = np.maximum(weight * (total - weight), 1)
    return float(centres[np.argmax((whole * weight / total - mass) ** 2 / rest)])
