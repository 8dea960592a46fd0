"""Training of the focus-localisation network on labelled channels: pre-training, joint training, fine-tuning.

Source: Yang et al. 2023, Front. Comput. Neurosci. 17:1294770, sections 3.2.1.6 and 3.2.2. The paper trains 100 epochs
of Adam at 5e-4 with batches of 100; the settings' defaults are this project's, for two CPU cores.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, whiten
from scipy.signal import welch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.focus_localisation import (
    FocusLocalisation,
    class_weights,
    fine_tuning_loss,
    freeze_extractor,
    joint_loss,
)
from inference.training.loop import LoopSettings, descend


@dataclass(frozen=True, slots=True)
class FocusTraining:
    """How the network is fitted; the same seed gives the same weights on one machine with one number of threads.

    ``noise`` is the largest standard deviation of white noise added to a window, as a share of the window's own.
    """

    n_steps: int = 200
    batch_size: int = 32
    peak_rate: float = 3e-3
    weight_decay: float = 0.01
    noise: float = 0.1
    seed: int = 0


class FocusBatch(NamedTuple):
    """Chosen channels, (batch,), and a window of each, (batch, samples)."""

    chosen: Tensor
    windows: Tensor


class WindowDraws:
    """Draws random windows of channels, each class equally often, turned upside down by chance and with some noise."""

    def __init__(
        self, signals: NDArray[np.float32], label: NDArray[np.int64], n_samples: int, settings: FocusTraining
    ) -> None:
        self.signals, self.n_samples, self.settings = signals, n_samples, settings
        self.of_class = [np.flatnonzero(label == index) for index in np.unique(label)]

    def batch(self, step: int) -> "FocusBatch":
        """Give the windows of a step, from 0; the same every time."""
        rng = np.random.default_rng((self.settings.seed, step))
        size, n_classes = self.settings.batch_size, len(self.of_class)
        classes = rng.permutation(np.arange(max(size, n_classes)) % n_classes)[:size]
        chosen = np.array([rng.choice(self.of_class[index]) for index in classes])
        return FocusBatch(torch.from_numpy(chosen), torch.from_numpy(self._windows(chosen, rng)))

    def _windows(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        starts = rng.integers(self.signals.shape[1] - self.n_samples + 1, size=len(chosen))
        windows = np.stack(
            [self.signals[i, start : start + self.n_samples] for i, start in zip(chosen, starts, strict=True)]
        )
        windows = windows * rng.choice(np.array([-1.0, 1.0], np.float32), size=(len(chosen), 1))
        deviation = windows.std(axis=1, keepdims=True) * rng.uniform(0, self.settings.noise, size=(len(chosen), 1))
        noisy: NDArray[np.float32] = (windows + deviation * rng.standard_normal(windows.shape)).astype(np.float32)
        return noisy


def fit_jointly(
    network: FocusLocalisation,
    signals: NDArray[np.float32],
    label: NDArray[np.int64],
    patient: NDArray[np.int64],
    settings: FocusTraining,
) -> None:
    """Fit the whole network with the joint loss of equation 11.

    Parameters
    ----------
    signals : (channels, samples) at the network's rate.
    label, patient : (channels,) indices of class and of patient, or of what stands for one.
    """
    torch.manual_seed(settings.seed)
    network.requires_grad_(True).train()
    draws = WindowDraws(signals, label, network.config.window_samples, settings)

    labels, patients = torch.from_numpy(label), torch.from_numpy(patient)

    def loss_of(_: nn.Module, batch: FocusBatch) -> Tensor:
        return joint_loss(network.train_outputs(batch.windows), labels[batch.chosen], patients[batch.chosen])

    _descend(network, draws, loss_of, settings)


def fine_tune(
    network: FocusLocalisation, signals: NDArray[np.float32], label: NDArray[np.int64], settings: FocusTraining
) -> None:
    """Fit the category classifier alone, with the weighted cross-entropy of equation 14."""
    torch.manual_seed(settings.seed)
    freeze_extractor(network)
    labels = torch.from_numpy(label)
    weights = class_weights(labels)
    # Every channel is drawn equally often: it is the loss that balances the classes.
    draws = WindowDraws(signals, np.zeros_like(label), network.config.window_samples, settings)

    def loss_of(_: nn.Module, batch: FocusBatch) -> Tensor:
        return fine_tuning_loss(network(batch.windows), labels[batch.chosen], weights)

    _descend(network.classifier, draws, loss_of, settings)


def pretrain_by_identity(network: FocusLocalisation, signals: NDArray[np.float32], settings: FocusTraining) -> None:
    """Teach the extractor to tell recordings apart, which needs no label: from which channel does a window come.

    This project's own step, not the paper's; the linear head that answers is thrown away.
    """
    torch.manual_seed(settings.seed)
    network.requires_grad_(True).train()
    head = nn.Linear(network.config.n_features, len(signals))
    draws = WindowDraws(signals, np.arange(len(signals)), network.config.window_samples, settings)

    def loss_of(_: nn.Module, batch: FocusBatch) -> Tensor:
        return functional.cross_entropy(head(network.extract(batch.windows)), batch.chosen)

    _descend(nn.ModuleList((network, head)), draws, loss_of, settings)


def predict_log_odds(network: FocusLocalisation, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the log odds of "focal" for each channel, (channels,): the mean over its half-overlapping windows."""
    return np.array([float(values.mean()) for values in _over_windows(network, signals, _log_odds_by(network))])


