"""A torch module becomes one ONNX file of standard operators, for any number of windows."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

OPSET = 20
#: Rows of the example: anything but 1, which the exporter would take for a constant, and 2, the classes of some tasks.
EXAMPLE_WINDOWS = 3
MOST_WINDOWS = 4096


def export_graph(path: Path, module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> None:
    """Write a module's graph with its weights, the first axis of every input being the windows.

    Parameters
    ----------
    module : takes the inputs in their order and gives one tensor for each name of ``outputs``.
    inputs : an example of each input by its name, `EXAMPLE_WINDOWS` windows long.
    """
    windows = torch.export.Dim("windows", min=1, max=MOST_WINDOWS)
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
            dynamic_shapes=({0: windows},) * len(inputs),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    model = onnx.load(path)
    _forget_origins(model.graph)
    onnx.save(model, path)


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
