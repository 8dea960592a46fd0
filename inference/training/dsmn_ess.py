"""The recipe of DSMN-ESS: from windows with labels and patients to a fitted network, split by patient."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.errors import TrainingError
from inference.models.dsmn_ess import ELECTRODES, SYNDROMES, DsmnConfig, DsmnEss, Task
from inference.runtime.cards import MAINS, MontageInputs
from inference.training.checkpoints import Checkpoint
from inference.training.loop import LoopSettings, descend
from inference.training.losses import LossSettings, multitask_loss
from inference.training.repeatable import make_repeatable

NAME = "dsmn-ess"
PAPER = "Cao et al. 2023, DSMN-ESS, IEEE Trans Instrum Meas 72, doi:10.1109/TIM.2023.3307724"
#: What the network is shown: sections II-B and III-A.
INPUTS = MontageInputs(
    eeg_electrodes=ELECTRODES,
    rate_hz=256.0,
    window_s=4.0,
    hop_s=2.0,
    lff_hz=1.0,
    hff_hz=70.0,
    notch_hz=MAINS,
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything besides the windows that decides what the network becomes (section II-G).

    ``training_share`` and ``validation_share`` are shares of each syndrome's patients; the rest is for testing.
    ``n_epochs`` is this project's choice; the epoch with the least loss on validation patients is kept.
    """

    seed: int = 0
    network: DsmnConfig = field(default_factory=DsmnConfig)
    loss: LossSettings = field(default_factory=LossSettings)
    n_epochs: int = 30
    batch_size: int = 32
    rate: float = 1e-3
    weight_decay: float = 5e-4
    epsilon: float = 1e-8
    training_share: float = 0.6
    validation_share: float = 0.2
    device: str = "cpu"
    n_threads: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWindows:
    """Windows of many patients.

    Attributes
    ----------
    eeg : (windows, electrodes, samples) float32, prepared as `INPUTS` says; may be mapped from disk.
    present : (windows, electrodes) float32, 1 where the electrode was recorded.
    syndrome : (windows,) int64, index in the network's syndromes; each patient has one.
    seizure : (windows,) int64, 1 in a seizure, 0 between seizures.
    patient : (windows,) int64, who each window is of.
    """

    eeg: NDArray[np.float32]
    present: NDArray[np.float32]
    syndrome: NDArray[np.int64]
    seizure: NDArray[np.int64]
    patient: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.patient)


class Split(NamedTuple):
    """Indices of windows; no patient is on two sides."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


class EpochReport(NamedTuple):
    """How an epoch went: mean losses, and whether its weights are the best so far."""

    epoch: int
    n_epochs: int
    training_loss: float
    validation_loss: float
    best: bool


class Prediction(NamedTuple):
    """What a network says about windows: each task's probabilities, (windows, classes), and the first block's channel
    weights, (windows, electrodes).
    """

    probability: dict[Task, NDArray[np.float32]]
    channel_weights: NDArray[np.float32]


def cut_windows(
    signals: NDArray[np.float32], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Cut prepared signals into windows of 4 s that overlap by half (section III-A), leaving out those with a gap.

    Parameters
    ----------
    signals : (electrodes, samples), prepared as `INPUTS` says.
    valid : (samples,) False in gaps.

    Returns
    -------
    (windows, electrodes, samples of a window), and the onset of each window in s from the first sample.
    """
    length, hop = round(INPUTS.window_s * INPUTS.rate_hz), round(INPUTS.hop_s * INPUTS.rate_hz)
    firsts = np.arange(0, signals.shape[1] - length + 1, hop)
    firsts = firsts[[bool(valid[first : first + length].all()) for first in firsts]]
    windows = np.zeros((len(firsts), len(signals), length), dtype=np.float32)
    for window, first in zip(windows, firsts, strict=True):
        window[:] = signals[:, first : first + length]
    return windows, firsts / INPUTS.rate_hz


