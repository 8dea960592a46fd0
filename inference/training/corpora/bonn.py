"""The Bonn set: 5 x 100 single-channel segments of 23.6 s.

Source: Andrzejak et al. 2001, Phys. Rev. E 64:061907. Set A (files Z...) eyes open and B (O...) eyes closed are scalp
EEG of healthy people; C (N...) is intracranial from the hippocampal formation opposite the epileptogenic zone, D (F...)
from within that zone, both between seizures; E (S...) is from seizures. No patient number comes with the files.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference.errors import LabelError
from inference.training.corpora.segments import Segments, find_files, read_table, refuse_repeated, stack

RATE_HZ = 173.61
N_SAMPLES = 4097
#: The letter that each set's files start with.
FILE_LETTERS = {"A": "Z", "B": "O", "C": "N", "D": "F", "E": "S"}


def read_bonn(folder: Path, sets: Sequence[str] = ("C", "D")) -> Segments:
    """Read some of the sets A to E; the class of a segment is its set.

    Parameters
    ----------
    folder : wherever the archives were unpacked; files are known by their names, ``N001.TXT`` or ``F100.txt``.

    Returns
    -------
    Segments of (1, 4097) samples at 173.61 Hz, in the order of ``sets`` and then of file names.

    Raises
    ------
    LabelError
        A set is not one of A to E, or has no file in the folder.
    RecordingError
        The folder or a file cannot be read.
    """
    files: list[Path] = []
    label: list[int] = []
    for index, name in enumerate(sets):
        if name not in FILE_LETTERS:
            raise LabelError(f"The Bonn set has no part {name}: its parts are {', '.join(FILE_LETTERS)}.")
        letter = FILE_LETTERS[name]
        found = find_files(folder, re.compile(rf"{letter}\d{{3}}\.txt", re.IGNORECASE))
        if not found:
            raise LabelError(f"{folder} holds no file of set {name} of the Bonn set ({letter}001.txt and so on).")
        files += found
        label += [index] * len(found)
    refuse_repeated(files)
    signals = stack([read_table(path, N_SAMPLES, 1) for path in files])
    stems = tuple(path.stem.upper() for path in files)
    return Segments("Bonn", stems, signals, RATE_HZ, np.array(label, dtype=np.int64), tuple(sets))
