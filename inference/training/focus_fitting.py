"""Fitting the focus-localisation network to labelled channels: pre-training, joint training, fine-tuning.

Source: Yang et al. 2023, Front. Comput. Neurosci. 17:1294770, sections 3.2.1.6 and 3.2.2. The paper trains 100 epochs
of Adam at 5e-4 with batches of 100; the settings' defaults are this project's, for two CPU cores.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, whiten
from scipy.signal import welch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.style_randomisation import restyle, style_of
from inference.models.focus_localisation import (
    FocusLocalisation,
    class_weights,
    fine_tuning_loss,
    freeze_extractor,
    joint_loss,
)
from inference.training.loop import LoopSettings, descend

#: Windows that go through the convolutions at once: more would leave the processor's cache.
_AT_ONCE = 16
_IDENTITY_SCALE, _IDENTITY_MARGIN = 30.0, 0.15


@dataclass(frozen=True, slots=True)
class FocusTraining:
    """How the network is fitted; the same seed gives the same weights on one machine with one number of threads.

    ``noise`` is the largest standard deviation of white noise added to a window, as a share of the window's own;
    ``precision`` is that of the matrix products, as `LoopSettings` has it.
    """

    n_steps: int = 200
    batch_size: int = 32
    peak_rate: float = 3e-3
    weight_decay: float = 0.01
    noise: float = 0.1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0


class FocusBatch(NamedTuple):
    """Chosen channels, (batch,), and a window of each: its samples, (batch, samples), or its number, (batch,)."""

    chosen: Tensor
    windows: Tensor


class PooledWindows(NamedTuple):
    """What the convolutions find in some windows of every channel, computed once where they are not trained.

    ``plain`` and ``restyled`` are (windows, channels, n_pooled); ``donors``, (windows, channels), are the channels
    whose style the twins wear.
    """

    plain: Tensor
    restyled: Tensor
    donors: Tensor


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

    _descend(network, draws.batch, loss_of, settings)


def pool_windows(network: FocusLocalisation, signals: NDArray[np.float32], n_windows: int, seed: int) -> PooledWindows:
    """Run the convolutions over evenly spaced windows of every channel, and over twins in another channel's style.

    Every channel is looked at alone, but for the two numbers of each sub-band that its twin takes from its donor.
    """
    network.eval()
    n_samples, rng = network.config.window_samples, np.random.default_rng(seed)
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    with torch.no_grad():
        for start in np.linspace(0, signals.shape[1] - n_samples, n_windows).astype(int):
            windows = torch.from_numpy(np.ascontiguousarray(signals[:, start : start + n_samples]))
            sub_bands = torch.cat([network.embedding(part) for part in torch.split(windows, _AT_ONCE)])
            # Anybody but oneself.
            donors = torch.from_numpy(np.arange(len(signals)) + rng.integers(1, len(signals), len(signals)))
            donors = donors % len(signals)
            mean, deviation = style_of(sub_bands)
            twins = restyle(sub_bands, mean[donors], deviation[donors], network.config.style)
            parts.append((_pool(network, sub_bands), _pool(network, twins), donors))
    plain, restyled, donors = (torch.stack(rows) for rows in zip(*parts, strict=True))
    return PooledWindows(plain, restyled, donors)


def _pooled_batches(n_channels: int, n_windows: int, settings: FocusTraining) -> Callable[[int], FocusBatch]:
    """Draw channels without putting any back, and one of the windows of each."""

    def batch_at(step: int) -> FocusBatch:
        rng = np.random.default_rng((settings.seed, step))
        drawn = rng.permutation(n_channels)[: settings.batch_size]
        return FocusBatch(torch.from_numpy(drawn), torch.from_numpy(rng.integers(n_windows, size=len(drawn))))

    return batch_at


def _pool(network: FocusLocalisation, sub_bands: Tensor) -> Tensor:
    return torch.cat([network.features(part) for part in torch.split(sub_bands, _AT_ONCE)])


def fit_late_layers(
    network: FocusLocalisation,
    pooled: PooledWindows,
    chosen: NDArray[np.int64],
    label: NDArray[np.int64],
    *,
    patient: NDArray[np.int64],
    settings: FocusTraining,
) -> None:
    """Fit everything behind the convolutions with the joint loss of equation 11: some milliseconds a step.

    Parameters
    ----------
    pooled : of `pool_windows`, of more channels than are trained on.
    chosen : (channels,) the channels to train on; twins that wear another channel's style are left out.
    label, patient : (channels,) of the chosen ones.
    """
    torch.manual_seed(settings.seed)
    channels, labels, patients = (torch.from_numpy(values) for values in (chosen, label, patient))
    within = torch.isin(pooled.donors[:, channels], channels)

    def loss_of(_: nn.Module, batch: FocusBatch) -> Tensor:
        rows, windows = channels[batch.chosen], batch.windows
        restyled = pooled.restyled[windows, rows] if network.config.style_randomisation else None
        outputs = network.judge(pooled.plain[windows, rows], restyled)
        return joint_loss(outputs, labels[batch.chosen], patients[batch.chosen], within[windows, batch.chosen])

    late = nn.ModuleList((network.mixing, network.classifier, network.patient_discriminator))
    late.requires_grad_(True)
    _descend(late, _pooled_batches(len(chosen), len(pooled.plain), settings), loss_of, settings)


def fine_tune(
    network: FocusLocalisation,
    pooled: PooledWindows,
    chosen: NDArray[np.int64],
    label: NDArray[np.int64],
    settings: FocusTraining,
) -> None:
    """Fit the category classifier alone, with the weighted cross-entropy of equation 14.

    The extractor is frozen, so that what it finds is computed once. Every channel is drawn equally often: it is the
    loss that balances the classes. Parameters as for `fit_late_layers`.
    """
    torch.manual_seed(settings.seed)
    freeze_extractor(network)
    channels, labels = torch.from_numpy(chosen), torch.from_numpy(label)
    weights = class_weights(labels)
    with torch.no_grad():
        features = torch.stack([network.mixing(rows[channels])[0] for rows in pooled.plain])

    def loss_of(_: nn.Module, batch: FocusBatch) -> Tensor:
        logits = network.classifier(features[batch.windows, batch.chosen])
        return fine_tuning_loss(logits, labels[batch.chosen], weights)

    _descend(network.classifier, _pooled_batches(len(chosen), len(features), settings), loss_of, settings)


def pretrain_by_identity(network: FocusLocalisation, signals: NDArray[np.float32], settings: FocusTraining) -> None:
    """Teach the extractor to tell recordings apart, which needs no label: from which channel does a window come.

    This project's own step, not the paper's. As speakers are told apart by their voices (Wang et al. 2018, IEEE Signal
    Process. Lett. 25:926): by the cosine between features and a direction for each channel, which the right one must
    exceed by a margin. The directions are thrown away.
    """
    torch.manual_seed(settings.seed)
    network.requires_grad_(True).train()
    head = nn.Linear(network.config.mixed_width, len(signals), bias=False)
    draws = WindowDraws(signals, np.arange(len(signals)), network.config.segment_samples, settings)

    def loss_of(_: nn.Module, batch: FocusBatch) -> Tensor:
        features = functional.normalize(network.extract(batch.windows).float(), dim=-1)
        cosine = features @ functional.normalize(head.weight, dim=-1).T
        margin = _IDENTITY_MARGIN * functional.one_hot(batch.chosen, len(signals))
        return functional.cross_entropy(_IDENTITY_SCALE * (cosine - margin), batch.chosen)

    _descend(nn.ModuleList((network, head)), draws.batch, loss_of, settings)


def predict_log_odds(network: FocusLocalisation, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the log odds of "focal" for each channel, (channels,): the mean over its half-overlapping windows."""
    n_samples = network.config.window_samples
    logits = (network(windows) for windows in _windows(network, signals, n_samples))
    with torch.no_grad():
        return np.array([float((rows[:, 1] - rows[:, 0]).double().mean()) for rows in logits])


def predict_pooled_log_odds(network: FocusLocalisation, pooled: PooledWindows) -> NDArray[np.float64]:
    """Give the log odds of "focal" for each channel, (channels,), from windows whose convolutions are done."""
    network.eval()
    with torch.no_grad():
        logits = torch.stack([network.judge(rows).logits for rows in pooled.plain])
    return (logits[..., 1] - logits[..., 0]).double().mean(dim=0).numpy()


def embed(network: FocusLocalisation, signals: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give what the convolutions find in each channel, (channels, 2 * n_pooled): mean and deviation over segments."""
    summaries = []
    with torch.no_grad():
        for windows in _windows(network, signals, network.config.segment_samples):
            features = network.pool(windows).double()
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
    batch_at: Callable[[int], FocusBatch],
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
        precision=settings.precision,
    )
    for _ in descend(module, batch_at, loss_of, loop, seed=settings.seed):
        pass


def _windows(network: FocusLocalisation, signals: NDArray[np.float32], n_samples: int) -> Iterator[Tensor]:
    """Give the half-overlapping windows of one channel after the other, (windows, samples)."""
    network.eval()
    for signal in signals:
        yield torch.from_numpy(np.ascontiguousarray(signal)).unfold(0, n_samples, n_samples // 2)
