"""The recipe of the shipped focus-localisation network: from seeds to a package, by one call."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inference.errors import TrainingError
from inference.models.focus_localisation import PROJECT_CHOICES, FocusConfig, FocusLocalisation, joint_loss
from inference.runtime.calibration import RELIABILITY, describe_reliability
from inference.runtime.cards import ChannelInputs, ModelCard, write_card
from inference.runtime.package import open_package
from inference.runtime.session import NetworkSession
from inference.simulate.foci import simulate_focus
from inference.training.checkpoints import Checkpoint
from inference.training.evaluation import Calibration, Track, fit_calibration
from inference.training.export import example_inputs, write_package
from inference.training.focus_export import OUTPUTS, CalibratedFocus
from inference.training.focus_patients import (
    ChannelBatch,
    ChannelDraws,
    PreparedPatient,
    find_patient,
    keep_patient,
    prepare_patient,
)
from inference.training.focus_scores import PatientScore, describe_scores
from inference.training.learning_curve import write_learning_curve
from inference.training.loop import LoopSettings, descend
from inference.training.progress import TrainingProgress
from inference.training.recipes import TrainOptions
from inference.training.repeatable import choose_device, make_repeatable
from inference.training.work import (
    CHECKPOINT_NAME,
    PATIENTS_NAME,
    clear_work_folder,
    open_work_folder,
    work_folder_beside,
)

NAME = "focus-localisation"
TITLE = "Focus localisation"
PAPER = "Yang et al. 2023, Front. Comput. Neurosci. 17:1294770, doi:10.3389/fncom.2023.1294770"
INPUTS = ChannelInputs(rate_hz=256.0, window_s=20.0, hop_s=10.0, lff_hz=0.5, hff_hz=100.0)
#: Seeds of simulated patients; training, validation and test never share one, whatever the recipe's seed.
TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS = 100_000, 200_000, 300_000
SEEDS_PER_RECIPE = 1000
MAX_RECIPE_SEED = 100
#: Held-out patients are recorded as the paper's were, so that resampling is part of the test.
TEST_RATE_HZ = 512.0
USE = (
    "Its probabilities put the channels of one recording between seizures in an order, to look at the first first; "
    "they are no finding, and not to be used for planning surgery."
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what the network becomes; ``noise`` is that of `ChannelDraws`."""

    seed: int = 0
    n_patients: int = 128
    patient_minutes: float = 2.0
    n_validation: int = 24
    n_test: int = 24
    test_minutes: float = 3.0
    noise: float = 0.1
    device: str = "cpu"
    n_threads: int = 1
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            n_steps=900, batch_size=24, peak_rate=3e-3, warm_up_steps=60, averaging=0.98, precision="bfloat16"
        )
    )


def train(folder: Path, options: TrainOptions) -> Iterator[TrainingProgress]:
    """Make the package as `train_focus_localisation` does, with the recipe's values where the options name none.

    Raises
    ------
    TrainingError
        It cannot be made as asked.
    """
    usual = Recipe()
    recipe = replace(
        usual,
        seed=options.seed,
        device=choose_device(options.device),
        loop=replace(usual.loop, **options.asked("n_steps", "minutes_limit")),
        **options.asked("n_patients", "n_threads"),
    )
    yield from train_focus_localisation(folder, recipe, options.work_folder, resume=options.resume)


