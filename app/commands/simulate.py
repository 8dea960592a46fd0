"""``spasmlens simulate``: write a simulated recording with its ground truth."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from inference.errors import RecordingError

#: No kind is longer than a long night.
MAX_MINUTES = 720.0
#: `inference.simulate.syndromes.Syndrome`, which takes longer to read in than the help to print.
SYNDROMES = ("EIEE", "WEST", "CAE", "FS+", "BECT", "CSWS")
#: The usual rate of simultaneous EEG and EMG, and that of the paper's recordings.
INFANT_RATE_HZ = 1024.0
#: That of a sleep laboratory.
SLEEP_RATE_HZ = 256.0


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be simulated and where it goes.

    ``on_progress`` is called with the share that is done, 0 to 1. ``syndrome`` is None where the seed decides.
    """

    seed: int
    duration_s: float
    folder: Path
    on_progress: Callable[[float], None]
    syndrome: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of simulated recording: what to tell a user of it, and who writes it.

    ``write`` writes what an order asks for and gives the files, the recording first. ``most_minutes`` is what memory
    allows on a laptop.
    """

    summary: str
    write: Callable[[Order], tuple[Path, ...]]
    default_minutes: float = 10.0
    most_minutes: float = 180.0


def _write_infant(order: Order) -> tuple[Path, ...]:
    # Reading numpy and scipy in takes longer than printing the help.
    from inference.simulate import simulate_infant, write_case

    case = simulate_infant(order.seed, order.duration_s, INFANT_RATE_HZ, on_progress=order.on_progress)
    return write_case(case, order.folder)


def _write_syndrome(order: Order) -> tuple[Path, ...]:
    from inference.simulate import write_case
    from inference.simulate.syndromes import Syndrome, simulate_syndrome

    syndrome = None if order.syndrome is None else Syndrome(order.syndrome)
    case = simulate_syndrome(order.seed, order.duration_s, syndrome=syndrome, on_progress=order.on_progress)
    return write_case(case, order.folder)


def _write_focus(order: Order) -> tuple[Path, ...]:
    from inference.simulate import write_case
    from inference.simulate.foci import simulate_focus

    return write_case(simulate_focus(order.seed, order.duration_s, on_progress=order.on_progress), order.folder)


def _write_sleep(order: Order) -> tuple[Path, ...]:
    from inference.labels.hypnogram_formats import write_hypnogram
    from inference.simulate import write_case
    from inference.simulate.sleep.night import simulate_sleep

    case = simulate_sleep(order.seed, max(30.0, order.duration_s), SLEEP_RATE_HZ, on_progress=order.on_progress)
    paths = write_case(case, order.folder)
    hypnogram = order.folder / f"{case.stem}_hypnogram.edf"
    return (*paths, write_hypnogram(hypnogram, case.hypnogram, "edf"))


def _write_eeg_fmri(order: Order) -> tuple[Path, ...]:
    from inference.simulate.sleep.bids import write_eeg_fmri

    return write_eeg_fmri(order.seed, order.duration_s, order.folder, order.on_progress)


#: Every kind by the name that is typed, in the order of the help.
KINDS: Mapping[str, Kind] = {
    "infant": Kind(
        "an infant with epileptic spasms: 25 EEG and 4 EMG channels, sleep and\n"
        "waking, clusters of spasms, and much that looks like a spasm and is none",
        _write_infant,
    ),
    "syndrome": Kind(
        "a child with one of six epilepsy syndromes (EIEE, WEST, CAE, FS+, BECT,\n"
        "CSWS): 21 EEG channels, sleep and waking, seizures and what is between them",
        _write_syndrome,
    ),
    "focus": Kind(
        "a patient with an epileptic focus between seizures: contacts of depth\n"
        "electrodes or the scalp, as the seed decides; the truth names the channels\n"
        "over the focus and every discharge",
        _write_focus,
        default_minutes=5.0,
        most_minutes=60.0,
    ),
    "sleep": Kind(
        "somebody's night, or a stretch of it: 21 EEG electrodes, eyes and chin, with\n"
        "the true stage of every 30 s as an EDF+ hypnogram beside it",
        _write_sleep,
        default_minutes=30.0,
        most_minutes=240.0,
    ),
    "eeg-fmri": Kind(
        "a nap in the scanner as a BIDS data set: 31 EEG electrodes, eyes and chin,\n"
        "4D BOLD volumes on approximate Schaefer regions, and apart the true stages",
        _write_eeg_fmri,
        default_minutes=15.0,
        most_minutes=120.0,
    ),
}

_DESCRIPTION = """\
Write a simulated recording and, beside it, the list of what is true in it.

kinds:
{kinds}
The same seed always gives the same patient and the same recording.
"""

_EXAMPLES = """\
examples:
  spasmlens simulate infant --out cases                    ten minutes of infant 0
  spasmlens simulate infant --out cases --seed 7 --minutes 30
  spasmlens simulate syndrome --out cases --syndrome CAE
  spasmlens simulate eeg-fmri --out dataset --seed 1

writes cases/infant-0007.edf (the recording; nothing in it betrays the truth)
and cases/infant-0007_truth.tsv (onset and duration in seconds, eventType, channels, cluster).
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of the command line."""
    parser = subparsers.add_parser(
        "simulate",
        help="write a simulated recording with its ground truth",
        description=_DESCRIPTION.format(kinds="".join(_describe(name, kind) for name, kind in KINDS.items())),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=f"what to simulate: {', '.join(KINDS)}")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to; made if need be")
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="which one: 0, 1, 2 ... (default: 0)")
    parser.add_argument("--minutes", type=_minutes, metavar="M", help="how long (default: as usual for the kind)")
    parser.add_argument("--syndrome", choices=SYNDROMES, help="of a child of kind syndrome (default: the seed decides)")


def run(args: argparse.Namespace) -> int:
    """Simulate one case and write it."""
    kind = KINDS[args.kind]
    minutes = kind.default_minutes if args.minutes is None else args.minutes
    if minutes > kind.most_minutes:
        raise RecordingError(f"{minutes:g} minutes are too long: {args.kind} is at most {kind.most_minutes:g} minutes.")
    if args.syndrome and args.kind != "syndrome":
        raise RecordingError(f"--syndrome is for the kind syndrome, not for {args.kind}.")
    with tqdm(total=100, desc="simulating", unit="%", delay=2.0, leave=False, file=sys.stderr) as bar:

        def show(share: float) -> None:
            bar.update(round(100 * share) - bar.n)

        paths = kind.write(Order(args.seed, max(1.0, round(minutes * 60.0)), args.out, show, args.syndrome))
    for path in paths:
        sys.stdout.write(f"{path}\n")
    return 0


def _describe(name: str, kind: Kind) -> str:
    first, *others = (*kind.summary.splitlines(), f"({kind.default_minutes:g} minutes if --minutes is not given)")
    return "".join((f"  {name:<10} {first}\n", *(f"{'':13}{line}\n" for line in others)))


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
