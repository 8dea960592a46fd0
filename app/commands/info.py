"""``spasmlens info``: what is in a recording, as a table or as JSON."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inference.errors import RecordingError
from inference.recordings import open_recording
from inference.recordings.recording import Recording

_MAX_ANNOTATIONS = 20


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its arguments."""
    parser = subparsers.add_parser(
        "info",
        help="say what is in a recording",
        description="List a recording's channels (kind, unit, rate, electrode), gaps, annotations and problems.",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="recording: EDF, BDF, BrainVision, EEGLAB, CNT, FIF, ..."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is in the recording; 2 where it cannot be opened, with one sentence on stderr."""
    try:
        recording = open_recording(args.file)
    except RecordingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if args.json:
        json.dump(describe(recording), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _format(recording))
    return 0


def describe(recording: Recording) -> dict[str, Any]:
    """Describe a recording by the stable keys of ``info --json``."""
    return {
        "path": str(recording.path),
        "format": recording.file_format,
        "duration_s": recording.duration_s,
        "start": None if recording.start is None else recording.start.isoformat(),
        "channels": [
            {
                "name": channel.name,
                "kind": channel.kind.value,
                "unit": channel.unit,
                "rate_hz": channel.rate_hz,
                "electrode": channel.electrode,
                "reference": channel.reference,
            }
            for channel in recording.channels
        ],
        "gaps": [{"onset_s": gap.onset_s, "duration_s": gap.duration_s} for gap in recording.gaps],
        "annotations": [
            {
                "onset_s": annotation.onset_s,
                "duration_s": annotation.duration_s,
                "label": annotation.label,
                "channels": list(annotation.channels),
            }
            for annotation in recording.annotations
        ],
        "problems": list(recording.problems),
    }


def _format(recording: Recording) -> Iterator[str]:
    start = "start unknown" if recording.start is None else recording.start.isoformat(sep=" ", timespec="seconds")
    yield f"{recording.path}"
    yield f"{recording.file_format}, {_clock(recording.duration_s)}, {start}, {len(recording.channels)} channels"
    yield ""
    yield from _table(
        ("channel", "kind", "unit", "rate", "electrode", "reference"),
        [
            (c.name, c.kind.value, c.unit or "-", f"{c.rate_hz:g} Hz", c.electrode or "-", c.reference or "-")
            for c in recording.channels
        ],
    )
    if recording.gaps:
        yield ""
        rows = [(_clock(gap.onset_s), f"{gap.duration_s:.3f} s") for gap in recording.gaps]
        yield from _table(("gap at", "duration"), rows)
    if recording.annotations:
        yield ""
        shown = recording.annotations[:_MAX_ANNOTATIONS]
        yield from _table(
            ("annotation at", "duration", "label", "channels"),
            [(_clock(a.onset_s), f"{a.duration_s:.3f} s", a.label, ", ".join(a.channels) or "all") for a in shown],
        )
        if (n_more := len(recording.annotations) - len(shown)) > 0:
            yield f"... and {n_more} more annotations; --json lists all."
    if recording.problems:
        yield ""
        yield from (f"! {problem}" for problem in recording.problems)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, ["-" * width for width in widths], *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _clock(time_s: float) -> str:
    milliseconds = round(abs(time_s) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    sign = "-" if time_s < 0 else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{milliseconds / 1000:06.3f}"
