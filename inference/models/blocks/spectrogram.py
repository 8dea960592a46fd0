"""The spectrogram of every channel on a small grid of time and frequency, as one strided convolution."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.morlet import POWER_FLOOR


@dataclass(frozen=True, slots=True)
class SpectrogramConfig:
    """A short-time Fourier transform at every whole hertz of a band, resized to ``n_rows`` frequencies.

    A column stands for ``hop_samples`` samples and looks at the Hamming window of ``taps`` samples around their middle.
    """

    rate_hz: float = 256.0
    taps: int = 256
    hop_samples: int = 32
    lowest_hz: int = 1
    highest_hz: int = 70
    n_rows: int = 32

    @property
    def bins_hz(self) -> tuple[int, ...]:
        """Frequencies of the transform before it is resized, ascending."""
        return tuple(range(self.lowest_hz, self.highest_hz + 1))


class Spectrogram(nn.Module):
    """Turn signals into log power over time and frequency: a fixed front end, which no training changes.

    Source: Cao et al. 2023, section II-B, equation 1: a Fourier transform under a Hamming window, resized to 32 x 32.
    Resizing averages the power of the bins that a row covers, so that no frequency of the band falls between rows.
    """

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("kernels", _kernels(config), persistent=False)
        self.register_buffer("resizing", _area_shares(len(config.bins_hz), config.n_rows), persistent=False)

    def forward(self, signals: Tensor) -> Tensor:
        """Give the log power of signals.

        Parameters
        ----------
        signals : (batch, channels, samples), samples a multiple of ``hop_samples``; beyond the ends it is taken as 0.

        Returns
        -------
        (batch, channels, columns, rows): time by frequency, natural logarithm of the power of a unit-gain filter.
        """
        kernels, resizing = cast("Tensor", self.kernels), cast("Tensor", self.resizing)
        n_channels, n_samples = signals.shape[1:]
        hop, margin = self.config.hop_samples, (self.config.taps - self.config.hop_samples) // 2
        padded = functional.pad(signals.reshape(-1, 1, n_samples), (margin, margin))
        real, imaginary = functional.conv1d(padded, kernels, stride=hop).chunk(2, dim=1)
        power = real.square() + imaginary.square()
        rows = torch.matmul(power.transpose(1, 2), resizing)
        return torch.log(rows + POWER_FLOOR).reshape(-1, n_channels, n_samples // hop, self.config.n_rows)


def _kernels(config: SpectrogramConfig) -> Tensor:
    """Build the transform's kernels, (2 * bins, 1, taps): all real parts, then all imaginary ones."""
    window = torch.hamming_window(config.taps, dtype=torch.float64)
    seconds = torch.arange(config.taps, dtype=torch.float64) / config.rate_hz
    phase = 2 * math.pi * torch.tensor(config.bins_hz, dtype=torch.float64)[:, None] * seconds
    kernels = torch.cat((torch.cos(phase), torch.sin(phase))) * window * (2 / window.sum())
    return kernels.unsqueeze(1).to(torch.float32)


def _area_shares(n_bins: int, n_rows: int) -> Tensor:
    """Give the share of every bin in every row, (bins, rows); the shares of a row add up to 1."""
    edges = torch.linspace(0, n_bins, n_rows + 1, dtype=torch.float64)
    bins = torch.arange(n_bins, dtype=torch.float64)[:, None]
    overlap = (torch.minimum(bins + 1, edges[1:]) - torch.maximum(bins, edges[:-1])).clamp(min=0)
    return (overlap / overlap.sum(dim=0)).to(torch.float32)
