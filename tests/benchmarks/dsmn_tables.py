"""Compare DSMN-ESS with and without its modules and under both losses, as its paper's tables II and III do.

``python -m tests.benchmarks.dsmn_tables --work FOLDER [--rows NAME ...]`` trains what is missing, row by row, on
simulated children, and writes ``results/dsmn_tables.json`` and ``.md``. A killed run goes on where it was. A step of
the full-size network takes four times as long, so every row is trained at half its width: the same windows in the same
order, the same number of steps and the same rate for all. The shipped package, of full size, comes last.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from inference.labels.files import write_json
from inference.models.cost import measure_cost
from inference.models.dsmn_ess import ABLATIONS, DsmnConfig, DsmnEss
from inference.runtime.cards import CARD_NAME
from inference.runtime.package import open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.runtime.session import NetworkSession
from inference.training.checkpoints import Checkpoint
from inference.training.dsmn_ess import NAME, TEST_SEEDS, describe_recipe, training_orders, validation_orders
from inference.training.dsmn_fitting import Prediction, Recipe, fit, make_network, predict
from inference.training.dsmn_patients import SimulatedPatient, order_patients, simulate_patients
from inference.training.dsmn_scores import Labels, fit_seizure_calibration, fit_temperature, score_tasks, vote_syndrome
from inference.training.dsmn_windows import INPUTS, LabelledWindows, join_windows, split_patients
from inference.training.export import example_inputs
from inference.training.losses import LOSSES
from inference.training.metrics import WindowScores
from tests.benchmarks.dsmn_report import SHIPPED, write_report

RESULTS = Path(__file__).parent / "results" / "dsmn_tables"
#: Children that neither training nor the card's test has seen.
FIRST_TEST_SEED, N_TEST = TEST_SEEDS + 500, 48
#: Every second window, so that none overlaps another; a quarter of the validation windows to calibrate by.
TEST_STRIDE, CALIBRATION_STRIDE = 2, 4
RECIPE = Recipe(n_steps=120, validate_every=0, n_threads=1)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the tables: a network and a loss."""

    network: str
    loss: str


ROWS: Mapping[str, Row] = {
    "full network, L2": Row("full", "L2"),
    "without channel weights": Row("no channel weights", "L2"),
    "without sharing gate": Row("no sharing gate", "L2"),
    "full network, L1": Row("full", "L1"),
    "syndrome alone": Row("syndrome only", "L2"),
    "seizure alone": Row("seizure only", "L2"),
    "first stream alone": Row("time only", "L2"),
    "second stream alone": Row("spectrum only", "L2"),
}


