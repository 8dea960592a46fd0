"""MNE's readers, each called so that it reads only headers, and guarded where it would trust a damaged file."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from inference.recordings.formats import FileFormat


class DamagedFileError(ValueError):
    """The file is not what its format asks for; the message is a clause that says why."""


def read_raw(file_format: FileFormat, path: Path) -> Any:
    """Open a file with MNE's reader for its format, without loading its signals.

    Any exception may come out of this: MNE reports a damaged file with whatever it stumbles over.
    """
    return _READERS[file_format](path)


def _read_gdf(path: Path) -> Any:
    import mne

    return mne.io.read_raw_gdf(path)


def _read_brainvision(path: Path) -> Any:
    import mne

    return mne.io.read_raw_brainvision(path)


def _read_eeglab(path: Path) -> Any:
    import mne

    return mne.io.read_raw_eeglab(path)


def _read_nihon_kohden(path: Path) -> Any:
    import mne

    return mne.io.read_raw_nihon(path)


def _read_persyst(path: Path) -> Any:
    import mne

    return mne.io.read_raw_persyst(path)


def _read_nicolet(path: Path) -> Any:
    import mne

    return mne.io.read_raw_nicolet(path.with_suffix(".data"), ch_type="eeg")


def _read_fif(path: Path) -> Any:
    import mne

    return mne.io.read_raw_fif(path, allow_maxshield="yes")


def _read_egi(path: Path) -> Any:
    import mne

    return mne.io.read_raw_egi(path)


def _read_neuroscan(path: Path) -> Any:
    import mne

    with path.open("rb") as stream:
        data_format = _find_neuroscan_format(stream, path.stat().st_size)
    return mne.io.read_raw_cnt(path, data_format=data_format)


def _read_ant(path: Path) -> Any:
    import mne

    with path.open("rb") as stream:
        _check_ant(stream, path.stat().st_size)
    return mne.io.read_raw_ant(path, misc=None)


def _find_neuroscan_format(stream: BinaryIO, file_bytes: int) -> str:
    """Tell whether samples have 16 or 32 bits where the header's count of samples does not, as EEGLAB's loadcnt does.

    Offsets are those of the SETUP structure, http://paulbourke.net/dataformats/eeg/.
    """
    setup = stream.read(900)
    if len(setup) < 900:
        raise DamagedFileError(f"it ends after {len(setup)} bytes, within its header")
    (n_channels,), (n_samples,), (events,) = (
        struct.unpack_from(layout, setup, offset) for layout, offset in (("<H", 370), ("<i", 864), ("<i", 886))
    )
    n_bytes = events - 900 - 75 * n_channels
    if n_channels == 0 or n_bytes <= 0:
        raise DamagedFileError("its header claims no channels or no data")
    if events > file_bytes:
        raise DamagedFileError(f"it was cut off: its events should follow at byte {events}, but it has {file_bytes}")
    if n_samples > 0:
        if n_bytes not in (2 * n_channels * n_samples, 4 * n_channels * n_samples):
            raise DamagedFileError(
                f"its header counts {n_samples} samples of {n_channels} channels, which its {n_bytes} bytes of data "
                "are not, neither at 16 nor at 32 bits"
            )
        return "auto"
    (next_file,) = struct.unpack_from("<i", setup, 12)
    stream.seek(max(0, next_file) + 52)
    return "int32" if next_file > 0 and stream.read(1) == b"\1" else "int16"


def _check_ant(stream: BinaryIO, file_bytes: int) -> None:
    """Walk the RIFF chunks before libeep does: it crashes the process where one is missing or cut."""
    head = stream.read(12)
    size_layout, size_bytes = ("<I", 4) if head[:4] == b"RIFF" else ("<Q", 8)
    stream.seek(4 + size_bytes + 4)
    found = set()
    while len(name := stream.read(4)) == 4:
        raw_size = stream.read(size_bytes)
        if len(raw_size) < size_bytes:
            break
        size = struct.unpack(size_layout, raw_size)[0]
        if stream.tell() + size > file_bytes:
            raise DamagedFileError("it was cut off, or is damaged: a part of it claims to be longer than the file")
        found.add(name.strip().lower())
        stream.seek(size + size % 2, 1)
    if missing := {b"eeph", b"raw3"} - found:
        raise DamagedFileError(f"it lacks the part {min(missing).decode()!r} of an ANT recording")


_READERS: Final[dict[FileFormat, Callable[[Path], Any]]] = {
    FileFormat.GDF: _read_gdf,
    FileFormat.BRAINVISION: _read_brainvision,
    FileFormat.EEGLAB: _read_eeglab,
    FileFormat.NIHON_KOHDEN: _read_nihon_kohden,
    FileFormat.PERSYST: _read_persyst,
    FileFormat.NICOLET: _read_nicolet,
    FileFormat.NEUROSCAN: _read_neuroscan,
    FileFormat.ANT: _read_ant,
    FileFormat.EGI: _read_egi,
    FileFormat.FIF: _read_fif,
}
