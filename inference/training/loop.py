"""The training loop of all networks: what is killed and resumed ends with the weights of what was not, bit for bit."""

import copy
import ctypes
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from inference.errors import TrainingError
from inference.training.checkpoints import Checkpoint, CurvePoint, TrainingState

#: glibc's names for these settings of ``mallopt``.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
#: Points of a learning curve, about: more than anybody can see.
_CURVE_POINTS = 500

BatchT = TypeVar("BatchT")


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How a network is fitted.

    Attributes
    ----------
    n_steps, batch_size : how long, and how many windows at once.
    peak_rate, warm_up_steps : the learning rate rises to its peak in a line ...
    schedule : ... and falls along half a cosine to 0, or stays ("constant").
    optimiser : "adamw" spares gains, offsets and decays from weight decay; "adam" adds it to every gradient, as the
        papers that name Adam do.
    weight_decay, betas : of the optimiser.
    clip_norm : largest norm of the gradient; infinite for none.
    averaging : share of the old in the running average of the weights that is kept in the end; 0 for none.
    validate_every : steps between validations; 0 for none. The weights with the least loss there are kept.
    minutes_limit : ends the steps early; the result is then not repeatable.
    precision : of matrix products; "auto" is bfloat16 on a GPU and float32 on the processor.
    """

    n_steps: int = 1000
    batch_size: int = 32
    peak_rate: float = 1.5e-3
    warm_up_steps: int = 100
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    averaging: float = 0.99
    minutes_limit: float = math.inf
    optimiser: Literal["adamw", "adam"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.98)
    schedule: Literal["cosine", "constant"] = "cosine"
    validate_every: int = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where the loop stands after a step.

    ``loss`` is a running mean, ``batch_loss`` the step's own. ``validation`` is the loss there, None between
    validations; ``best`` says that it is the least so far.
    """

    step: int
    n_steps: int
    loss: float
    batch_loss: float
    rate: float
    validation: float | None = None
    best: bool = False