def halve(config: DsmnConfig) -> DsmnConfig:
    """Give a network of half the width."""
    return replace(
        config,
        lstm_width=config.lstm_width // 2,
        widths_2d=tuple(width // 2 for width in config.widths_2d),
        widths_3d=tuple(width // 2 for width in config.widths_3d),
        shared_width=config.shared_width // 2,
        task_width=config.task_width // 2,
    )


def one_window() -> list[Tensor]:
    """Give the inputs of one window, to measure the cost of a network by."""
    return list(example_inputs(INPUTS, 1).values())


@dataclass(frozen=True, slots=True, eq=False)
class Children:
    """Everybody that a row is trained, calibrated and tested on."""

    learning: LabelledWindows
    training_seeds: frozenset[int]
    calibrating: LabelledWindows
    testing: LabelledWindows


def gather(folder: Path) -> Children:
    """Simulate everybody, or find them in the folder."""
    training, validation = training_orders(RECIPE), validation_orders(RECIPE)
    tested = order_patients(FIRST_TEST_SEED, N_TEST, minutes=RECIPE.patient_minutes)
    learning = [patient.windows for patient in simulate_patients((*training, *validation), folder)]
    return Children(
        join_windows(learning),
        frozenset(order.seed for order in training),
        thin(simulate_patients(validation, folder), CALIBRATION_STRIDE),
        thin(simulate_patients(tested, folder), TEST_STRIDE),
    )


def thin(patients: Any, stride: int) -> LabelledWindows:
    """Keep every so many windows of each patient."""

    def every(patient: SimulatedPatient) -> LabelledWindows:
        return LabelledWindows(*(getattr(patient.windows, name)[::stride] for name in LabelledWindows.__slots__))

    return join_windows([every(patient) for patient in patients])


def run_row(name: str, children: Children, work: Path) -> dict[str, Any]:
    """Train a row, or go on with it, and score it."""
    row, slug = ROWS[name], name.replace(" ", "-").replace(",", "")
    config = halve(ABLATIONS[row.network])
    recipe = replace(RECIPE, network=config, loss=LOSSES[row.loss])
    network = make_network(recipe)
    split = split_patients(children.learning, children.training_seeds)
    checkpoint = Checkpoint(work / "checkpoints" / slug, made_for=describe_recipe(recipe))
    losses = []
    for report in fit(network, children.learning, split, recipe, checkpoint):
        losses.append(report.loss)
        if report.step % 50 == 0:
            print(f"{name}: step {report.step}, loss {report.loss:.3f}", flush=True)
    of_syndrome, of_seizure = _calibrated(
        *(predict(network, side, np.arange(len(side))) for side in (children.calibrating, children.testing)), children
    )
    cost = measure_cost(DsmnEss(config), *one_window())
    return {
        "network": row.network,
        "loss": row.loss,
        "parameters": cost.n_parameters,
        "flops": cost.n_flops,
        "steps": recipe.n_steps,
        "last_loss": round(losses[-1], 4) if losses else None,
        **_describe_scores(children.testing, of_syndrome, of_seizure),
    }


def run_shipped(folder: Path, children: Children) -> dict[str, Any]:
    """Score the shipped package on the same windows; it brings its own calibration."""
    package, testing = open_package(folder), children.testing
    session = NetworkSession(package, "cpu")
    answers = [
        session.run({"eeg": testing.eeg[part].astype(np.float32), "eeg_present": testing.present[part]})
        for part in np.array_split(np.arange(len(testing)), len(testing) // 64)
    ]
    of_syndrome = np.concatenate([answer["syndrome_probability"] for answer in answers])
    of_seizure = np.concatenate([answer["seizure_probability"][:, 1] for answer in answers])
    cost = package.card.cost["network"]
    return {
        "network": "full",
        "loss": "L2",
        "parameters": cost.parameters,
        "flops": cost.flops,
        "steps": package.card.training["steps"],
        **_describe_scores(testing, of_syndrome, of_seizure),
    }


def _calibrated(
    calibrating: Prediction, testing: Prediction, children: Children
) -> tuple[NDArray[np.float64] | None, NDArray[np.float32] | None]:
    """Give the probabilities of the test windows, each row's calibrated on the same validation windows."""
    of_syndrome, of_seizure = None, None
    if "syndrome" in testing.logits:
        temperature = fit_temperature(calibrating.logits["syndrome"], children.calibrating.syndrome)
        of_syndrome = softmax(testing.logits["syndrome"].astype(np.float64) / temperature, axis=1)
    if "seizure" in testing.logits:
        calibration = fit_seizure_calibration(calibrating.logits["seizure"], children.calibrating.seizure)
        logits = testing.logits["seizure"].astype(np.float64)
        of_seizure = calibration.probability(logits[:, 1] - logits[:, 0])
    return of_syndrome, of_seizure


def _describe_scores(
    testing: LabelledWindows, of_syndrome: NDArray[np.floating] | None, of_seizure: NDArray[np.floating] | None
) -> dict[str, Any]:
    labels = Labels(testing.syndrome, testing.seizure, testing.patient)
    scores = score_tasks(labels, of_syndrome, of_seizure)
    described: dict[str, Any] = {task: _describe_task(score) for task, score in scores.items()}
    if of_syndrome is not None:
        patients = np.unique(testing.patient)
        whose = [testing.patient == patient for patient in patients]
        right = [vote_syndrome(of_syndrome[mine]) == testing.syndrome[mine][0] for mine in whose]
        described["patients_right"] = [int(sum(right)), len(patients)]
    return described


def _describe_task(scores: WindowScores) -> dict[str, Any]:
    """Add the macro mean of precision, which the paper seems to print for two classes as well."""
    described = scores.describe()
    precisions = [figures["precision"].value for figures in scores.per_class.values()]
    described["macro_precision"] = round(float(np.nan_to_num(precisions).mean()), 4)
    return described


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is missing and write the tables after each row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for children, checkpoints and finished rows")
    parser.add_argument("--out", type=Path, default=RESULTS, help="results, without their suffix")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--package", type=Path, default=SHIPPED_FOLDER / NAME)
    args = parser.parse_args(arguments)
    children = gather(args.work / "patients")
    finished: dict[str, Any] = {}
    for name in (*args.rows, SHIPPED):
        kept = args.work / "rows" / f"{name.replace(' ', '-').replace(',', '')}.json"
        if name == SHIPPED:
            if not (args.package / CARD_NAME).exists():
                continue
            finished[name] = run_shipped(args.package, children)
        elif kept.exists():
            finished[name] = json.loads(kept.read_text(encoding="utf-8"))
        else:
            finished[name] = run_row(name, children, args.work)
            write_json(kept, finished[name])
        settings = {name: value for name, value in asdict(RECIPE).items() if name not in ("network", "loss")}
        write_report(args.out, finished, settings, children.testing)


if __name__ == "__main__":
    main()
