"""Attention between tokens: within one stream as in a Transformer, or from one stream to another."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Every token asks all tokens of a sequence and takes a weighted mean of what they answer, in several heads.

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.2.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        if width % n_heads:
            raise ValueError(f"{width} features cannot be shared out evenly between {n_heads} heads")
        self.n_heads = n_heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        """Give the answers to ``asking``, (batch, time, width); both sequences may differ in length."""
        query, key, value = (
            linear(tokens).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for linear, tokens in ((self.query, asking), (self.key, answering), (self.value, answering))
        )
        share = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)
        answers: Tensor = self.output((share @ value).transpose(1, 2).flatten(-2))
        return answers


class AttentionLayer(nn.Module):
    """Attention, then a feed-forward layer of four times the width; each normalises first and adds to its input."""

    def __init__(self, width: int, n_heads: int, expand: int = 4) -> None:
        super().__init__()
        self.norm_tokens, self.norm_features = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, n_heads)
        self.widen, self.narrow = nn.Linear(width, expand * width), nn.Linear(expand * width, width)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Give the own stream, (batch, time, width), after it has asked the other, which may be itself."""
        own = own + self.attention(self.norm_tokens(own), self.norm_tokens(other))
        result: Tensor = own + self.narrow(functional.relu(self.widen(self.norm_features(own))))
        return result


class Positions(nn.Module):
    """Tell tokens their place by sines and cosines, as strongly as training finds useful.

    Source: Vaswani et al. 2017, section 3.5; with a learned gain as in Li et al. 2019, arXiv 1809.08895, equation 1.
    """

    def __init__(self, first_gain: float = 0.1) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(first_gain))

    def forward(self, tokens: Tensor) -> Tensor:
        """Give tokens of the same shape, (batch, time, width)."""
        n_time, width = tokens.shape[1:]
        steps = torch.arange(n_time, device=tokens.device, dtype=tokens.dtype)[:, None]
        pairs = torch.arange(0, width, 2, device=tokens.device, dtype=tokens.dtype)
        phase = steps * torch.exp(pairs * (-math.log(10_000.0) / width))
        waves = torch.stack((phase.sin(), phase.cos()), dim=-1).flatten(-2)[:, :width]
        return tokens + self.gain * waves


class Transformer(nn.Module):
    """Transformer layers over one stream, which see past and future alike.

    Two layers of eight heads make two streams of width 128 weigh 0.79 M parameters, the 0.78 M of Feng et al. 2026.
    """

    def __init__(self, width: int, n_heads: int, n_layers: int = 2) -> None:
        super().__init__()
        self.positions = Positions()
        self.layers = nn.ModuleList(AttentionLayer(width, n_heads) for _ in range(n_layers))

    def forward(self, tokens: Tensor) -> Tensor:
        """Give tokens of the same shape, (batch, time, width)."""
        tokens = self.positions(tokens)
        for layer in self.layers:
            tokens = layer(tokens, tokens)
        return tokens


class CrossAttention(nn.Module):
    """Let one stream ask the other at any distance in time, in the form in which the literature fuses modalities.

    Source: Tsai et al. 2019, arXiv 1906.00295, section 3.2, with one layer.
    """

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.positions = Positions()
        self.layer = AttentionLayer(width, n_heads)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Give the own stream after it has asked the other, both (batch, time, width)."""
        result: Tensor = self.layer(self.positions(own), self.positions(other))
        return result
