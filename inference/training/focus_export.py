"""The focus-localisation network as one ONNX file of standard operators."""

from pathlib import Path

import torch
from torch import Tensor, nn

from inference.models.focus_localisation import FocusLocalisation
from inference.training.graph_export import EXAMPLE_WINDOWS, export_graph

INPUT_NAME = "signal"
OUTPUT_NAME = "probability"


class CalibratedFocus(nn.Module):
    """The network with its answer as calibrated probabilities: logits divided by a temperature, then softmax."""

    def __init__(self, network: FocusLocalisation, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, signal: Tensor) -> Tensor:
        """Give probabilities of non-focal and focal, (batch, 2), from single-channel windows (batch, samples)."""
        return torch.softmax(self.network(signal) / self.temperature, dim=-1)


def export_focus_onnx(path: Path, network: FocusLocalisation, temperature: float = 1.0) -> None:
    """Write one ONNX file of standard operators only, for any number of windows; the network goes into evaluation."""
    windows = torch.zeros(EXAMPLE_WINDOWS, network.config.window_samples)
    export_graph(path, CalibratedFocus(network, temperature), {INPUT_NAME: windows}, [OUTPUT_NAME])
