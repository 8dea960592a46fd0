"""One recording of an archive: analysed, or found analysed already, and never half written."""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.archive.finding import ArchiveItem
from inference.errors import AnalysisError, SpasmlensError
from inference.recordings import open_recording
from inference.recordings.fingerprint import fingerprint
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.outputs import OUTPUTS_VERSION, output_paths, write_outputs
from inference.runtime.package import ModelPackage
from inference.runtime.sleep_inputs import BoldSignals

if TYPE_CHECKING:
    from inference.runtime.results import ModelResult


@dataclass(frozen=True, slots=True)
class ArchiveOrder:
    """How every recording of an archive is to be analysed.

    ``provider`` is ``"auto"``, ``"cpu"`` or ``"cuda"``; ``fmri`` is a run recorded together with the one recording;
    ``again`` analyses also what was analysed by these very networks.
    """

    packages: tuple[ModelPackage, ...]
    provider: str = "auto"
    fmri: Path | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the analysis of a recording ended.

    ``summary`` is what its summary file holds, or as much of it where there is none; ``failure`` is one sentence, empty
    where it was analysed; ``is_old`` where an earlier run had done it.
    """

    item: ArchiveItem
    summary: dict[str, Any]
    failure: str = ""
    is_old: bool = False


def analyze_item(item: ArchiveItem, order: ArchiveOrder) -> Generator[float, None, Outcome]:
    """Analyse a recording and write its results, yielding the share that is done; give how it ended.

    What the world does wrong is told in the outcome.
    """
    try:
        made_from = _describe_order(item, order)
        kept = None if order.again else find_summary(item, made_from)
        if kept is not None:
            return Outcome(item, kept, is_old=True)
        summary = yield from _analyze(item, order, made_from)
    except SpasmlensError as error:
        return fail(item, str(error))
    return Outcome(item, summary)


def fail(item: ArchiveItem, sentence: str) -> Outcome:
    """Give the outcome of a recording that could not be analysed."""
    summary: dict[str, Any] = {"path": str(item.path), "models": {}, "outputs": [], "problems": [sentence]}
    return Outcome(item, summary, sentence)


def find_summary(item: ArchiveItem, made_from: dict[str, Any]) -> dict[str, Any] | None:
    """Give the summary of an earlier run on the same samples with the same networks, if all that it wrote is here."""
    try:
        summary = json.loads(output_paths(item.path, item.folder).summary.read_bytes())
        is_whole = summary["made_from"] == made_from and all(Path(path).is_file() for path in summary["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return summary if is_whole and isinstance(summary, dict) else None


def _describe_order(item: ArchiveItem, order: ArchiveOrder) -> dict[str, Any]:
    """Give all that the results depend on."""
    return {
        "recording": fingerprint(item.path),
        "fmri": None if order.fmri is None else fingerprint(order.fmri),
        "networks": {package.card.name: package.reference.digest for package in order.packages},
        "provider": order.provider,
        "outputs": OUTPUTS_VERSION,
    }


def _analyze(
    item: ArchiveItem, order: ArchiveOrder, made_from: dict[str, Any]
) -> Generator[float, None, dict[str, Any]]:
    output_paths(item.path, item.folder)
    recording = open_recording(item.path)
    results: list[ModelResult] = []
    problems: list[str] = []
    bold = None if order.fmri is None else _open_bold(recording, order.fmri, problems)
    n_ended = 0
    for update in analyze(AnalysisRequest(recording, order.packages, order.provider, bold), lambda: False):
        if update.problem:
            problems.append(update.problem)
        if update.result is not None:
            results.append(update.result)
        is_end = bool(update.problem) or update.result is not None
        n_ended += is_end
        share = 0.0 if is_end else update.done_s / max(update.total_s, 1e-9)
        yield (n_ended + share) / len(order.packages)
    return write_outputs(recording, order.packages, results, item.folder, problems, made_from=made_from)


def _open_bold(recording: Recording, path: Path, problems: list[str]) -> BoldSignals:
    # The readers of images take seconds to load.
    from inference.imaging.fmri_study import open_fmri
    from inference.runtime.fmri_inputs import bold_of_study

    study = open_fmri(recording, path)
    assert study is not None  # a run was named
    problems.extend((*study.problems, *study.notes))
    return bold_of_study(study)


def choose_by_digest(packages: Sequence[ModelPackage], digests: Sequence[str]) -> tuple[ModelPackage, ...]:
    """Pick the very networks that another machine named by their digests.

    Raises
    ------
    AnalysisError
        One of them is not here.
    """
    by_digest = {package.reference.digest: package for package in packages}
    missing = [digest for digest in digests if digest not in by_digest]
    if missing:
        raise AnalysisError(
            f"{len(missing)} of {len(digests)} networks are not installed on the machine that should run them: "
            "install the same Spasmlens and the same model packages on every worker."
        )
    return tuple(by_digest[digest] for digest in digests)
