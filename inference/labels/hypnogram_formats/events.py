"""Hypnograms as event tables: BIDS with HED tags, SzCORE's columns, and this program's CSV."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from inference.errors import LabelError
from inference.labels.files import NOT_AVAILABLE, format_seconds, write_bytes, write_json, write_table
from inference.labels.hypnograms import Hypnogram, StageSpan, hypnogram_of_spans
from inference.labels.reading import read_seconds, read_text
from inference.labels.sleep_stages import STAGE_SETS, UNSCORED, Stage, StageSet, recognise_stage

_ONSETS = ("onset", "onset_s", "start", "start_s")
_DURATIONS = ("duration", "duration_s")
_STAGES = ("trial_type", "eventtype", "stage", "sleep_stage", "label", "hed")
_SCORERS = ("annotator", "scorer")
_MISSING = frozenset({"", NOT_AVAILABLE})
_UNSCORED = Stage(
    UNSCORED, "Not scored, not scorable, or without signals", "unscored", "Label/Unscored", "", asleep=None
)


class _Tabs(csv.excel_tab):
    """Tab-separated without quoting: in BIDS quotes are letters."""

    quoting = csv.QUOTE_NONE


def read_events(path: Path, stage_set: StageSet | None = None) -> Hypnogram:
    """Read a table of events, tab-, comma- or semicolon-separated; events that are no sleep stages are left out.

    The columns may be called as in BIDS (``onset``, ``duration``, ``trial_type``), in SzCORE (``eventType``) or in this
    program's CSV (``onset_s``, ``duration_s``, ``stage``). Where a site's own ``stage_set`` is given, its codes, names
    and tags are what is looked for.

    Raises
    ------
    LabelError
        It cannot be read, has no such columns, or no row of it is a sleep stage.
    """
    text = read_text(path)
    first_line = text.partition("\n")[0]
    delimiter = next((sign for sign in "\t;" if sign in first_line), ",")
    dialect: type[csv.Dialect] = _Tabs if delimiter == "\t" else csv.excel
    rows = csv.reader(StringIO(text, newline=""), dialect, delimiter=delimiter)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        table = [(rows.line_num, dict(zip(header, row, strict=False))) for row in rows if any(row)]
    except csv.Error as error:
        raise LabelError(f"{path} is not a table: {error}.") from error
    onset, stage = _column(header, _ONSETS), _column(header, _STAGES)
    if onset is None or stage is None:
        raise LabelError(f"{path} is not a table of sleep stages: it needs a column onset and a column trial_type.")
    duration, scorer = _column(header, _DURATIONS), _column(header, _SCORERS)
    spans, scorers = [], set()
    for line, row in table:
        span = _span(row, (onset, duration, stage), path, line, stage_set)
        if span is not None:
            spans.append(span)
            scorers.add(row.get(scorer or "", "").strip())
    only_scorer = scorers.pop() if len(scorers) == 1 else ""
    only_scorer = "" if only_scorer in _MISSING else only_scorer
    if stage_set is not None:
        return hypnogram_of_spans(spans, path, only_scorer, stage_set)
    return _as_declared(hypnogram_of_spans(spans, path, only_scorer), table)


def write_events(path: Path, hypnogram: Hypnogram, *, predicted: bool = False) -> Path:
    """Write BIDS events, one an epoch, and beside them the JSON that gives each stage its HED tags.

    Parameters
    ----------
    predicted : whether a network staged the epochs; the tags then call them computed, not an expert's.

    Raises
    ------
    LabelError
        A file cannot be written.
    """
    stages = {stage.code: stage for stage in (*hypnogram.stage_set.stages, _UNSCORED)}
    rows = (
        (onset, duration, stages[code].tag, hypnogram.stage_set.name, hypnogram.scorer)
        for onset, duration, code in _epochs(hypnogram)
    )
    write_table(path, ("onset", "duration", "trial_type", "scoring", "annotator"), rows)
    write_json(path.with_suffix(".json"), _columns(hypnogram.stage_set, predicted=predicted))
    return path


def write_csv(path: Path, hypnogram: Hypnogram) -> Path:
    """Write a comma-separated table, one row an epoch: ``onset_s, duration_s, stage, scoring, scorer``.

    Raises
    ------
    LabelError
        It cannot be written.
    """
    content = StringIO(newline="")
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(("onset_s", "duration_s", "stage", "scoring", "scorer"))
    for onset, duration, code in _epochs(hypnogram):
        writer.writerow((onset, duration, code, hypnogram.stage_set.name, hypnogram.scorer))
    return write_bytes(path, content.getvalue().encode())


def _epochs(hypnogram: Hypnogram) -> list[tuple[str, str, str]]:
    duration = format_seconds(hypnogram.epoch_s)
    return [(format_seconds(hypnogram.epoch_onset_s(i)), duration, code) for i, code in enumerate(hypnogram.stages)]


def _column(header: list[str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in header), None)


def _span(
    row: Mapping[str, str],
    columns: tuple[str, str | None, str],
    path: Path,
    line: int,
    stage_set: StageSet | None,
) -> StageSpan | None:
    onset, duration, stage = columns
    text = row.get(stage, "").strip()
    code = recognise_stage(text) if stage_set is None else stage_set.recognise(text)
    # An event table leaves the type of other things open too; only what says so is an unscored epoch.
    if code is None or text.lower() in _MISSING:
        return None
    lasts = row.get(duration or "", "").strip()
    duration_s = None if lasts.lower() in _MISSING else read_seconds(lasts, "duration", path, line)
    return StageSpan(read_seconds(row.get(onset, "").strip(), "onset", path, line), duration_s, code)


def _as_declared(hypnogram: Hypnogram, table: list[tuple[int, dict[str, str]]]) -> Hypnogram:
    """Take the manual that the table itself names, where its stages fit: wake and REM alone do not tell which it is."""
    declared = {row.get("scoring", "").strip() for _, row in table}
    for stage_set in STAGE_SETS:
        if declared == {stage_set.name} and set(hypnogram.stages) <= {*stage_set.codes, UNSCORED}:
            return replace(hypnogram, stage_set=stage_set)
    return hypnogram


def _columns(stage_set: StageSet, *, predicted: bool) -> dict[str, Any]:
    stages = (*stage_set.stages, _UNSCORED)
    source = "Computed-feature" if predicted else "Expert-annotation"
    how = "as a network predicts it" if predicted else "as a person scored it"
    return {
        "onset": {"Description": "Start of the epoch from the start of the recording", "Units": "s"},
        "duration": {"Description": "Length of the epoch", "Units": "s"},
        "trial_type": {
            "LongName": "Sleep stage",
            "Description": f"Stage of the epoch, {how}",
            "Levels": {stage.tag: stage.name for stage in stages},
            "HED": {stage.tag: f"Data-feature, {source}, {stage.hed}" for stage in stages},
        },
        "scoring": {"Description": "The scoring manual that the stages belong to"},
        "annotator": {"Description": "Who scored the epoch"},
    }
