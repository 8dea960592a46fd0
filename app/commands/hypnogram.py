"""``spasmlens hypnogram``: sleep stages from one file to another, their report, and how two scorers agree."""

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from inference.errors import LabelError
from inference.labels.hypnogram_formats import HYPNOGRAM_FORMATS, read_hypnogram, write_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_agreement import SleepAgreement, compare_hypnograms
from inference.labels.sleep_statistics import summarize_sleep
from inference.labels.stage_set_file import read_stage_set

_DESCRIPTION = f"""\
Read the sleep stages of FILE (EDF+ annotations, YASA text, Dreem JSON, BIDS or SzCORE events, ds003768, CSV), print the
figures of a sleep report, and on demand write the stages in another format or compare them with another scorer's.

formats: {", ".join(HYPNOGRAM_FORMATS)}
"""
_EXAMPLES = """\
examples:
  spasmlens hypnogram night.edf
  spasmlens hypnogram night.edf --to bids --out night_events.tsv
  spasmlens hypnogram scorer1.json --against scorer2.json --json
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "hypnogram",
        help="convert, report and compare sleep stages",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="hypnogram to read")
    parser.add_argument("--session", metavar="NAME", help="which session of a table of ds003768")
    parser.add_argument("--stages", type=Path, metavar="JSON", help="the site's own set of stages, for tables in it")
    parser.add_argument("--against", type=Path, metavar="FILE", help="another scorer's stages of the same night")
    parser.add_argument("--to", choices=HYPNOGRAM_FORMATS, metavar="FORMAT", help="write the stages in this format")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write them")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(args: argparse.Namespace) -> int:
    """Read, write and compare as asked, and print what came out."""
    if bool(args.to) != bool(args.out):
        raise LabelError("To write the stages, name both a format (--to) and a file (--out).")
    stage_set = None if args.stages is None else read_stage_set(args.stages)
    hypnogram = read_hypnogram(args.file, args.session, stage_set)
    found: dict[str, Any] = {"path": str(args.file), **_describe(hypnogram)}
    if args.against is not None:
        other = read_hypnogram(args.against, args.session, stage_set)
        found["agreement"] = _describe_agreement(compare_hypnograms(hypnogram, other))
    if args.out is not None:
        found["written"] = str(write_hypnogram(args.out, hypnogram, args.to))
    if args.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _tell(found))
    return 0


def _describe(hypnogram: Hypnogram) -> dict[str, Any]:
    night = summarize_sleep(hypnogram.to_aasm())
    return {
        "scoring": hypnogram.stage_set.name,
        "scorer": hypnogram.scorer,
        "epochs": hypnogram.n_epochs,
        "epoch_s": hypnogram.epoch_s,
        "onset_s": hypnogram.onset_s,
        **{field.name: _plain(getattr(night, field.name)) for field in fields(night)},
    }


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _describe_agreement(agreement: SleepAgreement) -> dict[str, Any]:
    return {
        "epochs": agreement.n_epochs,
        "left_out": agreement.n_left_out,
        "agreement": agreement.agreement,
        "kappa": _number(agreement.kappa),
        "stages": list(agreement.codes),
        "stage_kappa": {code: _number(kappa) for code, kappa in agreement.stage_kappa.items()},
        "confusion": agreement.confusion.tolist(),
        "disagreements_s": list(agreement.disagreements_s),
    }


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value


def _tell(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['path']}: {found['epochs']} epochs of {found['epoch_s']:g} s, {found['scoring']}"]
    for name, value in found.items():
        unit = next((unit for unit in ("min", "percent") if name.endswith(f"_{unit}")), "")
        if unit and not isinstance(value, dict):
            shown = "-" if value is None else f"{value:8.1f} {'%' if unit == 'percent' else unit}"
            lines.append(f"  {name.removesuffix(f'_{unit}').replace('_', ' '):<22}{shown}")
    lines += [f"  {code:<4}{minutes:8.1f} min" for code, minutes in found["stage_min"].items()]
    agreement = found.get("agreement")
    if agreement:
        kappa = "not defined" if agreement["kappa"] is None else f"{agreement['kappa']:.3f}"
        lines.append(f"  kappa {kappa}, {agreement['agreement']:.1%} of {agreement['epochs']} epochs that both scored")
        lines.append("      " + "".join(f"{code:>6}" for code in agreement["stages"]))
        for code, row in zip(agreement["stages"], agreement["confusion"], strict=True):
            lines.append(f"  {code:<4}" + "".join(f"{count:>6}" for count in row))
    if "written" in found:
        lines.append(f"  -> {found['written']}")
    return lines
