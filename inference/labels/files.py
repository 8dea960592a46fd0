"""Writing label files so that a reader never finds half of one."""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from inference.errors import LabelError

#: What BIDS and SzCORE write where there is no value.
NOT_AVAILABLE = "n/a"


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a whole file at once, making its folder; an existing one is replaced only by a complete one.

    Raises
    ------
    LabelError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LabelError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def write_json(path: Path, fields: Mapping[str, Any]) -> Path:
    """Write an object as JSON that a person can read."""
    return write_bytes(path, (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode())


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a tab-separated table; a tab or line break inside a value becomes a space."""
    lines = ("\t".join(" ".join(value.split()) or NOT_AVAILABLE for value in row) for row in (columns, *rows))
    return write_bytes(path, ("\n".join(lines) + "\n").encode())


def format_seconds(value_s: float | None) -> str:
    """Spell a time or duration with a millisecond's precision, as BIDS asks for at least."""
    return NOT_AVAILABLE if value_s is None else f"{value_s:.3f}"


def format_ratio(value: float | None) -> str:
    """Spell a probability or a confidence."""
    return NOT_AVAILABLE if value is None else f"{value:.3f}"
