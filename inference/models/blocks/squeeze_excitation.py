"""Squeeze-and-excitation: features weigh each other by their means over time.

Source: Hu, Shen and Sun 2018, CVPR, equations 2 to 4.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class SqueezeExcitation(nn.Module):
    """Scale every feature by a gate between 0 and 1 that looks at all features of the sample.

    The squeeze takes the mean of the magnitude: wavelet coefficients swing around 0, so their plain mean says nothing.
    """

    def __init__(self, width: int, reduction: int = 4) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, max(1, width // reduction))
        self.excite = nn.Linear(max(1, width // reduction), width)

    def forward(self, x: Tensor) -> Tensor:
        """Give gated features of the same shape, (batch, width, samples)."""
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(x.abs().mean(dim=-1)))))
        return x * gate[:, :, None]
