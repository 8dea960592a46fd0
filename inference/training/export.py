"""A trained network becomes a package: graph, weights and card."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference.models.iess_fusionnet import N_EMG, IessFusionNet
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.runtime.package import ONNX_NAME, WEIGHTS_NAME, ModelCard, digest_file, write_card
from inference.training.graph_export import EXAMPLE_WINDOWS, export_graph

INPUT_NAMES = ("eeg", "emg", "eeg_present", "emg_present")
OUTPUT_NAME = "probability"


class Calibrated(nn.Module):
    """The network with its answer as calibrated probabilities: logits divided by a temperature, then softmax."""

    def __init__(self, network: IessFusionNet, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, eeg: Tensor, emg: Tensor, eeg_present: Tensor, emg_present: Tensor) -> Tensor:
        """Give probabilities, (batch, 2), of the network's classes."""
        logits = self.network(eeg, emg, eeg_present, emg_present)
        return torch.softmax(logits / self.temperature, dim=-1)


def export_package(folder: Path, network: IessFusionNet, temperature: float, card: ModelCard) -> ModelCard:
    """Write graph, weights and card into a folder, and give the card with the digests of both files."""
    folder.mkdir(parents=True, exist_ok=True)
    network.eval()
    save_file(network.state_dict(), folder / WEIGHTS_NAME)
    (folder / WEIGHTS_NAME).chmod(0o644)  # the library writes it for its owner alone
    export_onnx(folder / ONNX_NAME, Calibrated(network, temperature))
    card = replace(card, files={name: digest_file(folder / name) for name in (ONNX_NAME, WEIGHTS_NAME)})
    write_card(folder, card)
    return card


def export_onnx(path: Path, module: Calibrated) -> None:
    """Write one ONNX file of standard operators only, for any number of windows."""
    shapes = (
        (len(IFCN_ELECTRODES), module.network.config.window_samples),
        (N_EMG, module.network.config.window_samples),
    )
    signals = [torch.zeros(EXAMPLE_WINDOWS, *shape) for shape in shapes]
    present = [torch.ones(EXAMPLE_WINDOWS, n_channels) for n_channels, _ in shapes]
    export_graph(path, module, dict(zip(INPUT_NAMES, (*signals, *present), strict=True)), [OUTPUT_NAME])


def load_network(folder: Path) -> IessFusionNet:
    """Load a package's weights into a network, in evaluation mode."""
    network = IessFusionNet()
    network.load_state_dict(load_file(folder / WEIGHTS_NAME))
    return network.eval()
