"""MNE's readers, each called so that it reads only headers, and guarded where it would trust a damaged file."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from inference.recordings.failures import DamagedFileError
from inference.recordings.formats import FileFormat
from inference.recordings.mat5 import check_mat5


def read_raw(file_format: FileFormat, path: Path) -> Any:
    """Open a file with MNE's reader for its format, without loading its signals.

    Any exception may come out of this: MNE reports a damaged file with whatever it stumbles over.
    """
    import mne

    if (read_guarded := _GUARDED.get(file_format)) is not None:
        return read_guarded(path)
    name, options = _READERS[file_format]
    header = path.with_suffix(".data") if file_format is FileFormat.NICOLET else path
    return getattr(mne.io, name)(header, **options)


def _read_eeglab(path: Path) -> Any:
    import mne

    with path.open("rb") as stream:
        is_mat5 = stream.read(10) == b"MATLAB 5.0"
        stream.seek(0)
        if is_mat5:
            check_mat5(stream, path.stat().st_size)
    raw = mne.io.read_raw_eeglab(path)
    if Path(raw.filenames[0]).suffix.lower() == ".set":
        # The signals lie within the MATLAB structure: MNE would parse all of it again for each page.
        raw.load_data()
    return raw


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
    is_64_bit = stream.read(4) == b"RF64"
    size_layout, size_bytes = ("<Q", 8) if is_64_bit else ("<I", 4)
    stream.seek(4 + size_bytes + 4)
    found = set()
    while len(name := stream.read(4)) == 4 and len(raw_size := stream.read(size_bytes)) == size_bytes:
        (size,) = struct.unpack(size_layout, raw_size)
        next_chunk = stream.tell() + size + size % 2
        if stream.tell() + size > file_bytes:
            raise DamagedFileError("it was cut off, or is damaged: a part of it claims to be longer than the file")
        found.add(stream.read(4) if name == b"LIST" else name)
        stream.seek(next_chunk)
    if missing := {b"eeph", b"raw3"} - found:
        raise DamagedFileError(f"it lacks the part {min(missing).decode()!r} of an ANT recording")


#: MNE's function for each format, and what it must be told.
_READERS: Final[dict[FileFormat, tuple[str, dict[str, Any]]]] = {
    FileFormat.GDF: ("read_raw_gdf", {}),
    FileFormat.BRAINVISION: ("read_raw_brainvision", {}),
    FileFormat.NIHON_KOHDEN: ("read_raw_nihon", {}),
    FileFormat.PERSYST: ("read_raw_persyst", {}),
    FileFormat.NICOLET: ("read_raw_nicolet", {"ch_type": "eeg"}),
    FileFormat.EGI: ("read_raw_egi", {}),
    FileFormat.FIF: ("read_raw_fif", {"allow_maxshield": "yes"}),
}
_GUARDED: Final[dict[FileFormat, Callable[[Path], Any]]] = {
    FileFormat.EEGLAB: _read_eeglab,
    FileFormat.NEUROSCAN: _read_neuroscan,
    FileFormat.ANT: _read_ant,
}
