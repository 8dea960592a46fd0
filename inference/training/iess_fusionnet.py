"""The recipe of the shipped IESS-FusionNet: from seeds to a package, by one call."""

import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference.labels.scoring import Score
from inference.models.iess_fusionnet import CLASSES, N_EMG, PROJECT_CHOICES, IessFusionNet
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.recordings.recording import Recording
from inference.runtime.package import InputSpec, ModelCard, open_package, write_card
from inference.simulate.course import Scenario
from inference.simulate.infant import SimulatedCase, simulate_infant
from inference.simulate.truth import Term
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
from inference.training.export import export_package
from inference.training.features import PatientFeatures, store_features
from inference.training.loop import LoopSettings, fit
from inference.training.windows import Variation, WindowSampler, draw_electrodes, draw_muscles

NAME = "iess-fusionnet"
INPUTS = InputSpec(
    eeg_electrodes=IFCN_ELECTRODES,
    n_emg=N_EMG,
    rate_hz=256.0,
    window_s=4.0,
    hop_s=0.5,
    lff_hz=0.5,
    hff_hz=70.0,
    emg_lff_hz=10.0,
    emg_hff_hz=100.0,
)
#: Seeds of simulated patients; training, validation and test never share one, whatever the recipe's seed.
TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS = 100_000, 200_000, 300_000
SEEDS_PER_RECIPE = 1000
#: Held-out patients are recorded as the paper's were, so that resampling is part of the test.
TEST_RATE_HZ = 1024.0
PAPER = "Feng et al. 2026, IESS-FusionNet, Bioengineering 13:57, doi:10.3390/bioengineering13010057"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what the network becomes.

    Half of the training and validation patients have frequent, short clusters, half the course of a real morning.
    ``max_false_per_hour`` is what the event rule may allow itself on the validation patients.
    """

    seed: int = 0
    n_patients: int = 96
    patient_minutes: float = 8.0
    n_validation: int = 10
    validation_minutes: float = 12.0
    n_test: int = 8
    test_minutes: float = 15.0
    max_false_per_hour: float = 3.0
    device: str = "cpu"
    loop: LoopSettings = field(default_factory=LoopSettings)
    variation: Variation = field(default_factory=Variation)


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where training stands: a stage, how much of it is done, and a word on how it goes."""

    stage: str
    done: int
    total: int
    note: str = ""


def train_iess_fusionnet(folder: Path, recipe: Recipe, work_folder: Path | None = None) -> Iterator[TrainingProgress]:
    """Simulate patients, fit the network, calibrate it, write the package and score it on held-out patients.

    Parameters
    ----------
    folder : where the package goes.
    recipe : what decides the result.
    work_folder : where log power is kept meanwhile, about 60 kB for each second; a temporary folder if not given.
    """
    began = time.monotonic()
    torch.manual_seed(recipe.seed)
    network = IessFusionNet()
    with tempfile.TemporaryDirectory(prefix="spasmlens-", dir=work_folder) as work:
        patients: list[PatientFeatures] = []
        for patient in _simulate_patients(network, recipe, Path(work)):
            patients.append(patient)
            yield TrainingProgress("simulating", len(patients), recipe.n_patients + recipe.n_validation)
        training, validation = patients[: recipe.n_patients], patients[recipe.n_patients :]
        set_standards(network, training)
        n_steps = 0
        sampler = WindowSampler(training, network.config, recipe.seed, recipe.variation)
        for report in fit(network, sampler, recipe.loop, recipe.device):
            n_steps = report.step
            yield TrainingProgress("training", report.step, report.n_steps, f"loss {report.loss:.3f}")
        tracks = []
        for patient in validation:
            tracks.append(run_over(network, patient, INPUTS.hop_s))
            yield TrainingProgress("validating", len(tracks), len(validation))
    calibration = fit_calibration(tracks)
    rule, validated = choose_rule(tracks, calibration, Term.SPASM, INPUTS.hop_s, recipe.max_false_per_hour)
    apply_calibration(network, calibration)
    card = ModelCard(
        name=NAME,
        title="IESS-FusionNet",
        version="1.0.0",
        task="spasm",
        inputs=INPUTS,
        classes=CLASSES,
        events=rule,
        calibration=_describe_calibration(calibration),
        trained_on=_tell_training(recipe),
        simulated=True,
        metrics={"validation": describe_score(validated)},
        files={},
        training=_describe_training(recipe, n_steps, began),
        paper=PAPER,
        choices=dict(PROJECT_CHOICES),
    )
    card = export_package(folder, network, calibration.temperature, card)
    scores: list[tuple[int, Score, Score]] = []
    for seed in held_out_seeds(recipe):
        scores.append((seed, *score_held_out(folder, seed, recipe.test_minutes)))
        yield TrainingProgress("testing", len(scores), recipe.n_test)
    metrics = {**card.metrics, "held_out": describe_held_out(scores)}
    training_record = {**card.training, "minutes": round((time.monotonic() - began) / 60, 1)}
    write_card(folder, replace(card, metrics=metrics, training=training_record))


