"""The Bern-Barcelona set: pairs of neighbouring intracranial channels, 20 s each, focal or not.

Source: Andrzejak, Schindler and Rummel 2012, Phys. Rev. E 86:046206. 3750 focal and 3750 non-focal pairs of five
patients with temporal-lobe epilepsy; a subset of 50 and 50 is offered beside it. No patient number comes with a file.
"""

import re
from pathlib import Path

import numpy as np

from inference.errors import LabelError
from inference.training.corpora.segments import Segments, find_files, read_table, refuse_repeated, stack

RATE_HZ = 512.0
N_SAMPLES = 10240
CLASSES = ("non-focal", "focal")
_LETTERS = ("N", "F")


def read_bern_barcelona(folder: Path) -> Segments:
    """Read every pair below a folder, be it the whole set or the subset of 50 and 50.

    Parameters
    ----------
    folder : wherever the archives were unpacked; files are known by their names, ``Data_F_Ind0001.txt``.

    Returns
    -------
    Segments of (2, 10240) samples at 512 Hz, non-focal first, in the order of file names. The two channels of a pair
    share a file and a class.

    Raises
    ------
    LabelError
        One of the two classes has no file in the folder.
    RecordingError
        The folder or a file cannot be read.
    """
    files: list[Path] = []
    label: list[int] = []
    for index, (letter, name) in enumerate(zip(_LETTERS, CLASSES, strict=True)):
        found = find_files(folder, re.compile(rf"Data_{letter}_Ind_?\d+\.txt", re.IGNORECASE))
        if not found:
            raise LabelError(
                f"{folder} holds no {name} pair of the Bern-Barcelona set (Data_{letter}_Ind0001.txt ...)."
            )
        files += found
        label += [index] * len(found)
    refuse_repeated(files)
    signals = stack([read_table(path, N_SAMPLES, 2, delimiter=",") for path in files])
    stems = tuple(path.stem for path in files)
    return Segments("Bern-Barcelona", stems, signals, RATE_HZ, np.array(label, dtype=np.int64), CLASSES)
