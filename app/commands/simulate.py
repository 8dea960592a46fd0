"""``spasmlens simulate``: write a simulated recording with its ground truth."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

KINDS = ("infant",)
#: Everything is made in memory, about 0.4 GB for an hour; longer recordings would not fit a laptop.
MAX_MINUTES = 180.0
#: The usual rate of simultaneous EEG and EMG, and that of the paper's recordings.
RATE_HZ = 1024.0

_DESCRIPTION = """\
Write a simulated recording (EDF+) and, beside it, the list of what is true in it.

kinds:
  infant   an infant with epileptic spasms: 25 EEG and 4 EMG channels, sleep and
           waking, clusters of spasms, and much that looks like a spasm and is none

The same seed always gives the same infant and the same recording.
"""

_EXAMPLES = """\
examples:
  spasmlens simulate infant --out cases                    ten minutes of infant 0
  spasmlens simulate infant --out cases --seed 7 --minutes 30

writes cases/infant-0007.edf (the recording; nothing in it betrays the truth)
and cases/infant-0007_truth.tsv (onset and duration in seconds, eventType, channels, cluster).
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of the command line."""
    parser = subparsers.add_parser(
        "simulate",
        help="write a simulated recording with its ground truth",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=f"what to simulate: {', '.join(KINDS)}")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to; made if need be")
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="which one: 0, 1, 2 ... (default: 0)")
    parser.add_argument("--minutes", type=_minutes, default=10.0, metavar="M", help="how long (default: 10)")


def run(args: argparse.Namespace) -> int:
    """Simulate one case and write it."""
    # Reading numpy and scipy in takes longer than printing the help.
    from inference.simulate import simulate_infant, write_case

    duration_s = max(1.0, round(args.minutes * 60.0))
    with tqdm(total=100, desc="simulating", unit="%", delay=2.0, leave=False, file=sys.stderr) as bar:

        def show(share: float) -> None:
            bar.update(round(100 * share) - bar.n)

        case = simulate_infant(args.seed, duration_s, RATE_HZ, on_progress=show)
    for path in write_case(case, args.out):
        sys.stdout.write(f"{path}\n")
    return 0


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; seeds are 0, 1, 2 ...")
    return value


def _minutes(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= MAX_MINUTES:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {MAX_MINUTES:g} minutes")
    return value
