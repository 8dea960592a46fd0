"""Fitting DSMN-ESS to labelled windows, and asking it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.errors import TrainingError
from inference.models.dsmn_ess import DsmnConfig, DsmnEss, Task
from inference.training.checkpoints import Checkpoint
from inference.training.dsmn_windows import UNCLEAR, LabelledWindows, Split
from inference.training.loop import LoopSettings, StepReport, descend
from inference.training.losses import LossSettings, multitask_loss
from inference.training.repeatable import make_repeatable

#: More would let the seeds of training and test children meet.
MAX_RECIPE_SEED: Final = 100
#: The standards of log power settle long before so many windows.
_WINDOWS_FOR_STANDARDS = 1024
#: Validation takes no more windows than this, the same ones every time.
_WINDOWS_FOR_VALIDATION = 1024


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what the network becomes (section II-G, and this project's choices).

    Batch, optimiser, rate and weight decay are the paper's; that the rate falls along half a cosine is this project's
    choice, as are the numbers of patients, windows and steps. The weights with the least loss on validation patients
    are kept. ``gain_sd`` is by how much the amplitude of a training window is varied, as a natural logarithm.
    ``max_false_per_hour`` is what the event rule may allow itself on the validation patients.
    """

    seed: int = 0
    network: DsmnConfig = field(default_factory=DsmnConfig)
    loss: LossSettings = field(default_factory=LossSettings)
    n_patients: int = 240
    patient_minutes: float = 2.5
    windows_per_patient: int = 24
    n_validation: int = 48
    n_test: int = 18
    test_minutes: float = 5.0
    n_steps: int = 600
    batch_size: int = 32
    rate: float = 1e-3
    warm_up_steps: int = 20
    weight_decay: float = 5e-4
    gain_sd: float = 0.15
    validate_every: int = 100
    max_false_per_hour: float = 6.0
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    device: str = "cpu"
    n_threads: int = 2
    minutes_limit: float = math.inf


class Prediction(NamedTuple):
    """What a network says about windows: each task's logits, (windows, classes), and the first block's channel
    weights, (windows, electrodes).
    """

    logits: dict[Task, NDArray[np.float32]]
    channel_weights: NDArray[np.float32]


def make_network(recipe: Recipe) -> DsmnEss:
    """Make the network with the weights that training begins with, and make everything in this process repeatable.

    Raises
    ------
    TrainingError
        The seed leaves the range in which training and test children never meet, or the device is not there.
    """
    if not 0 <= recipe.seed < MAX_RECIPE_SEED:
        raise TrainingError(f"The seed must be from 0 to {MAX_RECIPE_SEED - 1}, so that no test child is trained on.")
    make_repeatable(recipe.seed, recipe.device, recipe.n_threads)
    return DsmnEss(recipe.network)


def fit(
    network: DsmnEss,
    windows: LabelledWindows,
    split: Split,
    recipe: Recipe,
    checkpoint: Checkpoint | None = None,
) -> Iterator[StepReport]:
    """Fit a network, reporting after every step; afterwards it holds the weights that were best on validation.

    Every training window is shown once before any is shown again, in an order that the seed decides. The same recipe on
    the same machine gives the same weights bit for bit, also when it goes on from a checkpoint. Windows on the edge of
    a seizure are left out.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or the checkpoint is damaged or another training's.
    """
    training, validation = (side[windows.seizure[side] != UNCLEAR] for side in (split.training, split.validation))
    set_standards(network, windows, np.random.default_rng((recipe.seed, 3)).permutation(training))
    _put_features_last(network)
    settings = LoopSettings(
        n_steps=recipe.n_steps,
        batch_size=recipe.batch_size,
        peak_rate=recipe.rate,
        warm_up_steps=recipe.warm_up_steps,
        optimiser="adam",
        betas=(0.9, 0.999),
        weight_decay=recipe.weight_decay,
        clip_norm=math.inf,
        averaging=0.0,
        validate_every=recipe.validate_every,
        precision=recipe.precision,
        minutes_limit=recipe.minutes_limit,
    )
    shown = np.random.default_rng((recipe.seed, 2)).permutation(validation)[:_WINDOWS_FOR_VALIDATION]

    def batch_at(step: int) -> _Batch:
        rng = np.random.default_rng((recipe.seed, step))
        batch = _draw(windows, _at_step(training, recipe, step))
        gain = np.exp(recipe.gain_sd * rng.standard_normal(len(batch.eeg))).astype(np.float32)
        return batch._replace(eeg=batch.eeg * torch.from_numpy(gain)[:, None, None])

    def loss_of(body: nn.Module, batch: _Batch) -> Tensor:
        return _loss(network.front_end, body, batch, recipe.loss)

    def validate(body: nn.Module) -> float:
        # Batches of four: a pair of a seizure and none is what the area under the curve is made of.
        losses = [
            _loss(network.front_end, body, _draw(windows, chosen).to(recipe.device), recipe.loss).item()
            for chosen in np.array_split(shown, math.ceil(len(shown) / (4 * recipe.batch_size)))
        ]
        return float(np.mean(losses))

    network.to(recipe.device)
    yield from descend(
        network.body,
        batch_at,
        loss_of,
        settings,
        seed=recipe.seed,
        device=recipe.device,
        checkpoint=checkpoint,
        validate=validate,
    )
    network.to("cpu").eval()


