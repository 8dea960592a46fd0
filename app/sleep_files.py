"""Reading and writing hypnograms behind the window's back."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, SignalInstance, Slot

from inference.errors import LabelError, SpasmlensError
from inference.labels.files import write_bytes
from inference.labels.hypnogram_formats import HYPNOGRAM_FORMATS, read_ds003768, read_hypnogram, write_hypnogram
from inference.labels.hypnogram_formats.ds003768 import is_ds003768
from inference.labels.hypnogram_formats.events import write_events
from inference.labels.hypnograms import Hypnogram
from inference.labels.reading import read_text

READABLE = "Hypnograms (*.edf *.bdf *.json *.txt *.tsv *.csv)"
_TITLES: Mapping[str, str] = {
    "bids": "BIDS events with HED tags",
    "edf": "EDF+ annotations",
    "csv": "Table",
    "yasa": "YASA text",
    "dreem": "Dreem list",
    "ds003768": "ds003768 table",
}
#: What a file dialog offers to write, by format.
WRITABLE: Mapping[str, str] = {name: f"{_TITLES[name]} (*{HYPNOGRAM_FORMATS[name]})" for name in _TITLES}


class FileThread(QThread):
    """Does one thing with a file.

    Signals
    -------
    done : what came of it. ``failed`` : one sentence.

    The thread's object lives in the GUI thread; only `run` is elsewhere.
    """

    done = Signal(object)
    failed = Signal(str)

    def __init__(self, work: Callable[[], Any], then: Callable[[Any], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self.then = then

    def run(self) -> None:
        """Do it."""
        try:
            result = self._work()
        except SpasmlensError as error:
            self.failed.emit(str(error))
        else:
            self.done.emit(result)


class FileThreads(QObject):
    """The threads that are at work for a part of the window; `close` waits for them."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._threads: list[FileThread] = []

    def run(self, work: Callable[[], Any], then: Callable[[Any], object], failed: SignalInstance) -> None:
        """Do ``work`` on a thread of its own; ``then`` is given what came of it, on this one."""
        thread = FileThread(work, then, self)
        thread.done.connect(self._hand_on)
        thread.failed.connect(failed)
        thread.finished.connect(self._drop_finished)
        self._threads.append(thread)
        thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._threads

    def close(self) -> None:
        """Wait until everything is done; nobody is told any more."""
        for thread in self._threads:
            thread.done.disconnect(self._hand_on)
            thread.wait()
        self._threads.clear()

    @Slot(object)
    def _hand_on(self, result: object) -> None:
        thread = self.sender()
        assert isinstance(thread, FileThread)
        thread.then(result)

    @Slot()
    def _drop_finished(self) -> None:
        for thread in [thread for thread in self._threads if thread.isFinished()]:
            self._threads.remove(thread)
            thread.deleteLater()


def read_stages_file(path: Path) -> tuple[Path, dict[str, Hypnogram]]:
    """Read the hypnograms of a file, by session where it holds several; each tells its scorer, the file's name if none.

    Raises
    ------
    LabelError
        It cannot be read or is no hypnogram.
    """
    is_table = path.suffix.lower() == ".tsv" and is_ds003768(read_text(path))
    sessions = read_ds003768(path) if is_table else {"": read_hypnogram(path)}
    return path, {name: replace(one, scorer=one.scorer or path.stem) for name, one in sessions.items()}


def write_stages_file(path: Path, hypnogram: Hypnogram, file_format: str, *, by_network: bool) -> Path:
    """Write a hypnogram; where a network speaks in it the file says so, as far as its format can.

    Raises
    ------
    LabelError
        The format cannot say what the hypnogram says, or the file cannot be written.
    """
    if file_format == "bids":
        return write_events(path, hypnogram, predicted=by_network)
    return write_hypnogram(path, hypnogram, file_format)


def fit_to_recording(hypnogram: Hypnogram, duration_s: float, name: str) -> Hypnogram:
    """Give the epochs that lie in a recording.

    Raises
    ------
    LabelError
        None does.
    """
    try:
        return hypnogram.within(0.0, duration_s)
    except LabelError as error:
        raise LabelError(f"{name} belongs to another recording: none of its epochs lies within this one.") from error


def write_report(path: Path, text: str) -> Path:
    """Write a report as tab-separated text, or as a table with commas where the name ends so.

    Raises
    ------
    LabelError
        It cannot be written.
    """
    if path.suffix.lower() == ".csv":
        rows = csv.reader(text.splitlines(), dialect="excel-tab")
        text = "\n".join(",".join(_quoted(cell) for cell in row) for row in rows) + "\n"
    return write_bytes(path, text.encode())


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell
