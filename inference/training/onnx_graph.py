"""Writing a network as one ONNX file of standard operators."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

OPSET = 20


def write_onnx(
    path: Path, module: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    """Write a module that takes any number of windows; it goes into evaluation.

    Parameters
    ----------
    example : one tensor an input, windows first; three windows, as the exporter would take 1 for a constant and
        two for a pair of directions.
    inputs, outputs : what to call them in the graph.
    """
    windows = torch.export.Dim("windows", min=1, max=4096)
    # The exporter tells of its own deprecated calls and of torchvision, which nothing here needs.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            example,
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=({0: windows},) * len(example),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
