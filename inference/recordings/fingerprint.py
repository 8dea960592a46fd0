"""A fast digest by which a recording is known again, wherever it is copied and whatever it is called."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from inference.recordings.failures import cannot_read, describe_os_error

_BLOCK_BYTES: Final = 1 << 16
_N_SAMPLED: Final = 32
#: Header files that are alike for many recordings, with the data file beside them that is not.
_DATA_OF: Final = {".vhdr": (".eeg", ".dat"), ".lay": (".dat",), ".head": (".data",), ".set": (".fdt",)}


def fingerprint(path: Path) -> str:
    """Digest a recording: size, beginning, end and 32 blocks spread over it, of its file and its data file.

    Up to 2 MB are read, whatever the size. The result is 32 hexadecimal digits.

    Raises
    ------
    RecordingError
        The file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        for part in _parts(path):
            _digest_samples(digest, part)
    except OSError as error:
        raise cannot_read(path, describe_os_error(error)) from error
    return digest.hexdigest()


def _parts(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
        return
    yield path
    for suffix in _DATA_OF.get(path.suffix.lower(), ()):
        if (data := path.with_suffix(suffix)).is_file():
            yield data


def _digest_samples(digest: "hashlib.blake2b", path: Path) -> None:
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "little"))
    last = max(0, size - _BLOCK_BYTES)
    with path.open("rb", buffering=0) as stream:
        for offset in dict.fromkeys(last * step // (_N_SAMPLED + 1) for step in range(_N_SAMPLED + 2)):
            stream.seek(offset)
            digest.update(stream.read(_BLOCK_BYTES))
