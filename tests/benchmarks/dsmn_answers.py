"""What a row of DSMN-ESS's tables says about the test windows: kept as it was said, scored and compared by child."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inference.labels.files import write_bytes
from inference.models.dsmn_ess import SYNDROMES, Task
from inference.training.dsmn_scores import Labels, score_tasks, vote_syndrome
from inference.training.dsmn_windows import SEIZURE, UNCLEAR, LabelledWindows
from inference.training.metrics import WindowScores

N_RESAMPLES = 4000
#: Which figure of a task tells rows apart. Five of six windows show no seizure, so that accuracy would reward silence:
#: there it is the mean of what is found of seizures and what is spared of the rest, as the paper's recall is.
COMPARED: Mapping[Task, str] = {"syndrome": "Accuracy", "seizure": "Recall"}


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Probabilities of the test windows, in their order, and what else is known of the run.

    Attributes
    ----------
    of_syndrome : (windows, syndromes), None of a network without that task.
    of_seizure : (windows,), None likewise.
    facts : size and steps.
    """

    of_syndrome: NDArray[np.floating] | None
    of_seizure: NDArray[np.floating] | None
    facts: Mapping[str, Any]

    def keep(self, path: Path) -> None:
        """Write a file that `find_answers` reads."""
        content = io.BytesIO()
        said = {"of_syndrome": self.of_syndrome, "of_seizure": self.of_seizure}
        arrays = {name: array for name, array in said.items() if array is not None}
        np.savez(content, facts=np.array(json.dumps(self.facts)), **cast("Any", arrays))
        write_bytes(path, content.getvalue())


def find_answers(path: Path) -> Answers | None:
    """Read what a finished run said, None where there is none."""
    if not path.exists():
        return None
    with np.load(path) as kept:
        said = (kept.get(name) for name in ("of_syndrome", "of_seizure"))
        return Answers(*said, json.loads(str(kept["facts"])))


def describe_row(by_seed: Mapping[int, Answers], testing: LabelledWindows) -> dict[str, Any]:
    """Score a row over all of its seeds together, each child of the test being one and the same in every seed."""
    first = next(iter(by_seed.values()))
    labels = Labels(*(np.tile(values, len(by_seed)) for values in (testing.syndrome, testing.seizure, testing.patient)))
    described: dict[str, Any] = dict(first.facts)
    of_syndrome, of_seizure = (
        np.concatenate([getattr(answers, name) for answers in by_seed.values()])
        if getattr(first, name) is not None
        else None
        for name in ("of_syndrome", "of_seizure")
    )
    for task, scores in score_tasks(labels, of_syndrome, of_seizure).items():
        described[task] = _describe_task(scores)
    described["children"] = {str(seed): count_children(answers, testing) for seed, answers in by_seed.items()}
    if of_syndrome is not None:
        counts = described["children"].values()
        described["patients_right"] = [
            [sum(child["named"] == child["syndrome"] for child in children.values()), len(children)]
            for children in counts
        ]
    return described


def count_children(answers: Answers, testing: LabelledWindows) -> dict[str, dict[str, Any]]:
    """Count, child by child, what its windows were called; a reader can add the tables up again from these.

    Returns
    -------
    By seed of the child: ``syndrome``, the ``windows`` called each syndrome and the one ``named`` for the child; and
    ``seizure``, [[rest spared, rest called a seizure], [seizures missed, seizures found]].
    """
    counted: dict[str, dict[str, Any]] = {}
    for patient in np.unique(testing.patient):
        mine = testing.patient == patient
        child: dict[str, Any] = {"syndrome": SYNDROMES[int(testing.syndrome[mine][0])]}
        if answers.of_syndrome is not None:
            said = answers.of_syndrome[mine]
            child["windows"] = np.bincount(said.argmax(axis=1), minlength=len(SYNDROMES)).tolist()
            child["named"] = SYNDROMES[vote_syndrome(said)]
        if answers.of_seizure is not None:
            clear = mine & (testing.seizure != UNCLEAR)
            counts = np.zeros((2, 2), dtype=np.int64)
            called = (answers.of_seizure[clear] >= 0.5).astype(np.int64)
            np.add.at(counts, ((testing.seizure[clear] == SEIZURE).astype(np.int64), called), 1)
            child["seizure"] = counts.tolist()
        counted[str(patient)] = child
    return counted


def lead_of(full: Mapping[str, Any], other: Mapping[str, Any], task: Task) -> dict[str, Any] | None:
    """Say by how many points a row is ahead of another on the same children, None where one lacks the task.

    It is sure where the interval across children and all seeds lie on one side of 0.
    """
    seeds = [seed for seed in full["children"] if seed in other["children"]]
    if not seeds or task not in full or task not in other:
        return None
    pair = [np.stack([_hits(row["children"][seed], task) for seed in seeds]) for row in (full, other)]
    n_children = pair[0].shape[1]
    drawn = np.random.default_rng(0).integers(n_children, size=(N_RESAMPLES, n_children))
    by_seed = _recall(pair[0], np.arange(n_children)[None]) - _recall(pair[1], np.arange(n_children)[None])
    draws = (_recall(pair[0], drawn) - _recall(pair[1], drawn)).mean(axis=0)
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    sure = bool((low > 0 and (by_seed > 0).all()) or (high < 0 and (by_seed < 0).all()))
    return {
        "mean": float(by_seed.mean()),
        "interval_children": [float(low), float(high)],
        "seeds": by_seed[:, 0].round(2).tolist(),
        "sure": sure,
    }


def _hits(children: Mapping[str, Mapping[str, Any]], task: Task) -> NDArray[np.int64]:
    """Give (children, classes, 2): windows judged rightly, and all; the classes whose recalls are to be averaged."""
    if task == "syndrome":
        right = [
            (child["windows"][SYNDROMES.index(child["syndrome"])], sum(child["windows"])) for child in children.values()
        ]
        return np.array(right)[:, None]
    counts = np.array([child["seizure"] for child in children.values()])
    return np.stack([np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2)], axis=2)


def _recall(hits: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give (seeds, draws) in per cent: the mean over classes of windows judged rightly among the chosen children."""
    total = hits[:, chosen].sum(axis=2)
    whole = np.where(total[..., 1] > 0, total[..., 1], np.nan)
    shares: NDArray[np.float64] = 100 * (total[..., 0] / whole).mean(axis=-1)
    return shares


def _describe_task(scores: WindowScores) -> dict[str, Any]:
    """Add the macro mean of precision, which the paper seems to print for two classes as well."""
    described = scores.describe()
    precisions = [figures["precision"].value for figures in scores.per_class.values()]
    described["macro_precision"] = round(float(np.nan_to_num(precisions).mean()), 4)
    return described
