"""Compressed images are unpacked once, into a folder that only this user can read."""

import gzip
import os
import shutil
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from platformdirs import user_cache_path

from inference.errors import ImagingError, RecordingError
from inference.imaging.failures import cannot_use
from inference.imaging.nifti_header import NiftiHeader
from inference.recordings.failures import describe_os_error
from inference.recordings.fingerprint import fingerprint

_CHUNK_BYTES: Final = 1 << 20
#: No bit stream unpacks to more than this many times its size (RFC 1951).
_MOST_EXPANSION: Final = 1032
_KEPT_FREE_BYTES: Final = 1 << 30
_CACHE_BYTES: Final = 20 << 30
#: Where a stream goes on beyond what the header promises, this much more is read for its checksum.
_SURPLUS_BYTES: Final = 1 << 24


def default_cache() -> Path:
    """Give the folder in which images are unpacked."""
    return Path(user_cache_path("spasmlens")) / "volumes"


def unpack(header: NiftiHeader, folder: Path) -> tuple[Path, bool]:
    """Unpack a compressed image, unless that was done before, and tell where it lies and whether its gzip was sound.

    No more is written than the header promises, nor than the disk can spare. What lies before a cut or a damaged
    place is kept.

    Raises
    ------
    ImagingError
        It cannot be read, or the disk has no room for it.
    """
    name = _name(header.path)
    for target, sound in ((folder / f"{name}.nii", True), (folder / f"{name}-damaged.nii", False)):
        if target.is_file():
            os.utime(target)
            return target, sound
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        expected_bytes = min(header.end_bytes, header.path.stat().st_size * _MOST_EXPANSION)
        _make_room(header, folder, expected_bytes)
        # mkstemp makes files that only their owner may read.
        handle, temporary = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                sound = _copy(header, stream)
            target = folder / (f"{name}.nii" if sound else f"{name}-damaged.nii")
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_use(header.path, f"it cannot be unpacked into {folder} ({describe_os_error(error)})") from error
    return target, sound


def _name(path: Path) -> str:
    try:
        # The last bytes of a gzip, a checksum of everything before them, are part of what is digested.
        return fingerprint(path)
    except RecordingError as error:
        raise ImagingError(str(error)) from error


def _copy(header: NiftiHeader, target: IO[bytes]) -> bool:
    left = header.end_bytes
    surplus = _SURPLUS_BYTES
    with gzip.open(header.path, "rb") as source:
        while surplus > 0:
            try:
                # read1 hands over what lies before a cut; read would lose it.
                chunk = source.read1(_CHUNK_BYTES)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return False
            if not chunk:
                return True
            target.write(chunk[:left])
            surplus -= max(0, len(chunk) - left)
            left = max(0, left - len(chunk))
    return True


def _make_room(header: NiftiHeader, folder: Path, expected_bytes: int) -> None:
    kept = sorted(folder.glob("*.nii"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = expected_bytes
    for path in kept:
        total += path.stat().st_size
        if total > _CACHE_BYTES:
            # On Windows a file that is being read stays; the next opening tries again.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free - _KEPT_FREE_BYTES
    if expected_bytes > free:
        raise ImagingError(
            f"{header.path} cannot be used: unpacked it would take {expected_bytes / 1e9:.1f} GB, "
            f"and {folder} has {max(free, 0) / 1e9:.1f} GB to spare."
        )
