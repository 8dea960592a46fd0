"""Grad-CAM: a quick overview of the channels and moments that a network's first maps found something in.

Source: Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2, on the maps of each channel over time that ST-Conv
makes before it mixes the channels.
"""

import torch
from torch import Tensor
from torch.nn import functional

from inference.explain.judge import Features, Judge


def overview(judge: Judge, window: Features) -> tuple[Features, float]:
    """Give what speaks for the event, (1, 1, electrodes, tokens) of each modality, never negative; and the log odds."""
    maps: list[Tensor] = []
    body = judge.network.body
    mixers = [body.get_submodule(name) for name in ("eeg.st_conv.spatial", "emg.st_conv.spatial")]
    hooks = [mixer.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0])) for mixer in mixers]
    try:
        score = judge.log_odds(window)
    finally:
        for hook in hooks:
            hook.remove()
    gradients = torch.autograd.grad(score.sum(), maps)
    eeg, emg = (
        functional.relu((gradient.mean(dim=(2, 3), keepdim=True) * values).sum(dim=1, keepdim=True)).detach()
        for values, gradient in zip(maps, gradients, strict=True)
    )
    return Features(eeg, emg), float(score.detach())
