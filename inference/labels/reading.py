"""Reading the text of label files with distrust."""

import math
from pathlib import Path

from inference.errors import LabelError

#: Larger files hold no labels; reading one would only cost memory.
LARGEST_BYTES = 50_000_000


def read_bytes(path: Path) -> bytes:
    """Read a whole label file.

    Raises
    ------
    LabelError
        It does not exist, cannot be read, or is too large to be what it should be.
    """
    try:
        if path.is_dir():
            raise LabelError(f"{path} is a folder, not a file of labels.")
        if path.stat().st_size > LARGEST_BYTES:
            raise LabelError(f"{path} is too large to be a file of labels.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise LabelError(f"{path} does not exist.") from error
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror}.") from error


def read_text(path: Path) -> str:
    """Read a whole label file as text.

    Raises
    ------
    LabelError
        As :func:`read_bytes`, or it is not text in UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{path} is not a text file.") from error


def read_seconds(text: str, what: str, path: Path, line: int) -> float:
    """Read a time or duration.

    Raises
    ------
    LabelError
        It is no finite number.
    """
    try:
        value_s = float(text)
    except ValueError:
        value_s = math.nan
    if not math.isfinite(value_s):
        raise LabelError(f"Line {line} of {path}: the {what} is {text!r}, not a number.")
    return value_s
