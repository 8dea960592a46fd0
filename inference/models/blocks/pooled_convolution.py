"""Convolution, maximum over neighbours and tanh, over electrodes and time or over electrodes, time and frequency."""

import torch
from torch import Tensor, nn
from torch.nn import functional

TAPS = 3


class PooledConvolution2d(nn.Module):
    """Convolve 3 x 3 over electrodes and time, and halve time by its maximum.

    Source: Cao et al. 2023, section II-D, equation 9, and section II-G for the kernel. Electrodes are never pooled, so
    that each keeps a row of its own for the channel weights.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(n_inputs, n_outputs, TAPS, padding=TAPS // 2)
        initialise_before_tanh(self.convolution)

    def forward(self, features: Tensor) -> Tensor:
        """Give (batch, outputs, electrodes, time / 2) from (batch, inputs, electrodes, time)."""
        return torch.tanh(functional.max_pool2d(self.convolution(features), (1, 2)))


class PooledConvolution3d(nn.Module):
    """Convolve 3 x 3 x 3 over electrodes, time and frequency, and halve time and frequency by their maximum.

    Source: Cao et al. 2023, section II-D, equation 10, and section II-G for the kernel.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(n_inputs, n_outputs, TAPS, padding=TAPS // 2)
        initialise_before_tanh(self.convolution)

    def forward(self, features: Tensor) -> Tensor:
        """Give (batch, outputs, electrodes, time / 2, frequency / 2) from (batch, inputs, electrodes, time, frequency).

        The maximum is taken before tanh, which gives the same as after it at a quarter of the work.
        """
        convolved = self.convolution(features)
        # Electrodes go with the windows, not into nn.MaxPool3d, whose gradient on a GPU is not repeatable. With the
        # features last in memory, as training lays them out, nothing is copied.
        n_electrodes = convolved.shape[2]
        halved = functional.max_pool2d(convolved.transpose(1, 2).flatten(0, 1), 2)
        return torch.tanh(halved.reshape(-1, n_electrodes, *halved.shape[1:])).transpose(1, 2)


def initialise_before_tanh(layer: nn.Conv2d | nn.Conv3d | nn.Linear) -> None:
    """Draw weights so that signals keep their spread through a layer and the tanh after it (Glorot and Bengio 2010)."""
    nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
