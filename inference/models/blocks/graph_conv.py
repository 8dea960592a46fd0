"""Graph convolution over electrodes or brain regions, and the adjacencies that it runs on."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.recordings.electrodes import electrode_position


def normalize_adjacency(weights: Tensor) -> Tensor:
    """Give the propagation matrix D^(-1/2) (A + I) D^(-1/2) of edge weights A, (..., nodes, nodes), none negative.

    Source: Kipf and Welling 2017, arXiv 1609.02907, equation 2.
    """
    with_self = weights + torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device)
    scale = with_self.sum(dim=-1).rsqrt()
    return scale.unsqueeze(-1) * with_self * scale.unsqueeze(-2)


def scalp_weights(electrodes: Sequence[str], length_rad: float) -> Tensor:
    """Give edge weights between electrodes, (electrodes, electrodes), from their places on the head.

    The weight falls as a Gaussian of the angle between two electrodes seen from the middle of the head, with
    ``length_rad`` as its standard deviation; an electrode has no edge to itself.
    """
    places = torch.tensor([electrode_position(name) for name in electrodes], dtype=torch.float64)
    angles = torch.acos((places @ places.T).clamp(-1.0, 1.0))
    weights = torch.exp(-0.5 * (angles / length_rad).square())
    return weights.fill_diagonal_(0.0).to(torch.float32)


class HybridAdjacency(nn.Module):
    """Fixed scalp geometry plus a learned matrix, which begins at 0.

    The learned matrix is made symmetric and what would be a negative weight counts as no edge, so that the result can
    be normalised.
    """

    def __init__(self, fixed: Tensor) -> None:
        super().__init__()
        self.register_buffer("fixed", fixed)
        self.learned = nn.Parameter(torch.zeros_like(fixed))

    def forward(self, present: Tensor) -> Tensor:
        """Give the propagation matrices, (batch, nodes, nodes), in which missing nodes have no edges.

        ``present`` is (batch, nodes), 1 where there is a node.
        """
        fixed = cast("Tensor", self.fixed)
        weights = functional.relu(fixed + 0.5 * (self.learned + self.learned.T))
        return normalize_adjacency(weights * present[:, :, None] * present[:, None, :])


class GraphConv(nn.Module):
    """One graph convolution: mix the features, let them flow along the edges, and add to what was there.

    Source: Kipf and Welling 2017, equation 2; the residual connection is this project's choice.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(width, width)

    def forward(self, nodes: Tensor, propagation: Tensor) -> Tensor:
        """Give nodes of the same shape, (batch, nodes, width); ``propagation`` is ([batch,] nodes, nodes)."""
        result: Tensor = nodes + functional.silu(propagation @ self.mix(nodes))
        return result


class NodeConv(nn.Module):
    """The same 1-D convolutions over time for each node alone, then the mean and the maximum over time.

    Each layer is a convolution, batch normalisation and SiLU; ``taps`` and ``strides`` have one value a layer.
    """

    def __init__(self, widths: Sequence[int], taps: Sequence[int], strides: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, length, stride in zip((1, *widths[:-1]), widths, taps, strides, strict=True):
            layers.append(nn.Conv1d(before, after, length, stride, padding=length // 2, bias=False))
            layers += [nn.BatchNorm1d(after), nn.SiLU()]
        self.layers = nn.Sequential(*layers)
        self.width = 2 * widths[-1]

    def forward(self, signals: Tensor) -> Tensor:
        """Give features, (batch, nodes, width), from signals (batch, nodes, samples)."""
        n_nodes, n_samples = signals.shape[1:]
        maps = self.layers(signals.reshape(-1, 1, n_samples))
        pooled = torch.cat((maps.mean(dim=-1), maps.amax(dim=-1)), dim=-1)
        return pooled.reshape(-1, n_nodes, self.width)


def pool_present(nodes: Tensor, present: Tensor) -> Tensor:
    """Give mean and maximum over the nodes that are there, (batch, 2 * width), 0 where there is none.

    ``nodes`` is (batch, nodes, width), ``present`` (batch, nodes).
    """
    mask = present[:, :, None]
    n_present = present.sum(dim=1, keepdim=True)
    mean = (nodes * mask).sum(dim=1) / n_present.clamp(min=1.0)
    highest = nodes.masked_fill(mask < 0.5, -math.inf).amax(dim=1)
    return torch.cat((mean, torch.where(n_present > 0, highest, 0.0)), dim=-1)
