"""A small network whose training depends on everything that a checkpoint must keep.

Run as ``python -m tests.inference.training.toy FOLDER`` it trains, tells each step, and writes ``weights.safetensors``.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from inference.training.checkpoints import Checkpoint
from inference.training.loop import LoopSettings, StepReport, descend

SEED = 3
SETTINGS = LoopSettings(
    n_steps=40, batch_size=8, warm_up_steps=4, peak_rate=0.02, averaging=0.9, validate_every=7, clip_norm=0.5
)


def make_network() -> nn.Module:
    torch.manual_seed(SEED)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))


def batch_at(step: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng((SEED, step))
    inputs = rng.standard_normal((SETTINGS.batch_size, 6)).astype(np.float32)
    return torch.from_numpy(inputs), torch.from_numpy((inputs[:, 0] > inputs[:, 1]).astype(np.int64))


def loss_of(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    return functional.cross_entropy(network(batch[0]), batch[1])


def validate(network: nn.Module) -> float:
    return float(loss_of(network, batch_at(10_000)).detach())


def train(
    folder: Path | None = None,
    settings: LoopSettings = SETTINGS,
    *,
    every_s: float = 0.0,
    seed: int = SEED,
    on_step: Callable[[StepReport], object] = lambda report: None,
) -> dict[str, Tensor]:
    """Train and give the weights."""
    network = make_network()
    checkpoint = None if folder is None else Checkpoint(folder, every_s, {"data": "toy"})
    for report in descend(network, batch_at, loss_of, settings, seed=seed, checkpoint=checkpoint, validate=validate):
        on_step(report)
    return network.state_dict()


def main() -> None:
    """Train in a process of its own, to be killed."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    weights = train(folder / "checkpoint", on_step=lambda report: print(report.step, flush=True))
    save_file(weights, folder / "weights.safetensors")


if __name__ == "__main__":
    main()
