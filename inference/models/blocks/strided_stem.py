"""A learned filter bank on the raw signal: what stands in where a network is to do without wavelets."""

from torch import Tensor, nn
from torch.nn import functional


class StridedStem(nn.Module):
    """Filter every channel alone with the same learned kernels, once for each frame.

    It gives what a wavelet bank of as many features gives, in the same shape, so that all that follows can stay as
    it is.
    """

    def __init__(self, n_features: int, taps: int, frame_samples: int) -> None:
        super().__init__()
        self.lead = (taps - frame_samples) // 2
        self.tail = taps - frame_samples - self.lead
        self.filters = nn.Conv2d(1, n_features, (1, taps), stride=(1, frame_samples), bias=False)
        self.norm = nn.BatchNorm2d(n_features)

    def forward(self, signals: Tensor) -> Tensor:
        """Give features, (batch, features, channels, frames), from signals (batch, channels, samples)."""
        padded = functional.pad(signals.unsqueeze(1), (self.lead, self.tail))
        return functional.silu(self.norm(self.filters(padded)))
