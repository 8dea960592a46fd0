"""The Siena set: scalp EEG of 14 adults with focal epilepsy, with the clock time of every seizure.

Source: Detti, Vatti and Zabalo Manrique de Lara 2020, Processes 8:846; Detti 2020, doi:10.13026/5d4a-j060. One folder a
patient, ``PN00`` to ``PN17``, with EDF files and ``Seizures-list-PNxx.txt``. The lists were written by hand: names of
files are misspelt, registration times are missing or disagree with the files' own, hours are separated by points or
colons, and some seizures have two times. What is done about each is said where it is done.
This reader was tried on miniatures with these faults, not on the download.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from inference.errors import LabelError
from inference.labels.reading import read_bytes
from inference.labels.scoring import Span
from inference.recordings import open_recording
from inference.training.corpora.recordings import (
    SeizureCorpus,
    SeizureRecording,
    compile_whole,
    name_some,
    span_of,
)
from inference.training.corpora.segments import find_files

NAME = "Siena"
LIST = compile_whole(r"Seizures-list-PN\d\d\.txt")
_RECORDING = compile_whole(r"PN\d\d-.*\.edf")
_DAY_S: Final = 24 * 3600
#: The longest seizure that is believed; a slip in an hour makes one that lasts longer.
_LONGEST_S: Final = 1800.0
#: PN00-3's seizure would last for more than an hour and end after the recording: its list says 19 for 18 hours, as
#: this patient's other seizures last about a minute.
_SLIPS: Final = {("PN00-3", "19.29.29"): "18.29.29"}
_LINE = re.compile(r"(?P<what>file name|(?:seizure )?(?:start|end) time)\s*:\s*(?P<value>.+)", re.IGNORECASE)
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})[.:](\d{2})[.:](\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class ListedSeizure:
    """A seizure as a list has it: the file's name as it is spelt there, and clock times in s since midnight."""

    file: str
    onset_s: float
    end_s: float


def read_siena(folder: Path) -> SeizureCorpus:
    """Read which recordings there are and when seizures are in them; of the recordings, headers only are read.

    A seizure's place is its clock time less the start that the recording's own header states: the lists' registration
    times are missing for some and wrong for others (PN14-3 by three hours).

    Parameters
    ----------
    folder : wherever the patients' folders lie, all of them or some; a patient may be incomplete.

    Returns
    -------
    The recordings by file name. One that no list names is left out: nobody says that it has no seizure.

    Raises
    ------
    LabelError
        There is no list, one cannot be understood, or a seizure does not lie within its recording.
    RecordingError
        The folder or a recording cannot be read.
    """
    lists = find_files(folder, LIST)
    if not lists:
        raise LabelError(f"{folder} holds no list of seizures of the Siena set (Seizures-list-PN00.txt ...).")
    recordings: dict[str, SeizureRecording] = {}
    missing: list[str] = []
    unnamed: list[str] = []
    for path in lists:
        patient = path.stem[-4:].upper()
        files = {edf.stem: edf for edf in find_files(path.parent, _RECORDING) if edf.stem.upper().startswith(patient)}
        of_file: dict[str, list[ListedSeizure]] = {}
        for seizure in read_list(path):
            stem = _find_stem(seizure.file, files)
            if stem is None:
                missing.append(seizure.file)
            else:
                of_file.setdefault(stem, []).append(seizure)
        for stem, seizures in of_file.items():
            if stem in recordings:
                raise LabelError(
                    f"{files[stem]} and {recordings[stem].path} have the same name: the corpus lies there twice."
                )
            recordings[stem] = SeizureRecording(patient, files[stem], _place(seizures, files[stem], path))
        unnamed += [stem for stem in files if stem not in of_file]
    problems = []
    if missing:
        problems.append(f"{len(missing)} seizures are of recordings that are not there: {name_some(missing)}.")
    if unnamed:
        problems.append(f"No list says whether there are seizures in {name_some(unnamed)}: left out.")
    if not recordings:
        raise LabelError(f"{folder} holds lists of the Siena set and none of their recordings.")
    return SeizureCorpus(NAME, tuple(recordings[stem] for stem in sorted(recordings)), tuple(problems))


