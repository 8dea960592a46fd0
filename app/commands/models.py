"""``spasmlens models``: which networks are here, whether they are what their cards say, and their graphs anew."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from inference.errors import ModelPackageError
from inference.runtime.cards import WHOLE, ModelCard, NetworkCost
from inference.runtime.package import ModelPackage
from inference.runtime.parts import PartsSession
from inference.runtime.registry import SHIPPED_FOLDER, choose_packages, survey_packages
from inference.runtime.session import NetworkSession

_DESCRIPTION = """\
list    name the networks that are here, what each was trained on, and its size beside its paper's
verify  check every file of every network against its card (SHA-256), and load it; exit code 2 if anything is wrong
export  write the graphs of the NAMEd networks anew from their weights, in one piece and, for networks with a fixed
        front end, in two (needs the training pack)

Sizes are parameters and floating-point operations of one window, a multiplication and an addition being two.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "models",
        help="list or verify the networks that are here",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = ("list", "verify", "export")
    parser.add_argument("action", choices=actions, metavar="{list,verify,export}", help="what to do, see above")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the networks to export")
    parser.add_argument("--json", action="store_true", help="print one JSON object: models[], missing[], problems[]")


def run(args: argparse.Namespace) -> int:
    """List, verify or export the packages."""
    survey = survey_packages()
    if args.action == "export":
        return _export(choose_packages(survey.packages, args.names))
    problems = list(survey.problems)
    sound: list[ModelPackage] = []
    for package in survey.packages:
        problem = _try_to_load(package) if args.action == "verify" else ""
        if problem:
            problems.append(problem)
        else:
            sound.append(package)
    if args.json:
        described = [_describe(package) for package in sound]
        json.dump({"models": described, "missing": survey.missing, "problems": problems}, sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        for package in sound:
            sys.stdout.write(_tell(package, "verified" if args.action == "verify" else package.card.title))
        sys.stdout.writelines(f"{sentence}\n" for sentence in survey.missing)
        if not sound and not problems:
            sys.stdout.write(f"No model package is in {SHIPPED_FOLDER}.\n")
    for problem in problems:
        sys.stderr.write(f"spasmlens: {problem}\n")
    return 2 if problems and args.action == "verify" else 0


def _export(packages: Sequence[ModelPackage]) -> int:
    from inference.training.refresh import refresh_package  # loads torch

    for package in packages:
        card = refresh_package(package.folder)
        sys.stdout.write(f"{card.name} {card.version}  {', '.join(card.files)} in {package.folder}\n")
    return 0


def _try_to_load(package: ModelPackage) -> str:
    try:
        NetworkSession(package, "cpu")
        if package.has_parts:
            PartsSession(package, "cpu")
    except ModelPackageError as error:
        return str(error)
    return ""


def _describe(package: ModelPackage) -> dict[str, Any]:
    card = package.card
    return {
        "name": card.name,
        "version": card.version,
        "title": card.title,
        "task": card.task,
        "kind": card.inputs.kind,
        "tasks": {output.task: output.classes for output in card.outputs if output.task},
        "digest": package.reference.digest,
        "simulated": card.simulated,
        "trained_on": card.trained_on,
        "parent": card.parent,
        "cost": {block: asdict(cost) for block, cost in card.cost.items()},
        "paper_cost": {block: asdict(cost) for block, cost in card.paper_cost.items()},
        "folder": str(package.folder),
    }


def _tell(package: ModelPackage, remark: str) -> str:
    card = package.card
    validity = "trained on simulated data, not clinically validated" if card.simulated else "trained on recorded data"
    lines = (
        *(f"{output.task}: {', '.join(output.classes)}" for output in card.outputs if output.task),
        f"{validity}: {card.trained_on}",
        *_tell_cost(card),
        str(package.folder),
    )
    return f"{card.name} {card.version}  {remark}\n" + "".join(f"  {line}\n" for line in lines)


def _tell_cost(card: ModelCard) -> Iterator[str]:
    """Yield a line for the network and for each block that its paper measured."""
    for block in dict.fromkeys((*card.cost, *card.paper_cost)):
        name = "whole network" if block == WHOLE else block
        ours, papers = (costs.get(block, NetworkCost()) for costs in (card.cost, card.paper_cost))
        yield f"{name}: {_tell_numbers(ours, 'not measured')}; the paper: {_tell_numbers(papers, 'not given')}"


def _tell_numbers(cost: NetworkCost, nothing: str) -> str:
    parameters = "" if cost.parameters is None else f"{cost.parameters / 1e6:.2f} M parameters"
    flops = "" if cost.flops is None else f"{cost.flops / 1e9:.2f} GFLOPs"
    return ", ".join(part for part in (parameters, flops) if part) or nothing
