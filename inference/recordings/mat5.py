"""Check a MATLAB 5 file before SciPy reads it: SciPy's reader ends the whole process on some damaged ones.

Layout: "MAT-File Format", The MathWorks, chapter 1. Only lengths, types and counts are checked, data are skipped.
"""

import math
import struct
import zlib
from typing import BinaryIO, Final

from inference.recordings.failures import DamagedFileError

_HEADER_BYTES: Final = 128
_MATRIX, _COMPRESSED, _INT32, _UINT32 = 14, 15, 5, 6
_DATA_TYPES: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18})
_TEXT_TYPES: Final = frozenset({1, 2, 16})
_CELL, _STRUCT, _OBJECT, _SPARSE = 1, 2, 3, 5
_COMPLEX: Final = 0x0800
#: Classes of text, sparse and full numbers; functions and opaque objects (16, 17) are left to SciPy.
_PLAIN: Final = range(4, 16)
_MAX_DEPTH: Final = 64
_CHUNK_BYTES: Final = 1 << 20


def check_mat5(stream: BinaryIO, file_bytes: int) -> None:
    """Walk through all variables of a file.

    Raises
    ------
    DamagedFileError
        Something in it does not fit into what contains it.
    """
    header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise DamagedFileError(f"it ends after {len(header)} bytes, within its header")
    checker = _Checker(stream, "<" if header[126:128] == b"IM" else ">")
    while stream.tell() < file_bytes:
        kind, data_bytes, end = checker.read_tag(file_bytes, is_padded=False)
        if kind == _COMPRESSED:
            _check_compressed(stream, data_bytes)
        elif kind == _MATRIX:
            checker.check_matrix(end, depth=0)
        stream.seek(end)


def _check_compressed(stream: BinaryIO, n_bytes: int) -> None:
    """Decompress to nowhere: the checksum at the end vouches for what SciPy will see."""
    decompressor = zlib.decompressobj()
    while n_bytes > 0 and not decompressor.eof:
        chunk = stream.read(min(n_bytes, _CHUNK_BYTES))
        n_bytes -= len(chunk)
        try:
            while chunk:
                decompressor.decompress(chunk, _CHUNK_BYTES)
                chunk = decompressor.unconsumed_tail
        except zlib.error as error:
            raise DamagedFileError("its compressed part is damaged") from error
    if not decompressor.eof:
        raise DamagedFileError("its compressed part was cut off")


class _Checker:
    """Walks nested elements; the stream stands behind a tag when one is handed over."""

    def __init__(self, stream: BinaryIO, byte_order: str) -> None:
        self._stream = stream
        self._order = byte_order

    def read_tag(self, end: int, *, is_padded: bool = True) -> tuple[int, int, int]:
        """Read one tag: type, size of the data that follow, and where the next element starts."""
        start = self._stream.tell()
        raw = self._stream.read(8)
        if len(raw) < 8 or start + 8 > end:
            raise DamagedFileError("it was cut off, or is damaged: a part of it ends early")
        kind, n_bytes = struct.unpack(f"{self._order}II", raw)
        if kind >> 16:
            self._stream.seek(start + 4)
            kind, n_bytes, stop = kind & 0xFFFF, kind >> 16, start + 8
            limit = start + 8 if n_bytes <= 4 else -1
        else:
            stop = start + 8 + (-(-n_bytes // 8) * 8 if is_padded else n_bytes)
            limit = start + 8 + n_bytes
        if limit > end or limit < 0:
            raise DamagedFileError("it was cut off, or is damaged: a part of it claims to be longer than what holds it")
        return kind, n_bytes, min(stop, end)

    def check_matrix(self, end: int, depth: int) -> None:
        """Check one array, of numbers, text, cells or structures."""
        if self._stream.tell() == end:
            return
        if depth > _MAX_DEPTH:
            raise DamagedFileError("it is damaged: its parts are nested too deep")
        flags = self._read_data(end, {_UINT32})
        dimensions = self._integers(self._read_data(end, {_INT32}))
        self._read_data(end, _TEXT_TYPES)
        if len(flags) < 8 or len(dimensions) < 2 or min(dimensions) < 0:
            raise DamagedFileError("it is damaged: an array in it has no sensible shape")
        (flag_bits,) = struct.unpack(f"{self._order}I", flags[:4])
        array_class, is_complex = flag_bits & 0xFF, bool(flag_bits & _COMPLEX)
        n_values = math.prod(dimensions)
        if array_class in (_STRUCT, _OBJECT):
            n_values *= self._count_fields(end, has_class=array_class == _OBJECT)
        if array_class in (_CELL, _STRUCT, _OBJECT):
            self._check_matrices(n_values, end, depth)
        elif array_class in _PLAIN:
            self._check_numbers(end, n_parts=(3 if array_class == _SPARSE else 1) + is_complex)

    def _check_numbers(self, end: int, n_parts: int) -> None:
        n_found = 0
        while self._stream.tell() < end:
            kind, _, next_element = self.read_tag(end)
            if kind not in _DATA_TYPES:
                raise DamagedFileError(f"it is damaged: an array in it holds data of type {kind}")
            self._stream.seek(next_element)
            n_found += 1
        if n_found < n_parts:
            raise DamagedFileError("it is damaged: an array in it lacks a part of its numbers")

    def _check_matrices(self, n_matrices: int, end: int, depth: int) -> None:
        if n_matrices > (end - self._stream.tell()) // 8:
            raise DamagedFileError("it is damaged: a list in it claims more entries than there is room for")
        for _ in range(n_matrices):
            kind, _, next_element = self.read_tag(end)
            if kind != _MATRIX:
                raise DamagedFileError(f"it is damaged: an array was expected where data of type {kind} stand")
            self.check_matrix(next_element, depth + 1)
            self._stream.seek(next_element)

    def _count_fields(self, end: int, *, has_class: bool) -> int:
        if has_class:
            self._read_data(end, _TEXT_TYPES)
        length = self._integers(self._read_data(end, {_INT32}))
        names = self._read_data(end, _TEXT_TYPES)
        if len(length) != 1 or length[0] <= 0 or len(names) % length[0]:
            raise DamagedFileError("it is damaged: the names of its fields have no sensible length")
        return len(names) // length[0]

    def _read_data(self, end: int, kinds: frozenset[int] | set[int]) -> bytes:
        kind, n_bytes, next_element = self.read_tag(end)
        if kind not in kinds:
            raise DamagedFileError(f"it is damaged: data of type {kind} stand in an unexpected place")
        data = self._stream.read(n_bytes)
        self._stream.seek(next_element)
        return data

    def _integers(self, data: bytes) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{len(data) // 4}i", data[: len(data) // 4 * 4])