def read_list(path: Path) -> list[ListedSeizure]:
    """Read a patient's list of seizures.

    A file's name holds for the seizures below it until the next name: PN01 names its only file once for two seizures.

    Raises
    ------
    LabelError
        It cannot be read, a time is none, or a seizure has not both ends.
    """
    # Latin-1 takes any byte: nothing but digits and names is looked at.
    lines = read_bytes(path).decode("latin-1").splitlines()
    seizures: list[ListedSeizure] = []
    file, onset_s = "", None
    for number, text in enumerate(lines, 1):
        found = _LINE.match(text.strip())
        if found is None:
            continue
        what, value = found["what"].lower(), found["value"].strip()
        if what == "file name":
            if onset_s is not None:
                raise LabelError(f"{path}: the seizure above line {number} has no end.")
            file = value.split()[0]
        elif not file:
            raise LabelError(f"Line {number} of {path} is a seizure of no file.")
        elif what.endswith("start time"):
            onset_s = _read_clock(value, file, number, path)
        elif onset_s is None:
            raise LabelError(f"Line {number} of {path} ends a seizure that has not begun.")
        else:
            seizures.append(ListedSeizure(file, onset_s, _read_clock(value, file, number, path)))
            onset_s = None
    if onset_s is not None or not seizures:
        raise LabelError(f"{path} {'ends within' if onset_s is not None else 'lists'} no whole seizure.")
    return seizures


def _read_clock(text: str, file: str, line: int, path: Path) -> float:
    """Give the seconds since midnight; of several times the one marked as the EEG's own onset, else the first."""
    times = list(_CLOCK.finditer(text))
    if not times:
        raise LabelError(f"Line {line} of {path}: {text!r} is no clock time.")
    chosen = times[0]
    for time, following in zip(times, [*times[1:], None], strict=True):
        remark = text[time.end() : following.start() if following else None]
        if "electric" in remark.lower():
            chosen = time
    stated = chosen[0].replace(":", ".")
    hours, minutes, seconds = (int(part) for part in _SLIPS.get((Path(file).stem, stated), stated).split("."))
    if not (hours < 24 and minutes < 60 and seconds < 60):
        raise LabelError(f"Line {line} of {path}: {text!r} is no clock time.")
    return 3600.0 * hours + 60.0 * minutes + seconds


def _find_stem(name: str, files: Mapping[str, Path]) -> str | None:
    """Find the file that a list means: PNO6-1.edf has a letter for a figure, PN01.edf and PN11-.edf end early."""
    wanted = Path(name).stem.upper().replace("PNO", "PN0")
    exact = [stem for stem in files if stem.upper() == wanted]
    if exact:
        return exact[0]
    begun = [stem for stem in files if stem.upper().startswith(f"{wanted.rstrip('-')}-")]
    return begun[0] if len(begun) == 1 else None


def _place(seizures: Sequence[ListedSeizure], recording_path: Path, list_path: Path) -> tuple[Span, ...]:
    recording = open_recording(recording_path)
    if recording.start is None:
        raise LabelError(f"{recording_path} does not say when it was recorded, so its seizures have no place in it.")
    begin_s = _since_midnight_s(recording.start)
    spans = []
    for seizure in seizures:
        onset_s = (seizure.onset_s - begin_s) % _DAY_S
        end_s = onset_s + (seizure.end_s - seizure.onset_s) % _DAY_S
        span = span_of(onset_s, end_s, f"a seizure of {recording_path.name}", list_path)
        if end_s > recording.duration_s or end_s - onset_s > _LONGEST_S:
            raise LabelError(
                f"{list_path}: a seizure from {onset_s:g} to {end_s:g} s of {recording_path.name} cannot be, "
                f"which lasts {recording.duration_s:g} s."
            )
        spans.append(span)
    return tuple(sorted(spans, key=lambda span: span.onset_s))


def _since_midnight_s(moment: datetime) -> float:
    return 3600.0 * moment.hour + 60.0 * moment.minute + moment.second + moment.microsecond / 1e6
