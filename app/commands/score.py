"""``spasmlens score``: how well one list of events matches another."""

import argparse
import json
import sys
from pathlib import Path

from inference.labels.events_tsv import common_duration_s, read_seizures
from inference.labels.scoring import Score, score_clusters, score_spasms, score_szcore

_DESCRIPTION = """\
Compare a list of events with a reference: per spasm (one to one, within 1 s), per cluster, and by SzCORE's rules, which
merge events less than 90 s apart and so count one spasm found as its whole cluster found.

Both files are tables with the columns onset and duration in seconds, such as SzCORE and BIDS events.tsv files. Only
seizures are compared; where there is a column recordingDuration, false detections are also given for each hour.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "score",
        help="compare two lists of events",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--reference", type=Path, required=True, metavar="TSV", help="events that are there")
    parser.add_argument("--hypothesis", type=Path, required=True, metavar="TSV", help="events that were claimed")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Score the two files and print what came out."""
    reference, hypothesis = read_seizures(args.reference), read_seizures(args.hypothesis)
    duration_s = common_duration_s((reference, hypothesis))
    scores = {
        "spasm": score_spasms(reference.seizures, hypothesis.seizures, duration_s),
        "cluster": score_clusters(reference.seizures, hypothesis.seizures, duration_s),
        "szcore": score_szcore(reference.seizures, hypothesis.seizures, duration_s),
    }
    text = json.dumps({name: _fields(score) for name, score in scores.items()}) if args.json else _table(scores)
    sys.stdout.write(f"{text}\n")
    return 0


def _fields(score: Score) -> dict[str, float | int | None]:
    return {
        "sensitivity": score.sensitivity,
        "precision": score.precision,
        "f1": score.f1,
        "false_per_hour": score.false_per_hour,
        "reference": score.n_reference,
        "found": score.n_found,
        "false": score.n_false,
    }


def _table(scores: dict[str, Score]) -> str:
    lines = [f"{'':<9}{'sensitivity':>12}{'precision':>11}{'F1':>7}{'false/h':>9}{'found':>8}{'of':>6}{'false':>7}"]
    for name, score in scores.items():
        ratios = f"{_ratio(score.sensitivity):>12}{_ratio(score.precision):>11}{_ratio(score.f1):>7}"
        counts = f"{_ratio(score.false_per_hour):>9}{score.n_found:>8}{score.n_reference:>6}{score.n_false:>7}"
        lines.append(f"{name:<9}{ratios}{counts}")
    return "\n".join(lines)


def _ratio(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"
