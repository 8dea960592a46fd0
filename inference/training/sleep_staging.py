"""The recipe of the shipped sleep-staging network: from seeds to a package, by one call."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from torch import Tensor, nn
from torch.nn import functional

from inference.errors import TrainingError
from inference.models.sleep_staging import PROJECT_CHOICES, SleepStagingNet
from inference.runtime.calibration import (
    RELIABILITY,
    describe_reliability,
    expected_calibration_error,
    reliability_bins,
)
from inference.runtime.cards import ModelCard
from inference.runtime.sleep_inputs import BoldSignals
from inference.simulate.sleep.night import SleepCase, simulate_sleep
from inference.simulate.sleep.patients import Setting, draw_sleeper
from inference.simulate.sleep.stages import NAP, NIGHT, NIGHT_EPOCHS, draw_stages
from inference.training.checkpoints import Checkpoint
from inference.training.connectivity import connectivity_weights
from inference.training.export import example_inputs, write_package
from inference.training.learning_curve import write_learning_curve
from inference.training.loop import LoopSettings, descend
from inference.training.progress import TrainingProgress
from inference.training.recipes import TrainOptions
from inference.training.repeatable import choose_device, make_repeatable
from inference.training.sleep_export import OUTPUTS, CalibratedStaging
from inference.training.sleep_scores import StagedSubject, describe_fusion, describe_subjects, stage_session
from inference.training.sleep_sessions import (
    CONFIG,
    INPUTS,
    Hiding,
    SleepBatch,
    SleepSampler,
    SleepSession,
    bold_run,
    find_session,
    keep_session,
    prepare_session,
)
from inference.training.work import (
    CHECKPOINT_NAME,
    PATIENTS_NAME,
    clear_work_folder,
    open_work_folder,
    work_folder_beside,
)

NAME = "sleep-staging"
#: Seeds of simulated sleepers; training, validation and test never share one, whatever the recipe's seed.
TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS = 100_000, 200_000, 300_000
SEEDS_PER_RECIPE = 1000
MAX_RECIPE_SEED = 100
#: Enough for 35 Hz, with the mains below half of it; held-out sleepers are recorded faster, to test the resampling.
RATE_HZ, TEST_RATE_HZ = 128.0, 256.0
#: What a routine sleep recording has, next to the mastoids.
PSG_ELECTRODES: Final = ("F3", "F4", "C3", "C4", "O1", "O2")
PAPER = "Umesh and Paul 2026, Deep Fusion of Temporal EEG and Spatial fMRI for Cross-Subject Sleep Stage Classification"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what the network becomes."""

    seed: int = 0
    n_patients: int = 64
    n_validation: int = 12
    n_test: int = 16
    n_epochs: int = 40
    device: str = "cpu"
    n_threads: int = 1
    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            n_steps=450, batch_size=32, peak_rate=2e-3, warm_up_steps=50, averaging=0.98, precision="bfloat16"
        )
    )
    hiding: Hiding = field(default_factory=lambda: Hiding(bold=0.25, electrodes=0.15))


