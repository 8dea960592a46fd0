"""``spasmlens train``: make a network from simulated patients, as the shipped one was made."""

import argparse
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from inference.errors import TrainingError
from inference.runtime.package import open_package

if TYPE_CHECKING:
    from inference.training.iess_fusionnet import Recipe

_DESCRIPTION = """\
Simulate infants with epileptic spasms, fit a network to them, calibrate it, write it as a model package and score the
package on simulated patients that it never saw. The same command on the same machine writes the same weights again.

The defaults make the package that ships with this program, in less than 40 minutes on two idle cores and with 2 GB of
temporary files.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "train",
        help="make a network from simulated patients",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", choices=("iess-fusionnet",), help="which network to make")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("iess-fusionnet"),
        metavar="DIR",
        help="package to write (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides patients, weights and batches (default: 0)")
    parser.add_argument("--patients", type=int, metavar="N", help="simulated patients to learn from (default: 64)")
    parser.add_argument("--steps", type=int, metavar="N", help="training steps of 32 windows")
    parser.add_argument(
        "--minutes-limit",
        type=float,
        metavar="M",
        help="end the training steps after so long; the result is then not repeatable",
    )
    parser.add_argument("--device", default="cpu", help="where the network is fitted: cpu or cuda (default: cpu)")
    parser.add_argument(
        "--threads", type=int, default=2, help="processor threads; the result depends on them (default: 2)"
    )


def run(args: argparse.Namespace) -> int:
    """Train, showing how far each stage is, and say how good the result is."""
    if importlib.util.find_spec("torch") is None:
        raise TrainingError("Training needs PyTorch, which is not installed: pip install 'spasmlens[train]'.")
    from inference.training.iess_fusionnet import Recipe, train_iess_fusionnet

    recipe = _read_recipe(args, Recipe())
    bar, stage = tqdm(disable=True), ""
    for progress in train_iess_fusionnet(args.out, recipe):
        if progress.stage != stage:
            bar.close()
            stage = progress.stage
            bar = tqdm(total=progress.total, desc=stage, file=sys.stderr)
        bar.set_postfix_str(progress.note, refresh=False)
        bar.update(progress.done - bar.n)
    bar.close()
    sys.stdout.write(summarise(args.out))
    return 0


def _read_recipe(args: argparse.Namespace, recipe: "Recipe") -> "Recipe":
    loop = replace(
        recipe.loop,
        n_steps=recipe.loop.n_steps if args.steps is None else args.steps,
        minutes_limit=recipe.loop.minutes_limit if args.minutes_limit is None else args.minutes_limit,
    )
    n_patients = recipe.n_patients if args.patients is None else args.patients
    return replace(recipe, seed=args.seed, n_patients=n_patients, device=args.device, n_threads=args.threads, loop=loop)


def summarise(folder: Path) -> str:
    """Say in a few lines how a package did on the held-out patients."""
    held_out = open_package(folder).card.metrics["held_out"]
    lines = [f"{folder}: simulated patients that it never saw ({held_out['patients']})"]
    for name in ("all_channels", "ten_twenty_without_emg"):
        score = held_out[name]
        lines.append(
            f"  {name.replace('_', ' ')}: {score['found']} of {score['spasms']} spasms, "
            f"{score['false_per_hour']} false detections an hour"
        )
    return "\n".join(lines) + "\n"
