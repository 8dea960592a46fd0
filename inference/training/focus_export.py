"""Focus localisation as a package gives it: the calibrated probability that a channel lies over the focus."""

from typing import Final

import torch
from torch import Tensor, nn

from inference.models.focus_localisation import CLASSES, FocusLocalisation
from inference.runtime.cards import OutputSpec

#: The paper gives neither parameters nor operations to compare with.
OUTPUTS: Final = (OutputSpec("probability", task="focus", classes=CLASSES),)


class CalibratedFocus(nn.Module):
    """The network with its answer as calibrated probabilities: logits divided by a temperature, then softmax."""

    def __init__(self, network: FocusLocalisation, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, signal: Tensor) -> Tensor:
        """Give probabilities of non-focal and focal, (batch, 2), from single-channel windows (batch, samples)."""
        return torch.softmax(self.network(signal) / self.temperature, dim=-1)
