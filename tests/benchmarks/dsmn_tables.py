"""Compare DSMN-ESS with and without its modules and under both losses, as its paper's tables II and III do.

``python -m tests.benchmarks.dsmn_tables --work FOLDER --seeds 3 [--rows NAME ...]`` trains what is missing, seed by
seed and row by row, on simulated children, and writes ``results/dsmn_tables.json`` and ``.md`` after each row. A killed
run goes on where it was. A step of the full-size network takes four times as long, so every row is trained at half its
width: the same windows in the same order, the same number of steps and the same rate for all. The shipped package, of
full size, comes last.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

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
from inference.training.dsmn_scores import fit_seizure_calibration, fit_temperature
from inference.training.dsmn_windows import INPUTS, LabelledWindows, join_windows, split_patients
from inference.training.export import example_inputs
from inference.training.losses import LOSSES
from tests.benchmarks.dsmn_answers import Answers, describe_row, find_answers
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


def gather(folder: Path, seed: int) -> Children:
    """Simulate everybody whom a seed meets, or find them in the folder."""
    recipe = replace(RECIPE, seed=seed)
    training, validation = training_orders(recipe), validation_orders(recipe)
    learning = [patient.windows for patient in simulate_patients((*training, *validation), folder)]
    return Children(
        join_windows(learning),
        frozenset(order.seed for order in training),
        thin(simulate_patients(validation, folder), CALIBRATION_STRIDE),
        gather_test(folder),
    )


def gather_test(folder: Path) -> LabelledWindows:
    """Simulate the children of the test, the same for every seed, or find them in the folder."""
    tested = order_patients(FIRST_TEST_SEED, N_TEST, minutes=RECIPE.patient_minutes)
    return thin(simulate_patients(tested, folder), TEST_STRIDE)


def thin(patients: Any, stride: int) -> LabelledWindows:
    """Keep every so many windows of each patient."""

    def every(patient: SimulatedPatient) -> LabelledWindows:
        return LabelledWindows(*(getattr(patient.windows, name)[::stride] for name in LabelledWindows.__slots__))

    return join_windows([every(patient) for patient in patients])


def run_row(name: str, seed: int, children: Children, work: Path) -> Answers:
    """Train a row, or go on with it, and ask it about the test windows."""
    row = ROWS[name]
    config = halve(ABLATIONS[row.network])
    recipe = replace(RECIPE, seed=seed, network=config, loss=LOSSES[row.loss])
    network = make_network(recipe)
    split = split_patients(children.learning, children.training_seeds)
    checkpoint = Checkpoint(work / "checkpoints" / _slug(name, seed), made_for=describe_recipe(recipe))
    for report in fit(network, children.learning, split, recipe, checkpoint):
        if report.step % 50 == 0:
            print(f"{name}, seed {seed}: step {report.step}, loss {report.loss:.3f}", flush=True)
    of_syndrome, of_seizure = _calibrated(
        *(predict(network, side, np.arange(len(side))) for side in (children.calibrating, children.testing)), children
    )
    cost = measure_cost(DsmnEss(config), *one_window())
    facts = {
        "network": row.network,
        "loss": row.loss,
        "parameters": cost.n_parameters,
        "flops": cost.n_flops,
        "steps": recipe.n_steps,
    }
    return Answers(of_syndrome, of_seizure, facts)


def run_shipped(folder: Path, testing: LabelledWindows, work: Path) -> Answers:
    """Ask the shipped package about the same windows; it brings its own calibration."""
    package = open_package(folder)
    path = work / "answers" / f"shipped-{package.reference.digest[:16]}.npz"
    if (kept := find_answers(path)) is not None:
        return kept
    session = NetworkSession(package, "cpu")
    answers = [
        session.run({"eeg": testing.eeg[part].astype(np.float32), "eeg_present": testing.present[part]})
        for part in np.array_split(np.arange(len(testing)), len(testing) // 64)
    ]
    cost = package.card.cost["network"]
    facts = {
        "network": "full",
        "loss": "L2",
        "parameters": cost.parameters,
        "flops": cost.flops,
        "steps": package.card.training["steps"],
    }
    of_syndrome = np.concatenate([answer["syndrome_probability"] for answer in answers])
    of_seizure = np.concatenate([answer["seizure_probability"][:, 1] for answer in answers])
    said = Answers(of_syndrome, of_seizure, facts)
    said.keep(path)
    return said


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


def _slug(name: str, seed: int) -> str:
    return f"{name.replace(' ', '-').replace(',', '')}-{seed}"


def _path(work: Path, name: str, seed: int) -> Path:
    return work / "answers" / f"{_slug(name, seed)}.npz"


def _write(args: argparse.Namespace, testing: LabelledWindows) -> None:
    """Write the tables of every row and seed that is finished."""
    rows: dict[str, dict[int, Answers]] = {}
    for name in ROWS:
        kept = {seed: find_answers(_path(args.work, name, seed)) for seed in range(args.seeds)}
        found = {seed: said for seed, said in kept.items() if said is not None}
        if found:
            rows[name] = found
    if (args.package / CARD_NAME).exists():
        rows[SHIPPED] = {0: run_shipped(args.package, testing, args.work)}
    settings = {name: value for name, value in asdict(RECIPE).items() if name not in ("network", "loss", "seed")}
    described = {name: describe_row(by_seed, testing) for name, by_seed in rows.items()}
    write_report(args.out, described, settings, testing)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is missing and write the tables after each row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for children, checkpoints and finished rows")
    parser.add_argument("--out", type=Path, default=RESULTS, help="results, without their suffix")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--package", type=Path, default=SHIPPED_FOLDER / NAME)
    args = parser.parse_args(arguments)
    patients = args.work / "patients"
    testing = gather_test(patients)
    for seed in range(args.seeds):
        missing = [name for name in args.rows if not _path(args.work, name, seed).exists()]
        if not missing:
            continue
        children = gather(patients, seed)
        for name in missing:
            run_row(name, seed, children, args.work).keep(_path(args.work, name, seed))
            _write(args, testing)
    _write(args, testing)


if __name__ == "__main__":
    main()
