"""What networks have said so far about a recording, kept on disk as it comes: a file that only grows.

A file begins with a line of JSON that says what its numbers were made from. Each record behind it holds some rows of
the network's tables with a checksum, so that whatever a killed process or a full disk leaves behind is a beginning.
"""

import contextlib
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import RecordingError
from inference.recordings.fingerprint import fingerprint
from inference.recordings.recording import Recording
from inference.runtime.findings import Findings
from inference.runtime.package import ModelPackage
from inference.runtime.runs import ChannelUse, NetworkRun, Rows
from inference.runtime.sleep_inputs import BoldSignals

#: Changes with whatever else the numbers depend on: how signals are prepared, cut into parts and batched.
_VERSION: Final = 1
_MAGIC: Final = b"rows"
#: Magic, first row, number of rows, bytes of numbers, checksum of all that and of the numbers.
_RECORD: Final = struct.Struct("<4sIII")
_CHECKSUM: Final = struct.Struct("<I")
_LONGEST_HEADER: Final = 1 << 20
_DAMAGED: Final = "What had been kept of an earlier analysis was damaged; what could not be read was analysed again."


class KeptResult:
    """What is kept of one network and one recording, open for more.

    Attributes
    ----------
    channels : what of the recording the network sees.
    provider, problems : where it ran, and why not where it was asked to.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self._path = path
        self._stream: BinaryIO | None = None
        self._has_failed = False
        fields = header["channels"]
        self.channels = ChannelUse(**{name: tuple(values) for name, values in fields.items()})
        self.provider: str = header["provider"]
        self.problems: tuple[str, ...] = tuple(header["problems"])

    def read(self, findings: Findings) -> Iterator[Rows]:
        """Yield the rows that are kept, and cut off what follows them if it cannot be read."""
        names = sorted(findings.tables)
        n_columns = sum(findings.tables[name].shape[1] for name in names)
        splits = np.cumsum([findings.tables[name].shape[1] for name in names])[:-1]
        try:
            with self._path.open("r+b") as stream:
                stream.readline(_LONGEST_HEADER)
                end = stream.tell()
                while (record := _read_record(stream, n_columns, len(findings.time_s))) is not None:
                    end = stream.tell()
                    first, table = record
                    parts = np.split(table, splits, axis=1)
                    yield Rows(np.arange(first, first + len(table)), dict(zip(names, parts, strict=True)))
                if stream.seek(0, os.SEEK_END) - end > _RECORD.size:
                    self.problems = tuple(dict.fromkeys((*self.problems, _DAMAGED)))
                stream.truncate(end)
        except OSError:
            return

    def append(self, findings: Findings, part: range) -> None:
        """Keep a part of the tables; where that fails nothing more is kept."""
        if self._has_failed:
            return
        names = sorted(findings.tables)
        rows = slice(part.start, part.stop)
        numbers = np.concatenate([findings.tables[name][rows] for name in names], axis=1).astype("<f4").tobytes()
        head = _RECORD.pack(_MAGIC, part.start, len(part), len(numbers))
        try:
            if self._stream is None:
                self._stream = self._path.open("ab", buffering=0)
            # In one piece, so that a kill leaves all of it or a torn end.
            self._stream.write(head + _CHECKSUM.pack(zlib.crc32(head + numbers)) + numbers)
        except OSError:
            self.close()
            self._has_failed = True

    def finish(self) -> None:
        """Make sure that everything is on the disk."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._stream.fileno())
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class ResultCache:
    """A folder with what networks have said about recordings, each file named after all that its numbers depend on.

    Parameters
    ----------
    folder : where the files lie, made if need be; None keeps nothing.
    recording, provider, bold : what is analysed, and where. A recording that is in no file is not kept either.
    """

    def __init__(self, folder: Path | None, recording: Recording, provider: str, bold: BoldSignals | None) -> None:
        self._folder = folder
        self._made_from: dict[str, Any] = {}
        self._found: dict[Path, KeptResult] = {}
        if folder is None:
            return
        try:
            self._made_from = _describe(recording, provider, bold)
            folder.mkdir(parents=True, exist_ok=True)
        except (RecordingError, OSError):
            self._folder = None

    def find(self, package: ModelPackage) -> KeptResult | None:
        """Give what is kept of a network on this recording, None where there is nothing."""
        path, key = self._place(package)
        if path is None or path in self._found:
            return None if path is None else self._found[path]
        try:
            with path.open("rb") as stream:
                header = json.loads(stream.readline(_LONGEST_HEADER))
            if header["key"] != key:
                return None
            self._found[path] = KeptResult(path, header)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return self._found[path]

    def open(self, package: ModelPackage, run: NetworkRun) -> KeptResult | None:
        """Give what is kept of a network that has been made, or begin to keep it; None where nothing can be."""
        kept = self.find(package)
        if kept is not None and kept.channels == run.channels and kept.provider == run.provider:
            return kept
        path, key = self._place(package)
        if path is None:
            return None
        header = {
            "key": key,
            "channels": asdict(run.channels),
            "provider": run.provider,
            "problems": list(run.problems),
        }
        is_damaged = kept is None and path.exists()
        new = path.with_suffix(".new")
        try:
            new.write_bytes(json.dumps(header).encode() + b"\n")
            new.replace(path)
        except OSError:
            return None
        opened = KeptResult(path, header)
        if is_damaged:
            opened.problems += (_DAMAGED,)
        return opened

    def _place(self, package: ModelPackage) -> tuple[Path | None, str]:
        made_from = {**self._made_from, "network": package.card.name, "files": dict(package.card.files)}
        key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
        return (None if self._folder is None else self._folder / f"{package.card.name}-{key[:16]}.rows"), key


def _describe(recording: Recording, provider: str, bold: BoldSignals | None) -> dict[str, Any]:
    """Give all that the numbers depend on but the network; a reader may have corrected the channels."""
    volumes = "" if bold is None else hashlib.sha256(np.ascontiguousarray(bold.series).tobytes()).hexdigest()
    return {
        "version": _VERSION,
        "recording": fingerprint(recording.path),
        "channels": [asdict(channel) for channel in recording.channels],
        "provider": provider,
        "fmri": None if bold is None else [volumes, bold.onset_s, bold.tr_s],
    }


def _read_record(stream: BinaryIO, n_columns: int, n_rows: int) -> tuple[int, NDArray[np.float32]] | None:
    """Read the next record, None where there is none that is whole and fits the tables."""
    head = stream.read(_RECORD.size)
    checksum = stream.read(_CHECKSUM.size)
    if len(head) < _RECORD.size or len(checksum) < _CHECKSUM.size:
        return None
    magic, first, n, n_bytes = _RECORD.unpack(head)
    if magic != _MAGIC or n_bytes != 4 * n * n_columns or first + n > n_rows:
        return None
    numbers = stream.read(n_bytes)
    if len(numbers) < n_bytes or zlib.crc32(head + numbers) != _CHECKSUM.unpack(checksum)[0]:
        return None
    return first, np.frombuffer(numbers, "<f4").reshape(n, n_columns).astype(np.float32)
