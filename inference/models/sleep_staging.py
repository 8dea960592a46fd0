"""Gated EEG-fMRI sleep staging: the stage of a 30-s epoch from EEG, BOLD signals of brain regions, or both.

Source: Umesh and Paul 2026, "Deep Fusion of Temporal EEG and Spatial fMRI for Cross-Subject Sleep Stage
Classification" (a poster; section "Approach"). It fixes the graph convolutions over 100 Schaefer regions with the
training fold's functional connectivity and a 42-TR context, per-region and per-channel 1-D convolutions,
Euclidean-aligned channels, scalp geometry plus a learned adjacency, a bidirectional LSTM over three epochs, the
per-element sigmoid gate over both embeddings, and EEG dropout of 0.5. Every value it does not give is this project's
choice, and `PROJECT_CHOICES` names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.labels.sleep_stages import AASM
from inference.models.blocks.gate import ConcatenatedFusion, GatedFusion, ModalityDropout
from inference.models.blocks.graph_conv import (
    GraphConv,
    HybridAdjacency,
    NodeConv,
    normalize_adjacency,
    pool_present,
    scalp_weights,
)

CLASSES = AASM.codes
#: The 10-20 electrodes, which caps for the scanner and clinical montages share.
ELECTRODES: Final = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz"),
    *("C4", "T8", "P7", "P3", "Pz", "P4", "P8", "O1", "O2"),
)
#: The epoch before, the epoch that is staged, and the epoch after.
N_EPOCHS: Final = 3
_STAGED: Final = 1

#: What the source leaves open and this project chose.
PROJECT_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "eeg_input": "19 electrodes of the 10-20 system, average reference, 0.3-35 Hz, 100 Hz",
        "alignment": "mean covariance of all epochs without a gap; pseudo-inverse root where it has no inverse",
        "epochs": "the staged epoch in the middle of the three; a missing neighbour is masked",
        "eeg_convolutions": "shared by all electrodes: 50 taps stride 6, 8 taps stride 4 twice; widths 16, 32, 32",
        "eeg_graph": "Gaussian of the angle between electrodes (SD 0.6 rad) + learned symmetric matrix; 2 layers",
        "electrode_identity": "a learned vector for each electrode, added before the graph",
        "eeg_embedding": "mean and maximum over electrodes, bidirectional LSTM of 32 each way, width 64",
        "bold_input": "z-scored by region and run, resampled to a TR of 2.1 s where it differs",
        "bold_context": "42 TR centred on the staged epoch: 88.2 s, about the three epochs of the EEG",
        "bold_convolutions": "shared by all regions: 5 taps stride 1, 5 taps stride 2; widths 16, 32",
        "bold_graph": "each region's 10 strongest positive correlations, by mean Fisher z of training runs; 2 layers",
        "bold_embedding": "4 features of each region, side by side, to a width of 64 through tanh",
        "graph_layer": "Kipf and Welling, width 32, SiLU, residual",
        "gate": "gate * EEG + (1 - gate) * fMRI; with one modality missing the other is taken whole",
        "dropout_scope": "the EEG is hidden only from examples that have fMRI",
        "normalisation": "batch normalisation in the 1-D convolutions and of the regions' features",
        "classifier": "one hidden layer of 32, SiLU, dropout 0.3",
    }
)


@dataclass(frozen=True, slots=True)
class SleepStagingConfig:
    """The shape of the network; the defaults are this project's.

    ``fusion`` is the paper's ``"gate"``, or ``"concatenation"`` to compare it with.
    """

    electrodes: tuple[str, ...] = ELECTRODES
    rate_hz: float = 100.0
    epoch_s: float = 30.0
    eeg_widths: tuple[int, ...] = (16, 32, 32)
    eeg_taps: tuple[int, ...] = (50, 8, 8)
    eeg_strides: tuple[int, ...] = (6, 4, 4)
    scalp_length_rad: float = 0.6
    n_regions: int = 100
    n_volumes: int = 42
    tr_s: float = 2.1
    bold_widths: tuple[int, ...] = (16, 32)
    bold_taps: tuple[int, ...] = (5, 5)
    bold_strides: tuple[int, ...] = (1, 2)
    region_features: int = 4
    graph_width: int = 32
    graph_layers: int = 2
    width: int = 64
    hidden: int = 32
    dropout: float = 0.3
    eeg_dropout: float = 0.5
    fusion: Literal["gate", "concatenation"] = "gate"

    @property
    def epoch_samples(self) -> int:
        """Samples in an epoch of EEG."""
        return round(self.epoch_s * self.rate_hz)


class StagedEpochs(NamedTuple):
    """What the network says about a batch of epochs.

    Attributes
    ----------
    logits : (batch, 5) in the order of ``CLASSES``.
    gate : (batch, width), the share of the EEG in each element of the fused embedding, from 0 to 1.
    eeg_embedding, bold_embedding : (batch, width), 0 where the modality is missing or, in training, hidden.
    """

    logits: Tensor
    gate: Tensor
    eeg_embedding: Tensor
    bold_embedding: Tensor


class SleepStagingNet(nn.Module):
    """The network: an encoder for each modality, gate, classifier.

    Parameters
    ----------
    connectivity : (regions, regions) edge weights from the functional connectivity of the training runs, none
        negative, without edges of a region to itself; see ``inference.training.connectivity``. It becomes part of the
        weights. None leaves every region on its own until weights are loaded.
    """

    def __init__(self, config: SleepStagingConfig | None = None, connectivity: Tensor | None = None) -> None:
        super().__init__()
        self.config = config or SleepStagingConfig()
        self.eeg = EegEncoder(self.config)
        self.bold = BoldEncoder(self.config, connectivity)
        self.hide_eeg = ModalityDropout(self.config.eeg_dropout)
        fusion = GatedFusion if self.config.fusion == "gate" else ConcatenatedFusion
        self.fuse = fusion(self.config.width)
        self.classifier = nn.Sequential(
            nn.Dropout(self.config.dropout),
            nn.Linear(self.config.width, self.config.hidden),
            nn.SiLU(),
            nn.Linear(self.config.hidden, len(CLASSES)),
        )

    def forward(self, eeg: Tensor, eeg_present: Tensor, bold: Tensor, bold_present: Tensor) -> StagedEpochs:
        """Stage the middle one of three epochs.

        Parameters
        ----------
        eeg : (batch, 3, electrodes, samples), Euclidean-aligned; 0 where an electrode or an epoch is missing.
        eeg_present : (batch, 3, electrodes), 1 where there is a signal. Without any electrode in the middle epoch there
            is no EEG.
        bold : (batch, regions, 42), z-scored; 0 where a region, or all of it, is missing.
        bold_present : (batch, 1), 1 where there is fMRI.
        """
        with_eeg = self.hide_eeg(eeg_present[:, _STAGED].amax(dim=-1, keepdim=True), bold_present)
        eeg_embedding = self._encode(self.eeg, with_eeg, eeg, eeg_present)
        bold_embedding = self._encode(self.bold, bold_present, bold)
        fused, gate = self.fuse(eeg_embedding, bold_embedding, with_eeg, bold_present)
        return StagedEpochs(self.classifier(fused), gate, eeg_embedding, bold_embedding)

    def _encode(self, encoder: nn.Module, shown: Tensor, *signals: Tensor) -> Tensor:
        """Give embeddings, 0 where the modality is not shown; ``shown`` is (batch, 1).

        In training what is hidden is not even encoded: it would take half of a step's work, and its zeros would count
        in the batch's normalisation, which wants two examples or more.
        """
        rows = shown[:, 0] > 0
        if not self.training or rows.sum() == 1:
            result: Tensor = encoder(*signals) * shown
            return result
        embedding = signals[0].new_zeros(len(shown), self.config.width)
        if rows.any():
            embedding[rows] = encoder(*(signal[rows] for signal in signals)).to(embedding.dtype)
        return embedding


class EegEncoder(nn.Module):
    """Three epochs of EEG to one embedding: convolutions by electrode, graph over electrodes, LSTM over epochs."""

    def __init__(self, config: SleepStagingConfig) -> None:
        super().__init__()
        self.waves = NodeConv(config.eeg_widths, config.eeg_taps, config.eeg_strides)
        self.enter = nn.Linear(self.waves.width, config.graph_width)
        self.electrode = nn.Parameter(0.02 * torch.randn(len(config.electrodes), config.graph_width))
        self.adjacency = HybridAdjacency(scalp_weights(config.electrodes, config.scalp_length_rad))
        self.graph = nn.ModuleList(GraphConv(config.graph_width) for _ in range(config.graph_layers))
        self.epochs = nn.LSTM(2 * config.graph_width, config.width // 2, batch_first=True, bidirectional=True)

    def forward(self, eeg: Tensor, present: Tensor) -> Tensor:
        """Give an embedding, (batch, width), from (batch, 3, electrodes, samples) and (batch, 3, electrodes)."""
        each_present = present.flatten(0, 1)
        signals = eeg.flatten(0, 1) * each_present[:, :, None]
        nodes = functional.silu(self.enter(self.waves(signals)) + self.electrode)
        propagation = self.adjacency(each_present)
        for layer in self.graph:
            nodes = layer(nodes, propagation)
        tokens = pool_present(nodes, each_present).reshape(-1, N_EPOCHS, self.epochs.input_size)
        context: Tensor = self.epochs(tokens)[0]
        return context[:, _STAGED]


class BoldEncoder(nn.Module):
    """BOLD signals of regions to one embedding: convolutions by region, graph over regions, regions side by side."""

    def __init__(self, config: SleepStagingConfig, connectivity: Tensor | None) -> None:
        super().__init__()
        n_regions = config.n_regions
        weights = torch.zeros(n_regions, n_regions) if connectivity is None else connectivity.to(torch.float32)
        if weights.shape != (n_regions, n_regions):
            raise ValueError(f"connectivity of shape {tuple(weights.shape)} is not one of {n_regions} regions")
        self.register_buffer("propagation", normalize_adjacency(weights))
        self.waves = NodeConv(config.bold_widths, config.bold_taps, config.bold_strides)
        self.enter = nn.Linear(self.waves.width, config.graph_width)
        self.graph = nn.ModuleList(GraphConv(config.graph_width) for _ in range(config.graph_layers))
        self.reduce = nn.Linear(config.graph_width, config.region_features)
        self.level = nn.BatchNorm1d(n_regions * config.region_features)
        self.embed = nn.Linear(n_regions * config.region_features, config.width)

    def forward(self, bold: Tensor) -> Tensor:
        """Give an embedding, (batch, width), from (batch, regions, volumes)."""
        nodes = functional.silu(self.enter(self.waves(bold)))
        propagation = cast("Tensor", self.propagation)
        for layer in self.graph:
            nodes = layer(nodes, propagation)
        features = self.level(self.reduce(nodes).flatten(1))
        embedding: Tensor = torch.tanh(self.embed(functional.silu(features)))
        return embedding
