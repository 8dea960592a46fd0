"""Small images for tests, written by nibabel."""

import json
from pathlib import Path

import nibabel
import numpy as np

AFFINE = np.diag([-4.0, 4.0, 5.0, 1.0])


def write_run(path: Path, data: np.ndarray | None = None, *, tr: float = 2.0, unit: str = "sec", affine=AFFINE, code=1):
    """Write volumes, by default 12 of 6 x 5 x 4 voxels of noise in 16 bits, and give what a reader should see."""
    if data is None:
        data = np.random.default_rng(5).integers(0, 2000, (6, 5, 4, 12)).astype(np.int16)
    image = nibabel.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm", unit)
    if data.ndim > 3:
        image.header["pixdim"][4] = tr
    image.set_sform(affine, code)
    image.set_qform(affine, code, strip_shears=True)
    nibabel.save(image, path)
    return np.asarray(nibabel.load(path).dataobj)


def write_sidecar(path: Path, **fields) -> None:
    path.write_text(json.dumps(fields), encoding="utf-8")
