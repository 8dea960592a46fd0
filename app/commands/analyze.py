"""``spasmlens analyze``: let the networks look at recordings without a window."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from inference.archive.analysing import ArchiveOrder, Outcome, analyze_item, fail
from inference.archive.cluster import analyze_on_cluster
from inference.archive.finding import ArchiveItem, find_items, refuse_twins
from inference.archive.table import TABLE_NAME, write_archive_table
from inference.errors import AnalysisError
from inference.runtime.registry import choose_packages, survey_packages
from inference.runtime.session import PROVIDERS

_BAR = "{desc} {n:.1f} of {total}|{bar}| {elapsed}, {remaining} left{postfix}"
_DESCRIPTION = """\
Run the networks over recordings, single files or all that is in a folder, and write for each FILE into the folder DIR:
  FILE_desc-spasmlens_events.tsv         the spasms and seizures found (SzCORE columns)
  FILE_desc-spasmlens_probabilities.npz  the networks' probabilities over the whole length: TASK_time_s,
                                         TASK_probability, TASK_overall, what their columns are, channel weights
  FILE_desc-spasmlens_hypnogram.tsv      the stage of every 30-s epoch (BIDS, with its side-car)
  FILE_desc-spasmlens_summary.json       what each network gave, clusters of spasms, channels used and missing, problems

What is said of a whole recording (TASK_overall): for syndromes the mean of the probabilities over all windows, for the
focus the mean log odds of each channel as a probability, for sleep the share of the epochs in each stage.

What lies in a folder keeps its place below DIR; of several recordings DIR/spasmlens_recordings.tsv has a row for each.
Recordings are never written. A file that cannot be analysed is told, the others go on, and the exit code is 2. The same
command again goes on where it was stopped: what was analysed by the same networks is not analysed twice.
"""
_EXAMPLES = """\
examples:
  spasmlens analyze night.edf --out results
  spasmlens analyze *.edf --out results --models iess-fusionnet --json > results.json
  spasmlens analyze /archive/2025 --out /archive/results
  spasmlens analyze /archive/2025 --out /archive/results --cluster scheduler:8786
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "analyze",
        help="let the networks look at recordings without a window",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="recordings (EDF, BDF, BrainVision, ...) and folders"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into, made if need be")
    parser.add_argument(
        "--models",
        default="",
        metavar="NAMES",
        help="networks joined by commas (default: all; 'spasmlens models list' names them)",
    )
    parser.add_argument(
        "--provider",
        choices=PROVIDERS,
        default="auto",
        help="where to run: auto is CUDA where it works (default: auto)",
    )
    parser.add_argument(
        "--fmri",
        type=Path,
        metavar="NII",
        help="fMRI run recorded together with the one FILE, for sleep staging (default: the one that lies beside each "
        "FILE)",
    )
    parser.add_argument(
        "--subtract-artefact",
        action="store_true",
        help="take the average artefact of the scanner's volumes and of the heart out of each FILE first, by its "
        "volume triggers and ECG; without this the EEG is analysed as it is in the file",
    )
    parser.add_argument("--again", action="store_true", help="analyse also what these networks have analysed before")
    parser.add_argument(
        "--cluster",
        metavar="HOST:PORT",
        help="scheduler of a Dask cluster that does the work; every worker needs this Spasmlens, these networks, and "
        "the recordings and DIR under the same paths",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: files[{path, models, outputs, problems}]"
    )


