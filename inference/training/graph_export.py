"""A torch module becomes one ONNX file of standard operators, for any number of windows or any length of signal."""

import inspect
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

OPSET = 20
#: Rows of the example: anything but 1, which the exporter would take for a constant, and 2, the classes of some tasks.
EXAMPLE_WINDOWS = 3
MOST_WINDOWS = 4096
#: Longest signal that a front end takes at once, in its own steps.
_MOST_STEPS = 1 << 20


def export_graph(path: Path, module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> None:
    """Write a module's graph with its weights, the first axis of every input being the windows.

    Parameters
    ----------
    module : takes the inputs in their order and gives one tensor for each name of ``outputs``.
    inputs : an example of each input by its name, `EXAMPLE_WINDOWS` windows long.
    """
    windows = torch.export.Dim("windows", min=1, max=MOST_WINDOWS)
    _export(path, module, inputs, outputs, {0: windows})


def export_front_end(
    path: Path, module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], step_samples: int
) -> None:
    """Write the graph of a front end, which takes one stretch of signals of any length at a time.

    Parameters
    ----------
    inputs : an example of each signal by its name, (1, channels, samples).
    step_samples : the length of a signal is a multiple of this.
    """
    steps = torch.export.Dim("steps", min=1, max=_MOST_STEPS)
    _export(path, module, inputs, outputs, {2: step_samples * steps if step_samples > 1 else steps})


def _export(
    path: Path, module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], free: Mapping[int, Any]
) -> None:
    """Write a graph in which the axes ``free`` of every input may have other lengths than in the example."""
    # The exporter tells of its own deprecated calls and of torchvision, which nothing here needs.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=_shape_arguments(module, free, len(inputs)),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    model = onnx.load(path)
    _forget_origins(model.graph)
    onnx.save(model, path)


def _shape_arguments(module: nn.Module, free: Mapping[int, Any], n_inputs: int) -> tuple[Any, ...]:
    """Give the same free axes for each input, in one tuple where the module takes them as ``*inputs``."""
    each = (dict(free),) * n_inputs
    kinds = [parameter.kind for parameter in inspect.signature(module.forward).parameters.values()]
    return (each,) if kinds == [inspect.Parameter.VAR_POSITIONAL] else each


def _forget_origins(graph: onnx.GraphProto) -> None:
    """Take out the exporter's notes on source files and lines: they name the machine, and would change the digest."""
    graph.ClearField("metadata_props")
    for item in (*graph.node, *graph.input, *graph.output, *graph.initializer, *graph.value_info):
        item.ClearField("metadata_props")
        item.ClearField("doc_string")
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                _forget_origins(inner)
