"""The training loop: AdamW, warm-up and cosine, averaged weights; the same seed gives the same network."""

import ctypes
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inference.models.iess_fusionnet import IessFusionNet
from inference.training.windows import WindowSampler

#: glibc's names for these settings of ``mallopt``.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How the network is fitted."""

    n_steps: int = 1000
    batch_size: int = 32
    peak_rate: float = 1.5e-3
    warm_up_steps: int = 100
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    averaging: float = 0.99
    minutes_limit: float = math.inf


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where the loop stands; ``loss`` is a running mean of the cross-entropy."""

    step: int
    n_steps: int
    loss: float


def fit(
    network: IessFusionNet, sampler: WindowSampler, settings: LoopSettings, device: str = "cpu"
) -> Iterator[StepReport]:
    """Fit the network's body, reporting after every step; afterwards it holds the averaged weights.

    On one machine, with the same number of threads, the same seeds give the same weights bit for bit, unless
    ``minutes_limit`` cuts training short.
    """
    keep_freed_memory()
    body = network.body.to(device).train()
    averaging = get_ema_multi_avg_fn(settings.averaging)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(body, multi_avg_fn=averaging)
    optimiser = torch.optim.AdamW(_parameter_groups(body, settings.weight_decay), betas=(0.9, 0.98))
    running, started = 0.0, time.monotonic()
    for step, batch in enumerate(sampler.batches(settings.n_steps, settings.batch_size)):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, settings)
        *inputs, target = (tensor.to(device) for tensor in batch)
        loss: Tensor = functional.cross_entropy(body(*inputs), target)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(body.parameters(), settings.clip_norm)
        optimiser.step()
        averaged.update_parameters(body)
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        yield StepReport(step + 1, settings.n_steps, running)
        if time.monotonic() - started > 60 * settings.minutes_limit:
            break
    body.load_state_dict(averaged.module.state_dict())
    network.to("cpu").eval()


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Give the learning rate of a step: linear warm-up, then half a cosine down to 0."""
    if step < settings.warm_up_steps:
        return settings.peak_rate * (step + 1) / settings.warm_up_steps
    progress = (step - settings.warm_up_steps) / max(1, settings.n_steps - settings.warm_up_steps)
    return settings.peak_rate * 0.5 * (1 + math.cos(math.pi * progress))


def _parameter_groups(body: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Spare gains, offsets and decays from weight decay: pulling them to 0 would mean something else than less."""
    spared_names = ("log_decay", "gain", "bias", "bonus", "skip", "present")
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    for name, parameter in body.named_parameters():
        (spared if name.rpartition(".")[2].endswith(spared_names) else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, where it can: handing 100 MB back and forth each step costs a third."""
    if not sys.platform.startswith("linux"):
        return
    mallopt: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
