"""The recipe of the shipped IESS-FusionNet: from seeds to a package, by one call."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.errors import TrainingError
from inference.labels.scoring import Score
from inference.models.iess_fusionnet import N_EMG, PROJECT_CHOICES, IessFusionNet
from inference.recordings.array import ArrayRecording
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.recordings.recording import Recording
from inference.runtime.calibration import RELIABILITY, describe_reliability
from inference.runtime.cards import MAINS, ModelCard, MontageInputs, write_card
from inference.runtime.package import open_package
from inference.simulate.course import Scenario
from inference.simulate.head import TEN_TWENTY_ELECTRODES
from inference.simulate.infant import SimulatedCase, simulate_infant
from inference.simulate.truth import Term
from inference.training.checkpoints import Checkpoint, CurvePoint
from inference.training.evaluation import (
    Calibration,
    apply_calibration,
    choose_rule,
    describe_score,
    fit_calibration,
    pool,
    run_over,
    score_package,
)
from inference.training.export import example_inputs, write_package
from inference.training.feature_store import find_features, keep_features
from inference.training.features import PatientFeatures, store_features
from inference.training.iess_export import BLOCKS, OUTPUTS, PAPER_COST, Calibrated
from inference.training.learning_curve import write_learning_curve
from inference.training.loop import LoopSettings, StepReport, descend
from inference.training.progress import TrainingProgress
from inference.training.recipes import TrainOptions
from inference.training.repeatable import choose_device, choose_precision, make_repeatable
from inference.training.variation import Variation, draw_electrodes
from inference.training.windows import BEGINNING_S, NEGATIVE_REACH_S, POSITIVE_REACH_S, Batch, WindowSampler
from inference.training.work import (
    CHECKPOINT_NAME,
    PATIENTS_NAME,
    clear_work_folder,
    open_work_folder,
    work_folder_beside,
)

NAME = "iess-fusionnet"
INPUTS = MontageInputs(
    eeg_electrodes=IFCN_ELECTRODES,
    n_emg=N_EMG,
    rate_hz=256.0,
    window_s=4.0,
    hop_s=1.0,
    lff_hz=0.5,
    hff_hz=70.0,
    emg_lff_hz=10.0,
    emg_hff_hz=100.0,
    notch_hz=MAINS,
)
#: Seeds of simulated patients; training, validation and test never share one, whatever the recipe's seed.
TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS = 100_000, 200_000, 300_000
SEEDS_PER_RECIPE = 1000
MAX_RECIPE_SEED = 100
#: Held-out patients are recorded as the paper's were, so that resampling is part of the test.
TEST_RATE_HZ = 1024.0
PAPER = "Feng et al. 2026, IESS-FusionNet, Bioengineering 13:57, doi:10.3390/bioengineering13010057"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what the network becomes.

    Training goes in ``n_rounds``, each over ``n_patients`` that no other round saw, from the weights of the one before
    and with ``cooling`` times its steps and its learning rate: what counts is how many infants there are, and a disk
    holds some hundred. The first round shows spasms much as they were simulated (``variation``), the others mostly deep
    in the background of a second infant (``later_variation``). Half of the training and validation patients have
    frequent, short clusters, half the course of a real morning. ``max_false_per_hour`` is what the event rule may allow
    itself on the validation patients.
    """

    seed: int = 0
    n_rounds: int = 3
    cooling: float = 0.65
    n_patients: int = 160
    patient_minutes: float = 2.5
    n_validation: int = 24
    validation_minutes: float = 5.0
    n_test: int = 6
    test_minutes: float = 10.0
    max_false_per_hour: float = 2.0
    device: str = "cpu"
    n_threads: int = 2
    loop: LoopSettings = field(default_factory=lambda: LoopSettings(n_steps=1600))
    variation: Variation = field(default_factory=Variation)
    later_variation: Variation = field(default_factory=lambda: Variation(mixed=0.6, mixed_level=0.3))


def train(folder: Path, options: TrainOptions) -> Iterator[TrainingProgress]:
    """Make the package as `train_iess_fusionnet` does, with the recipe's values where the options name none.

    Raises
    ------
    TrainingError
        It cannot be made as asked.
    """
    usual, device = Recipe(), choose_device(options.device)
    asked = options.asked("n_steps", "minutes_limit")
    recipe = replace(
        usual,
        seed=options.seed,
        device=device,
        loop=replace(usual.loop, precision=choose_precision(device), **asked),
        **options.asked("n_patients", "n_threads"),
    )
    yield from train_iess_fusionnet(folder, recipe, options.work_folder, resume=options.resume)


