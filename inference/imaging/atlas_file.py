"""The user's own copy of the Schaefer atlas: where it is looked for, and whether it is what its name says."""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from inference.errors import ImagingError
from inference.imaging.atlas import Atlas, approximate_atlas
from inference.imaging.failures import cannot_use
from inference.imaging.nifti_header import NiftiHeader, open_bytes, read_header
from inference.imaging.parcels import N_PARCELS, load_parcels
from inference.recordings.failures import describe_os_error

#: The environment variable that may name the atlas image.
ATLAS_VARIABLE: Final = "SPASMLENS_ATLAS"
#: What the atlas image is called where it is published.
FILE_NAMES: Final = tuple(f"Schaefer2018_100Parcels_7Networks_order_FSLMNI152_{mm}mm.nii.gz" for mm in (2, 1))
_LARGEST_BYTES: Final = 250_000_000
#: Regions below the cortex that come before the parcels in the combined images of Tian et al. 2020.
_N_SUBCORTICAL: Final = (0, 16, 32, 50, 54)
#: The copies at hand differ from the published centroids by up to 8.3 mm, another atlas by several times as much.
_FARTHEST_MM: Final = 12.0


def find_atlas(configured: Path | None = None) -> tuple[Atlas, tuple[str, ...]]:
    """Give the atlas to use, and sentences about why it is not the one that was to be expected.

    The first that exists is used: the file that the user has configured, the file that ``SPASMLENS_ATLAS`` names, one
    in the folder ``atlas`` of the user's data, one that nilearn has downloaded. Where there is none, or it is not what
    it should be, the parcellation is the approximate one.
    """
    for path, chosen in _candidates(configured):
        if not path.exists() and not chosen:
            continue
        try:
            return read_atlas(path), ()
        except ImagingError as error:
            return approximate_atlas(), (f"{error} The approximate regions are used instead.",)
    return approximate_atlas(), ()


def atlas_folder() -> Path:
    """Give the folder in which an atlas image is found by itself."""
    return Path(user_data_path("spasmlens")) / "atlas"


def read_atlas(path: Path) -> Atlas:
    """Read an image of the Schaefer atlas, 100 parcels and 7 networks, on whatever grid in MNI space.

    Images that have the subcortical regions of Tian et al. 2020 before the parcels are read without them.

    Raises
    ------
    ImagingError
        It cannot be read, its labels are others, or its parcels lie elsewhere than published.
    """
    header = read_header(path)
    if len(header.shape) != 3:
        raise cannot_use(path, f"an atlas has three axes, and this image has {len(header.shape)}")
    labels = _cortex(path, _read_voxels(header))
    _check_places(path, labels, header.affine)
    labels.flags.writeable = False
    name = "Schaefer 2018, 100 parcels"
    return Atlas(name, False, labels, header.affine, load_parcels(), path)


def _candidates(configured: Path | None) -> Iterator[tuple[Path, bool]]:
    """Yield where the atlas may lie, and whether somebody said that it is there."""
    if configured is not None:
        yield configured, True
    if named := os.environ.get(ATLAS_VARIABLE):
        yield Path(named), True
    for name in FILE_NAMES:
        yield atlas_folder() / name, False
    for folder in _nilearn_folders():
        for name in FILE_NAMES:
            yield folder / "schaefer_2018" / name, False


def _nilearn_folders() -> list[Path]:
    # What nilearn.datasets.get_data_dirs answers, without the seconds that its import takes.
    told = [os.environ.get(name) for name in ("NILEARN_SHARED_DATA", "NILEARN_DATA")]
    return [*(Path(folder) for text in told if text for folder in text.split(os.pathsep)), Path.home() / "nilearn_data"]


def _read_voxels(header: NiftiHeader) -> NDArray[Any]:
    if header.end_bytes > _LARGEST_BYTES:
        raise cannot_use(header.path, f"an atlas is small, and this image claims {header.end_bytes / 1e6:.0f} MB")
    try:
        with open_bytes(header.path, compressed=header.compressed) as stream:
            content = stream.read(header.end_bytes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise cannot_use(header.path, "it is cut off or damaged") from error
    except OSError as error:
        raise cannot_use(header.path, describe_os_error(error)) from error
    if len(content) < header.end_bytes:
        raise cannot_use(header.path, "it is cut off: its voxels are not all there")
    voxels = np.frombuffer(content, header.dtype, offset=header.offset_bytes).reshape(header.shape, order="F")
    with np.errstate(all="ignore"):
        return np.asarray(voxels * header.slope + header.intercept)


def _cortex(path: Path, voxels: NDArray[Any]) -> NDArray[np.int16]:
    values = np.unique(voxels)
    values = values[values != 0]
    n_below = len(values) - N_PARCELS
    if n_below not in _N_SUBCORTICAL or not np.array_equal(values, np.arange(1, len(values) + 1)):
        raise cannot_use(path, f"its labels are not 1 to {N_PARCELS}, those of the Schaefer atlas with 100 parcels")
    labels = voxels.astype(np.int16)
    return np.where(labels > n_below, labels - np.int16(n_below), np.int16(0))


def _check_places(path: Path, labels: NDArray[np.int16], affine: NDArray[np.float64]) -> None:
    from scipy import ndimage

    centres = ndimage.center_of_mass(labels > 0, labels, range(1, N_PARCELS + 1))
    places_mm = np.asarray(centres) @ affine[:3, :3].T + affine[:3, 3]
    published_mm = np.array([parcel.centroid_mm for parcel in load_parcels()])
    if np.max(np.linalg.norm(places_mm - published_mm, axis=1)) <= _FARTHEST_MM:
        return
    if np.max(np.linalg.norm(places_mm * (-1, 1, 1) - published_mm, axis=1)) <= _FARTHEST_MM:
        raise cannot_use(path, "its left and right are exchanged")
    worst_mm = np.max(np.linalg.norm(places_mm - published_mm, axis=1))
    raise cannot_use(
        path,
        f"its regions lie up to {worst_mm:.0f} mm from where those of the Schaefer atlas (100 parcels, 7 networks) are "
        "in MNI space: it is another atlas, or on another grid than it says",
    )