def embed(network: FocusLocalisation, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the extractor's features of each channel, (channels, 2 * n_features): mean and deviation over windows."""
    summaries = []
    for features in _over_windows(network, signals, network.extract):
        summaries.append(torch.cat((features.mean(dim=0), features.std(dim=0, correction=0))).numpy())
    return np.stack(summaries)


def stand_in_patients(signals: NDArray[np.float32], rate_hz: float, n_patients: int, seed: int) -> NDArray[np.int64]:
    """Give a number from 0 to ``n_patients`` - 1 to each channel by clustering the shapes of their spectra.

    Corpora without patient numbers leave the patient discriminator nothing else to be trained on.
    """
    frequency, power = welch(signals, rate_hz, nperseg=round(2 * rate_hz), axis=-1)
    shape = np.log(power[:, (frequency >= 0.5) & (frequency <= 80.0)] + 1e-9)
    shape = shape - shape.mean(axis=1, keepdims=True)
    _, cluster = kmeans2(whiten(shape), n_patients, minit="++", rng=np.random.default_rng(seed))
    return cluster.astype(np.int64)


def _descend(
    module: nn.Module,
    draws: WindowDraws,
    loss_of: Callable[[nn.Module, FocusBatch], Tensor],
    settings: FocusTraining,
) -> None:
    """Follow the loss down with AdamW; the rate rises for a tenth of the steps, then falls along half a cosine."""
    loop = LoopSettings(
        n_steps=settings.n_steps,
        batch_size=settings.batch_size,
        peak_rate=settings.peak_rate,
        warm_up_steps=max(1, settings.n_steps // 10),
        weight_decay=settings.weight_decay,
        averaging=0.0,
        betas=(0.9, 0.999),
    )
    for _ in descend(module, draws.batch, loss_of, loop, seed=settings.seed):
        pass


def _log_odds_by(network: FocusLocalisation) -> Callable[[Tensor], Tensor]:
    def log_odds(windows: Tensor) -> Tensor:
        logits = network(windows)
        difference: Tensor = logits[:, 1] - logits[:, 0]
        return difference

    return log_odds


def _over_windows(
    network: FocusLocalisation, signals: NDArray[np.float32], values_of: Callable[[Tensor], Tensor]
) -> Iterator[Tensor]:
    """Give the values of the half-overlapping windows of one channel after the other, in double precision."""
    network.eval()
    n_samples = network.config.window_samples
    with torch.no_grad():
        for signal in signals:
            windows = torch.from_numpy(np.ascontiguousarray(signal)).unfold(0, n_samples, n_samples // 2)
            yield values_of(windows).double()
