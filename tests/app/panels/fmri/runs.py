"""A small run of a brain, opened, with one thing in it whose place is known."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from inference.imaging.fmri_study import FmriStudy, open_fmri
from tests.inference.imaging.brains import brain_image
from tests.inference.imaging.images import write_run

#: Somewhere in the patient's left hemisphere, and the volume in which it lights up.
LEFT_MM = (-36.0, -20.0, 52.0)
BRIGHT_VOLUME = 7
N_VOLUMES = 48
TR_S = 2.0


def brain_affine(step_mm: float = 6.0, *, flipped: bool = True, grid=(32, 36, 30)) -> np.ndarray:
    """Give the affine of a grid that stores the patient's right first, or the left."""
    affine = np.diag([-step_mm if flipped else step_mm, step_mm, step_mm, 1.0])
    affine[:3, 3] = -affine[:3, :3] @ (np.array(grid) - 1) / 2 + (0, -18, 12)
    return affine


def write_bright_run(path: Path, *, flipped: bool = True) -> None:
    """Write a run in which a ball around LEFT_MM is bright in one volume alone."""
    affine = brain_affine(flipped=flipped)
    mean = brain_image(affine)
    data = mean[..., None] + np.random.default_rng(3).normal(0, 12, (*mean.shape, N_VOLUMES))
    places = np.stack(np.indices(mean.shape), axis=-1) @ affine[:3, :3].T + affine[:3, 3]
    ball = np.linalg.norm(places - LEFT_MM, axis=-1) < 12
    data[ball, BRIGHT_VOLUME] += 200
    write_run(path, data.astype(np.float32), affine=affine, code=4, tr=TR_S)


@cache
def bright_study(*, flipped: bool = True) -> FmriStudy:
    """Open such a run by itself."""
    path = Path(mkdtemp(prefix="spasmlens-test-")) / "bright_bold.nii"
    write_bright_run(path, flipped=flipped)
    study = open_fmri(None, path)
    assert study is not None and study.labels is not None
    return study
