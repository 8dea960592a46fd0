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

    Inside, time comes first and states lie before width, so that every step and every sum runs along contiguous memory.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        x, delta, b, c = (_time_first(tensor) for tensor in (inputs[0], inputs[1], inputs[3], inputs[4]))
        decay = inputs[2].transpose(1, 2).contiguous()
        drive = delta * x
        n_time, n_batch, n_groups, width = x.shape
        states = x.new_empty(n_time, n_batch, *decay.shape)
        factors = torch.empty_like(states)
        state = torch.zeros_like(states[0])
        outputs = torch.empty_like(x)
        flat = (n_batch * n_groups, -1, width)
        for t in range(n_time):
            factor = torch.mul(delta[t].unsqueeze(-2), decay, out=factors[t]).exp_()
            state = torch.mul(factor, state, out=states[t])
            state.addcmul_(drive[t].unsqueeze(-2), b[t].unsqueeze(-1))
            torch.bmm(c[t].view(flat[0], 1, -1), state.view(flat), out=outputs[t].view(flat))
        ctx.save_for_backward(x, delta, decay, b, c, states, factors)
        return outputs.transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        x, delta, decay, b, c, states, factors = ctx.saved_tensors
        gradient, drive = _time_first(gradients[0]), delta * x
        n_time, n_batch, n_groups, width = x.shape
        flat = (n_batch * n_groups, -1, width)
        g_drive, g_delta, g_b, g_c = (torch.empty_like(tensor) for tensor in (x, x, b, c))
        g_state, g_decay, g_exponent = (torch.zeros_like(states[0]) for _ in range(3))
        for t in range(n_time - 1, -1, -1):
            torch.bmm(states[t].view(flat), gradient[t].view(flat[0], width, 1), out=g_c[t].view(flat[0], -1, 1))
            g_state.addcmul_(gradient[t].unsqueeze(-2), c[t].unsqueeze(-1))
            torch.bmm(g_state.view(flat), drive[t].view(flat[0], width, 1), out=g_b[t].view(flat[0], -1, 1))
            torch.bmm(b[t].view(flat[0], 1, -1), g_state.view(flat), out=g_drive[t].view(flat))
            if t == 0:
                g_delta[t] = 0  # the state before the first step is 0, whatever it decays by
                break
            g_state.mul_(factors[t])
            torch.mul(g_state, states[t - 1], out=g_exponent)
            g_decay.addcmul_(g_exponent, delta[t].unsqueeze(-2))
            torch.sum(g_exponent.mul_(decay), dim=-2, out=g_delta[t])
        g_x, g_delta = g_drive * delta, g_delta + g_drive * x
        g_x, g_delta, g_b, g_c = (tensor.transpose(0, 1) for tensor in (g_x, g_delta, g_b, g_c))
        return g_x, g_delta, g_decay.sum(0).transpose(1, 2), g_b, g_c


def _time_first(tensor: Tensor) -> Tensor:
    return tensor.transpose(0, 1).contiguous()


def _scan_for_export(x: Tensor, delta: Tensor, decay: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Write the recurrence as torch's scan operator, which exports as the standard ONNX ``Scan``.

    States lie before width here too, and every axis is put in its place before the loop: what ONNX Runtime does in each
    step runs along contiguous memory, which takes two thirds of the time.
    """

    def step(state: Tensor, now: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        drive_t, delta_t, b_t, c_t = now
        state = torch.exp(delta_t * rate) * state + drive_t * b_t
        return state, torch.matmul(c_t, state)

    rate = decay.transpose(1, 2).contiguous()
    first = x.new_zeros(x.shape[0], *rate.shape)
    over_time = (
        _time_first(delta * x).unsqueeze(-2),
        _time_first(delta).unsqueeze(-2),
        _time_first(b).unsqueeze(-1),
        _time_first(c).unsqueeze(-2),
    )
    _, outputs = scan(step, first, over_time, dim=0)
    result: Tensor = outputs.squeeze(-2).transpose(0, 1)
    return result
