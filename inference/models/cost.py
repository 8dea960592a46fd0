"""What a network costs: its parameters, and the operations of one window."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Cost:
    """The size of a network.

    Attributes
    ----------
    n_parameters : how many numbers training may change, those that are held at present included.
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
    return measure_blocks(network, inputs, {"": ("",)})[""]


def measure_blocks(
    network: nn.Module, inputs: Sequence[Tensor], blocks: Mapping[str, Sequence[str]]
) -> dict[str, Cost]:
    """Count parameters and operations of some blocks within one pass of the whole network.

    Parameters
    ----------
    blocks : by a name of its own, the modules of each block as `torch.nn.Module.get_submodule` finds them; the module
        ``""`` is the network itself.
    """
    outline = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        outline(*(tensor.to("meta") for tensor in inputs))
    counts = counter.get_flop_counts()
    root = type(outline).__name__
    measured = {}
    for block, paths in blocks.items():
        modules = [outline.get_submodule(path) for path in paths]
        names = (f"{root}.{path}" if path else "Global" for path in paths)
        measured[block] = Cost(
            sum(parameter.numel() for module in modules for parameter in module.parameters()),
            sum(sum(counts.get(name, {}).values()) for name in names),
        )
    return measured