def train(folder: Path, options: TrainOptions) -> Iterator[TrainingProgress]:
    """Make the package as `train_sleep_staging` does, with the recipe's values where the options name none.

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
    yield from train_sleep_staging(folder, recipe, options.work_folder, resume=options.resume)


def train_sleep_staging(
    folder: Path, recipe: Recipe, work_folder: Path | None = None, *, resume: bool = False
) -> Iterator[TrainingProgress]:
    """Simulate sleepers, fit the network, calibrate it, write the package and score it on held-out sleepers.

    Parameters
    ----------
    folder : where the package goes.
    recipe : what decides the result.
    work_folder : where prepared recordings (7 MB for each half hour) and checkpoints are kept until the package is
        written, and the learning curve for good. Beside the package if not given.
    resume : go on with the run that the work folder holds.

    Raises
    ------
    TrainingError
        The seed leaves the range in which training and test sleepers never meet, the device is not there, or the work
        folder holds another run.
    """
    began = time.monotonic()
    if not 0 <= recipe.seed < MAX_RECIPE_SEED:
        raise TrainingError(f"The seed must be from 0 to {MAX_RECIPE_SEED - 1}, so that no test sleeper is trained on.")
    make_repeatable(recipe.seed, recipe.device, recipe.n_threads)
    work = open_work_folder(work_folder or work_folder_beside(folder), resume=resume)
    sessions: list[SleepSession] = []
    seeds = [*_seeds(TRAINING_SEEDS, recipe, recipe.n_patients), *_seeds(VALIDATION_SEEDS, recipe, recipe.n_validation)]
    for index, seed in enumerate(seeds):
        sessions.append(simulated_session(work / PATIENTS_NAME, seed, recipe.n_epochs))
        yield TrainingProgress("simulating", index + 1, len(seeds))
    training, validation = sessions[: recipe.n_patients], sessions[recipe.n_patients :]
    network = new_network(training)
    checkpoint = Checkpoint(work / CHECKPOINT_NAME, made_for=_describe_recipe(recipe))
    sampler = SleepSampler(training, recipe.seed, hiding=recipe.hiding)
    yield from fit(network, sampler, recipe.loop, recipe.seed, device=recipe.device, checkpoint=checkpoint)
    curve = checkpoint.read_curve()
    write_learning_curve(work, curve, f"Sleep staging, seed {recipe.seed}")
    validated: list[StagedSubject] = []
    for session in validation:
        validated.append(stage_session(network, session))
        yield TrainingProgress("validating", len(validated), len(validation))
    temperature = fit_temperature(validated)
    tested: dict[str, list[StagedSubject]] = {name: [] for name in MODALITIES}
    for index, seed in enumerate(_seeds(TEST_SEEDS, recipe, recipe.n_test)):
        stage_every_way(network, simulated_session(None, seed, recipe.n_epochs, rate_hz=TEST_RATE_HZ), tested)
        yield TrainingProgress("testing", index + 1, recipe.n_test)
    minutes = round((time.monotonic() - began) / 60, 1)
    record = {**_describe_training(recipe, curve[-1].step), "minutes": minutes, "resumed": resume}
    _write(folder, network, temperature=temperature, validated=validated, tested=tested, record=record)
    clear_work_folder(work)


#: Which modalities are shown, EEG and fMRI, by name.
MODALITIES: Mapping[str, tuple[bool, bool]] = {
    "eeg_and_fmri": (True, True),
    "eeg_only": (True, False),
    "fmri_only": (False, True),
}


def stage_every_way(network: SleepStagingNet, session: SleepSession, staged: Mapping[str, list[StagedSubject]]) -> None:
    """Stage a session with both modalities and with either alone, as far as it has them."""
    for name, (eeg, bold) in MODALITIES.items():
        if session.bold is not None or name == "eeg_only":
            staged[name].append(stage_session(network, session, eeg=eeg, bold=bold))


def new_network(training: Sequence[SleepSession]) -> SleepStagingNet:
    """Give a network with first weights by torch's seed, its regions joined as they are in the training runs."""
    runs = [session.bold.series for session in training if session.bold is not None]
    return SleepStagingNet(CONFIG, connectivity_weights(runs) if runs else None)


def fit(
    network: SleepStagingNet,
    sampler: SleepSampler,
    settings: LoopSettings,
    seed: int,
    *,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
) -> Iterator[TrainingProgress]:
    """Fit a network with cross-entropy; afterwards it holds the averaged weights, on the processor."""

    def loss_of(module: nn.Module, batch: SleepBatch) -> Tensor:
        *inputs, stage = batch
        return functional.cross_entropy(module(*inputs).logits, stage)

    def batch_at(step: int) -> SleepBatch:
        return sampler.batch(step, settings.batch_size)

    for report in descend(network, batch_at, loss_of, settings, seed=seed, device=device, checkpoint=checkpoint):
        yield TrainingProgress("training", report.step, report.n_steps, f"loss {report.loss:.3f}")
    network.to("cpu").eval()


def simulated_session(folder: Path | None, seed: int, n_epochs: int, *, rate_hz: float = RATE_HZ) -> SleepSession:
    """Simulate and prepare the sleeper of a seed, or give the one that is kept in the folder.

    Of four sleepers, one naps in the scanner as the subjects of ds003768 did, two are recorded there at night, one of
    them a child, and the fourth sleeps in a laboratory without fMRI, every other time with six electrodes only.
    """
    made_from = {"seed": seed, "epochs": n_epochs, "rate_hz": rate_hz, "network": asdict(CONFIG)}
    if folder is not None and (kept := find_session(folder / str(seed), made_from)) is not None:
        return kept
    case = simulate_sleeper(seed, n_epochs, rate_hz)
    left_out = frozenset[str]()
    if seed % 8 == 7:
        routine = (*PSG_ELECTRODES, "M1", "M2")
        left_out = frozenset(c.name for c in case.recording.channels if c.electrode and c.electrode not in routine)
    bold = None if case.bold is None else bold_run(BoldSignals(case.bold.series, case.bold.onset_s, case.bold.tr_s))
    session = prepare_session(str(seed), case.recording, case.hypnogram.stages, bold, exclude=left_out)
    if folder is not None:
        keep_session(folder / str(seed), session, made_from)
    return session


