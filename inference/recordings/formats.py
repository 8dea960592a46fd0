"""Which format a file has: told by its first bytes, since names lie, and by its companions where bytes say nothing."""

import re
import struct
from enum import StrEnum
from pathlib import Path
from typing import Final

from inference.recordings.edf_header import is_edf

#: As many bytes as any of the signatures needs.
_HEAD_BYTES: Final = 4096


class FileFormat(StrEnum):
    """Formats that can be opened, by their usual names."""

    EDF = "EDF"
    GDF = "GDF"
    BRAINVISION = "BrainVision"
    EEGLAB = "EEGLAB"
    NIHON_KOHDEN = "Nihon Kohden"
    PERSYST = "Persyst"
    NICOLET = "Nicolet"
    NEUROSCAN = "Neuroscan CNT"
    ANT = "ANT CNT"
    EGI = "EGI"
    FIF = "FIF"


#: What a name promises, for saying that the content does not keep it.
SUFFIXES: Final = {
    ".edf": "EDF",
    ".bdf": "BDF",
    ".rec": "EDF",
    ".gdf": "GDF",
    ".vhdr": "BrainVision",
    ".vmrk": "BrainVision",
    ".set": "EEGLAB",
    ".fdt": "EEGLAB",
    ".eeg": "BrainVision or Nihon Kohden",
    ".lay": "Persyst",
    ".head": "Nicolet",
    ".data": "Nicolet",
    ".cnt": "Neuroscan or ANT",
    ".mff": "EGI",
    ".raw": "EGI",
    ".fif": "FIF",
}

#: Data files that say nothing without the header file beside them.
_HEADER_OF: Final = {
    ".eeg": (".vhdr",),
    ".vmrk": (".vhdr",),
    ".fdt": (".set",),
    ".dat": (".lay", ".vhdr"),
    ".data": (".head",),
}

_NIHON_KOHDEN = re.compile(rb"(EEG-1100[ABC]|EEG-1200A|EEG-2100 |QI-403A  |DAE-2100D) V0\d\.\d\d")
_BRAINVISION = re.compile(
    rb"^(\xef\xbb\xbf)?\s*;?\s*Brain ?Vision (Data Exchange|Core Data|NIRx) ?Header", re.IGNORECASE
)
_FIF_FILE_ID: Final = struct.pack(">ii", 100, 31)


def detect_format(path: Path) -> tuple[FileFormat, Path] | None:
    """Tell a file's format and which file of its set to open; None where it is no format that can be opened.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if path.is_dir() and path.suffix.lower() == ".mff":
        return FileFormat.EGI, path
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if (found := _by_content(head, path.suffix.lower())) is not None:
        return found, path
    for suffix in _HEADER_OF.get(path.suffix.lower(), ()):
        header = path.with_suffix(suffix)
        if header.is_file() and header != path and (detected := detect_format(header)) is not None:
            return detected
    return None


def _by_content(head: bytes, suffix: str) -> FileFormat | None:
    signatures = (
        (FileFormat.EDF, is_edf(head)),
        (FileFormat.GDF, head.startswith(b"GDF ")),
        (FileFormat.BRAINVISION, _BRAINVISION.match(head) is not None),
        (FileFormat.NIHON_KOHDEN, _NIHON_KOHDEN.match(head) is not None),
        (FileFormat.NEUROSCAN, head.startswith(b"Version 3.")),
        (FileFormat.ANT, head[:4] in {b"RIFF", b"RF64"} and head[8:12].upper() == b"CNT "),
        (FileFormat.FIF, head.startswith(_FIF_FILE_ID)),
        (FileFormat.EEGLAB, suffix == ".set" and (head.startswith(b"MATLAB ") or b"\x89HDF" in head)),
        (FileFormat.PERSYST, suffix == ".lay" and b"[fileinfo]" in head.lower()),
        (FileFormat.NICOLET, suffix == ".head" and b"start_ts" in head and b"num_channels" in head),
        (FileFormat.EGI, suffix == ".raw" and len(head) >= 4 and 2 <= int.from_bytes(head[:4], "big") <= 7),
    )
    return next((file_format for file_format, fits in signatures if fits), None)
