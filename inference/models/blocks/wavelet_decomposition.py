"""Discrete wavelet decomposition as strided convolutions with circular padding.

Source: Yang et al. 2023, Front. Comput. Neurosci. 17:1294770, equations 4 to 6, after Li et al. 2020, IEEE Trans.
Neural Syst. Rehabil. Eng. 28:782.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Daubechies' scaling filter of order 4 (8 taps, 4 vanishing moments): Ten Lectures on Wavelets, table 6.1.
DB4_SCALING = (
    0.23037781330885523,
    0.7148465705525415,
    0.6308807679295904,
    -0.02798376941698385,
    -0.18703481171888114,
    0.030841381835986965,
    0.032883011666982945,
    -0.010597401784997278,
)
N_TAPS = len(DB4_SCALING)
STRIDE = 2


class WaveletDecomposition(nn.Module):
    """Split every channel into an approximation and details, halving the rate at each level; holds no weights."""

    def __init__(self, n_levels: int) -> None:
        super().__init__()
        self.n_levels = n_levels
        scaling = torch.tensor(DB4_SCALING, dtype=torch.float64)
        wavelet = scaling.flip(0) * torch.tensor([1.0, -1.0] * (N_TAPS // 2), dtype=torch.float64)
        # Equations 5 and 6 convolve with the pair itself, where PyWavelets correlates: the same bands, time reversed.
        # torch correlates, so the taps go in reversed.
        taps = torch.stack((scaling, wavelet)).flip(1).to(torch.float32)
        self.register_buffer("taps", taps[:, None, :], persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Give the approximation, then the details from the lowest band to the highest.

        Parameters
        ----------
        x : (batch, channels, samples); samples divisible by ``2 ** n_levels``.

        Returns
        -------
        ``n_levels + 1`` tensors (batch, channels, samples / 2 ** level): the first two are of the last level.
        """
        details: list[Tensor] = []
        for _ in range(self.n_levels):
            x, detail = self._split(x)
            details.append(detail)
        return (x, *reversed(details))

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give approximation and detail, each at half the rate."""
        n_batch, n_channels, n_samples = x.shape
        rows = pad_circularly(x.reshape(n_batch * n_channels, 1, n_samples))
        both = functional.conv1d(rows, cast("Tensor", self.taps), stride=STRIDE)
        both = both.reshape(n_batch, n_channels, 2, n_samples // STRIDE)
        return both[:, :, 0], both[:, :, 1]


def pad_circularly(x: Tensor) -> Tensor:
    """Continue a signal with its own end before it and its own start after it: equation 4, R = 8 taps.

    With stride 2 the equation's ``R/2 - 1`` samples on either side give exactly half as many coefficients as samples.
    """
    n_wrapped = N_TAPS // 2 - 1
    return torch.cat((x[..., -n_wrapped:], x, x[..., :n_wrapped]), dim=-1)
