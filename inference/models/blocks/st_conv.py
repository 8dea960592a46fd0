"""Spatio-temporal convolution: waveform shape along time first, then the mixture of electrodes."""

from torch import Tensor, nn
from torch.nn import functional


class StConv(nn.Module):
    """Turn features of many channels into one sequence of tokens.

    A temporal convolution (1 x ``temporal_taps``) looks at every channel alone; a spatial convolution (channels x 1)
    then mixes the channels. A missing channel contributes nothing, and the sum over those present is scaled to what all
    would give.
    """

    def __init__(
        self,
        *,
        n_channels: int,
        n_features: int,
        temporal_width: int,
        width: int,
        temporal_taps: int = 15,
        temporal_stride: int = 2,
    ) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.temporal = nn.Conv2d(
            n_features,
            temporal_width,
            (1, temporal_taps),
            stride=(1, temporal_stride),
            padding=(0, temporal_taps // 2),
        )
        self.spatial = nn.Conv2d(temporal_width, width, (n_channels, 1))

    def forward(self, features: Tensor, present: Tensor) -> Tensor:
        """Give tokens, (batch, tokens, width), from features (batch, features, channels, frames).

        ``present`` is (batch, channels), 1 where there is a channel; where there is none at all every token is 0.
        """
        mask = present[:, None, :, None]
        shapes = functional.silu(self.temporal(features * mask)) * mask
        n_present = present.sum(dim=1)[:, None, None, None]
        scale = self.n_channels / n_present.clamp(min=1.0)
        mixed = functional.silu(self.spatial(shapes * scale)) * n_present.clamp(max=1.0)
        return mixed.squeeze(2).transpose(1, 2)