def set_standards(network: DsmnEss, windows: LabelledWindows, chosen: NDArray[np.int64]) -> None:
    """Measure mean and spread of each row's log power over the recorded electrodes of the first of the windows."""
    n_rows = network.config.spectrogram.n_rows
    total, squares, count = np.zeros(n_rows), np.zeros(n_rows), 0
    for batch in _batches(chosen[:_WINDOWS_FOR_STANDARDS], 256):
        eeg, present, *_ = _draw(windows, batch)
        with torch.no_grad():
            power = network.front_end(eeg)[present > 0].double().reshape(-1, n_rows).numpy()
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
        eeg, present, *_ = _draw(windows, batch)
        with torch.no_grad():
            output = network(eeg, present)
        for task, logits in output.logits.items():
            parts[task].append(logits)
        weights.append(output.channel_weights[:, 0])
    return Prediction({task: torch.cat(part).numpy() for task, part in parts.items()}, torch.cat(weights).numpy())


class _Batch(NamedTuple):
    """Windows, which of their electrodes were recorded, and both labels."""

    eeg: Tensor
    present: Tensor
    syndrome: Tensor
    seizure: Tensor

    def to(self, device: str) -> "_Batch":
        """Give the batch on a device."""
        return _Batch(*(tensor.to(device) for tensor in self))


def _at_step(training: NDArray[np.int64], recipe: Recipe, step: int) -> NDArray[np.int64]:
    """Give the windows of a step: the next ones of the epoch that it lies in."""
    n_batches = max(1, len(training) // recipe.batch_size)
    epoch, index = divmod(step, n_batches)
    order: NDArray[np.int64] = np.random.default_rng((recipe.seed, 1, epoch)).permutation(training)
    return order[index * recipe.batch_size :][: recipe.batch_size]


def _draw(windows: LabelledWindows, chosen: NDArray[np.int64]) -> _Batch:
    eeg = torch.from_numpy(np.asarray(windows.eeg[chosen], dtype=np.float32))
    others = (windows.present, windows.syndrome, windows.seizure)
    return _Batch(eeg, *(torch.from_numpy(np.asarray(array[chosen])) for array in others))


def _loss(front_end: nn.Module, body: nn.Module, batch: _Batch, settings: LossSettings) -> Tensor:
    # Log power spans what bfloat16 cannot hold.
    with torch.no_grad(), torch.autocast(batch.eeg.device.type, enabled=False):
        log_power = front_end(batch.eeg)
    logits = cast("Mapping[Task, Tensor]", body(batch.eeg, log_power, batch.present).logits)
    labels: dict[Task, Tensor] = {"syndrome": batch.syndrome, "seizure": batch.seizure}
    return multitask_loss({task: values.float() for task, values in logits.items()}, labels, settings)


def _put_features_last(network: DsmnEss) -> None:
    """Lay the convolutions out in memory with the features last, which on a processor takes two thirds of the time."""
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        elif isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    return (order[first : first + size] for first in range(0, len(order), size))
