"""A registration that the user supplies: an affine as text."""

import math
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.failures import cannot_use
from inference.recordings.failures import describe_os_error

_LARGEST_BYTES: Final = 100_000
_ITK: Final = "#Insight Transform File"
_ITK_AFFINES: Final = ("MatrixOffsetTransformBase", "AffineTransform")
#: ITK's first two axes run to the patient's left and back, NIfTI's to the right and front.
_LPS: Final = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_registration(path: Path) -> NDArray[np.float64]:
    """Read an affine from an image's space to MNI space: (4, 4), mm to mm, axes right, anterior, superior.

    Two forms are read: four lines of four numbers, which map the image's mm to MNI mm; and ITK's text (``.txt``,
    ``.tfm``: ANTs, fMRIPrep, Slicer), which maps places of the target to places of the image and is inverted here. A
    matrix of FSL's FLIRT looks like the first form and means another thing; it is not told apart here but by the
    overlap of the brains.

    Raises
    ------
    ImagingError
        It cannot be read, is a warp, or no affine of a head.
    """
    try:
        content = path.read_bytes()[: _LARGEST_BYTES + 1]
    except OSError as error:
        raise cannot_use(path, describe_os_error(error)) from error
    if path.suffix.lower() == ".mat":
        raise cannot_use(path, "the .mat of FSL and of ANTs are not read; convert it to ITK's text (c3d_affine_tool)")
    if path.name.lower().endswith((".nii", ".nii.gz", ".h5")) or b"\0" in content:
        raise cannot_use(
            path, "only affines in text are read; apply a warp with the program that made it, and open what it writes"
        )
    text = content.decode("utf-8", errors="replace")
    affine = _itk(path, text) if text.startswith(_ITK) else _plain(path, text)
    volume = float(np.linalg.det(affine[:3, :3]))
    if not 0.1 < volume < 10:
        what = "exchanges left and right" if volume < 0 else f"changes a head's volume by a factor of {volume:.3g}"
        raise cannot_use(path, f"it is no registration of a head: it {what}")
    return affine


def _plain(path: Path, text: str) -> NDArray[np.float64]:
    rows = [_numbers(path, line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(rows) not in (3, 4) or any(len(row) != 4 for row in rows):
        raise cannot_use(path, "it is neither four lines of four numbers nor ITK's text")
    affine = np.eye(4)
    affine[: len(rows)] = rows
    if not np.array_equal(affine[3], (0, 0, 0, 1)):
        raise cannot_use(path, "its last line is not 0 0 0 1")
    return affine


def _itk(path: Path, text: str) -> NDArray[np.float64]:
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    kinds = [line for line in text.splitlines() if line.startswith("Transform:")]
    if len(kinds) != 1 or not any(name in kinds[0] for name in _ITK_AFFINES):
        raise cannot_use(path, "it does not hold exactly one affine transform")
    numbers = _numbers(path, fields.get("Parameters", ""))
    centre = np.array(_numbers(path, fields.get("FixedParameters", "")) or [0.0, 0.0, 0.0])
    if len(numbers) != 12 or len(centre) != 3:
        raise cannot_use(path, "its affine has not twelve parameters and three of its centre")
    backwards = np.eye(4)
    backwards[:3, :3] = np.reshape(numbers[:9], (3, 3))
    backwards[:3, 3] = np.array(numbers[9:]) + centre - backwards[:3, :3] @ centre
    if abs(np.linalg.det(backwards)) < 1e-6:
        raise cannot_use(path, "its affine flattens space")
    return np.asarray(np.linalg.inv(_LPS @ backwards @ _LPS))


def _numbers(path: Path, line: str) -> list[float]:
    try:
        numbers = [float(word) for word in line.replace(",", " ").split()]
    except ValueError as error:
        raise cannot_use(path, "it holds something else than numbers") from error
    if not all(math.isfinite(value) for value in numbers):
        raise cannot_use(path, "it holds a number that is not finite")
    return numbers