def train_iess_fusionnet(
    folder: Path, recipe: Recipe, work_folder: Path | None = None, *, resume: bool = False
) -> Iterator[TrainingProgress]:
    """Simulate patients, fit the network, calibrate it, write the package and score it on held-out patients.

    Parameters
    ----------
    folder : where the package goes.
    recipe : what decides the result.
    work_folder : where features are kept until the package is written, about 60 kB for each second, with the
        checkpoints; and the learning curve, for good. Beside the package if not given.
    resume : go on with the run that the work folder holds.

    Raises
    ------
    TrainingError
        The seed leaves the range in which training and test patients never meet, the device is not there, or the work
        folder holds another run.
    """
    began = time.monotonic()
    _set_up_torch(recipe)
    work = open_work_folder(work_folder or work_folder_beside(folder), resume=resume)
    network = IessFusionNet()
    for number in range(recipe.n_rounds):
        yield from _train_round(network, recipe, number, work)
    curve = _read_curve(recipe, work)
    write_learning_curve(work, curve, f"IESS-FusionNet, seed {recipe.seed}")
    tracks = []
    first = VALIDATION_SEEDS + SEEDS_PER_RECIPE * recipe.seed
    for index in range(recipe.n_validation):
        patient = _simulate_patient(network, recipe, first + index, recipe.validation_minutes, work / PATIENTS_NAME)
        tracks.append(run_over(network, patient, INPUTS.hop_s))
        yield TrainingProgress("validating", len(tracks), recipe.n_validation)
    calibration = fit_calibration(tracks)
    rule, validated = choose_rule(tracks, calibration, Term.SPASM, INPUTS.hop_s, recipe.max_false_per_hour)
    apply_calibration(network, calibration)
    card = ModelCard(
        name=NAME,
        title="IESS-FusionNet",
        version="1.2.0",
        inputs=INPUTS,
        outputs=OUTPUTS,
        events=rule,
        calibration=_describe_calibration(calibration),
        trained_on=_tell_training(recipe),
        simulated=True,
        metrics={"validation": describe_score(validated)},
        training=_describe_training(recipe, curve[-1].step),
        paper=PAPER,
        choices=dict(PROJECT_CHOICES),
        paper_cost=PAPER_COST,
    )
    module = Calibrated(network, calibration.temperature)
    card = write_package(folder, module, example_inputs(INPUTS), network.state_dict(), card, blocks=BLOCKS)
    scores: list[HeldOutScore] = []
    for seed in held_out_seeds(recipe):
        scores.append(score_held_out(folder, seed, recipe.test_minutes))
        yield TrainingProgress("testing", len(scores), recipe.n_test)
    metrics = {**card.metrics, "held_out": describe_held_out(scores)}
    # Of a run that was killed, the minutes before the kill are not counted.
    training_record = {**card.training, "minutes": round((time.monotonic() - began) / 60, 1), "resumed": resume}
    write_card(folder, replace(card, metrics=metrics, training=training_record))
    clear_work_folder(work)


def _train_round(network: IessFusionNet, recipe: Recipe, number: int, work: Path) -> Iterator[TrainingProgress]:
    """Simulate a round's patients and fit the network to them; the first round's also set its standards."""
    first = TRAINING_SEEDS + SEEDS_PER_RECIPE * recipe.seed + number * recipe.n_patients
    patients: list[PatientFeatures] = []
    for seed in range(first, first + recipe.n_patients):
        patients.append(_simulate_patient(network, recipe, seed, recipe.patient_minutes, work / PATIENTS_NAME))
        yield TrainingProgress("simulating", len(patients), recipe.n_patients, f"round {number + 1}")
    if number == 0:
        set_standards(network, patients)
    cooling = recipe.cooling**number
    n_steps, peak_rate = max(1, round(recipe.loop.n_steps * cooling)), recipe.loop.peak_rate * cooling
    loop = replace(recipe.loop, n_steps=n_steps, peak_rate=peak_rate)
    seed = recipe.seed + MAX_RECIPE_SEED * number
    variation = recipe.later_variation if number else recipe.variation
    sampler = WindowSampler(patients, network.config, seed, variation)
    checkpoint = _round_checkpoint(recipe, number, work)
    for report in fit(network, sampler, loop, seed=seed, device=recipe.device, checkpoint=checkpoint):
        note = f"round {number + 1}, loss {report.loss:.3f}"
        yield TrainingProgress("training", report.step, report.n_steps, note)


