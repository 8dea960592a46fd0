"""An fMRI run, one volume at a time: never more of it in memory than is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import ImagingError
from inference.imaging.bids import read_sidecars
from inference.imaging.failures import cannot_use
from inference.imaging.nifti_header import NiftiHeader, read_header
from inference.imaging.repetition import repetition_time
from inference.imaging.unpacking import default_cache, unpack
from inference.recordings.failures import describe_os_error


@dataclass(frozen=True, slots=True, eq=False)
class Volumes:
    """An opened run of volumes, read lazily and never written; several threads may read at once.

    Attributes
    ----------
    path : the file that was opened.
    header : what it claims.
    n_volumes : those that are really there, which are fewer than the header claims where the file is cut off.
    tr_s : seconds from volume to volume, None where nothing tells.
    sidecar : the fields of its BIDS sidecars.
    problems : sentences about what is odd but did not stop it from opening.
    voxels_path : the file that holds the voxels unpacked: ``path`` itself unless it is compressed.
    """

    path: Path
    header: NiftiHeader
    n_volumes: int
    tr_s: float | None
    sidecar: dict[str, Any]
    problems: tuple[str, ...]
    voxels_path: Path

    @property
    def grid(self) -> tuple[int, int, int]:
        """Voxels along each axis of space."""
        return self.header.grid

    @property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4) from voxel to mm in the image's own space."""
        return self.header.affine

    def volume(self, index: int) -> NDArray[np.float32]:
        """Read a volume: (x, y, z) in the image's unit; NaN where it has none.

        Raises
        ------
        ImagingError
            The file can no longer be read.
        IndexError
            There is no such volume.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return (self.stored(index) * self.header.slope + self.header.intercept).astype(np.float32)

    def stored(self, index: int) -> NDArray[Any]:
        """Read a volume as it is stored, before slope and intercept; errors as :meth:`volume`."""
        if not 0 <= index < self.n_volumes:
            raise IndexError(index)
        header = self.header
        try:
            with self.voxels_path.open("rb") as stream:
                stream.seek(header.offset_bytes + index * header.volume_bytes)
                content = stream.read(header.volume_bytes)
        except OSError as error:
            raise ImagingError(f"{self.path} can no longer be read: {describe_os_error(error)}.") from error
        if len(content) < header.volume_bytes:
            raise ImagingError(f"{self.path} can no longer be read: it has become shorter.")
        return np.frombuffer(content, dtype=header.dtype).reshape(header.grid, order="F")


def open_volumes(path: Path, *, cache_folder: Path | None = None) -> Volumes:
    """Open a run of volumes (``.nii`` or ``.nii.gz``) with the sidecars beside it.

    A compressed file is unpacked once, into ``cache_folder`` (by default a private folder of this user's). Of a file
    that is cut off or damaged, the whole volumes before that place are offered, and a problem says so.

    Raises
    ------
    ImagingError
        It cannot be read, is no NIfTI, is a single volume, or holds not one whole volume.
    """
    header = read_header(path)
    if len(header.shape) == 3:
        claim = " x ".join(map(str, header.shape))
        raise cannot_use(path, f"it is a single image of {claim} voxels, not volumes over time")
    problems = list(header.problems)
    voxels_path = path
    if header.compressed:
        voxels_path, sound = unpack(header, default_cache() if cache_folder is None else cache_folder)
        if not sound:
            problems.append("The compressed file is cut off or damaged; what lies before that place is shown.")
    try:
        size_bytes = voxels_path.stat().st_size
    except OSError as error:
        raise cannot_use(path, describe_os_error(error)) from error
    n_volumes = _count_whole(header, size_bytes, problems)
    sidecar, sentences = read_sidecars(path)
    tr_s, doubts = repetition_time(header.tr, header.tr_unit, sidecar)
    return Volumes(path, header, n_volumes, tr_s, sidecar, (*problems, *sentences, *doubts), voxels_path)


def _count_whole(header: NiftiHeader, size_bytes: int, problems: list[str]) -> int:
    claimed = header.shape[3]
    whole = max(0, size_bytes - header.offset_bytes) // header.volume_bytes
    if whole == 0:
        raise cannot_use(
            header.path,
            f"its header promises {claimed:,} volumes of {header.volume_bytes / 1e6:,.3g} MB, "
            f"and the file holds {size_bytes / 1e6:,.3g} MB, not one whole volume",
        )
    if whole < claimed:
        problems.append(f"The file is cut off: it holds {whole:,} of the {claimed:,} volumes that its header promises.")
    elif size_bytes > header.end_bytes and not header.compressed:
        problems.append(
            f"The file holds {size_bytes - header.end_bytes:,} bytes more than its header promises; they are not shown."
        )
    return min(whole, claimed)
