"""From the features of many channels to tokens without any kernel over time or electrodes."""

from torch import Tensor, nn
from torch.nn import functional


class FrameProjection(nn.Module):
    """Average over the channels present and over a few frames, then mix features: what stands in for `StConv`.

    It learns neither shapes in time nor topographies.
    """

    def __init__(self, n_features: int, width: int, frames_per_token: int = 2) -> None:
        super().__init__()
        self.frames_per_token = frames_per_token
        self.mix = nn.Linear(n_features, width)

    def forward(self, features: Tensor, present: Tensor) -> Tensor:
        """Give tokens, (batch, tokens, width), from features (batch, features, channels, frames).

        ``present`` is (batch, channels), 1 where there is a channel; where there is none at all every token is 0.
        """
        n_present = present.sum(dim=1)[:, None, None]
        total = (features * present[:, None, :, None]).sum(dim=2)
        frames = functional.avg_pool1d(total / n_present.clamp(min=1.0), self.frames_per_token)
        return functional.silu(self.mix(frames.transpose(1, 2))) * n_present.clamp(max=1.0)