def run(args: argparse.Namespace) -> int:
    """Analyse each recording, tell what was found, and give 2 if any of them failed."""
    survey = survey_packages()
    for problem in survey.problems:
        _complain(problem)
    names = [name.strip() for name in args.models.split(",") if name.strip()]
    packages = choose_packages(survey.packages, names)
    items, problems = find_items(args.files, args.out)
    for problem in problems:
        _complain(problem)
    if args.fmri is not None and (len(items) > 1 or args.cluster):
        raise AnalysisError("One fMRI run belongs to one recording: name only one FILE with --fmri, without --cluster.")
    order = ArchiveOrder(packages, args.provider, args.fmri, args.subtract_artefact, args.again)
    outcomes = _analyze_all(items, order, args)
    if args.json:
        json.dump({"files": [outcome.summary for outcome in outcomes]}, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    return 2 if problems or any(outcome.failure for outcome in outcomes) else 0


def _analyze_all(items: Sequence[ArchiveItem], order: ArchiveOrder, args: argparse.Namespace) -> list[Outcome]:
    """Analyse recordings here or on a cluster, telling of each as it ends; the table always shows how far it is."""
    refused = refuse_twins(items)
    wanted = [item for item in items if item not in refused]
    ended = {item: fail(item, sentence) for item, sentence in refused.items()}
    for outcome in ended.values():
        _report(outcome, args)
    with tqdm(
        total=len(wanted), desc="Recordings", delay=1, file=sys.stderr, disable=None, bar_format=_BAR, unit="recording"
    ) as bar:
        outcomes = (
            analyze_on_cluster(wanted, order, args.cluster) if args.cluster else _analyze_here(wanted, order, bar)
        )
        for outcome in outcomes:
            ended[outcome.item] = outcome
            bar.n = len(ended) - len(refused)
            bar.refresh()
            _report(outcome, args)
            _write_table(items, ended, order, args.out)
    _tell_whole(ended, args)
    return [ended[item] for item in items]


def _analyze_here(items: Sequence[ArchiveItem], order: ArchiveOrder, bar: "tqdm[Any]") -> Iterator[Outcome]:
    for number, item in enumerate(items):
        bar.set_postfix_str(item.path.name, refresh=False)
        steps = analyze_item(item, order)
        while True:
            try:
                share = next(steps)
            except StopIteration as end:
                yield end.value
                break
            bar.n = number + share
            bar.refresh()


def _write_table(
    items: Sequence[ArchiveItem], ended: Mapping[ArchiveItem, Outcome], order: ArchiveOrder, folder: Path
) -> None:
    if len(items) > 1:
        names = [package.card.name for package in order.packages]
        write_archive_table(folder, (ended[item] for item in items if item in ended), names)


def _report(outcome: Outcome, args: argparse.Namespace) -> None:
    if outcome.failure:
        _complain(outcome.failure)
        return
    for problem in outcome.summary["problems"] if args.json else ():
        _complain(problem)
    if not args.json:
        tqdm.write("\n".join(_tell(outcome)), file=sys.stdout)


def _tell_whole(ended: Mapping[ArchiveItem, Outcome], args: argparse.Namespace) -> None:
    if len(ended) > 1 and not args.json:
        n_failed = sum(bool(outcome.failure) for outcome in ended.values())
        n_old = sum(outcome.is_old for outcome in ended.values())
        tqdm.write(
            f"{len(ended)} recordings: {len(ended) - n_failed} analysed ({n_old} of them earlier), {n_failed} failed"
            f"\n  -> {args.out / TABLE_NAME}",
            file=sys.stdout,
        )


def _tell(outcome: Outcome) -> Iterator[str]:
    summary = outcome.summary
    yield f"{summary['path']} (analysed earlier by the same networks)" if outcome.is_old else summary["path"]
    for name, model in summary["models"].items():
        yield f"  {name} {model['version']}: {model['gist']}"
        yield f"    took {model['seconds']:.1f} s on {model['provider'].upper()}"
        yield f"    channels used: {', '.join(model['channels_used'])}"
        yield f"    missing: {', '.join(model['channels_missing']) or 'none'}"
        if model["channels_interpolated"]:
            yield f"    interpolated: {', '.join(model['channels_interpolated'])}"
        if model["simulated"]:
            yield "    trained on simulated data, not clinically validated"
        yield from (f"    ! {problem}" for problem in model["problems"])
    yield from (f"  ! {problem}" for problem in summary["problems"])
    yield from (f"  -> {path}" for path in summary["outputs"])


def _complain(problem: str) -> None:
    tqdm.write(f"spasmlens: {problem}", file=sys.stderr)
