"""Focus localisation as a package gives it: the calibrated probability that a channel lies over the focus."""

from typing import Final

import torch
from torch import Tensor, nn

from inference.models.focus_localisation import CLASSES, FocusLocalisation
from inference.runtime.cards import OutputSpec

#: The paper gives neither parameters nor operations to compare with.
OUTPUTS: Final = (OutputSpec("probability", task="focus", classes=CLASSES),)


class CalibratedFocus(nn.Module):
    """The network with its answer as calibrated probabilities.

    Training shows as many windows over a focus as elsewhere, which no recording holds: ``offset`` is added to the log
    odds of "focal" before they are divided by ``temperature``. The network itself stays as it was trained, for
    fine-tuning.
    """

    def __init__(self, network: FocusLocalisation, temperature: float, offset: float = 0.0) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature
        self.register_buffer("prior", torch.tensor([0.0, offset]), persistent=False)

    def forward(self, signal: Tensor) -> Tensor:
        """Give probabilities of non-focal and focal, (batch, 2), from single-channel windows (batch, samples)."""
        return torch.softmax((self.network(signal) + self.prior) / self.temperature, dim=-1)