def train_focus_localisation(
    folder: Path, recipe: Recipe, work_folder: Path | None = None, *, resume: bool = False
) -> Iterator[TrainingProgress]:
    """Simulate patients, fit the network with the joint loss, calibrate it, write the package, score it on others.

    Parameters
    ----------
    folder : where the package goes.
    recipe : what decides the result.
    work_folder : where patients, 1 MB for each minute of 32 channels, and checkpoints are kept until the package is
        written; and the learning curve, for good. Beside the package if not given.
    resume : go on with the run that the work folder holds.

    Raises
    ------
    TrainingError
        The seed leaves the range in which training and test patients never meet, the device is not there, or the work
        folder holds another run.
    """
    began = time.monotonic()
    if not 0 <= recipe.seed < MAX_RECIPE_SEED:
        raise TrainingError(f"The seed must be from 0 to {MAX_RECIPE_SEED - 1}, so that no test patient is trained on.")
    make_repeatable(recipe.seed, recipe.device, recipe.n_threads)
    work = open_work_folder(work_folder or work_folder_beside(folder), resume=resume)
    unlimited = replace(recipe, loop=replace(recipe.loop, minutes_limit=math.inf))
    checkpoint = Checkpoint(work / CHECKPOINT_NAME, made_for=_describe_recipe(unlimited))
    patients: list[PreparedPatient] = []
    for patient in _simulate_patients(recipe, work / PATIENTS_NAME):
        patients.append(patient)
        yield TrainingProgress("simulating", len(patients), recipe.n_patients + recipe.n_validation)
    training, validation = patients[: recipe.n_patients], patients[recipe.n_patients :]
    network = FocusLocalisation(FocusConfig(n_patients=recipe.n_patients))
    yield from _fit(network, training, recipe, checkpoint)
    curve = checkpoint.read_curve()
    write_learning_curve(work, curve, f"{TITLE}, seed {recipe.seed}")
    scores: list[PatientScore] = []
    for patient in validation:
        scores.append(_score_by_network(network, patient))
        yield TrainingProgress("validating", len(scores), len(validation))
    calibration = fit_calibration([_as_track(score) for score in scores])
    card = ModelCard(
        name=NAME,
        title=TITLE,
        version="1.0.0",
        inputs=INPUTS,
        outputs=OUTPUTS,
        events=None,
        calibration=_describe_calibration(calibration),
        trained_on=_tell_training(recipe),
        simulated=True,
        metrics={"validation": describe_scores(scores)},
        training=_describe_training(recipe, curve[-1].step),
        paper=PAPER,
        choices=dict(PROJECT_CHOICES),
    )
    # As the card has them, so that whoever reads it can make the same graph from the weights.
    module = CalibratedFocus(network, card.calibration["temperature"], card.calibration["prior_offset"])
    card = write_package(folder, module, example_inputs(INPUTS), network.state_dict(), card)
    held_out: list[PatientScore] = []
    for seed in _seeds(TEST_SEEDS, recipe.seed, recipe.n_test):
        held_out.append(score_held_out(folder, seed, recipe.test_minutes))
        yield TrainingProgress("testing", len(held_out), recipe.n_test)
    # Of a run that was killed, the minutes before the kill are not counted.
    record = {**card.training, "minutes": round((time.monotonic() - began) / 60, 1), "resumed": resume}
    write_card(folder, replace(card, metrics={**card.metrics, **_describe_held_out(held_out)}, training=record))
    clear_work_folder(work)


def score_held_out(folder: Path, seed: int, minutes: float) -> PatientScore:
    """Run a package on a held-out patient, at the rate of the paper's recordings, in ONNX Runtime."""
    session = NetworkSession(open_package(folder), "cpu")
    patient = prepare_patient(simulate_focus(seed, 60.0 * minutes, TEST_RATE_HZ), INPUTS)
    columns = []
    for channel in range(len(patient.label)):
        probability = session.run({"signal": np.ascontiguousarray(_cut(patient, channel))})["probability"]
        bounded = np.clip(probability.astype(np.float64), 1e-7, 1.0)
        columns.append(np.log(bounded[:, 1] / bounded[:, 0]))
    return PatientScore(patient.seed, patient.site, np.stack(columns, axis=1), patient.label)


def _fit(
    network: FocusLocalisation, training: Sequence[PreparedPatient], recipe: Recipe, checkpoint: Checkpoint
) -> Iterator[TrainingProgress]:
    draws = ChannelDraws(training, network.config.window_samples, recipe.seed, recipe.noise)

    def batch_at(step: int) -> ChannelBatch:
        return draws.batch(step, recipe.loop.batch_size)

    def loss_of(module: nn.Module, batch: ChannelBatch) -> Tensor:
        assert isinstance(module, FocusLocalisation)
        return joint_loss(module.train_outputs(batch.windows), batch.label, batch.patient)

    steps = descend(
        network, batch_at, loss_of, recipe.loop, seed=recipe.seed, device=recipe.device, checkpoint=checkpoint
    )
    for report in steps:
        yield TrainingProgress("training", report.step, report.n_steps, f"loss {report.loss:.3f}")
    network.to("cpu").eval()


def _simulate_patients(recipe: Recipe, work: Path) -> Iterator[PreparedPatient]:
    for first, n_patients in ((TRAINING_SEEDS, recipe.n_patients), (VALIDATION_SEEDS, recipe.n_validation)):
        for seed in _seeds(first, recipe.seed, n_patients):
            made_from = {"seed": seed, "minutes": recipe.patient_minutes, "inputs": asdict(INPUTS)}
            patient = find_patient(work / str(seed), made_from)
            if patient is None:
                case = simulate_focus(seed, 60.0 * recipe.patient_minutes, INPUTS.rate_hz)
                patient = prepare_patient(case, INPUTS)
                keep_patient(work / str(seed), patient, made_from)
            yield patient


