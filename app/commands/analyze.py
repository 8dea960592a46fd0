"""``spasmlens analyze``: let the networks look at recordings without a window."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from inference.errors import AnalysisError, SpasmlensError
from inference.recordings import open_recording
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.outputs import output_paths, write_outputs
from inference.runtime.package import ModelPackage
from inference.runtime.registry import choose_packages, survey_packages
from inference.runtime.results import ModelResult
from inference.runtime.session import PROVIDERS
from inference.runtime.sleep_inputs import BoldSignals

_DESCRIPTION = """\
Run the networks over recordings and write, for each FILE, into the folder DIR:
  FILE_desc-spasmlens_events.tsv         the spasms and seizures found (SzCORE columns)
  FILE_desc-spasmlens_probabilities.npz  the networks' probabilities over the whole length: TASK_time_s,
                                         TASK_probability, TASK_overall, what their columns are, channel weights
  FILE_desc-spasmlens_hypnogram.tsv      the stage of every 30-s epoch (BIDS, with its side-car)
  FILE_desc-spasmlens_summary.json       what each network gave, channels used and missing, problems

What is said of a whole recording (TASK_overall): for syndromes the mean of the probabilities over all windows, for the
focus the mean log odds of each channel as a probability, for sleep the share of the epochs in each stage.

Recordings are never written. A file that cannot be analysed is told, the others go on, and the exit code is 2.
"""
_EXAMPLES = """\
examples:
  spasmlens analyze night.edf --out results
  spasmlens analyze *.edf --out results --models iess-fusionnet --json > results.json
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
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="recordings: EDF, BDF, BrainVision, ...")
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
        help="fMRI run recorded together with the one FILE, for sleep staging; the EEG is analysed as it is in the "
        "file, so the scanner's artefacts must be out of it",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object: files[{path, models, outputs, problems}]"
    )


def run(args: argparse.Namespace) -> int:
    """Analyse each file, tell what was found, and give 2 if any of them failed."""
    survey = survey_packages()
    for problem in survey.problems:
        _complain(problem)
    names = [name.strip() for name in args.models.split(",") if name.strip()]
    packages = choose_packages(survey.packages, names)
    if args.fmri is not None and len(args.files) > 1:
        raise AnalysisError("One fMRI run belongs to one recording: name only one FILE with --fmri.")
    summaries = []
    has_failed = False
    for number, path in enumerate(args.files):
        try:
            _refuse_twins(path, args.files[:number], args.out)
            summary = _analyze_file(path, packages, args)
        except SpasmlensError as error:
            has_failed = True
            _complain(str(error))
            summary = {"path": str(path), "models": {}, "outputs": [], "problems": [str(error)]}
        else:
            if not args.json:
                sys.stdout.writelines(f"{line}\n" for line in _tell(summary))
        summaries.append(summary)
    if args.json:
        json.dump({"files": summaries}, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    return 2 if has_failed else 0


def _analyze_file(path: Path, packages: Sequence[ModelPackage], args: argparse.Namespace) -> dict[str, Any]:
    recording = open_recording(path)
    output_paths(path, args.out)
    results: list[ModelResult] = []
    problems: list[str] = []
    bold = None if args.fmri is None else _open_bold(recording, args.fmri, problems)
    with tqdm(
        total=round(recording.duration_s) * len(packages),
        desc=path.name,
        unit="s",
        delay=1,
        file=sys.stderr,
        disable=None,
    ) as bar:
        request = AnalysisRequest(recording, tuple(packages), args.provider, bold)
        _run_networks(request, results, problems, bar)
    for problem in problems:
        _complain(problem)
    return write_outputs(recording, packages, results, args.out, problems)


def _open_bold(recording: Recording, path: Path, problems: list[str]) -> BoldSignals:
    # The readers of images take seconds to load.
    from inference.imaging.fmri_study import open_fmri
    from inference.runtime.fmri_inputs import bold_of_study

    study = open_fmri(recording, path)
    assert study is not None  # a run was named
    problems.extend((*study.problems, *study.notes))
    return bold_of_study(study)


def _run_networks(request: AnalysisRequest, results: list[ModelResult], problems: list[str], bar: "tqdm[Any]") -> None:
    n_ended = 0
    for update in analyze(request, lambda: False):
        if update.problem:
            problems.append(update.problem)
        if update.result is not None:
            results.append(update.result)
        is_end = bool(update.problem) or update.result is not None
        n_ended += is_end
        bar.n = round((n_ended + (0 if is_end else update.done_s / max(update.total_s, 1e-9))) * update.total_s)
        bar.refresh()


def _refuse_twins(path: Path, before: Sequence[Path], folder: Path) -> None:
    for other in before:
        if other.stem == path.stem:
            raise AnalysisError(f"{path} was not analysed: its results in {folder} would overwrite those of {other}.")


def _tell(summary: dict[str, Any]) -> Iterator[str]:
    yield summary["path"]
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
