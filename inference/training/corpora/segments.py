"""Labelled stretches of signal, each knowing the file it came from."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.errors import RecordingError


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Equally long stretches of signal with a class each.

    Attributes
    ----------
    corpus : name of the corpus.
    files : one name per segment, unique: whoever makes folds keeps a file's windows on one side.
    signals : (segments, channels, samples) in the corpus's unit.
    rate_hz : sampling rate.
    label : (segments,) index into ``classes``.
    """

    corpus: str
    files: tuple[str, ...]
    signals: NDArray[np.float32]
    rate_hz: float
    label: NDArray[np.int64]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)


def find_files(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    """Find the files below a folder whose whole name matches, in order of name.

    Raises
    ------
    RecordingError
        The folder is not there, or cannot be listed.
    """
    if not folder.is_dir():
        raise RecordingError(f"{folder} is not a folder.")
    try:
        found = [path for path in folder.rglob("*") if pattern.fullmatch(path.name) and path.is_file()]
    except OSError as error:
        raise RecordingError(f"{folder} cannot be listed: {error.strerror}.") from error
    return sorted(found, key=lambda path: (path.name.upper(), path))


def read_table(path: Path, n_samples: int, n_columns: int, delimiter: str | None = None) -> NDArray[np.float32]:
    """Read a text file of numbers, one sample per line, as (columns, samples).

    Raises
    ------
    RecordingError
        The file cannot be read, holds something else than numbers, or has another shape.
    """
    try:
        text = path.read_text(encoding="ascii").strip() or "nothing"
        table = np.loadtxt(io.StringIO(text), dtype=np.float32, delimiter=delimiter, comments=None, ndmin=2)
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise RecordingError(f"{path} holds something else than a table of numbers.") from error
    if table.shape != (n_samples, n_columns):
        expected = f"{n_samples} lines of {n_columns} number{'s' if n_columns > 1 else ''}"
        raise RecordingError(f"{path} should hold {expected} and does not.")
    if not np.isfinite(table).all():
        raise RecordingError(f"{path} holds values that are not finite.")
    return table.T


def stack(tables: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack equally long signals as (segments, channels, samples), each channel around its own mean."""
    signals = np.stack(tables)
    centred: NDArray[np.float32] = signals - signals.mean(axis=-1, keepdims=True, dtype=np.float64).astype(np.float32)
    return centred


def refuse_repeated(files: Sequence[Path]) -> None:
    """Refuse two files of one name: one of them would be trained on while the other is tested.

    Raises
    ------
    RecordingError
        A name occurs twice.
    """
    seen: dict[str, Path] = {}
    for path in files:
        name = path.stem.upper()
        if name in seen:
            raise RecordingError(f"{path} and {seen[name]} have the same name: the corpus lies there twice.")
        seen[name] = path
