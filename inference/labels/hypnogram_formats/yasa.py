"""Hypnograms as YASA's text files: one value an epoch.

Source: https://yasa-sleep.org, `yasa.hypno_str_to_int`: -2 unscored, -1 artefact, 0 wake, 1-3 N1-N3, 4 REM.
"""

import re
from pathlib import Path

from inference.errors import LabelError
from inference.labels.files import write_bytes
from inference.labels.hypnograms import EPOCH_S, Hypnogram, hypnogram_of_codes
from inference.labels.reading import read_seconds, read_text
from inference.labels.sleep_stages import AASM, UNSCORED, recognise_stage

_NUMBERS = {"-2": UNSCORED, "-1": UNSCORED, "0": "W", "1": "N1", "2": "N2", "3": "N3", "4": "R"}
_EPOCH = re.compile(r"per (\S+) s")
_ONSET = re.compile(r"first epoch begins at (\S+) s")


def read_yasa(path: Path) -> Hypnogram:
    """Read numbers, or names of stages, line by line; a comment may tell the length of the epochs, else 30 s.

    Raises
    ------
    LabelError
        It cannot be read, or a line is no stage.
    """
    codes, epoch_s, onset_s = [], EPOCH_S, 0.0
    for line, text in enumerate(read_text(path).splitlines(), 1):
        value = text.strip()
        if value.startswith("#"):
            if (told := _EPOCH.search(value)) is not None:
                epoch_s = read_seconds(told[1], "length of an epoch", path, line)
            if (told := _ONSET.search(value)) is not None:
                onset_s = read_seconds(told[1], "start", path, line)
        elif value:
            code = _NUMBERS.get(value) or recognise_stage(value)
            if code is None:
                raise LabelError(f"Line {line} of {path} is {value[:20]!r}, not a sleep stage.")
            codes.append(code)
    if not epoch_s > 0:
        raise LabelError(f"{path} gives its epochs a length of {epoch_s:g} s.")
    return hypnogram_of_codes(codes, path, epoch_s=epoch_s, onset_s=onset_s)


def write_yasa(path: Path, hypnogram: Hypnogram) -> Path:
    """Write YASA's numbers, in AASM stages, with the length of the epochs and their start as comments.

    Raises
    ------
    LabelError
        The stages are an infant's, for which YASA has no numbers, or the file cannot be written.
    """
    hypnogram = hypnogram.to_aasm()
    if hypnogram.stage_set != AASM:
        raise LabelError(f"{path} was not written: YASA's files have no numbers for {hypnogram.stage_set.name}.")
    numbers = {code: number for number, code in _NUMBERS.items() if number != "-1"}
    lines = [
        f"# 1 value per {hypnogram.epoch_s:.10g} seconds of data; the first epoch begins at {hypnogram.onset_s:.10g} s",
        "# -2: Unscored, 0: Wake, 1: N1, 2: N2, 3: N3, 4: REM",
        *(numbers[code] for code in hypnogram.stages),
    ]
    return write_bytes(path, ("\n".join(lines) + "\n").encode())
