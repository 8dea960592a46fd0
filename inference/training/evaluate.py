"""Evaluating a network on a public or a site's own corpus: its package as it is, or trained anew in every fold."""

import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from inference.errors import SpasmlensError, TrainingError
from inference.labels.scoring import Score
from inference.runtime.package import ModelPackage, open_package
from inference.runtime.registry import choose_packages, shipped_packages
from inference.training.corpora.sleep_edf import WAKE_MINUTES
from inference.training.evaluators.answers import AnswerStore
from inference.training.evaluators.material import CaseScore, FoldSettings, Material, join_predictions
from inference.training.evaluators.table import open_material
from inference.training.metrics import Figure, WindowScores, score_events, score_windows
from inference.training.progress import TrainingProgress
from inference.training.protocols import Fold, hold_out, leave_one_patient_out, make_folds

#: The share of the patients that ``hold-out`` asks about.
HOLD_OUT_SHARE = 0.2
#: Every protocol, and what it means.
PROTOCOLS: Mapping[str, str] = MappingProxyType(
    {
        "all": "the package as it is, on every file; nothing is trained",
        "hold-out": "the package as it is, on the fifth of the patients that the seed sets aside; nothing is trained",
        "10-fold": "trained anew from random weights for each fold of patients, who are tested on (--folds N)",
        "leave-one-patient-out": "trained anew from random weights for each patient, who is tested on",
    }
)
TRAINING_PROTOCOLS = frozenset({"10-fold", "leave-one-patient-out"})
#: With fewer patients, resampling them understates how much patients differ.
FEWEST_FOR_INTERVALS = 10


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """What is to be evaluated on what, and how.

    Attributes
    ----------
    network, data, protocol : a network's name, a folder with a corpus, and one of `PROTOCOLS`.
    package : folder of the package to ask; the one that ships with this program if None.
    n_folds : of ``10-fold``.
    seed : decides folds, training and the draws of the intervals.
    n_steps : training steps in a fold, None for the network's own number.
    wake_minutes : how much wake counts around the sleep of Sleep-EDF; None counts all of it.
    work : where a package's answers about each file are kept, to go on from after a kill; nowhere if None.
    command : what was typed, for the record.
    """

    network: str
    data: Path
    protocol: str
    package: Path | None = None
    n_folds: int = 10
    seed: int = 0
    n_steps: int | None = None
    device: str = "cpu"
    n_threads: int = 1
    provider: str = "auto"
    wake_minutes: float | None = WAKE_MINUTES
    work: Path | None = None
    command: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class EventScores:
    """One way of counting events: the counts of all files together, and their figures with intervals by patient."""

    total: Score
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What came out.

    Attributes
    ----------
    package : the package that was asked, None where networks were trained.
    windows : figures over all windows, epochs or files that were asked about.
    events : by the way of counting.
    n_asked, n_cases : files that were asked about, and files that the corpus holds.
    n_folds : trained networks; 0 where none was trained.
    problems : plain sentences on what the reader should know, the files that could not be analysed among them.
    """

    order: EvaluationOrder
    corpus: str
    owner: str
    asked: str
    package: ModelPackage | None
    windows: WindowScores
    events: Mapping[str, EventScores]
    n_asked: int
    n_cases: int
    n_folds: int
    minutes: float
    problems: tuple[str, ...]


def evaluate(order: EvaluationOrder) -> Generator[TrainingProgress, None, Evaluation]:
    """Evaluate a network, reporting on the way.

    A file that cannot be analysed is told and left out; the others go on.

    Raises
    ------
    TrainingError
        The network, the corpus and the protocol do not fit each other.
    LabelError, RecordingError, ModelPackageError
        The corpus or the package cannot be read.
    AnalysisError
        No file could be analysed; the sentence is the first one's.
    """
    began = time.monotonic()
    if order.protocol not in PROTOCOLS:
        raise TrainingError(f"There is no protocol {order.protocol}; there are {', '.join(PROTOCOLS)}.")
    # Whether there is a package at all is known sooner than what lies in a large folder.
    package = None if order.protocol in TRAINING_PROTOCOLS else _find_package(order)
    with closing(open_material(order.network, order.data, order.wake_minutes)) as material:
        folds = _divide(order, material)
        if package is None:
            asked = yield from _ask_fitted(order, material, folds)
        else:
            asked = yield from _ask_package(order, material, folds[0], package)
    scores, owners = list(asked.scores.values()), [material.cases[index].patient for index in asked.scores]
    predictions = join_predictions([score.predictions for score in scores])
    if not len(predictions):
        raise TrainingError(f"None of {material.corpus}'s labels lies where the network says something.")
    return Evaluation(
        order=order,
        corpus=material.corpus,
        owner=material.owner,
        asked=material.asked,
        package=package,
        windows=score_windows(predictions, seed=order.seed),
        events=_score_events(scores, owners, order.seed),
        n_asked=len(scores),
        n_cases=len(material.cases),
        n_folds=0 if package is not None else len(folds),
        minutes=(time.monotonic() - began) / 60,
        problems=(*material.problems, *asked.failures, *_warn_of_few(owners, material), *_count_problems(scores)),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    scores: dict[int, CaseScore]
    failures: tuple[str, ...] = ()


def _find_package(order: EvaluationOrder) -> ModelPackage:
    if order.package is not None:
        package = open_package(order.package)
        if package.card.name != order.network:
            raise TrainingError(f"{order.package} is a package of {package.card.name}, not of {order.network}.")
        return package
    return choose_packages(shipped_packages(), (order.network,))[0]


def _divide(order: EvaluationOrder, material: Material) -> tuple[Fold, ...]:
    patients = [case.patient for case in material.cases]
    label = [case.label for case in material.cases]
    if order.protocol == "leave-one-patient-out":
        if material.owner != "patient":
            raise TrainingError(
                f"{material.corpus} names no patients, so none can be left out: use --protocol 10-fold, by file."
            )
        return leave_one_patient_out(patients)
    if order.protocol == "10-fold":
        return make_folds(patients, label, order.n_folds, order.seed)
    if order.protocol == "hold-out":
        return (hold_out(patients, label, HOLD_OUT_SHARE, order.seed),)
    return (Fold(np.zeros(0, dtype=np.int64), np.arange(len(patients))),)


def _ask_package(
    order: EvaluationOrder, material: Material, fold: Fold, package: ModelPackage
) -> Generator[TrainingProgress, None, _Asked]:
    scores: dict[int, CaseScore] = {}
    failures: list[SpasmlensError] = []
    for done, index in enumerate(fold.test.tolist(), 1):
        try:
            scores[index] = _ask_or_find(order, material, index, package)
        except SpasmlensError as error:
            failures.append(error)
        yield TrainingProgress("asking", done, len(fold.test), material.cases[index].name)
    if failures and not scores:
        raise failures[0]
    return _Asked(scores, tuple(f"Left out: {failure}" for failure in failures))


def _ask_or_find(order: EvaluationOrder, material: Material, index: int, package: ModelPackage) -> CaseScore:
    """Ask about a file, unless the answer is kept in the work folder."""
    if order.work is None:
        return material.ask(index, package, order.provider)
    store = AnswerStore(order.work)
    made_from = {"package": package.card.files, "file": material.identify(index), "provider": order.provider}
    score = store.find(made_from)
    if score is None:
        score = material.ask(index, package, order.provider)
        store.keep(made_from, score)
    return score


def _ask_fitted(
    order: EvaluationOrder, material: Material, folds: Sequence[Fold]
) -> Generator[TrainingProgress, None, _Asked]:
    scores: dict[int, CaseScore] = {}
    for number, fold in enumerate(folds):
        # Folds of one seed never share weights, batches or first weights with those of another.
        settings = FoldSettings(1000 * order.seed + number, order.device, order.n_threads, order.n_steps)
        fitting = material.fit(fold.training, settings)
        while True:
            try:
                progress = next(fitting)
            except StopIteration as ended:
                judge = ended.value
                break
            stage = f"fold {number + 1} of {len(folds)}, {progress.stage}"
            yield TrainingProgress(stage, progress.done, progress.total, progress.note)
        for index in fold.test.tolist():
            scores[index] = judge(index)
    return _Asked(scores)


def _score_events(scores: Sequence[CaseScore], owners: Sequence[str], seed: int) -> dict[str, EventScores]:
    ways = dict.fromkeys(way for score in scores for way in score.events)
    pooled: dict[str, EventScores] = {}
    for way in ways:
        counts = [score.events[way] for score in scores]
        total = Score(
            n_reference=sum(one.n_reference for one in counts),
            n_found=sum(one.n_found for one in counts),
            n_hypothesis=sum(one.n_hypothesis for one in counts),
            n_right=sum(one.n_right for one in counts),
            duration_s=sum(one.duration_s or 0.0 for one in counts),
        )
        pooled[way] = EventScores(total, score_events(counts, owners, seed=seed))
    return pooled


def _warn_of_few(owners: Sequence[str], material: Material) -> list[str]:
    n_owners = len(set(owners))
    if n_owners >= FEWEST_FOR_INTERVALS:
        return []
    return [f"With {n_owners} {material.owner}{'' if n_owners == 1 else 's'}, the intervals are too narrow, if any."]


def _count_problems(scores: Sequence[CaseScore]) -> list[str]:
    counts = Counter(problem for score in scores for problem in score.problems)
    return [f"{problem} ({count} of {len(scores)} files)" for problem, count in counts.most_common()]