def _round_checkpoint(recipe: Recipe, number: int, work: Path) -> Checkpoint:
    unlimited = replace(recipe, loop=replace(recipe.loop, minutes_limit=math.inf))
    return Checkpoint(work / CHECKPOINT_NAME / f"round-{number + 1}", made_for=_describe_recipe(unlimited))


def _read_curve(recipe: Recipe, work: Path) -> list[CurvePoint]:
    """Put the learning curves of all rounds one after the other."""
    curve: list[CurvePoint] = []
    for number in range(recipe.n_rounds):
        before = curve[-1].step if curve else 0
        points = _round_checkpoint(recipe, number, work).read_curve()
        curve += [point._replace(step=before + point.step) for point in points]
    return curve


def fit(
    network: IessFusionNet,
    sampler: WindowSampler,
    settings: LoopSettings,
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
) -> Iterator[StepReport]:
    """Fit the network's body with cross-entropy; afterwards it holds the averaged weights, on the processor."""

    def loss_of(body: nn.Module, batch: Batch) -> Tensor:
        *inputs, target = batch
        return functional.cross_entropy(body(*inputs), target)

    def batch_at(step: int) -> Batch:
        return sampler.batch(step, settings.batch_size)

    yield from descend(network.body, batch_at, loss_of, settings, seed=seed, device=device, checkpoint=checkpoint)
    network.to("cpu").eval()


class HeldOutScore(NamedTuple):
    """How a package did on one held-out patient: with every channel, and as a routine scalp EEG without EMG."""

    seed: int
    full: Score
    scalp_only: Score


def _set_up_torch(recipe: Recipe) -> None:
    """Make everything in this process repeatable."""
    if not 0 <= recipe.seed < MAX_RECIPE_SEED:
        raise TrainingError(f"The seed must be from 0 to {MAX_RECIPE_SEED - 1}, so that no test patient is trained on.")
    make_repeatable(recipe.seed, recipe.device, recipe.n_threads)


def held_out_seeds(recipe: Recipe) -> tuple[int, ...]:
    """Give the seeds of the patients that the package is tested on."""
    first = TEST_SEEDS + SEEDS_PER_RECIPE * recipe.seed
    return tuple(range(first, first + recipe.n_test))


def score_held_out(folder: Path, seed: int, minutes: float) -> HeldOutScore:
    """Run a package on a held-out patient as a user would."""
    package = open_package(folder)
    case = simulate_infant(seed, 60.0 * minutes, TEST_RATE_HZ)
    full = score_package(package, case.recording, case.truth)
    return HeldOutScore(seed, full, score_package(package, without_emg(case), case.truth))


def without_emg(case: SimulatedCase) -> Recording:
    """Give the same recording as a routine scalp EEG would have it: the 19 electrodes of the 10-20 system, no EMG."""
    recording = case.recording
    kept = [i for i, channel in enumerate(recording.channels) if channel.electrode in TEN_TWENTY_ELECTRODES]
    signals = recording.read(kept, 0.0, recording.duration_s)
    return ArrayRecording([recording.channels[i] for i in kept], signals, path=recording.path)


def set_standards(network: IessFusionNet, patients: Sequence[PatientFeatures]) -> None:
    """Measure mean and spread of each feature over the channels that were recorded."""
    for name, encoder in (("eeg", network.body.eeg), ("emg", network.body.emg)):
        means, variances = [], []
        for patient in patients:
            present = getattr(patient, f"{name}_present") > 0
            if present.any():
                values = getattr(patient, name)[:, present, ::8].astype(np.float64)
                means.append(values.mean(axis=(1, 2)))
                variances.append(values.var(axis=(1, 2)))
        spread = np.sqrt(np.mean(variances, axis=0) + np.var(means, axis=0))
        encoder.set_standard(torch.from_numpy(np.mean(means, axis=0)).float(), torch.from_numpy(spread).float())