def held_out_seeds(recipe: Recipe) -> tuple[int, ...]:
    """Give the seeds of the patients that the package is tested on."""
    first = TEST_SEEDS + SEEDS_PER_RECIPE * recipe.seed
    return tuple(range(first, first + recipe.n_test))


def score_held_out(folder: Path, seed: int, minutes: float) -> tuple[Score, Score]:
    """Run a package on a held-out patient as a user would: with all electrodes, and with 19 and no EMG."""
    package = open_package(folder)
    case = simulate_infant(seed, 60.0 * minutes, TEST_RATE_HZ)
    return (
        score_package(package, case.recording, case.truth),
        score_package(package, without_emg(case), case.truth),
    )


def without_emg(case: SimulatedCase) -> Recording:
    """Give the same recording as a routine scalp EEG would have it: the 19 electrodes of the 10-20 system, no EMG."""
    kept = [i for i, channel in enumerate(case.recording.channels) if channel.electrode in TEN_TWENTY]
    return case.recording.select(kept)


def set_standards(network: IessFusionNet, patients: Sequence[PatientFeatures]) -> None:
    """Measure mean and spread of each frequency's log power over the channels that were recorded."""
    for name, encoder in (("eeg", network.body.eeg), ("emg", network.body.emg)):
        means, variances = [], []
        for patient in patients:
            present = getattr(patient, f"{name}_present") > 0
            if present.any():
                power = getattr(patient, name)[:, present, ::8].astype(np.float64)
                means.append(power.mean(axis=(1, 2)))
                variances.append(power.var(axis=(1, 2)))
        spread = np.sqrt(np.mean(variances, axis=0) + np.var(means, axis=0))
        encoder.set_standard(torch.from_numpy(np.mean(means, axis=0)).float(), torch.from_numpy(spread).float())


def _simulate_patients(network: IessFusionNet, recipe: Recipe, work: Path) -> Iterator[PatientFeatures]:
    groups = (
        (TRAINING_SEEDS, recipe.n_patients, recipe.patient_minutes),
        (VALIDATION_SEEDS, recipe.n_validation, recipe.validation_minutes),
    )
    for first, n_patients, minutes in groups:
        for index in range(n_patients):
            seed = first + SEEDS_PER_RECIPE * recipe.seed + index
            scenario = Scenario.dense() if index % 2 else Scenario()
            case = simulate_infant(seed, 60.0 * minutes, INPUTS.rate_hz, scenario=scenario)
            left_out = _leave_out(case.recording, recipe, seed) if first == TRAINING_SEEDS else frozenset()
            yield store_features(
                case.recording, case.truth, INPUTS, network.front_end, work / str(seed), exclude=left_out
            )


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
    }