def _seeds(first: int, recipe_seed: int, n_patients: int) -> range:
    start = first + SEEDS_PER_RECIPE * recipe_seed
    return range(start, start + n_patients)


def _cut(patient: PreparedPatient, channel: int) -> np.ndarray:
    return patient.windows(channel, round(INPUTS.window_s * INPUTS.rate_hz), round(INPUTS.hop_s * INPUTS.rate_hz))


def _score_by_network(network: FocusLocalisation, patient: PreparedPatient) -> PatientScore:
    columns = []
    for channel in range(len(patient.label)):
        with torch.no_grad():
            logits = network(torch.from_numpy(np.ascontiguousarray(_cut(patient, channel))))
        columns.append((logits[:, 1] - logits[:, 0]).double().numpy())
    return PatientScore(patient.seed, patient.site, np.stack(columns, axis=1), patient.label)


def _as_track(score: PatientScore) -> Track:
    """Give every window of every channel to the calibration, with the class of its channel."""
    n_windows, n_channels = score.log_odds.shape
    time_s = np.tile(np.arange(n_windows) * INPUTS.hop_s, n_channels)
    label = np.repeat(score.label, n_windows).astype(np.int8)
    return Track(time_s, score.log_odds.T.ravel(), label, (), n_windows * INPUTS.hop_s)


def _describe_calibration(calibration: Calibration) -> dict[str, Any]:
    return {
        "method": "temperature and prior, on windows of all channels of the validation patients",
        "temperature": round(calibration.temperature, 4),
        "prior_offset": round(calibration.offset, 4),
        "expected_calibration_error": round(calibration.expected_error, 5),
        "windows": calibration.n_windows,
        RELIABILITY: {"focus": describe_reliability(calibration.reliability)},
    }


def _describe_held_out(scores: Sequence[PatientScore]) -> dict[str, Any]:
    """Give the scores of all held-out patients, together and by where the electrodes lay."""
    return {
        "held_out": {
            "source": f"simulated patients that training never saw, at {TEST_RATE_HZ:g} Hz, in ONNX Runtime",
            "rule": "a channel's log odds are the mean over its windows; intervals are across patients",
            "all": describe_scores(scores),
            **{
                site: describe_scores([score for score in scores if score.site == site])
                for site in sorted({score.site for score in scores})
            },
        }
    }


def _describe_training(recipe: Recipe, n_steps: int) -> dict[str, Any]:
    """Tell what made the weights, so that the same command makes them again."""
    counts = ((TRAINING_SEEDS, recipe.n_patients), (VALIDATION_SEEDS, recipe.n_validation), (TEST_SEEDS, recipe.n_test))
    ranges = [_seeds(first, recipe.seed, n_patients) for first, n_patients in counts]
    names = ("training_seeds", "validation_seeds", "test_seeds")
    return {
        "recipe": _describe_recipe(recipe),
        "steps": n_steps,
        "windows_seen": n_steps * recipe.loop.batch_size,
        **{name: [seeds[0], seeds[-1]] for name, seeds in zip(names, ranges, strict=True)},
        "labels": "positive: a channel over the simulated focus, whatever happens in the window; negative: all others, "
        "also where they spike",
        "loss": "L_cls + 0.01 L_mse - 0.01 L_pd (equation 11), with the simulated patients' numbers for L_pd",
        "machine": f"{recipe.device}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "repeatable": "bit for bit on one machine with the same threads and versions, if no time limit cut it short",
    }


def _describe_recipe(recipe: Recipe) -> dict[str, Any]:
    described = asdict(recipe)
    # JSON has no infinity: limits that were not set are left out.
    described["loop"] = {name: value for name, value in described["loop"].items() if value != math.inf}
    return described


def _tell_training(recipe: Recipe) -> str:
    hours = recipe.n_patients * recipe.patient_minutes / 60
    return (
        f"{recipe.n_patients} simulated patients with one focus each, {hours:.1f} hours between seizures, from depth "
        "electrodes (three in five patients) or from the scalp. No recording of a person was used; not clinically "
        f"validated. {USE}"
    )
