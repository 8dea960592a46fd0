"""The sleep stages of OpenNeuro ds003768 (Gu et al. 2023): one table a subject, with every epoch of every session."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from inference.errors import LabelError
from inference.labels.files import write_table
from inference.labels.hypnograms import Hypnogram, StageSpan, hypnogram_of_spans
from inference.labels.reading import read_seconds, read_text
from inference.labels.sleep_stages import AASM, UNSCORED

STAGE_COLUMN: Final = "30-sec_epoch_sleep_stage"
_COLUMNS: Final = ("session", "epoch_start_time_sec", STAGE_COLUMN)
_STAGES: Final = {"W": "W", "1": "N1", "2": "N2", "3": "N3", "R": "R"}
_DOUBT: Final = re.compile(r"uncertain|unscorable", re.IGNORECASE)
_EPOCH_S: Final = 30.0


def is_ds003768(text: str) -> bool:
    """Tell from its header line whether a table is one of this corpus."""
    return STAGE_COLUMN in text.partition("\n")[0].split()


def read_ds003768(path: Path) -> dict[str, Hypnogram]:
    """Read a subject's hypnograms by session, such as ``task-sleep_run-1``, each on the clock of its own session.

    What the scorers called uncertain or unscorable is unscored.

    Raises
    ------
    LabelError
        It cannot be read or is no such table.
    """
    lines = read_text(path).splitlines()
    header = lines[0].split() if lines else []
    if not set(_COLUMNS) <= set(header) or header[-1] != STAGE_COLUMN:
        raise LabelError(f"{path} is not a table of ds003768: it needs the columns {', '.join(_COLUMNS)}.")
    sessions: dict[str, list[StageSpan]] = {}
    for line, text in enumerate(lines[1:], 2):
        if not text.strip():
            continue
        # The stage is free text and stands last; one row of the corpus has a space for a tab.
        values = dict(zip(header, text.split(maxsplit=len(header) - 1), strict=False))
        onset_s = read_seconds(values.get("epoch_start_time_sec", ""), "start of the epoch", path, line)
        code = _code(values.get(STAGE_COLUMN, "").strip(), path, line)
        sessions.setdefault(values["session"], []).append(StageSpan(onset_s, _EPOCH_S, code))
    if not sessions:
        raise LabelError(f"{path} holds no sleep stages.")
    return {session: hypnogram_of_spans(spans, f"{path}, {session},") for session, spans in sessions.items()}


def write_ds003768(path: Path, sessions: Mapping[str, Hypnogram]) -> Path:
    """Write a subject's hypnograms in the corpus's own form, in AASM stages.

    Raises
    ------
    LabelError
        A hypnogram has other epochs than of 30 s or an infant's stages, or the file cannot be written.
    """
    codes = {code: text for text, code in _STAGES.items()} | {UNSCORED: "unscorable"}
    rows = []
    for session, hypnogram in sessions.items():
        aasm = hypnogram.to_aasm()
        if aasm.stage_set != AASM or aasm.epoch_s != _EPOCH_S:
            raise LabelError(f"{path} was not written: ds003768's tables hold AASM stages for each 30 s only.")
        rows += [(session, f"{aasm.epoch_onset_s(i):.10g}", codes[stage]) for i, stage in enumerate(aasm.stages)]
    return write_table(path, _COLUMNS, rows)


def _code(text: str, path: Path, line: int) -> str:
    if _DOUBT.search(text):
        return UNSCORED
    if text not in _STAGES:
        raise LabelError(f"Line {line} of {path}: {text[:20]!r} is not a sleep stage.")
    return _STAGES[text]