def split_patients(windows: LabelledWindows, recipe: Recipe) -> Split:
    """Divide windows by patient, each syndrome's patients in the recipe's shares; the seed decides who goes where.

    Raises
    ------
    TrainingError
        A patient has windows of two syndromes, or a syndrome has fewer than three patients.
    """
    rng = np.random.default_rng(recipe.seed)
    sides: tuple[list[int], list[int], list[int]] = ([], [], [])
    for syndrome, patients in _patients_by_syndrome(windows).items():
        n_patients = len(patients)
        if n_patients < len(sides):
            raise TrainingError(
                f"{SYNDROMES[syndrome]} has {n_patients} patients; training, validation and test need one each."
            )
        n_validation = max(1, round(recipe.validation_share * n_patients))
        n_training = min(max(1, round(recipe.training_share * n_patients)), n_patients - n_validation - 1)
        for side, chosen in zip(
            sides, np.split(rng.permutation(patients), (n_training, n_training + n_validation)), strict=True
        ):
            side.extend(chosen.tolist())
    return Split(*(np.flatnonzero(np.isin(windows.patient, side)) for side in sides))


def _patients_by_syndrome(windows: LabelledWindows) -> dict[int, list[int]]:
    pairs = sorted({(int(s), int(p)) for s, p in zip(windows.syndrome, windows.patient, strict=True)})
    patients = [patient for _, patient in pairs]
    for patient in set(patients):
        if patients.count(patient) > 1:
            raise TrainingError(f"Patient {patient} has windows of more than one syndrome.")
    return {syndrome: [p for s, p in pairs if s == syndrome] for syndrome, _ in pairs}


def make_network(recipe: Recipe) -> DsmnEss:
    """Make the network with the weights that training begins with, and make everything in this process repeatable.

    Raises
    ------
    TrainingError
        The device is not there.
    """
    make_repeatable(recipe.seed, recipe.device, recipe.n_threads)
    return DsmnEss(recipe.network)


def fit(
    network: DsmnEss,
    windows: LabelledWindows,
    split: Split,
    recipe: Recipe,
    checkpoint: Checkpoint | None = None,
) -> Iterator[EpochReport]:
    """Fit a network, reporting after every epoch; afterwards it holds the best epoch's weights, on the processor.

    Adam with the paper's rate, weight decay and batch; each epoch shows every training window once, in an order that
    the seed decides. On a GPU matrix products are taken in bfloat16. The same recipe on the same machine gives the same
    weights bit for bit, also when it goes on from a checkpoint.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or the checkpoint is damaged or another training's.
    """
    set_standards(network.to(recipe.device), windows, split.training, recipe.device)
    n_batches = math.ceil(len(split.training) / recipe.batch_size)
    settings = LoopSettings(
        n_steps=recipe.n_epochs * n_batches,
        batch_size=recipe.batch_size,
        peak_rate=recipe.rate,
        warm_up_steps=0,
        schedule="constant",
        optimiser="adam",
        betas=(0.9, 0.999),
        weight_decay=recipe.weight_decay,
        clip_norm=math.inf,
        averaging=0.0,
        validate_every=n_batches,
    )

    def batch_at(step: int) -> _Batch:
        epoch, index = divmod(step, n_batches)
        order = np.random.default_rng((recipe.seed, 1, epoch)).permutation(split.training)
        return _draw(windows, order[index * recipe.batch_size :][: recipe.batch_size])

    def loss_of(_: nn.Module, batch: _Batch) -> Tensor:
        return _loss(network, batch, recipe)

    losses: list[float] = []
    for report in descend(
        network.body,
        batch_at,
        loss_of,
        settings,
        seed=recipe.seed,
        device=recipe.device,
        checkpoint=checkpoint,
        validate=lambda _: _measure_loss(network, windows, split.validation, recipe),
    ):
        losses.append(report.batch_loss)
        if report.validation is not None:
            yield EpochReport(
                report.step // n_batches, recipe.n_epochs, float(np.mean(losses)), report.validation, report.best
            )
            losses = []
    network.to("cpu").eval()


