"""DSMN-ESS: tells six epilepsy syndromes of childhood apart and detects seizures, from one network.

Source: Cao et al. 2023, IEEE Trans Instrum Meas 72, doi:10.1109/TIM.2023.3307724. The paper fixes two streams (an LSTM
with a 2-D network on the signals, a 3-D network on their spectrograms), the channel weights, the information-sharing
gate, 21 electrodes, windows of 4 s and 2.20 M parameters at 2.06 GFLOPs. Every value it does not give is this project's
choice, and `PROJECT_CHOICES` names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from inference.models.blocks.channel_weights import ChannelWeightUpdate
from inference.models.blocks.pooled_convolution import PooledConvolution2d, PooledConvolution3d, initialise_before_tanh
from inference.models.blocks.sharing_gate import share_information
from inference.models.blocks.spectrogram import Spectrogram, SpectrogramConfig

Task = Literal["syndrome", "seizure"]
#: The first stream looks at the signals over time, the second at their spectrograms.
Stream = Literal["time", "spectrum"]

#: The electrodes of section III-A in the paper's order, T3 to T6 by their present names; neighbours in this list are
#: neighbours of the convolutions.
ELECTRODES = (
    *("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "F7"),
    *("F8", "T7", "T8", "P7", "P8", "A1", "A2", "Fz", "Cz", "Pz"),
)
#: Figure 15: electrodes to which the trained network paid attention (called seven there, but eight are named) ...
GOOD_ELECTRODES = ("Fp1", "C3", "C4", "O1", "T7", "T8", "Cz", "Pz")
#: ... and electrodes to which it did not.
POOR_ELECTRODES = ("Fp2", "F3", "F4", "P4", "O2", "F8", "Fz")
SYNDROMES = ("EIEE", "WEST", "CAE", "FS+", "BECT", "CSWS")
STATES = ("interictal", "seizure")
CLASSES: Mapping[Task, tuple[str, ...]] = MappingProxyType({"syndrome": SYNDROMES, "seizure": STATES})
#: Log power farther from the training patients' mean tells nothing more: a filter's stop band, a dead electrode.
FARTHEST_SD = 5.0

#: What the paper leaves open and this project chose.
PROJECT_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "rate_hz": "256 Hz (the paper records at 1000 Hz and keeps 1-70 Hz)",
        "lstm": "one layer of 32 for every electrode alone, a step every 31.25 ms (8 samples), weights shared",
        "2d_network": "4 blocks of 32, 64, 64 and 64 features over electrodes x time; the LSTM's enter",
        "3d_network": "4 blocks of 32, 64, 128 and 256 features over electrodes x time x frequency; one feature enters",
        "pooling": "maximum of 2 over time and frequency in every block and over what is left at the end, "
        "never over electrodes",
        "spectrogram": "Hamming window of 1 s every 125 ms, whole hertz from 1 to 70 averaged into 32 rows; "
        "natural logarithm of the power, standardised for each row",
        "channel_weights": "one module after each of the four blocks, squeezed over time and by learned shares of the "
        "features; the first block's are shown, as in figure 14",
        "sharing_gate": "both ways, each from the features before any sharing; ReLU where equation 13 prints a sigmoid",
        "classifier": "features of both streams side by side, dropout of 0.25, a shared layer of 128, 64 for each task",
        "flops": "a multiplication and an addition are two operations, as PyTorch counts them",
        "missing_channels": "masked: signal, log power and channel weight are 0",
        "split": "by patient (the paper says 6:2:2 and not by what)",
        "learning_rate": "the paper's 1e-3 after a short warm-up, falling along half a cosine",
        "edges": "windows that hold less than half of a seizure and are less than half full of it belong to neither "
        "class of the second task",
    }
)


@dataclass(frozen=True, slots=True)
class DsmnConfig:
    """The shape of the network; the defaults are the paper's, the tables' ablations are in `ABLATIONS`.

    Raises
    ------
    ValueError
        One stream cannot weigh the electrodes of the other where there is no other.
    """

    electrodes: tuple[str, ...] = ELECTRODES
    tasks: tuple[Task, ...] = ("syndrome", "seizure")
    streams: tuple[Stream, ...] = ("time", "spectrum")
    weigh_channels: bool = True
    share_information: bool = True
    window_samples: int = 1024
    step_samples: int = 8
    spectrogram: SpectrogramConfig = field(default_factory=SpectrogramConfig)
    lstm_width: int = 32
    widths_2d: tuple[int, ...] = (32, 64, 64, 64)
    widths_3d: tuple[int, ...] = (32, 64, 128, 256)
    expansion: int = 16
    shared_width: int = 128
    task_width: int = 64
    dropout: float = 0.25

    def __post_init__(self) -> None:
        if self.weigh_channels and len(self.streams) < 2:
            raise ValueError(f"channel weights need both streams, not {self.streams} alone")


_FULL = DsmnConfig()
#: The rows of the paper's table II, the single tasks of figure 11 and the electrode sets of figure 15; and, which the
#: paper does not have, each stream alone.
ABLATIONS: Mapping[str, DsmnConfig] = MappingProxyType(
    {
        "full": _FULL,
        "no channel weights": replace(_FULL, weigh_channels=False),
        "no sharing gate": replace(_FULL, share_information=False),
        "syndrome only": replace(_FULL, tasks=("syndrome",)),
        "seizure only": replace(_FULL, tasks=("seizure",)),
        "time only": replace(_FULL, streams=("time",), weigh_channels=False),
        "spectrum only": replace(_FULL, streams=("spectrum",), weigh_channels=False),
        "good electrodes": replace(_FULL, electrodes=GOOD_ELECTRODES, weigh_channels=False),
        "poor electrodes": replace(_FULL, electrodes=POOR_ELECTRODES, weigh_channels=False),
    }
)


class DsmnOutput(NamedTuple):
    """What the network says about windows.

    Attributes
    ----------
    logits : for each task that the network has, (batch, classes of `CLASSES`).
    channel_weights : (batch, blocks, electrodes) from 0 to 1, the first block first; 1 throughout in a network without
        channel weights, and 0 where an electrode is missing.
    """

    logits: dict[Task, Tensor]
    channel_weights: Tensor


class DsmnEss(nn.Module):
    """The network: ``front_end`` turns signals into spectrograms, ``body`` looks at both (figure 1)."""

    def __init__(self, config: DsmnConfig | None = None) -> None:
        super().__init__()
        self.config = config or DsmnConfig()
        self.front_end = Spectrogram(self.config.spectrogram)
        self.body = Body(self.config)

    def forward(self, eeg: Tensor, present: Tensor) -> DsmnOutput:
        """Judge windows.

        Parameters
        ----------
        eeg : (batch, electrodes, samples), prepared as the card says; a missing electrode is 0.
        present : (batch, electrodes), 1 where the electrode was recorded, 0 where it is missing.
        """
        output: DsmnOutput = self.body(eeg, self.front_end(eeg), present)
        return output


class Body(nn.Module):
    """Everything that learns: from signals and spectrograms to logits."""

    def __init__(self, config: DsmnConfig) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(config.spectrogram.n_rows))
        self.register_buffer("sd", torch.ones(config.spectrogram.n_rows))
        follows_time = "time" in config.streams
        self.rhythm = ElectrodeLstm(config.step_samples, config.lstm_width) if follows_time else None
        self.streams = DualStream(config)
        widths: Mapping[Stream, int] = {"time": config.widths_2d[-1], "spectrum": config.widths_3d[-1]}
        n_fused = len(config.electrodes) * sum(widths[stream] for stream in config.streams)
        self.classifier = Classifier(config, n_fused)

    def set_standard(self, mean: Tensor, sd: Tensor) -> None:
        """Set what log power is standardised by, each (rows,), measured on the training patients."""
        cast("Tensor", self.mean).copy_(mean)
        cast("Tensor", self.sd).copy_(sd)

    def forward(self, eeg: Tensor, log_power: Tensor, present: Tensor) -> DsmnOutput:
        """Judge windows by signals (batch, electrodes, samples) and log power (batch, electrodes, columns, rows)."""
        mean, sd = cast("Tensor", self.mean), cast("Tensor", self.sd)
        standard = ((log_power - mean) / sd).clamp(-FARTHEST_SD, FARTHEST_SD) * present[:, :, None, None]
        over_time = eeg
        if self.rhythm is not None:
            over_time = self.rhythm(eeg * present[:, :, None]) * present[:, None, :, None]
        fused, weights = self.streams(over_time, standard.unsqueeze(1), present)
        return DsmnOutput(self.classifier(fused), weights)


class ElectrodeLstm(nn.Module):
    """Follow every electrode through time, each by itself and all with the same weights.

    Source: section II-C, equations 3 to 8. A step takes ``step_samples`` samples, so that 4 s are 128 steps.
    """

    def __init__(self, step_samples: int, width: int) -> None:
        super().__init__()
        self.step_samples = step_samples
        self.lstm = nn.LSTM(step_samples, width, batch_first=True)

    def forward(self, eeg: Tensor) -> Tensor:
        """Give the state after every step, (batch, width, electrodes, steps), from (batch, electrodes, samples)."""
        n_electrodes, n_samples = eeg.shape[1:]
        states, _ = self.lstm(eeg.reshape(-1, n_samples // self.step_samples, self.step_samples))
        shaped: Tensor = states.unflatten(0, (-1, n_electrodes)).permute(0, 3, 1, 2)
        return shaped


class DualStream(nn.Module):
    """The 2-D and the 3-D network side by side; after each block the first weighs the electrodes of the second.

    Source: figure 1, sections II-D and II-E. A configuration may leave out either of them.
    """

    def __init__(self, config: DsmnConfig) -> None:
        super().__init__()
        n_electrodes = len(config.electrodes)
        inputs_2d = (config.lstm_width, *config.widths_2d[:-1])
        inputs_3d = (1, *config.widths_3d[:-1])
        blocks_2d = map(PooledConvolution2d, inputs_2d, config.widths_2d)
        blocks_3d = map(PooledConvolution3d, inputs_3d, config.widths_3d)
        self.over_time = nn.ModuleList(blocks_2d if "time" in config.streams else ())
        self.spectral = nn.ModuleList(blocks_3d if "spectrum" in config.streams else ())
        updates = (ChannelWeightUpdate(width, n_electrodes, config.expansion) for width in config.widths_2d)
        self.updates = nn.ModuleList(updates if config.weigh_channels else ())

    def forward(self, over_time: Tensor, spectral: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Give both streams' features side by side, (batch, features), and the weights (batch, blocks, electrodes).

        Parameters
        ----------
        over_time : (batch, features, electrodes, steps).
        spectral : (batch, 1, electrodes, columns, rows).
        present : (batch, electrodes).
        """
        weights = []
        for block_2d, block_3d, update in zip_longest(self.over_time, self.spectral, self.updates):
            over_time = over_time if block_2d is None else block_2d(over_time)
            spectral = spectral if block_3d is None else block_3d(spectral)
            block_weights = present
            if update is not None:
                spectral, block_weights = update(over_time, spectral, present)
            weights.append(block_weights)
        strongest = [over_time.amax(dim=-1)] if self.over_time else []
        strongest += [spectral.amax(dim=(-2, -1))] if self.spectral else []
        return torch.cat(strongest, dim=1).flatten(1), torch.stack(weights, dim=1)


