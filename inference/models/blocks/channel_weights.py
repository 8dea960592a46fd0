"""The weight of every EEG channel, learned from one stream and applied to another."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ChannelWeightUpdate(nn.Module):
    """Weigh the electrodes of spectral features by what the features over time say.

    Source: Cao et al. 2023, section II-E and figure 4. Squeeze, ``z_h = mean(x_h)`` (equation 11); excite,
    ``r = sigmoid(W2 relu(W1 z))`` with ``expansion`` times as many hidden values as electrodes; and weigh,
    ``Y r`` (equation 12). The two matrices have no offsets, as the equation is printed. Equation 11 takes one row of
    numbers x_h of each electrode; here a learned combination of the electrode's features is that row, because their
    plain mean would say the same of every window.
    """

    def __init__(self, n_features: int, n_channels: int, expansion: int = 16) -> None:
        super().__init__()
        self.combine = nn.Conv2d(n_features, 1, 1, bias=False)
        self.expand = nn.Linear(n_channels, expansion * n_channels, bias=False)
        self.restore = nn.Linear(expansion * n_channels, n_channels, bias=False)
        nn.init.kaiming_normal_(self.expand.weight, nonlinearity="relu")
        nn.init.xavier_normal_(self.restore.weight)

    def forward(self, over_time: Tensor, spectral: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Give the weighed spectral features, shaped as they came, and the weights, (batch, electrodes), from 0 to 1.

        Parameters
        ----------
        over_time : (batch, features, electrodes, time), squeezed into one value for each electrode.
        spectral : (batch, features, electrodes, time, frequency).
        present : (batch, electrodes), 1 where the electrode was recorded; elsewhere the weight is 0.
        """
        squeezed = self.combine(over_time).squeeze(1).mean(dim=-1)
        weights = torch.sigmoid(self.restore(functional.relu(self.expand(squeezed)))) * present
        return spectral * weights[:, None, :, None, None], weights
