"""Gradient reversal: the identity forwards, minus the gradient backwards.

Source: Ganin et al. 2016, J. Mach. Learn. Res. 17:59, equation 11.
"""

from typing import Any

import torch
from torch import Tensor


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return -gradients[0]


def reverse_gradient(x: Tensor) -> Tensor:
    """Give ``x`` unchanged, so that whoever computed it is trained against what follows."""
    reversed_x: Tensor = _Reverse.apply(x)  # type: ignore[no-untyped-call]
    return reversed_x