def descend(
    module: nn.Module,
    batch_at: Callable[[int], BatchT],
    loss_of: Callable[[nn.Module, BatchT], Tensor],
    settings: LoopSettings,
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    validate: Callable[[nn.Module], float] | None = None,
) -> Iterator[StepReport]:
    """Fit a module, reporting after every step; afterwards it holds the weights to keep, on the processor, for running.

    On one machine, with the same number of threads, the same seed gives the same weights bit for bit, however often the
    run was killed and resumed from its checkpoint, unless ``minutes_limit`` cuts it short. Closing the iterator keeps a
    checkpoint as well.

    Parameters
    ----------
    module : what is fitted; parameters that need no gradient are left alone.
    batch_at : the batch of a step, from 0, as tensors on the processor, alone, or in tuples, lists or dictionaries. A
        pure function of the step: take chance from ``np.random.default_rng((seed, step))``, never from torch. It is
        called in a thread of its own, one step ahead.
    loss_of : the loss of the module on a batch, which is on the device by then; dropout and whatever else takes chance
        from torch gets it from the seed and the step.
    checkpoint : where the run is kept; one that is there already is gone on from.
    validate : the loss on what training does not see, of a module that is in evaluation mode and on the device.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or the checkpoint is damaged or another training's.
    """
    keep_freed_memory()
    run = _Run(module, settings, seed=seed, device=device, checkpoint=checkpoint, validate=validate)
    with ThreadPoolExecutor(1, "batches") as pool:
        upcoming: list[Future[BatchT]] = []
        while run.goes_on():
            upcoming = upcoming or [pool.submit(batch_at, run.step)]
            batch = upcoming.pop().result()
            if run.step + 1 < settings.n_steps:
                upcoming.append(pool.submit(batch_at, run.step + 1))
            report = run.take_step(batch, loss_of)
            run.save(only_if_due=True)
            try:
                yield report
            except GeneratorExit:
                run.save()
                raise
    run.save()
    run.finish()


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Give the learning rate of a step: linear warm-up, then half a cosine down to 0, or the peak for good."""
    if step < settings.warm_up_steps:
        return settings.peak_rate * (step + 1) / settings.warm_up_steps
    if settings.schedule == "constant":
        return settings.peak_rate
    progress = (step - settings.warm_up_steps) / max(1, settings.n_steps - settings.warm_up_steps)
    return settings.peak_rate * 0.5 * (1 + math.cos(math.pi * progress))


class _Run:
    """One run of the loop: everything that changes from step to step."""

    def __init__(
        self,
        module: nn.Module,
        settings: LoopSettings,
        *,
        seed: int,
        device: str,
        checkpoint: Checkpoint | None,
        validate: Callable[[nn.Module], float] | None,
    ) -> None:
        self.settings, self.seed, self.device = settings, seed, torch.device(device)
        self.checkpoint, self.validate = checkpoint, validate
        self.module = module.to(device).train()
        self.optimiser = _make_optimiser(module, settings)
        self.averaged: nn.Module | None = None
        if settings.averaging:
            averaging = get_ema_multi_avg_fn(settings.averaging)  # type: ignore[no-untyped-call]
            self.averaged = AveragedModel(module, multi_avg_fn=averaging)
        self.best: dict[str, Tensor] = {}
        self.step, self.running_loss, self.curve = 0, 0.0, list[CurvePoint]()
        self.best_validation: float | None = None
        self.elapsed_before_s, self.started = 0.0, time.monotonic()
        self.saved_step, self.saved_at = -1, time.monotonic()
        if checkpoint is not None and (state := checkpoint.load(self._describe())) is not None:
            self._restore(state)

    @property
    def elapsed_s(self) -> float:
        return self.elapsed_before_s + time.monotonic() - self.started

    def goes_on(self) -> bool:
        over = self.step > 0 and self.elapsed_s > 60 * self.settings.minutes_limit
        return self.step < self.settings.n_steps and not over

    def take_step(self, batch: BatchT, loss_of: Callable[[nn.Module, BatchT], Tensor]) -> StepReport:
        settings = self.settings
        rate = learning_rate(self.step, settings)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        torch.manual_seed(_mix(self.seed, self.step))
        with self._precision():
            loss = loss_of(self.module, cast("BatchT", _to_device(batch, self.device)))
        batch_loss = loss.item()
        if not math.isfinite(batch_loss):
            raise TrainingError(f"The loss is no longer a number in step {self.step + 1}: try a lower learning rate.")
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if math.isfinite(settings.clip_norm):
            nn.utils.clip_grad_norm_(self.module.parameters(), settings.clip_norm)
        self.optimiser.step()
        if isinstance(self.averaged, AveragedModel):
            self.averaged.update_parameters(self.module)
        self.running_loss = batch_loss if self.step == 0 else 0.98 * self.running_loss + 0.02 * batch_loss
        self.step += 1
        validation, improved = self._validate()
        if validation is not None or self.step in (1, settings.n_steps) or self._on_curve():
            self.curve.append(CurvePoint(self.step, self.running_loss, rate, validation))
        return StepReport(self.step, settings.n_steps, self.running_loss, batch_loss, rate, validation, improved)

    def save(self, *, only_if_due: bool = False) -> None:
        if self.checkpoint is None or self.saved_step == self.step:
            return
        if only_if_due and time.monotonic() - self.saved_at < self.checkpoint.every_s:
            return
        state = TrainingState(
            self.step, self._tensors(), self.running_loss, self.best_validation, self.elapsed_s, tuple(self.curve)
        )
        self.checkpoint.save(state, self._describe())
        self.saved_step, self.saved_at = self.step, time.monotonic()

    def finish(self) -> None:
        """Put the weights to keep into the module: the best on validation, else the averaged, else the last."""
        if self.best:
            self.module.load_state_dict(self.best)
        elif self.averaged is not None:
            self.module.load_state_dict(self._kept().state_dict())
        self.module.to("cpu").eval()

    def _kept(self) -> nn.Module:
        return cast("nn.Module", self.averaged.module) if self.averaged is not None else self.module

    def _validate(self) -> tuple[float | None, bool]:
        every = self.settings.validate_every
        if self.validate is None or not every or (self.step % every and self.step != self.settings.n_steps):
            return None, False
        kept = self._kept()
        kept.eval()
        with torch.no_grad(), self._precision():
            value = float(self.validate(kept))
        self.module.train()
        if not math.isfinite(value):
            raise TrainingError(f"The loss on validation is no number after step {self.step}: try a lower rate.")
        improved = self.best_validation is None or value < self.best_validation
        if improved:
            self.best_validation, self.best = value, copy.deepcopy(kept.state_dict())
        return value, improved

    def _on_curve(self) -> bool:
        return self.step % max(1, self.settings.n_steps // _CURVE_POINTS) == 0

    def _precision(self) -> torch.autocast | nullcontext[None]:
        wanted = self.settings.precision
        if wanted == "float32" or (wanted == "auto" and self.device.type != "cuda"):
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def _describe(self) -> dict[str, Any]:
        """Tell what the weights depend on, as JSON."""
        settings = {name: value for name, value in asdict(self.settings).items() if name != "minutes_limit"}
        shapes = repr([(name, tuple(tensor.shape)) for name, tensor in self.module.state_dict().items()])
        return {
            "seed": self.seed,
            **{name: str(value) if value == math.inf else value for name, value in settings.items()},
            "device": self.device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "network": sha256(shapes.encode()).hexdigest(),
        }

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"module/{name}": tensor for name, tensor in self.module.state_dict().items()}
        if self.averaged is not None:
            tensors.update({f"averaged/{name}": tensor for name, tensor in self.averaged.state_dict().items()})
        tensors.update({f"best/{name}": tensor for name, tensor in self.best.items()})
        for index, slots in self.optimiser.state_dict()["state"].items():
            tensors.update({f"optimiser/{index}/{name}": value for name, value in slots.items()})
        return tensors

    def _restore(self, state: TrainingState) -> None:
        parts: dict[str, dict[str, Tensor]] = {"module": {}, "averaged": {}, "best": {}, "optimiser": {}}
        for path, tensor in state.tensors.items():
            part, _, name = path.partition("/")
            parts[part][name] = tensor
        self.module.load_state_dict(parts["module"])
        if self.averaged is not None:
            self.averaged.load_state_dict(parts["averaged"])
        self.best = parts["best"]
        slots: dict[int, dict[str, Tensor]] = {}
        for path, tensor in parts["optimiser"].items():
            index, _, name = path.partition("/")
            slots.setdefault(int(index), {})[name] = tensor
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": slots})
        self.step, self.running_loss, self.curve = state.step, state.running_loss, list(state.curve)
        self.best_validation, self.elapsed_before_s = state.best_validation, state.elapsed_s
        self.saved_step = state.step


def _mix(seed: int, step: int) -> int:
    """Give one number for torch's generators from a seed and a step."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0])