class Classifier(nn.Module):
    """The full connection module: one shared layer, one layer for each task, the gate between them, the decisions.

    Source: figures 1 and 7, section II-E. With a single task there is nothing to share.
    """

    def __init__(self, config: DsmnConfig, n_fused: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.shared = nn.Linear(n_fused, config.shared_width)
        self.own = nn.ModuleDict({task: nn.Linear(config.shared_width, config.task_width) for task in config.tasks})
        self.decide = nn.ModuleDict({task: nn.Linear(config.task_width, len(CLASSES[task])) for task in config.tasks})
        self.share_information = config.share_information
        for layer in (self.shared, *self.own.values()):
            initialise_before_tanh(cast("nn.Linear", layer))

    def forward(self, fused: Tensor) -> dict[Task, Tensor]:
        """Give each task's logits, (batch, classes), from the features of both streams, (batch, features)."""
        shared = torch.tanh(self.shared(self.dropout(fused)))
        own = {cast("Task", task): torch.tanh(layer(shared)) for task, layer in self.own.items()}
        if self.share_information:
            own = {task: _receive(features, task, own) for task, features in own.items()}
        return {task: self.decide[task](features) for task, features in own.items()}


def _receive(features: Tensor, task: Task, every: Mapping[Task, Tensor]) -> Tensor:
    """Give a task's features with what the other tasks share with it."""
    for other, giver in every.items():
        if other != task:
            features = share_information(giver, features)
    return features
