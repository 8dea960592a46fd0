"""Hypnograms as the Dreem open data sets hold them: a JSON list with one number for each 30 s.

Source: https://github.com/Dreem-Organization/dreem-learning-evaluation: -1 not scored, 0 wake, 1-3 N1-N3, 4 REM.
"""

import json
from pathlib import Path

from inference.errors import LabelError
from inference.labels.files import write_bytes
from inference.labels.hypnograms import EPOCH_S, Hypnogram, hypnogram_of_codes
from inference.labels.reading import read_text
from inference.labels.sleep_stages import AASM, UNSCORED

_NUMBERS = {-1: UNSCORED, 0: "W", 1: "N1", 2: "N2", 3: "N3", 4: "R"}


def read_dreem(path: Path) -> Hypnogram:
    """Read a list of numbers from -1 to 4, 30 s each.

    Raises
    ------
    LabelError
        It cannot be read or is no such list.
    """
    try:
        numbers = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path} is not valid JSON.") from error
    if not isinstance(numbers, list):
        raise LabelError(f"{path} is not a list of sleep stages.")
    wrong = next((n for n in numbers if isinstance(n, bool) or not isinstance(n, int) or n not in _NUMBERS), None)
    if wrong is not None:
        raise LabelError(f"{path} holds {str(wrong)[:20]!r} where a number from -1 to 4 should stand.")
    return hypnogram_of_codes([_NUMBERS[number] for number in numbers], path)


def write_dreem(path: Path, hypnogram: Hypnogram) -> Path:
    """Write the list of numbers, in AASM stages.

    Raises
    ------
    LabelError
        The format cannot say what the hypnogram says, or the file cannot be written.
    """
    hypnogram = hypnogram.to_aasm()
    if hypnogram.stage_set != AASM or hypnogram.epoch_s != EPOCH_S or hypnogram.onset_s != 0:
        raise LabelError(f"{path} was not written: Dreem's files hold AASM stages for each 30 s from the start only.")
    numbers = {code: number for number, code in _NUMBERS.items()}
    return write_bytes(path, (json.dumps([numbers[code] for code in hypnogram.stages], indent=2) + "\n").encode())
