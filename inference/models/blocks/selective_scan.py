"""The selective scan of Mamba: a linear recurrence whose every coefficient depends on the input."""

from typing import Any

import torch
from torch import Tensor
from torch._higher_order_ops.scan import scan


def selective_scan(x: Tensor, delta: Tensor, decay: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Run ``h[t] = exp(delta[t] * decay) * h[t-1] + delta[t] * b[t] * x[t]`` and give ``y[t] = c[t] . h[t]``.

    Source: Gu and Dao 2023, arXiv 2312.00752, algorithm 2. The recurrence is walked step by step, so that nothing is
    ever divided by a product of decays; such forms overflow float32.

    Parameters
    ----------
    x, delta : (batch, time, groups, width); delta is positive.
    decay : (groups, width, states), negative; what the literature calls A.
    b, c : (batch, time, groups, states).

    Returns
    -------
    (batch, time, groups, width)
    """
    if torch.compiler.is_exporting():
        return _scan_for_export(x, delta, decay, b, c)
    result: Tensor = _SelectiveScan.apply(x, delta, decay, b, c)  # type: ignore[no-untyped-call]
    return result


class _SelectiveScan(torch.autograd.Function):
    """Forward and backward as plain loops over time, which keep each step within the processor's cache.

    Inside, states lie before width, so that every sum over either of them runs along contiguous memory.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        x, delta, decay, b, c = inputs
        drive, decay = delta * x, decay.transpose(1, 2).contiguous()
        states = x.new_empty(x.shape[1], x.shape[0], *decay.shape)
        factors = torch.empty_like(states)
        state = x.new_zeros(x.shape[0], *decay.shape)
        outputs = torch.empty_like(x)
        for t in range(x.shape[1]):
            factor = torch.mul(delta[:, t].unsqueeze(-2), decay, out=factors[t]).exp_()
            state = torch.mul(factor, state, out=states[t])
            state.addcmul_(drive[:, t].unsqueeze(-2), b[:, t].unsqueeze(-1))
            outputs[:, t] = torch.matmul(c[:, t].unsqueeze(-2), state).squeeze(-2)
        ctx.save_for_backward(x, delta, decay, b, c, states, factors)
        return outputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        x, delta, decay, b, c, states, factors = ctx.saved_tensors
        (gradient,) = gradients
        drive = delta * x
        g_drive, g_delta = torch.empty_like(x), torch.zeros_like(x)
        g_b, g_c = torch.empty_like(b), torch.empty_like(c)
        g_state, g_decay, g_exponent = (torch.zeros_like(states[0]) for _ in range(3))
        for t in range(x.shape[1] - 1, -1, -1):
            g_c[:, t] = torch.matmul(states[t], gradient[:, t].unsqueeze(-1)).squeeze(-1)
            g_state.addcmul_(gradient[:, t].unsqueeze(-2), c[:, t].unsqueeze(-1))
            g_b[:, t] = torch.matmul(g_state, drive[:, t].unsqueeze(-1)).squeeze(-1)
            g_drive[:, t] = torch.matmul(b[:, t].unsqueeze(-2), g_state).squeeze(-2)
            if t == 0:
                break  # the state before the first step is 0, whatever it decays by
            g_state.mul_(factors[t])
            torch.mul(g_state, states[t - 1], out=g_exponent)
            g_decay.addcmul_(g_exponent, delta[:, t].unsqueeze(-2))
            g_delta[:, t] = g_exponent.mul_(decay).sum(-2)
        return g_drive * delta, g_delta + g_drive * x, g_decay.sum(0).transpose(1, 2), g_b, g_c


def _scan_for_export(x: Tensor, delta: Tensor, decay: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Write the recurrence as torch's scan operator, which exports as the standard ONNX ``Scan``."""

    def step(state: Tensor, now: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        drive_t, delta_t, b_t, c_t = now
        state = torch.exp(delta_t.unsqueeze(-1) * decay) * state + drive_t.unsqueeze(-1) * b_t.unsqueeze(-2)
        return state, torch.matmul(state, c_t.unsqueeze(-1)).squeeze(-1)

    first = x.new_zeros(x.shape[0], *decay.shape)
    over_time = tuple(tensor.transpose(0, 1).contiguous() for tensor in (delta * x, delta, b, c))
    _, outputs = scan(step, first, over_time, dim=0)
    result: Tensor = outputs.transpose(0, 1)
    return result