def set_standards(network: DsmnEss, windows: LabelledWindows, chosen: NDArray[np.int64], device: str = "cpu") -> None:
    """Measure mean and spread of each row's log power over the electrodes that were recorded in the chosen windows."""
    n_rows = network.config.spectrogram.n_rows
    total, squares, count = np.zeros(n_rows), np.zeros(n_rows), 0
    for batch in _batches(chosen, 256):
        eeg, present = _inputs(windows, batch, device)
        with torch.no_grad():
            power = network.front_end(eeg)[present > 0].double().reshape(-1, n_rows).cpu().numpy()
        total, squares, count = total + power.sum(0), squares + np.square(power).sum(0), count + len(power)
    mean = total / max(1, count)
    sd = np.sqrt(np.maximum(squares / max(1, count) - mean**2, 1e-12))
    network.body.set_standard(torch.from_numpy(mean).float(), torch.from_numpy(sd).float())


def predict(network: DsmnEss, windows: LabelledWindows, chosen: NDArray[np.int64], batch_size: int = 64) -> Prediction:
    """Run a network over chosen windows, on the processor."""
    network.eval()
    parts: dict[Task, list[Tensor]] = {task: [] for task in network.config.tasks}
    weights = []
    for batch in _batches(chosen, batch_size):
        with torch.no_grad():
            output = network(*_inputs(windows, batch, "cpu"))
        for task, logits in output.logits.items():
            parts[task].append(torch.softmax(logits, dim=-1))
        weights.append(output.channel_weights[:, 0])
    return Prediction({task: torch.cat(part).numpy() for task, part in parts.items()}, torch.cat(weights).numpy())


def _measure_loss(network: DsmnEss, windows: LabelledWindows, chosen: NDArray[np.int64], recipe: Recipe) -> float:
    """Measure the loss over batches as training has them, the same ones after every epoch."""
    order = np.random.default_rng((recipe.seed, 2)).permutation(chosen)
    batches = (_draw(windows, batch) for batch in _batches(order, recipe.batch_size))
    return float(np.mean([float(_loss(network, batch.to(recipe.device), recipe)) for batch in batches]))


class _Batch(NamedTuple):
    """Windows, which of their electrodes were recorded, and both labels."""

    eeg: Tensor
    present: Tensor
    syndrome: Tensor
    seizure: Tensor

    def to(self, device: str) -> "_Batch":
        """Give the batch on a device."""
        return _Batch(*(tensor.to(device) for tensor in self))


def _draw(windows: LabelledWindows, chosen: NDArray[np.int64]) -> _Batch:
    arrays = (windows.eeg, windows.present, windows.syndrome, windows.seizure)
    return _Batch(*(torch.from_numpy(np.asarray(array[chosen])) for array in arrays))


def _loss(network: DsmnEss, batch: _Batch, recipe: Recipe) -> Tensor:
    # Log power spans what bfloat16 cannot hold.
    with torch.no_grad(), torch.autocast(batch.eeg.device.type, enabled=False):
        log_power = network.front_end(batch.eeg)
    logits = cast("Mapping[Task, Tensor]", network.body(batch.eeg, log_power, batch.present).logits)
    labels: dict[Task, Tensor] = {"syndrome": batch.syndrome, "seizure": batch.seizure}
    return multitask_loss({task: values.float() for task, values in logits.items()}, labels, recipe.loss)


def _batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    return (order[first : first + size] for first in range(0, len(order), size))


def _inputs(windows: LabelledWindows, batch: NDArray[np.int64], device: str) -> tuple[Tensor, Tensor]:
    eeg, present = (torch.from_numpy(np.asarray(array[batch])) for array in (windows.eeg, windows.present))
    return eeg.to(device), present.to(device)
