"""The focus-localisation network as one ONNX file of standard operators."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from inference.models.focus_localisation import FocusLocalisation

OPSET = 20
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
    module = CalibratedFocus(network, temperature).eval()
    n_windows = 3  # anything but 1, which the exporter would take for a constant
    windows = torch.export.Dim("windows", min=1, max=4096)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecated calls
        torch.onnx.export(
            module,
            (torch.zeros(n_windows, network.config.window_samples),),
            path,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_shapes=({0: windows},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
