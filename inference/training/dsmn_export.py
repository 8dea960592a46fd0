"""DSMN-ESS as an ONNX graph: probabilities of both tasks and the channel weights of a topography."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from inference.models.dsmn_ess import DsmnEss, Task
from inference.training.graph_export import EXAMPLE_WINDOWS, export_graph

INPUT_NAMES = ("eeg", "eeg_present")
WEIGHTS_NAME = "channel_weights"


class DsmnAnswers(nn.Module):
    """The network with its answers as a package gives them.

    The outputs are, in the order of `output_names`: each task's probabilities, (batch, classes), logits divided by that
    task's temperature and then softmax; and, where the network has them, the channel weights of its first block,
    (batch, electrodes), as the paper's figure 14 maps them.
    """

    def __init__(self, network: DsmnEss, temperatures: Mapping[Task, float] | None = None) -> None:
        super().__init__()
        self.network = network
        self.temperatures = {task: (temperatures or {}).get(task, 1.0) for task in network.config.tasks}

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        weights = (WEIGHTS_NAME,) if self.network.config.weigh_channels else ()
        return (*(f"{task}_probability" for task in self.temperatures), *weights)

    def forward(self, eeg: Tensor, eeg_present: Tensor) -> tuple[Tensor, ...]:
        """Answer for windows, (batch, electrodes, samples), of electrodes present, (batch, electrodes)."""
        logits, weights = self.network(eeg, eeg_present)
        answers = [torch.softmax(logits[task] / t, dim=-1) for task, t in self.temperatures.items()]
        return (*answers, weights[:, 0]) if self.network.config.weigh_channels else tuple(answers)


def export_dsmn_onnx(path: Path, network: DsmnEss, temperatures: Mapping[Task, float] | None = None) -> None:
    """Write the network as one ONNX file: ``eeg``, ``eeg_present`` to the outputs of `DsmnAnswers`."""
    module = DsmnAnswers(network, temperatures)
    n_electrodes = len(network.config.electrodes)
    example = (
        torch.zeros(EXAMPLE_WINDOWS, n_electrodes, network.config.window_samples),
        torch.ones(EXAMPLE_WINDOWS, n_electrodes),
    )
    export_graph(path, module, dict(zip(INPUT_NAMES, example, strict=True)), module.output_names)
