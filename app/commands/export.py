"""``spasmlens export``: the labels of a study in the field's standard formats."""

import argparse
import sys
from pathlib import Path

from app.study import read_labels
from inference.errors import LabelError
from inference.labels.export import EXPORT_FORMATS, export_labels
from inference.labels.labelset import deidentify

_DESCRIPTION = """\
Write what people labelled in a study: accepted, added and unsure events, and the sleep stages that they scored.
Detections that nobody has looked at, and stages that only a network told, are never exported. Each format goes into a
folder of its own below DIR:
  bids      BIDS derivative data set, events and sleep stages tagged with HED
  szcore    SzCORE event file, seizures only
  edf       EDF+ files with annotations alone, for viewers: events, and sleep stages
  training  positives, negatives and reviewed stretches, for fine-tuning
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "export",
        help="write the labels of a study in standard formats",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study, or the study.sqlite in it")
    parser.add_argument(
        "--format",
        dest="formats",
        default="bids",
        metavar="NAMES",
        help=f"formats joined by commas: {','.join(EXPORT_FORMATS)} (default: bids)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    parser.add_argument(
        "--deidentify", action="store_true", help="leave out names, dates, comments and the recording's file name"
    )


def run(args: argparse.Namespace) -> int:
    """Write the labels and name each file that was written."""
    formats = [name.strip() for name in args.formats.split(",") if name.strip()]
    if not formats:
        raise LabelError(f"No export format was named; choose from {', '.join(EXPORT_FORMATS)}.")
    labels = read_labels(args.study)
    if args.deidentify:
        labels = deidentify(labels)
    for path in export_labels(labels, formats, args.out):
        sys.stdout.write(f"{path}\n")
    return 0
