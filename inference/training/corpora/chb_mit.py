"""The CHB-MIT set: days of bipolar scalp EEG of 22 children with epilepsy, with the seconds of every seizure.

Source: Shoeb 2009 (PhD thesis, MIT); Guttag 2010, doi:10.13026/C2K01R. One folder a case, ``chb01`` to ``chb24``, with
EDF files and ``chbNN-summary.txt``. Case chb21 is the girl of chb01, a year and a half later. Montages change within
a case: each file's own header says what its channels are, so nothing is taken from the summary's lists of channels.
This reader was tried on miniatures after that documentation, not on the download.
"""

import re
from pathlib import Path

from inference.errors import LabelError
from inference.labels.reading import read_text
from inference.labels.scoring import Span
from inference.training.corpora.recordings import (
    SeizureCorpus,
    SeizureRecording,
    compile_whole,
    name_some,
    span_of,
)
from inference.training.corpora.segments import find_files

NAME = "CHB-MIT"
SUMMARY = compile_whole(r"chb(\d\d)-summary\.txt")
#: Cases of one and the same child.
_SAME_CHILD = {"chb21": "chb01"}
_RECORDING = compile_whole(r"chb\d\d[a-z]?_.*\.edf")
# "Seizure Start Time: 2996 seconds" in most cases, "Seizure 2 Start Time:       3369 seconds" in the others.
_BOUND = re.compile(r"Seizure\s*\d*\s*(Start|End) Time:\s*(\d+(?:\.\d+)?)\s*sec", re.IGNORECASE)
_FILE = re.compile(r"File Name:\s*(\S+)", re.IGNORECASE)
_COUNT = re.compile(r"Number of Seizures in File:\s*(\d+)", re.IGNORECASE)


def read_chb_mit(folder: Path) -> SeizureCorpus:
    """Read which recordings there are and when seizures are in them; no signal is read.

    Parameters
    ----------
    folder : wherever the cases lie, all of them or some; a case may be incomplete.

    Returns
    -------
    The recordings by file name. A file that its case's summary does not name is left out: nobody says that it has no
    seizure.

    Raises
    ------
    LabelError
        There is no summary, or one contradicts itself.
    RecordingError
        The folder cannot be read.
    """
    summaries = find_files(folder, SUMMARY)
    if not summaries:
        raise LabelError(f"{folder} holds no summary of a case of CHB-MIT (chb01-summary.txt ...).")
    recordings: dict[str, SeizureRecording] = {}
    unnamed: list[str] = []
    missing: list[str] = []
    for summary in summaries:
        case = summary.name[:5].lower()
        seizures = read_summary(summary)
        files = {path.name.lower(): path for path in find_files(summary.parent, _RECORDING)}
        of_case = {name: path for name, path in files.items() if name.startswith(case)}
        missing += [name for name in seizures if name not in of_case]
        for name, path in of_case.items():
            if name in recordings:
                raise LabelError(f"{path} and {recordings[name].path} have the same name: the corpus lies there twice.")
            if name in seizures:
                recordings[name] = SeizureRecording(_SAME_CHILD.get(case, case), path, seizures[name])
            else:
                unnamed.append(name)
    problems = []
    if missing:
        problems.append(f"{len(missing)} recordings of the summaries are not there: {name_some(missing)}.")
    if unnamed:
        problems.append(f"No summary says whether there are seizures in {name_some(unnamed)}: left out.")
    if not recordings:
        raise LabelError(f"{folder} holds summaries of CHB-MIT and none of their recordings.")
    return SeizureCorpus(NAME, tuple(recordings[name] for name in sorted(recordings)), tuple(problems))


def read_summary(path: Path) -> dict[str, tuple[Span, ...]]:
    """Read a case's summary: the seizures of each file that it names, in seconds from the start of the file.

    Clock times and lists of channels are not looked at: the files' own headers have them.

    Raises
    ------
    LabelError
        It cannot be read, or a file's seizures are not as many as it says, or have not both ends.
    """
    text = read_text(path)
    pieces = re.split(r"(?=^\s*File Name:)", text, flags=re.IGNORECASE | re.MULTILINE)
    seizures: dict[str, tuple[Span, ...]] = {}
    for piece in pieces:
        named, counted = _FILE.search(piece), _COUNT.search(piece)
        if named is None:
            continue
        name = named[1].lower()
        if counted is None:
            raise LabelError(f"{path} does not say how many seizures there are in {named[1]}.")
        spans = _pair_bounds(_BOUND.findall(piece), named[1], path)
        if len(spans) != int(counted[1]):
            raise LabelError(f"{path} says {counted[1]} seizures in {named[1]} and lists {len(spans)}.")
        if seizures.get(name, spans) != spans:
            raise LabelError(f"{path} lists {named[1]} twice, with different seizures.")
        seizures[name] = spans
    if not seizures:
        raise LabelError(f"{path} names no recording.")
    return seizures


def _pair_bounds(bounds: list[tuple[str, str]], name: str, path: Path) -> tuple[Span, ...]:
    onsets, ends = bounds[::2], bounds[1::2]
    if any(kind.lower() != "start" for kind, _ in onsets) or any(kind.lower() != "end" for kind, _ in ends):
        raise LabelError(f"{path}: the seizures of {name} do not alternate between a start and an end.")
    if len(onsets) != len(ends):
        raise LabelError(f"{path}: a seizure of {name} has no end.")
    return tuple(
        span_of(float(onset), float(end), f"a seizure of {name}", path)
        for (_, onset), (_, end) in zip(onsets, ends, strict=True)
    )
