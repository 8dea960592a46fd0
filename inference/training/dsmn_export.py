"""DSMN-ESS as a package gives it: probabilities of both tasks and the channel weights of a topography."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from inference.models.dsmn_ess import CLASSES, STATES, DsmnConfig, DsmnEss, Task
from inference.runtime.cards import WHOLE, NetworkCost, OutputSpec

#: Section IV-D of the paper; it does not say of which window.
PAPER_COST: Mapping[str, NetworkCost] = MappingProxyType({WHOLE: NetworkCost(2.20e6, 2.06e9)})


def describe_outputs(config: DsmnConfig) -> tuple[OutputSpec, ...]:
    """Describe what `DsmnAnswers` gives, in its order; events are formed from the probability of a seizure."""
    answers = (
        OutputSpec(
            f"{task}_probability",
            task=task,
            classes=CLASSES[task],
            event_class=STATES[1] if task == "seizure" else "",
        )
        for task in config.tasks
    )
    weights = OutputSpec(
        "channel_weights", classes=config.electrodes, measures="attention to each electrode, from 0 to 1; 0 if missing"
    )
    return (*answers, weights) if config.weigh_channels else tuple(answers)


class DsmnAnswers(nn.Module):
    """The network with its answers as a package gives them.

    The outputs are, as `describe_outputs` orders them: each task's probabilities, (batch, classes), logits divided by
    that task's temperature and then softmax; and, where the network has them, the channel weights of its first block,
    (batch, electrodes), as the paper's figure 14 maps them.

    It is exported as a whole only: the outer columns of a window's spectrogram rest on zeros beyond its ends, which a
    spectrogram of the whole signal has not; and its front end is a fortieth of its work.
    """

    def __init__(self, network: DsmnEss, temperatures: Mapping[Task, float] | None = None) -> None:
        super().__init__()
        self.network = network
        self.temperatures = {task: (temperatures or {}).get(task, 1.0) for task in network.config.tasks}

    def forward(self, eeg: Tensor, eeg_present: Tensor) -> tuple[Tensor, ...]:
        """Answer for windows, (batch, electrodes, samples), of electrodes present, (batch, electrodes)."""
        logits, weights = self.network(eeg, eeg_present)
        answers = [torch.softmax(logits[task] / t, dim=-1) for task, t in self.temperatures.items()]
        return (*answers, weights[:, 0]) if self.network.config.weigh_channels else tuple(answers)
