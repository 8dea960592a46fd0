"""Making a training run repeatable: the same seed on the same machine gives the same weights."""

import os
from typing import Literal

import torch

from inference.errors import TrainingError


def make_repeatable(seed: int, device: str, n_threads: int) -> None:
    """Seed torch and hold it to deterministic algorithms, in the whole process.

    Raises
    ------
    TrainingError
        The device is not there.
    """
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise TrainingError("Training on cuda was asked for, but this machine has no GPU that PyTorch can use.")
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it recurrent layers are not repeatable
    torch.set_num_threads(n_threads)
    torch.use_deterministic_algorithms(mode=True)
    torch.manual_seed(seed)


def choose_device(wanted: str) -> str:
    """Give the device to train on: for "auto" the GPU where there is one, else the processor."""
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_precision(device: str) -> Literal["float32", "bfloat16"]:
    """Give what matrix products are worth doing in on a device: bfloat16 where it multiplies in that, else float32."""
    multiplies_short = device != "cpu" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return "bfloat16" if multiplies_short else "float32"
