"""Bidirectional Mamba block in the manner of Vision Mamba."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.rms_norm import RmsNorm
from inference.models.blocks.selective_scan import selective_scan


class BiMamba(nn.Module):
    """Normalise, scan the sequence in both directions with parameters of their own, gate, and add to the input.

    Source: Zhu et al. 2024, arXiv 2401.09417, algorithm 1 (version 2: one input and one output projection for both
    directions). Both directions run as the two groups of one selective scan. With one direction this is Mamba itself
    (Gu and Dao 2023, arXiv 2312.00752), which sees the past alone.
    """

    def __init__(
        self,
        width: int,
        n_states: int = 16,
        expand: int = 2,
        conv_taps: int = 4,
        n_directions: Literal[1, 2] = 2,
    ) -> None:
        super().__init__()
        self.inner, self.n_states, self.conv_taps = width * expand, n_states, conv_taps
        self.rank, self.n_directions = math.ceil(width / 16), n_directions
        self.norm = RmsNorm(width)
        self.in_proj = nn.Linear(width, 2 * self.inner, bias=False)
        n_rows = n_directions * self.inner
        self.conv = nn.Conv1d(n_rows, n_rows, conv_taps, groups=n_rows, padding=conv_taps - 1)
        self.x_proj = nn.Parameter(torch.empty(n_directions, self.inner, self.rank + 2 * n_states))
        self.delta_proj = nn.Parameter(torch.empty(n_directions, self.rank, self.inner))
        self.delta_bias = nn.Parameter(torch.empty(n_directions, self.inner))
        states = torch.arange(1, n_states + 1, dtype=torch.float32)
        self.log_decay = nn.Parameter(states.log().expand(n_directions, self.inner, n_states).clone())
        self.skip = nn.Parameter(torch.ones(n_directions, self.inner))
        self.out_proj = nn.Linear(self.inner, width, bias=False)
        self._initialise()

    def _initialise(self) -> None:
        """Start with time constants spread from 0.001 to 0.1 of a step, as Mamba does."""
        nn.init.uniform_(self.x_proj, -(self.inner**-0.5), self.inner**-0.5)
        nn.init.uniform_(self.delta_proj, -(self.rank**-0.5), self.rank**-0.5)
        log_delta = torch.empty_like(self.delta_bias).uniform_(math.log(0.001), math.log(0.1))
        delta = log_delta.exp()
        with torch.no_grad():
            self.delta_bias.copy_(delta + torch.log(-torch.expm1(-delta)))

    def forward(self, tokens: Tensor) -> Tensor:
        """Give tokens of the same shape, (batch, time, width)."""
        values, gate = self.in_proj(self.norm(tokens)).chunk(2, dim=-1)
        n_time = values.shape[1]
        ways = torch.cat((values, values.flip(1))[: self.n_directions], dim=-1).transpose(1, 2)
        ways = functional.silu(self.conv(ways)[..., :n_time]).transpose(1, 2)
        x = ways.reshape(*ways.shape[:2], self.n_directions, self.inner)
        selected = torch.einsum("btgi,gio->btgo", x, self.x_proj)
        low_rank, b, c = torch.split(selected, [self.rank, self.n_states, self.n_states], dim=-1)
        delta = functional.softplus(torch.einsum("btgr,gri->btgi", low_rank, self.delta_proj) + self.delta_bias)
        # Where matrix products are halved in precision, the recurrence is not.
        y = selective_scan(x.float(), delta.float(), -torch.exp(self.log_decay), b.float(), c.float()) + self.skip * x
        combined = y[:, :, 0] if self.n_directions == 1 else y[:, :, 0] + y[:, :, 1].flip(1)
        result: Tensor = tokens + self.out_proj(combined * functional.silu(gate))
        return result
