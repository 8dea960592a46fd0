"""What a network costs: its parameters, and the operations of one window."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Cost:
    """The size of a network.

    Attributes
    ----------
    n_parameters : how many numbers training may change.
    n_flops : floating-point operations of one pass, as PyTorch counts them: two for every multiplication with its
        addition in convolutions, recurrent layers and matrix products; what works element by element is not counted.
    """

    n_parameters: int
    n_flops: int

    @property
    def n_multiply_accumulates(self) -> int:
        """Multiplications with their additions, which many papers report as FLOPs."""
        return self.n_flops // 2


def measure_cost(network: nn.Module, *inputs: Tensor) -> Cost:
    """Count a network's parameters and the operations of one pass over inputs.

    Nothing is computed: the network is copied without its numbers. That also takes recurrent layers apart, which the
    counter would not see into on a processor.
    """
    n_parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    outline = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        outline(*(tensor.to("meta") for tensor in inputs))
    return Cost(n_parameters, counter.get_total_flops())
