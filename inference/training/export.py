"""A trained network becomes a package: graph, weights and card."""

import logging
import warnings
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference.models.iess_fusionnet import N_EMG, IessFusionNet
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.runtime.package import ONNX_NAME, WEIGHTS_NAME, ModelCard, digest_file, write_card

OPSET = 20
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
    n_samples = module.network.config.window_samples
    n_windows = 3  # anything but 1 and 2, which the exporter and the two scan directions would take for constants
    example = (
        torch.zeros(n_windows, len(IFCN_ELECTRODES), n_samples),
        torch.zeros(n_windows, N_EMG, n_samples),
        torch.ones(n_windows, len(IFCN_ELECTRODES)),
        torch.ones(n_windows, N_EMG),
    )
    windows = torch.export.Dim("windows", min=1, max=4096)
    # The exporter tells of its own deprecated calls and of torchvision, which nothing here needs.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            example,
            path,
            input_names=list(INPUT_NAMES),
            output_names=[OUTPUT_NAME],
            dynamic_shapes=tuple({0: windows} for _ in INPUT_NAMES),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def load_network(folder: Path) -> IessFusionNet:
    """Load a package's weights into a network, in evaluation mode."""
    network = IessFusionNet()
    network.load_state_dict(load_file(folder / WEIGHTS_NAME))
    return network.eval()