def _to_device(batch: object, device: torch.device) -> object:
    """Move the tensors of a batch; what is no tensor stays as it is."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, tuple):
        values = tuple(_to_device(value, device) for value in batch)
        return cast("Callable[..., object]", type(batch))(*values) if hasattr(batch, "_fields") else values
    if isinstance(batch, list):
        return [_to_device(value, device) for value in batch]
    if isinstance(batch, Mapping):
        return {name: _to_device(value, device) for name, value in batch.items()}
    return batch


def _make_optimiser(module: nn.Module, settings: LoopSettings) -> torch.optim.Optimizer:
    if settings.optimiser == "adam":
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        return torch.optim.Adam(parameters, weight_decay=settings.weight_decay, betas=settings.betas)
    return torch.optim.AdamW(_parameter_groups(module, settings.weight_decay), betas=settings.betas)


def _parameter_groups(module: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Spare gains, offsets and decays from weight decay: pulling them to 0 would mean something else than less."""
    spared_names = ("log_decay", "gain", "bias", "bonus", "skip", "present")
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            is_spared = parameter.ndim < 2 or name.rpartition(".")[2].endswith(spared_names)
            (spared if is_spared else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, where it can: handing 100 MB back and forth each step costs a third."""
    if not sys.platform.startswith("linux"):
        return
    mallopt: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
