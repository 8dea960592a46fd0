"""IESS-FusionNet as a package gives it: the calibrated probability of a spasm."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor, nn

from inference.models.iess_fusionnet import CLASSES, IessFusionNet
from inference.runtime.cards import NetworkCost, OutputSpec

OUTPUTS: Final = (OutputSpec("probability", task="spasm", classes=CLASSES, event_class="spasm"),)
#: The blocks that the paper measured, in `Calibrated`: those of both modalities, and of both directions.
BLOCKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Bi-Mamba": ("network.body.eeg.bi_mamba", "network.body.emg.bi_mamba"),
        "Cross Time-Mixing": ("network.body.eeg_asks_emg", "network.body.emg_asks_eeg"),
    }
)
#: The paper's table of computational costs; of the whole network it gives none.
PAPER_COST: Mapping[str, NetworkCost] = MappingProxyType(
    {"Bi-Mamba": NetworkCost(0.25e6, 0.22e9), "Cross Time-Mixing": NetworkCost(0.23e6, 0.75e9)}
)


class Calibrated(nn.Module):
    """The network with its answer as calibrated probabilities: logits divided by a temperature, then softmax."""

    def __init__(self, network: IessFusionNet, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, eeg: Tensor, emg: Tensor, eeg_present: Tensor, emg_present: Tensor) -> Tensor:
        """Give probabilities, (batch, 2), of the network's classes."""
        logits = self.network(eeg, emg, eeg_present, emg_present)
        return torch.softmax(logits / self.temperature, dim=-1)

    def separate(self) -> tuple[nn.Module, nn.Module]:
        """Give the front end, and the body with its answer calibrated."""
        return self.network.front_end, CalibratedBody(self.network.body, self.temperature)


class CalibratedBody(nn.Module):
    """The network behind its front end: takes what that gives, and then which channels are present."""

    def __init__(self, body: nn.Module, temperature: float) -> None:
        super().__init__()
        self.body, self.temperature = body, temperature

    def forward(self, *features_and_present: Tensor) -> Tensor:
        """Give probabilities, (batch, 2), of the network's classes."""
        return torch.softmax(self.body(*features_and_present) / self.temperature, dim=-1)