def _simulate_patient(network: IessFusionNet, recipe: Recipe, seed: int, minutes: float, work: Path) -> PatientFeatures:
    """Give the features of a patient, simulated where the work folder does not hold them yet."""
    scenario = Scenario.dense() if seed % 2 else Scenario()
    is_training = seed < VALIDATION_SEEDS
    made_from = {
        "seed": seed,
        "minutes": minutes,
        "scenario": asdict(scenario),
        "left_out": [recipe.seed, asdict(recipe.variation)] if is_training else None,
        "inputs": asdict(INPUTS),
        "front_end": [asdict(bank.config) for bank in (network.front_end.eeg, network.front_end.emg)],
    }
    kept = find_features(work / str(seed), made_from)
    if kept is not None:
        return kept
    case = simulate_infant(seed, 60.0 * minutes, INPUTS.rate_hz, scenario=scenario)
    left_out = _leave_out(case.recording, recipe, seed) if is_training else frozenset()
    features = store_features(case.recording, case.truth, INPUTS, network.front_end, work / str(seed), exclude=left_out)
    keep_features(work / str(seed), features, made_from)
    return features


def _leave_out(recording: Recording, recipe: Recipe, seed: int) -> frozenset[str]:
    """Choose channels that were not recorded, so that the reference and the interpolated electrodes vary as well."""
    rng = np.random.default_rng((recipe.seed, seed))
    kept = dict(zip(IFCN_ELECTRODES, draw_electrodes(rng, recipe.variation), strict=True))
    return frozenset(
        channel.name for channel in recording.channels if channel.electrode and not kept.get(channel.electrode, 1.0)
    )


def _describe_calibration(calibration: Calibration) -> dict[str, Any]:
    return {
        "method": "temperature and prior",
        "temperature": round(calibration.temperature, 4),
        "prior_offset": round(calibration.offset, 4),
        "expected_calibration_error": round(calibration.expected_error, 5),
        "windows": calibration.n_windows,
        RELIABILITY: {"spasm": describe_reliability(calibration.reliability)},
    }


def _describe_training(recipe: Recipe, n_steps: int) -> dict[str, Any]:
    """Tell what made the weights, so that the same command makes them again."""
    first = SEEDS_PER_RECIPE * recipe.seed
    return {
        "recipe": _describe_recipe(recipe),
        "steps": n_steps,
        "windows_seen": n_steps * recipe.loop.batch_size,
        "training_seeds": [TRAINING_SEEDS + first, TRAINING_SEEDS + first + recipe.n_rounds * recipe.n_patients - 1],
        "validation_seeds": [VALIDATION_SEEDS + first, VALIDATION_SEEDS + first + recipe.n_validation - 1],
        "test_seeds": [TEST_SEEDS + first, TEST_SEEDS + first + recipe.n_test - 1],
        "labels": f"positive: the first {BEGINNING_S} s of a spasm within {POSITIVE_REACH_S} s of the window's centre; "
        f"negative: none within {NEGATIVE_REACH_S} s; others unused",
        "machine": f"{recipe.device}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "repeatable": "bit for bit on one machine with the same threads and versions, if no time limit cut it short",
    }


def _describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """Give every value of the recipe as JSON."""
    parts = ("loop", "variation", "later_variation")
    return {
        **{name: value for name, value in asdict(recipe).items() if name not in parts},
        **{part: _finite(asdict(getattr(recipe, part))) for part in parts},
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out limits that were not set: JSON has no infinity."""
    return {name: value for name, value in values.items() if value != math.inf}


def _tell_training(recipe: Recipe) -> str:
    n_patients = recipe.n_rounds * recipe.n_patients
    hours = n_patients * recipe.patient_minutes / 60
    return (
        f"{n_patients} simulated infants with epileptic spasms, {hours:.1f} hours of simulated EEG and EMG. "
        "No recording of a person was used; not clinically validated."
    )


def describe_held_out(scores: Sequence[HeldOutScore]) -> dict[str, Any]:
    """Give the scores of all held-out patients, together and one by one, as a card stores them."""
    return {
        "source": f"simulated patients that training never saw, at {TEST_RATE_HZ:g} Hz, through the shipped runtime",
        "rule": "one detection finds one spasm that it overlaps or comes within 1 s of; nothing is merged",
        "patients": len(scores),
        "all_channels": describe_score(pool([score.full for score in scores])),
        "ten_twenty_without_emg": describe_score(pool([score.scalp_only for score in scores])),
        "per_patient": [
            {
                "seed": score.seed,
                "all_channels": describe_score(score.full),
                "ten_twenty_without_emg": describe_score(score.scalp_only),
            }
            for score in scores
        ],
    }
