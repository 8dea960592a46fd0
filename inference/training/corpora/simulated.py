"""Recordings that ``spasmlens simulate`` wrote, with what is true in them beside each."""

import re
from pathlib import Path

from inference.errors import LabelError
from inference.labels.events_tsv import read_seizures
from inference.labels.vocabulary import is_seizure
from inference.training.corpora.recordings import SeizureCorpus, SeizureRecording, compile_whole, name_some
from inference.training.corpora.segments import find_files, refuse_repeated

NAME = "simulated"
TRUTH = compile_whole(r".+-\d+_truth\.tsv")
_SPASM = "Epileptic-spasm"


def read_simulated(folder: Path) -> SeizureCorpus:
    """Read which recordings there are and when seizures are in them; each is of a patient of its own.

    Raises
    ------
    LabelError
        There is none, or a table cannot be understood.
    RecordingError
        The folder cannot be read, or a recording lies there twice.
    """
    truths = find_files(folder, TRUTH)
    refuse_repeated(truths)
    recordings: list[SeizureRecording] = []
    alone: list[str] = []
    for path in truths:
        stem = re.sub("_truth$", "", path.stem)
        edf = path.with_name(f"{stem}.edf")
        if not edf.is_file():
            alone.append(path.name)
            continue
        seizures = read_seizures(path, is_seizure).seizures
        spasms = read_seizures(path, lambda text: text == _SPASM).seizures
        recordings.append(SeizureRecording(stem, edf, seizures, spasms))
    if not recordings:
        raise LabelError(f"{folder} holds no simulated recording with its truth (infant-0000.edf, ..._truth.tsv).")
    problems = (f"There is no recording beside {name_some(alone)}.",) if alone else ()
    return SeizureCorpus(NAME, tuple(recordings), problems)
