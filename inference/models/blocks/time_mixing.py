"""RWKV's time mixing between two streams, and its channel mixing."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.rms_norm import RmsNorm


def weighted_key_value(key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor) -> Tensor:
    """Average the past's values, each weighted by the exponential of its key less its age times the decay.

    Source: Peng et al. 2023, arXiv 2305.13048, equation 16 (RWKV-4). Whichever form is taken, the largest exponent so
    far is taken out before the exponential, so keys of any size are safe.

    Parameters
    ----------
    key, value : (batch, time, width).
    decay, bonus : (width,); decay is positive and counts from the second step back, the present gets the bonus.

    Returns
    -------
    (batch, time, width)
    """
    if torch.compiler.is_exporting():
        return _softmax_over_past(key, value, decay, bonus)
    return _recurrence(key, value, decay, bonus)


def _recurrence(key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor) -> Tensor:
    """Walk through time with a running maximum: little memory, so the fast form for training."""
    outputs = []
    peak = torch.full_like(key[:, 0], -torch.inf)
    above = below = torch.zeros_like(peak)
    for key_t, value_t in zip(key.unbind(1), value.unbind(1), strict=True):
        now = key_t + bonus
        highest = torch.maximum(peak, now)
        past_share, now_share = torch.exp(peak - highest), torch.exp(now - highest)
        outputs.append((past_share * above + now_share * value_t) / (past_share * below + now_share))
        aged = peak - decay
        peak = torch.maximum(aged, key_t)
        past_share, now_share = torch.exp(aged - peak), torch.exp(key_t - peak)
        above, below = past_share * above + now_share * value_t, past_share * below + now_share
    return torch.stack(outputs, dim=1)


def _softmax_over_past(key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor) -> Tensor:
    """Take the same average as one softmax for each feature: no loop, so the short form for export."""
    steps = torch.arange(key.shape[1], device=key.device)
    age = steps[:, None] - steps[None, :]
    past = (1 - age).to(key.dtype) * decay[:, None, None]
    weight = torch.where(age == 0, bonus[:, None, None], past)
    weight = weight.masked_fill(age < 0, -torch.inf)
    share = torch.softmax(weight + key.transpose(1, 2).unsqueeze(2), dim=-1)
    return torch.matmul(share, value.transpose(1, 2).unsqueeze(-1)).squeeze(-1).transpose(1, 2)


class TokenShift(nn.Module):
    """Blend every token with the one before it, feature by feature."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.present = nn.Parameter(torch.linspace(0.1, 0.9, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Give tokens of the same shape, (batch, time, width)."""
        before = functional.pad(tokens, (0, 0, 1, -1))
        return before + self.present * (tokens - before)


class CrossTimeMixing(nn.Module):
    """Let one stream ask (receptance) and the other answer (key, value), then mix features; both with residuals.

    The paper gives the idea; the equations are RWKV-4's with receptance and key/value taken from different streams.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_own, self.norm_other = RmsNorm(width), RmsNorm(width)
        self.shift_receptance, self.shift_key, self.shift_value = (TokenShift(width) for _ in range(3))
        self.receptance = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.log_decay = nn.Parameter(torch.linspace(-5.0, 1.0, width))
        self.bonus = nn.Parameter(torch.zeros(width))
        self.mixing = ChannelMixing(width)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Give the own stream after it has asked the other, both (batch, time, width)."""
        asked, answering = self.norm_own(own), self.norm_other(other)
        receptance = torch.sigmoid(self.receptance(self.shift_receptance(asked)))
        key = self.key(self.shift_key(answering))
        value = self.value(self.shift_value(answering))
        answer = weighted_key_value(key, value, torch.exp(self.log_decay), self.bonus)
        result: Tensor = self.mixing(own + self.output(receptance * answer))
        return result


class ChannelMixing(nn.Module):
    """RWKV's feed-forward layer with as many hidden features as it has inputs, with residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RmsNorm(width)
        self.shift_receptance, self.shift_key = TokenShift(width), TokenShift(width)
        self.receptance = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Give tokens of the same shape, (batch, time, width)."""
        normal = self.norm(tokens)
        receptance = torch.sigmoid(self.receptance(self.shift_receptance(normal)))
        hidden = functional.relu(self.key(self.shift_key(normal))).square()
        result: Tensor = tokens + receptance * self.value(hidden)
        return result
