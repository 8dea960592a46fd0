"""Runs that show a brain at a known place, made from the template's tissues."""

from functools import cache
from pathlib import Path

import numpy as np
from nilearn import datasets, image

from tests.inference.imaging.images import write_run

#: 6 mm, oblique, shifted and a tenth smaller than the template.
MOVED = np.array(
    [
        [1.09, 0.06, -0.03, 7.0],
        [-0.07, 1.12, 0.16, -14.0],
        [0.04, -0.14, 1.05, 9.0],
        [0, 0, 0, 1],
    ]
)
GRID = (32, 36, 30)


@cache
def tissues():
    return [datasets.load_mni152_gm_template(resolution=4), datasets.load_mni152_wm_template(resolution=4)]


def brain_image(to_mni: np.ndarray, grid=GRID) -> np.ndarray:
    """Give a mean volume, grey brighter than white as in BOLD, on a grid whose voxels ``to_mni`` takes to MNI mm."""
    grey, white = (
        np.asarray(
            image.resample_img(
                tissue, to_mni, grid, interpolation="linear", force_resample=True, copy_header=True
            ).dataobj
        )
        for tissue in tissues()
    )
    return 900 * grey + 700 * white + 100 * (grey + white < 0.1)


def image_affine(step_mm: float = 6.0, grid=GRID) -> np.ndarray:
    affine = np.diag([-step_mm, step_mm, step_mm, 1.0])
    affine[:3, 3] = -affine[:3, :3] @ (np.array(grid) - 1) / 2 + (0, -18, 12)
    return affine


def write_brain_run(path: Path, *, moved=None, n_volumes: int = 6, code: int = 1, tr: float = 2.0, seed: int = 3):
    """Write a run of a brain; ``moved`` takes its mm to MNI mm. Give the affine from voxel to MNI mm."""
    affine = image_affine()
    to_mni = affine if moved is None else moved @ affine
    mean = brain_image(to_mni)
    noise = np.random.default_rng(seed).normal(0, 12, (*mean.shape, n_volumes))
    write_run(path, (mean[..., None] + noise).astype(np.float32), affine=affine, code=code, tr=tr)
    return to_mni
