"""``spasmlens train``: make a network from simulated patients, as the shipped one was made."""

import argparse
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from inference.errors import TrainingError
from inference.runtime.package import open_package
from inference.training.progress import TrainingProgress
from inference.training.recipes import RECIPES, TrainOptions, find_recipe

_DESCRIPTION = """\
Simulate patients, fit a network to them, calibrate it, write it as a model package and score the package on simulated
patients that it never saw. The same command on the same machine writes the same weights again; the defaults are those
of the package that ships with this program.

networks:
{networks}
"""

_EPILOG = """\
While it runs, the work folder (--work) holds the simulated patients' features and a checkpoint, written every minute.
After a kill, a crash or Ctrl+C the same command with --resume goes on from there and writes the very weights that an
undisturbed run would have written. When it is over, only the learning curve stays there: learning_curve.png and .tsv.

On a GPU matrix products are taken in bfloat16; no GPU has tried that yet.

examples:
  spasmlens train iess-fusionnet --out model
  spasmlens train iess-fusionnet --out model --resume
  spasmlens train iess-fusionnet --out quick --patients 8 --steps 100
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    networks = "\n".join(f"  {name:<20} {entry.title}: {entry.learns}" for name, entry in RECIPES.items())
    parser = subparsers.add_parser(
        "train",
        help="make a network from simulated patients",
        description=_DESCRIPTION.format(networks=networks),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", choices=tuple(RECIPES), metavar="NAME", help="which network to make")
    parser.add_argument("--out", type=Path, metavar="DIR", help="package to write (default: a folder called NAME)")
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="where checkpoints, simulated patients and the learning curve go (default: beside the package, OUT.work)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run that the work folder holds")
    parser.add_argument("--seed", type=int, default=0, help="decides patients, weights and batches (default: 0)")
    parser.add_argument("--patients", type=_count, metavar="N", help="simulated patients to learn from")
    parser.add_argument("--steps", type=_count, metavar="N", help="training steps")
    parser.add_argument(
        "--minutes-limit",
        type=float,
        metavar="M",
        help="end the training steps after so long; the result is then not repeatable",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the network is fitted; auto takes the GPU where there is one (default: auto)",
    )
    parser.add_argument(
        "--threads", type=_count, metavar="N", help="processor threads; the result depends on them (default: 2)"
    )


def run(args: argparse.Namespace) -> int:
    """Train, showing how far each stage is, and say how good the result is."""
    if importlib.util.find_spec("torch") is None:
        raise TrainingError("Training needs PyTorch, which is not installed: pip install 'spasmlens[train]'.")
    folder = args.out or Path(args.network)
    show_progress(find_recipe(args.network).train(folder, read_options(args)))
    sys.stdout.write(summarise(folder))
    return 0


def read_options(args: argparse.Namespace) -> TrainOptions:
    """Give what the command line asks of a recipe."""
    return TrainOptions(
        seed=args.seed,
        device=args.device,
        n_threads=args.threads,
        work_folder=args.work,
        resume=args.resume,
        minutes_limit=args.minutes_limit,
        n_patients=args.patients,
        n_steps=args.steps,
    )


def show_progress(reports: Iterator[TrainingProgress]) -> None:
    """Show a bar for each stage, with the time that is left of it."""
    bar, stage = tqdm(disable=True), ""
    for progress in reports:
        if progress.stage != stage:
            bar.close()
            stage = progress.stage
            # What was done before a kill says nothing about the speed of now.
            bar = tqdm(total=progress.total, initial=progress.done - 1, desc=stage, file=sys.stderr)
        bar.set_postfix_str(progress.note, refresh=False)
        bar.update(progress.done - bar.n)
    bar.close()


def summarise(folder: Path) -> str:
    """Say in a few lines how a package did on the held-out patients."""
    held_out = open_package(folder).card.metrics.get("held_out", {})
    lines = [f"{folder}: simulated patients that it never saw ({held_out.get('patients', 'none')})"]
    lines.extend(f"  {name.replace('_', ' ')}: {_spell(score)}" for name, score in held_out.items() if _is_score(score))
    return "\n".join(lines) + "\n"


def _is_score(value: Any) -> bool:
    return (
        isinstance(value, dict) and bool(value) and all(isinstance(part, int | float | None) for part in value.values())
    )


def _spell(score: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {'n/a' if value is None else value}" for name, value in score.items())


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value
