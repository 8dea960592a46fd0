"""Fusion of two modalities by a gate, and the dropout that teaches each of them to stand alone."""

import torch
from torch import Tensor, nn


class GatedFusion(nn.Module):
    """Mix two embeddings element by element; a sigmoid over both of them says how much of each.

    The gate is 1 where an element comes from the first modality alone and 0 where it comes from the second alone.
    Where a modality is missing the other one is taken whole.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.decide = nn.Linear(2 * width, width)

    def forward(
        self, first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Give the fused embedding and the gate, both (batch, width), from embeddings (batch, width).

        The presences are (batch, 1), 1 where there is the modality; where there is neither the result is 0.
        """
        first, second = first * first_present, second * second_present
        open_gate = torch.sigmoid(self.decide(torch.cat((first, second), dim=-1)))
        gate = first_present * (1.0 - second_present * (1.0 - open_gate))
        return gate * first + (1.0 - gate) * second, gate


class ConcatenatedFusion(nn.Module):
    """Mix two embeddings by one layer over both side by side: what the gate is compared with.

    A missing modality is 0, and the "gate" says which of the two are there: 1, 0, or a half for both.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(2 * width, width)

    def forward(
        self, first: Tensor, second: Tensor, first_present: Tensor, second_present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Give the fused embedding and the shares, as `GatedFusion` does."""
        fused = torch.tanh(self.mix(torch.cat((first * first_present, second * second_present), dim=-1)))
        share = first_present / (first_present + second_present).clamp(min=1.0)
        return fused, share.expand_as(fused)


class ModalityDropout(nn.Module):
    """In training, hide a modality from some examples, so that the other learns to do without; at rest, nothing.

    It is never hidden from an example that has nothing else to go by.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, present: Tensor, other_present: Tensor) -> Tensor:
        """Give the presence, (batch, 1), after hiding; ``other_present`` is the other modality's."""
        if not self.training:
            return present
        hidden = (torch.rand_like(present) < self.probability).to(present.dtype) * other_present
        return present * (1.0 - hidden)
