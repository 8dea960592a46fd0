"""``spasmlens train``: make a network from simulated patients, as the shipped one was made."""

import argparse
import importlib.util
import math
import sys
from pathlib import Path

from tqdm import tqdm

from inference.errors import SpasmlensError

_DESCRIPTION = """\
Simulate infants with epileptic spasms, fit a network to them, calibrate it, write it as a model package and score the
package on simulated patients that it never saw. The same command on the same machine writes the same weights again.

The defaults make the package that ships with this program: about 25 minutes on two idle cores, 2.3 GB of temporary files.
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
        "--out", type=Path, default=Path("iess-fusionnet"), metavar="DIR", help="package to write (default: %(default)s)"
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
    parser.add_argument("--threads", type=int, default=2, help="processor threads, part of what is repeatable (default: 2)")


def run(args: argparse.Namespace) -> int:
    """Train, showing how far each stage is, and say how good the result is."""
    if importlib.util.find_spec("torch") is None:
        raise SpasmlensError("Training needs PyTorch, which is not installed: pip install 'spasmlens[train]'.")
    import torch

    from inference.training.iess_fusionnet import train_iess_fusionnet

    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise SpasmlensError("Training on cuda was asked for, but this machine has no GPU that PyTorch can use.")
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(mode=True)
    bar, stage = tqdm(disable=True), ""
    for progress in train_iess_fusionnet(args.out, _read_recipe(args)):
        if progress.stage != stage:
            bar.close()
            stage = progress.stage
            bar = tqdm(total=progress.total, desc=stage, file=sys.stderr)
        bar.set_postfix_str(progress.note, refresh=False)
        bar.update(progress.done - bar.n)
    bar.close()
    sys.stdout.write(_summarise(args.out))
    return 0


def _read_recipe(args: argparse.Namespace) -> "Recipe":
    from dataclasses import replace

    from inference.training.iess_fusionnet import Recipe

    recipe = Recipe(seed=args.seed, device=args.device)
    if not 0 <= args.seed < 100:
        raise SpasmlensError("The seed must be between 0 and 99, so that training and test patients never meet.")
    if args.patients is not None:
        recipe = replace(recipe, n_patients=args.patients)
    loop = replace(recipe.loop, minutes_limit=args.minutes_limit or math.inf)
    if args.steps is not None:
        loop = replace(loop, n_steps=args.steps)
    return replace(recipe, loop=loop)


def _summarise(folder: Path) -> str:
    from inference.runtime.package import open_package

    held_out = open_package(folder).card.metrics["held_out"]
    lines = [f"{folder}: simulated patients that it never saw ({held_out['patients']})"]
    for name in ("all_channels", "ten_twenty_without_emg"):
        score = held_out[name]
        lines.append(
            f"  {name.replace('_', ' ')}: {score['found']} of {score['spasms']} spasms, "
            f"{score['false_per_hour']} false detections an hour"
        )
    return "\n".join(lines) + "\n"
