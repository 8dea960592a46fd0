"""Reading lists of events that this program or another wrote: SzCORE, BIDS, or anything with an onset in each row."""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.errors import LabelError
from inference.labels.annotations import Decision
from inference.labels.files import NOT_AVAILABLE
from inference.labels.reading import read_text
from inference.labels.scoring import Span
from inference.labels.vocabulary import is_seizure

_TYPE_COLUMNS = ("eventtype", "trial_type", "label", "event", "type")
_MISSING = frozenset({"", NOT_AVAILABLE, "nan", "none"})


@dataclass(frozen=True, slots=True)
class EventTable:
    """The seizures that a file lists, and the length of the recording where the file says it."""

    path: Path
    seizures: tuple[Span, ...]
    duration_s: float | None


def read_seizures(path: Path, wanted: Callable[[str], bool] = is_seizure) -> EventTable:
    """Read the seizures of an event file.

    The columns ``onset`` and ``duration`` are needed, in any order and case; the type of an event may be called
    ``eventType``, ``trial_type`` or ``label``, and HED tags may stand beside it. Rows of another type than a seizure,
    rows that a person rejected and rows that a person was unsure of are left out. A file without any such column is
    taken to list seizures only.

    Parameters
    ----------
    wanted : tells from a type, or from the cell with the HED tags, whether an event is to be read.

    Raises
    ------
    LabelError
        The file cannot be read or is no such list.
    """
    columns, rows = _read_rows(path)
    for needed in ("onset", "duration"):
        if needed not in columns:
            raise LabelError(f"{path} is not a list of events: it has no column {needed!r}.")
    type_columns = [columns[name] for name in _TYPE_COLUMNS if name in columns][:1]
    type_columns += [columns[name] for name in ("hed",) if name in columns]
    spans = []
    durations_s = []
    for line, row in rows:
        if "recordingduration" in columns:
            durations_s.append(_number(path, line, "recordingDuration", row[columns["recordingduration"]]))
        decision = row[columns["decision"]] if "decision" in columns else ""
        is_wanted = not type_columns or any(wanted(row[column]) for column in type_columns)
        if is_wanted and decision not in (Decision.REJECTED, Decision.UNSURE):
            spans.append(_span(path, line, row[columns["onset"]], row[columns["duration"]]))
    known_s = [value for value in durations_s if value is not None]
    return EventTable(path, tuple(spans), max(known_s, default=None))


def _read_rows(path: Path) -> tuple[dict[str, int], list[tuple[int, list[str]]]]:
    """Give the columns by lower-case name, and each row that is not blank with its line number."""
    lines = read_text(path).splitlines()
    if not lines:
        raise LabelError(f"{path} is empty.")
    delimiter = "\t" if "\t" in lines[0] else ","
    header = [name.strip().lower() for name in lines[0].split(delimiter)]
    rows = []
    for line, text in enumerate(lines[1:], 2):
        # Quotes mean something in comma-separated files only; in BIDS they are letters.
        try:
            cells = text.split("\t") if delimiter == "\t" else next(csv.reader([text]), [])
        except csv.Error as error:
            raise LabelError(f"Line {line} of {path} cannot be understood: {error}.") from error
        values = [cell.strip() for cell in cells]
        if not any(values):
            continue
        if len(values) != len(header):
            raise LabelError(f"Line {line} of {path} has {len(values)} values, its header {len(header)}.")
        rows.append((line, values))
    return {name: index for index, name in enumerate(header)}, rows


def _number(path: Path, line: int, name: str, text: str) -> float | None:
    if text.lower() in _MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LabelError(f"Line {line} of {path}: {name} is {text!r}, not a number.")
    return value


def _span(path: Path, line: int, onset: str, duration: str) -> Span:
    onset_s = _number(path, line, "onset", onset)
    duration_s = _number(path, line, "duration", duration)
    if onset_s is None:
        raise LabelError(f"Line {line} of {path} has no onset.")
    if duration_s is not None and duration_s < 0:
        raise LabelError(f"Line {line} of {path}: the duration is negative.")
    return Span(onset_s, onset_s + (duration_s or 0.0))


def common_duration_s(tables: Sequence[EventTable]) -> float | None:
    """Give the length of the recording that all tables are about, None where none of them says it.

    Raises
    ------
    LabelError
        They disagree by more than a second.
    """
    known = [(table.duration_s, table.path) for table in tables if table.duration_s is not None]
    if not known:
        return None
    (shortest_s, shorter), (longest_s, longer) = min(known), max(known)
    if longest_s - shortest_s > 1.0:
        raise LabelError(f"{shorter} and {longer} are about recordings of different length.")
    return longest_s
