"""The sleep-staging network as one ONNX file of standard operators."""

from pathlib import Path

import torch
from torch import Tensor, nn

from inference.models.sleep_staging import N_EPOCHS, SleepStagingNet
from inference.training.graph_export import EXAMPLE_WINDOWS, export_graph

INPUT_NAMES = ("eeg", "eeg_present", "bold", "bold_present")
OUTPUT_NAMES = ("probability", "gate", "eeg_embedding", "bold_embedding")


class CalibratedStaging(nn.Module):
    """The network with its answer as calibrated probabilities: logits divided by a temperature, then softmax."""

    def __init__(self, network: SleepStagingNet, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(
        self, eeg: Tensor, eeg_present: Tensor, bold: Tensor, bold_present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give probabilities of the stages, (batch, 5), then gate and both embeddings, (batch, width) each."""
        staged = self.network(eeg, eeg_present, bold, bold_present)
        probability = torch.softmax(staged.logits / self.temperature, dim=-1)
        return probability, staged.gate, staged.eeg_embedding, staged.bold_embedding


def export_sleep_onnx(path: Path, network: SleepStagingNet, temperature: float = 1.0) -> None:
    """Write one ONNX file for any number of epochs; the network goes into evaluation."""
    config = network.config
    n_electrodes = len(config.electrodes)
    example = (
        torch.zeros(EXAMPLE_WINDOWS, N_EPOCHS, n_electrodes, config.epoch_samples),
        torch.ones(EXAMPLE_WINDOWS, N_EPOCHS, n_electrodes),
        torch.zeros(EXAMPLE_WINDOWS, config.n_regions, config.n_volumes),
        torch.ones(EXAMPLE_WINDOWS, 1),
    )
    inputs = dict(zip(INPUT_NAMES, example, strict=True))
    export_graph(path, CalibratedStaging(network, temperature), inputs, OUTPUT_NAMES)
