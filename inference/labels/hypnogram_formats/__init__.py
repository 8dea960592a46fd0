"""The files that hypnograms come in, each format in a module of its own; this is the one door to them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from inference.errors import LabelError
from inference.labels.hypnogram_formats.dreem import read_dreem, write_dreem
from inference.labels.hypnogram_formats.ds003768 import is_ds003768, read_ds003768, write_ds003768
from inference.labels.hypnogram_formats.edf import read_edf, write_edf
from inference.labels.hypnogram_formats.events import read_events, write_csv, write_events
from inference.labels.hypnogram_formats.yasa import read_yasa, write_yasa
from inference.labels.hypnograms import Hypnogram
from inference.labels.reading import read_text
from inference.labels.sleep_stages import StageSet

_READERS: Mapping[str, Callable[[Path], Hypnogram]] = MappingProxyType(
    {
        ".edf": read_edf,
        ".bdf": read_edf,
        ".json": read_dreem,
        ".txt": read_yasa,
        ".tsv": read_events,
        ".csv": read_events,
    }
)
_WRITERS: Mapping[str, Callable[[Path, Hypnogram], Path]] = MappingProxyType(
    {
        "edf": write_edf,
        "yasa": write_yasa,
        "dreem": write_dreem,
        "bids": write_events,
        "csv": write_csv,
    }
)
#: What :func:`write_hypnogram` can write, and the usual ending of each.
HYPNOGRAM_FORMATS: Mapping[str, str] = MappingProxyType(
    {"edf": ".edf", "yasa": ".txt", "dreem": ".json", "bids": ".tsv", "csv": ".csv", "ds003768": ".tsv"}
)


def read_hypnogram(path: Path, session: str | None = None, stage_set: StageSet | None = None) -> Hypnogram:
    """Read a hypnogram from any of the known files, told apart by their ending and, for tables, their header.

    Parameters
    ----------
    session : which session of a table of ds003768 to read; not needed where it has only one.
    stage_set : a site's own stages, which tables of events and CSV may be in.

    Raises
    ------
    LabelError
        The file cannot be read, is no hypnogram, or holds several and ``session`` is none of them.
    """
    if stage_set is not None and path.suffix.lower() in {".tsv", ".csv"}:
        return read_events(path, stage_set)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise LabelError(f"{path} is not a hypnogram that can be read: known are {', '.join(_READERS)}.")
    if path.suffix.lower() == ".tsv" and is_ds003768(read_text(path)):
        sessions = read_ds003768(path)
        chosen = next(iter(sessions)) if session is None and len(sessions) == 1 else session
        if chosen not in sessions:
            raise LabelError(f"{path} holds several sessions, one of which must be named: {', '.join(sessions)}.")
        return sessions[chosen]
    return reader(path)


def write_hypnogram(path: Path, hypnogram: Hypnogram, file_format: str, session: str = "task-sleep_run-1") -> Path:
    """Write a hypnogram in one of ``HYPNOGRAM_FORMATS``.

    ``session`` names it in a table of ds003768. ``"bids"`` writes a side-car with the HED tags as well.

    Raises
    ------
    LabelError
        The format is not known or cannot say what the hypnogram says, or the file cannot be written.
    """
    if file_format == "ds003768":
        return write_ds003768(path, {session: hypnogram})
    writer = _WRITERS.get(file_format)
    if writer is None:
        raise LabelError(f"{file_format!r} is not a format for hypnograms: known are {', '.join(HYPNOGRAM_FORMATS)}.")
    return writer(path, hypnogram)
