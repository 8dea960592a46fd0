"""Root mean square layer normalisation."""

import torch
from torch import Tensor, nn


class RmsNorm(nn.Module):
    """Divide each token by its root mean square and give every feature a learned gain.

    Source: Zhang and Sennrich 2019, arXiv 1910.07467, equation 4. Written out rather than taken from ``torch.nn`` so
    that the exported graph holds standard ONNX operators only.
    """

    def __init__(self, width: int, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, tokens: Tensor) -> Tensor:
        """Normalise tokens of shape (..., width)."""
        mean_square = tokens.square().mean(dim=-1, keepdim=True)
        return tokens * torch.rsqrt(mean_square + self.epsilon) * self.gain
