"""``spasmlens doctor``: what this machine can do."""

import argparse
import ctypes
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from platformdirs import user_data_path

from inference.imaging.atlas_file import ATLAS_VARIABLE, FILE_NAMES, atlas_folder, find_atlas
from inference.imaging.parcels import N_PARCELS
from inference.runtime.registry import survey_packages
from inference.runtime.session import n_threads, report_providers
from resources import FOLDER

#: Below this, a study of a long night may not be stored.
_LOW_DISK_GB = 2.0


class Verdict(StrEnum):
    """What a finding means: all is well, something is absent that one can do without, or something is wrong."""

    OK = "ok"
    ABSENT = "absent"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at and, in one sentence, how it stands and what to do about it."""

    subject: str
    verdict: Verdict
    sentence: str


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="say what this machine can do",
        description="Look at screen, GPU, networks, atlas, fonts and disk; exit code 2 if something is wrong.",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: findings[{subject, verdict, sentence}]"
    )


def run(args: argparse.Namespace) -> int:
    """Look at everything and tell it."""
    findings = examine()
    if args.json:
        json.dump({"findings": [asdict(finding) for finding in findings]}, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        marks = {Verdict.OK: "+", Verdict.ABSENT: "-", Verdict.WRONG: "!"}
        for finding in findings:
            sys.stdout.write(f"{marks[finding.verdict]} {finding.subject:<10}{finding.sentence}\n")
    return 2 if any(finding.verdict is Verdict.WRONG for finding in findings) else 0


def examine() -> tuple[Finding, ...]:
    """Look at everything that decides what can be done here."""
    return (
        _examine_python(),
        *_examine_screen(),
        _examine_fonts(),
        *_examine_onnxruntime(),
        *_examine_models(),
        _examine_training(),
        _examine_atlas(),
        _examine_disk(),
    )


def _examine_python() -> Finding:
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    return Finding("python", Verdict.OK, f"Python {platform.python_version()}, {system}.")


def _examine_screen() -> Iterator[Finding]:
    qt = importlib.util.find_spec("PySide6")
    if qt is None or qt.origin is None:
        yield Finding(
            "screen", Verdict.WRONG, "Qt is not installed: no window can be shown; install PySide6-Essentials."
        )
        return
    version = importlib.metadata.version("PySide6-Essentials")
    yield Finding("qt", Verdict.OK, f"PySide6 {version}.")
    if platform.system() != "Linux":
        yield Finding("screen", Verdict.OK, "The window uses the system's own screen.")
        return
    plugins = Path(qt.origin).parent / "Qt" / "plugins" / "platforms"
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    plugin = plugins / ("libqxcb.so" if display else "libqoffscreen.so")
    try:
        # Loading the plugin is what Qt would do; the loader names the first library that it does not find.
        ctypes.CDLL(str(plugin))
    except OSError as error:
        sentence = (
            f"Qt cannot draw: {str(error).partition(':')[0]} is missing; install the system's package that has it."
        )
        yield Finding("screen", Verdict.WRONG, sentence)
        return
    if display:
        yield Finding("screen", Verdict.OK, f"The window can be shown on {display}.")
    else:
        sentence = "There is no screen; 'spasmlens screenshot' and 'analyze' work, the window can be drawn into files."
        yield Finding("screen", Verdict.ABSENT, sentence)


def _examine_fonts() -> Finding:
    fonts = sorted(path.stem for path in (FOLDER / "fonts").glob("*.ttf"))
    if not fonts:
        return Finding("fonts", Verdict.ABSENT, "No font came with this installation; the system's is used.")
    return Finding("fonts", Verdict.OK, f"{', '.join(fonts)}.")


def _examine_onnxruntime() -> Iterator[Finding]:
    providers = sorted(set(importlib.metadata.packages_distributions().get("onnxruntime", [])))
    if len(providers) != 1:
        sentence = (
            f"{' and '.join(providers) or 'No package'} provide ONNX Runtime, where exactly one must: "
            "uninstall all of them and install one again."
        )
        yield Finding("runtime", Verdict.WRONG, sentence)
    report = report_providers()
    package = providers[0] if providers else "ONNX Runtime"
    yield Finding("runtime", Verdict.OK, f"{package} {report.version}, {n_threads()} threads for networks on the CPU.")
    if report.cuda_missing:
        yield Finding("gpu", Verdict.ABSENT, f"Networks run on the CPU: {report.cuda_missing}.")
    else:
        yield Finding("gpu", Verdict.OK, "Networks run on the NVIDIA GPU (CUDA).")


def _examine_models() -> Iterator[Finding]:
    survey = survey_packages()
    for problem in survey.problems:
        yield Finding("models", Verdict.WRONG, problem)
    for package in survey.packages:
        card = package.card
        validity = "trained on simulated data, not clinically validated" if card.simulated else card.trained_on
        yield Finding("models", Verdict.OK, f"{card.name} {card.version} verified; {validity}.")
    for sentence in survey.missing if survey.packages else ():
        yield Finding("models", Verdict.ABSENT, sentence)
    if not survey.packages and not survey.problems:
        yield Finding("models", Verdict.ABSENT, "No model package is installed: recordings can be read, not analysed.")


def _examine_training() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding(
            "training", Verdict.ABSENT, "torch is not installed: reviewing needs none; 'spasmlens[train]' adds it."
        )
    return Finding("training", Verdict.OK, f"torch {importlib.metadata.version('torch')}.")


def _examine_atlas() -> Finding:
    atlas, problems = find_atlas()
    if problems:
        return Finding("atlas", Verdict.WRONG, " ".join(problems))
    if not atlas.approximate:
        return Finding("atlas", Verdict.OK, f"{atlas.name} is installed.")
    sentence = (
        f"The {N_PARCELS}-parcel Schaefer atlas is not installed: regions are approximate, made from its published "
        f"centroids. Put {FILE_NAMES[0]} into {atlas_folder()}, or name the file in {ATLAS_VARIABLE}."
    )
    return Finding("atlas", Verdict.ABSENT, sentence)


def _examine_disk() -> Finding:
    folder = user_data_path("spasmlens")
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if not os.access(existing, os.W_OK):
        return Finding("disk", Verdict.WRONG, f"{existing} cannot be written: studies cannot be stored; use --study.")
    verdict = Verdict.OK if free_gb >= _LOW_DISK_GB else Verdict.WRONG
    return Finding("disk", verdict, f"{free_gb:.1f} GB free for studies in {folder}.")
