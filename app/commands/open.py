"""``spasmlens open``: the window."""

import argparse
import sys
from pathlib import Path

from app.starting import has_screen, run_window

_DESCRIPTION = """\
Open the window, with a recording or without one. 'spasmlens FILE' does the same.

Decisions are kept in a study: by default one for each recording in your own data folder, found again whenever the
recording is opened. The recording itself is never written to.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "open",
        help="open the window (the default)",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="recording to open, or a folder with EEG and fMRI"
    )
    parser.add_argument("--fmri", type=Path, metavar="NII", help="fMRI run to show beside it, or alone without FILE")
    parser.add_argument("--study", type=Path, metavar="DIR", help="folder that keeps the decisions on this recording")


def run(args: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    if not has_screen():
        sys.stderr.write("spasmlens: There is no screen here; 'spasmlens screenshot' draws the window into a file.\n")
        return 2
    return run_window(args.file or args.fmri, args.study, fmri=args.fmri)