def simulate_sleeper(seed: int, n_epochs: int, rate_hz: float) -> SleepCase:
    """Simulate the sleeper of a seed, as `simulated_session` says who that is."""
    rng = np.random.default_rng((seed, n_epochs))
    setting = Setting.NIGHT if seed % 4 == 3 else Setting.SCANNER
    age_years = float(rng.uniform(5, 18)) if seed % 4 == 2 else None
    if seed % 4 == 0:
        stages = draw_stages(rng, n_epochs, NAP)
    else:
        first = int(rng.integers(NIGHT_EPOCHS - n_epochs))
        stages = draw_stages(rng, n_epochs, NIGHT, first_epoch=first, of_epochs=NIGHT_EPOCHS)
    patient = draw_sleeper(seed, setting, age_years=age_years)
    return simulate_sleep(seed, 0.0, rate_hz, stages=stages, patient=patient)


def fit_temperature(staged: Sequence[StagedSubject]) -> float:
    """Give the temperature that makes the probabilities of sleepers that training did not see most likely."""
    logits = np.concatenate([one.logits for one in staged])
    stage = np.concatenate([one.stage for one in staged])

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = logits * np.exp(-log_temperature)
        return float((logsumexp(scaled, axis=1) - scaled[np.arange(len(stage)), stage]).mean())

    return float(np.exp(minimize_scalar(negative_log_likelihood, bounds=(-3.0, 3.0), method="bounded").x))


def _write(
    folder: Path,
    network: SleepStagingNet,
    *,
    temperature: float,
    validated: Sequence[StagedSubject],
    tested: Mapping[str, Sequence[StagedSubject]],
    record: Mapping[str, Any],
) -> None:
    card = ModelCard(
        name=NAME,
        title="Gated EEG-fMRI sleep staging",
        version="1.0.0",
        inputs=INPUTS,
        outputs=OUTPUTS,
        events=None,
        calibration=_describe_calibration(temperature, validated),
        trained_on=(
            "Simulated sleepers, adults and children, most with simulated BOLD signals; the order and length of their "
            "stages as in hypnograms of people. No signal of a person was used; not clinically validated."
        ),
        simulated=True,
        metrics={
            "validation": describe_subjects(validated),
            "held_out": {
                "source": f"simulated sleepers that training never saw, recorded at {TEST_RATE_HZ:g} Hz",
                **{name: describe_subjects(staged) for name, staged in tested.items() if staged},
            },
            "fusion": describe_fusion(tested["eeg_and_fmri"]),
        },
        training=record,
        paper=PAPER,
        choices=dict(PROJECT_CHOICES),
    )
    write_package(
        folder,
        CalibratedStaging(network, temperature),
        example_inputs(INPUTS),
        network.state_dict(),
        card,
        blocks={"EEG encoder": ("network.eeg",), "fMRI encoder": ("network.bold",), "gate": ("network.fuse",)},
    )


def _describe_calibration(temperature: float, staged: Sequence[StagedSubject]) -> dict[str, Any]:
    """Tell how far the likeliest stage of each epoch can be taken at its word."""
    probability = softmax(np.concatenate([one.logits for one in staged]) / temperature, axis=1)
    stage = np.concatenate([one.stage for one in staged])
    bins = reliability_bins(probability.max(axis=1), probability.argmax(axis=1) == stage)
    return {
        "method": "temperature",
        "temperature": round(temperature, 4),
        "expected_calibration_error": round(expected_calibration_error(bins), 5),
        "epochs": len(stage),
        RELIABILITY: {"sleep_stage": describe_reliability(bins)},
    }


def _seeds(first: int, recipe: Recipe, count: int) -> range:
    begin = first + SEEDS_PER_RECIPE * recipe.seed
    return range(begin, begin + count)


def _describe_training(recipe: Recipe, n_steps: int) -> dict[str, Any]:
    """Tell what made the weights, so that the same command makes them again."""
    seeds = {
        "training_seeds": _seeds(TRAINING_SEEDS, recipe, recipe.n_patients),
        "validation_seeds": _seeds(VALIDATION_SEEDS, recipe, recipe.n_validation),
        "test_seeds": _seeds(TEST_SEEDS, recipe, recipe.n_test),
    }
    return {
        "recipe": _describe_recipe(recipe),
        "steps": n_steps,
        "epochs_seen": n_steps * recipe.loop.batch_size,
        **{name: [chosen[0], chosen[-1]] for name, chosen in seeds.items()},
        "machine": f"{recipe.device}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "repeatable": "bit for bit on one machine with the same threads and versions, if no time limit cut it short",
    }


def _describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """Give every value of the recipe as JSON, which has no infinity; a time limit is none of them."""
    fields = asdict(recipe)
    fields["loop"] = {name: value for name, value in fields["loop"].items() if name != "minutes_limit"}
    return {name: value for name, value in fields.items() if value != math.inf}
