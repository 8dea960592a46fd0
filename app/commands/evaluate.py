"""``spasmlens evaluate``: how good a network is on a corpus that lies in a folder."""

import argparse
import importlib.util
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.commands.train import show_progress
from inference.errors import TrainingError
from inference.runtime.session import PROVIDERS
from inference.training.corpora.sleep_edf import WAKE_MINUTES
from inference.training.corpora.table import CORPORA
from inference.training.evaluate import PROTOCOLS, TRAINING_PROTOCOLS, Evaluation, EvaluationOrder, evaluate
from inference.training.evaluation_report import describe_evaluation, format_evaluation, write_evaluation
from inference.training.evaluators.table import EVALUATORS
from inference.training.progress import TrainingProgress

_DESCRIPTION = """\
Ask a network about the labelled files of a corpus, and write the figures of its paper with intervals by patient.

There are two meanings. A package is evaluated as it is, which says how good that package is; or the network is trained
anew in folds on the corpus itself, which says how good such a network can become there. No patient ever stands on
both sides.

protocols:
{protocols}

networks and what they need:
{networks}

corpora, recognised by their files:
{corpora}
"""
_EPILOG = """\
The readers of CHB-MIT and Siena have been tried on miniatures made after their documentation, and that of Sleep-EDF on
one real hypnogram; none of them on a whole download yet.

writes DIR/evaluation_NAME_CORPUS_PROTOCOL.md (tables) and .json (everything), with seed and command.

examples:
  spasmlens evaluate iess-fusionnet --data site --protocol all --out results
  spasmlens evaluate focus-localisation --data bonn --protocol 10-fold --seed 1
  spasmlens evaluate sleep-staging --data sleep-edf --protocol all --package my-model
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="say how good a network is on a corpus",
        description=_DESCRIPTION.format(
            protocols=_list(PROTOCOLS, 22),
            networks=_list({name: entry.needs for name, entry in EVALUATORS.items()}, 22),
            corpora=_list({entry.title: entry.holds for entry in CORPORA.values()}, 22),
        ),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", choices=tuple(EVALUATORS), metavar="NAME", help="which network")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of a corpus, as downloaded")
    parser.add_argument(
        "--protocol", choices=tuple(PROTOCOLS), default="all", help="what is asked of whom (default: all)"
    )
    parser.add_argument("--package", type=Path, metavar="DIR", help="package to ask (default: the one that ships)")
    parser.add_argument("--folds", type=int, default=10, metavar="N", help="number of folds of 10-fold (default: 10)")
    parser.add_argument("--seed", type=_seed, default=0, help="decides folds, training and intervals (default: 0)")
    parser.add_argument("--steps", type=_count, metavar="N", help="training steps in a fold (default: the network's)")
    parser.add_argument("--threads", type=_count, default=1, metavar="N", help="processor threads (default: 1)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where folds are trained (default: auto)"
    )
    parser.add_argument(
        "--provider", choices=PROVIDERS, default="auto", help="where packages run (default: auto, CUDA where it works)"
    )
    parser.add_argument(
        "--wake-minutes",
        type=_minutes,
        default=WAKE_MINUTES,
        metavar="M",
        help=f"of Sleep-EDF: wake that counts before and after sleep, or 'all' (default: {WAKE_MINUTES:g})",
    )
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="keep a package's answers about each file there: after a kill, the same command goes on from them",
    )
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder to write into (default: here)")
    parser.add_argument("--json", action="store_true", help="print the JSON object instead of the tables")


def run(args: argparse.Namespace) -> int:
    """Evaluate, showing how far it is, write the record and print it."""
    if args.protocol in TRAINING_PROTOCOLS and importlib.util.find_spec("torch") is None:
        raise TrainingError("Training in folds needs PyTorch, which is not installed: pip install 'spasmlens[train]'.")
    results: list[Evaluation] = []
    show_progress(_collect(read_order(args), results))
    paths = write_evaluation(results[0], args.out)
    if args.json:
        json.dump(describe_evaluation(results[0]), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(format_evaluation(results[0]))
        sys.stdout.writelines(f"-> {path}\n" for path in paths)
    return 0


def read_order(args: argparse.Namespace) -> EvaluationOrder:
    """Give what the command line asks for."""
    return EvaluationOrder(
        network=args.network,
        data=args.data,
        protocol=args.protocol,
        package=args.package,
        n_folds=args.folds,
        seed=args.seed,
        n_steps=args.steps,
        device=args.device,
        n_threads=args.threads,
        provider=args.provider,
        wake_minutes=args.wake_minutes,
        work=args.work,
        command=_retype(args),
    )


def _collect(order: EvaluationOrder, results: list[Evaluation]) -> Iterator[TrainingProgress]:
    """Report on the way, and keep what comes out."""
    results.append((yield from evaluate(order)))


def _retype(args: argparse.Namespace) -> str:
    """Give the command that decides the figures, whatever else was typed."""
    words = ["spasmlens", "evaluate", args.network, "--data", str(args.data), "--protocol", args.protocol]
    words += ["--seed", str(args.seed)]
    if args.protocol == "10-fold":
        words += ["--folds", str(args.folds)]
    for name, value in (("--package", args.package), ("--steps", args.steps)):
        if value is not None:
            words += [name, str(value)]
    if args.wake_minutes != WAKE_MINUTES:
        words += ["--wake-minutes", "all" if args.wake_minutes is None else f"{args.wake_minutes:g}"]
    return shlex.join(words)


def _list(meanings: Mapping[str, str], width: int) -> str:
    return "\n".join(f"  {name:<{width}} {meaning}" for name, meaning in meanings.items())


def _seed(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; seeds are 0, 1, 2 ...")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value


def _minutes(text: str) -> float | None:
    return None if text == "all" else float(text)
