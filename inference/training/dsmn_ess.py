"""The recipe of the shipped DSMN-ESS: from simulated children to a package, by one call."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from inference.models.dsmn_ess import PROJECT_CHOICES, SYNDROMES
from inference.runtime.cards import ModelCard, write_card
from inference.training.checkpoints import Checkpoint
from inference.training.dsmn_export import PAPER_COST, DsmnAnswers, describe_outputs
from inference.training.dsmn_fitting import Recipe, fit, make_network, predict
from inference.training.dsmn_patients import PatientOrder, SimulatedPatient, order_patients, simulate_patients
from inference.training.dsmn_scores import calibrate, describe_held_out, run_held_out
from inference.training.dsmn_windows import INPUTS, join_windows, split_patients
from inference.training.export import example_inputs, write_package
from inference.training.learning_curve import write_learning_curve
from inference.training.progress import TrainingProgress
from inference.training.recipes import TrainOptions
from inference.training.repeatable import choose_device
from inference.training.work import (
    CHECKPOINT_NAME,
    PATIENTS_NAME,
    clear_work_folder,
    open_work_folder,
    work_folder_beside,
)

NAME: Final = "dsmn-ess"
PAPER: Final = "Cao et al. 2023, DSMN-ESS, IEEE Trans Instrum Meas 72, doi:10.1109/TIM.2023.3307724"
#: Seeds of simulated children; training, validation and test never share one, whatever the recipe's seed.
TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS = 100_000, 200_000, 300_000
SEEDS_PER_RECIPE = 1000


def train(folder: Path, options: TrainOptions) -> Iterator[TrainingProgress]:
    """Make the package as `train_dsmn_ess` does, with the recipe's values where the options name none.

    Raises
    ------
    TrainingError
        It cannot be made as asked.
    """
    asked = options.asked("n_patients", "n_steps", "n_threads", "minutes_limit")
    recipe = replace(Recipe(), seed=options.seed, device=choose_device(options.device), **asked)
    yield from train_dsmn_ess(folder, recipe, options.work_folder, resume=options.resume)


def train_dsmn_ess(
    folder: Path, recipe: Recipe, work_folder: Path | None = None, *, resume: bool = False
) -> Iterator[TrainingProgress]:
    """Simulate children, fit the network, calibrate both tasks, write the package and score it on held-out children.

    Parameters
    ----------
    folder : where the package goes.
    recipe : what decides the result.
    work_folder : where windows are kept until the package is written, 1 to 4 MB for each child, with the checkpoints;
        and the learning curve, for good. Beside the package if not given.
    resume : go on with the run that the work folder holds.

    Raises
    ------
    TrainingError
        The seed leaves the range in which training and test children never meet, the device is not there, or the work
        folder holds another run.
    """
    began = time.monotonic()
    network = make_network(recipe)
    work = open_work_folder(work_folder or work_folder_beside(folder), resume=resume)
    training, validation = training_orders(recipe), validation_orders(recipe)
    patients: list[SimulatedPatient] = []
    for patient in simulate_patients((*training, *validation), work / PATIENTS_NAME):
        patients.append(patient)
        yield TrainingProgress("simulating", len(patients), len(training) + len(validation))
    windows = join_windows([patient.windows for patient in patients])
    split = split_patients(windows, {order.seed for order in training})
    checkpoint = Checkpoint(work / CHECKPOINT_NAME, made_for=describe_recipe(recipe))
    for report in fit(network, windows, split, recipe, checkpoint):
        yield TrainingProgress("training", report.step, report.n_steps, f"loss {report.loss:.3f}")
    curve = checkpoint.read_curve()
    write_learning_curve(work, curve, f"DSMN-ESS, seed {recipe.seed}")
    said = []
    for patient in patients[len(training) :]:
        said.append(predict(network, patient.windows, np.arange(len(patient.windows))))
        yield TrainingProgress("validating", len(said), len(validation))
    calibration = calibrate(patients[len(training) :], said, recipe.max_false_per_hour)
    calibration.apply(network)
    card = ModelCard(
        name=NAME,
        title="DSMN-ESS",
        version="1.0.0",
        inputs=INPUTS,
        outputs=describe_outputs(network.config),
        events=calibration.rule,
        calibration=calibration.describe(),
        trained_on=_tell_training(recipe),
        simulated=True,
        metrics={"validation": calibration.validated},
        training=_describe_training(recipe, curve[-1].step),
        paper=PAPER,
        choices=dict(PROJECT_CHOICES),
        paper_cost=PAPER_COST,
    )
    answers = DsmnAnswers(network, calibration.temperatures)
    card = write_package(folder, answers, example_inputs(INPUTS), network.state_dict(), card)
    held_out, tests = [], held_out_orders(recipe)
    for order in tests:
        held_out.append(run_held_out(folder, order))
        yield TrainingProgress("testing", len(held_out), len(tests))
    metrics = {**card.metrics, "held_out": describe_held_out(held_out)}
    # Of a run that was killed, the minutes before the kill are not counted.
    record = {**card.training, "minutes": round((time.monotonic() - began) / 60, 1), "resumed": resume}
    write_card(folder, replace(card, metrics=metrics, training=record))
    clear_work_folder(work)


def training_orders(recipe: Recipe) -> tuple[PatientOrder, ...]:
    """Order the children that the network learns from, some of whose electrodes are missing."""
    return order_patients(
        TRAINING_SEEDS + SEEDS_PER_RECIPE * recipe.seed,
        recipe.n_patients,
        minutes=recipe.patient_minutes,
        most_windows=recipe.windows_per_patient,
        varied=True,
    )


def validation_orders(recipe: Recipe) -> tuple[PatientOrder, ...]:
    """Order the children by whom weights, calibration and event rule are chosen, with all of their windows."""
    first = VALIDATION_SEEDS + SEEDS_PER_RECIPE * recipe.seed
    return order_patients(first, recipe.n_validation, minutes=recipe.patient_minutes)


def held_out_orders(recipe: Recipe) -> tuple[PatientOrder, ...]:
    """Order the children that the package is tested on."""
    return order_patients(TEST_SEEDS + SEEDS_PER_RECIPE * recipe.seed, recipe.n_test, minutes=recipe.test_minutes)


def describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """Tell what decides the result, as JSON: everything but how long the steps may take."""
    fields = asdict(recipe)
    del fields["minutes_limit"]
    return fields


def _describe_training(recipe: Recipe, n_steps: int) -> dict[str, Any]:
    """Tell what made the weights, so that the same command makes them again."""
    orders = {
        "training": training_orders(recipe),
        "validation": validation_orders(recipe),
        "held_out": held_out_orders(recipe),
    }
    return {
        "recipe": describe_recipe(recipe),
        "steps": n_steps,
        "windows_seen": n_steps * recipe.batch_size,
        **{f"{side}_seeds": [chosen[0].seed, chosen[-1].seed] for side, chosen in orders.items()},
        "labels": "seizure: half of one in the window, or half of the window in one; interictal: none at all; "
        "others unused. Syndrome: the child's, whatever the window shows",
        "machine": f"{recipe.device}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "repeatable": "bit for bit on one machine with the same threads and versions, if no time limit cut it short",
    }


def _tell_training(recipe: Recipe) -> str:
    hours = recipe.n_patients * recipe.patient_minutes / 60
    return (
        f"{recipe.n_patients} simulated children with {', '.join(SYNDROMES[:-1])} or {SYNDROMES[-1]}, "
        f"{recipe.windows_per_patient} windows of 4 s of each, from {hours:.0f} hours of simulated EEG. "
        "No recording of a person was used; not clinically validated."
    )
