"""Sleep staging as a package gives it: calibrated probabilities of the stages, the gate and both embeddings."""

from typing import Final

import torch
from torch import Tensor, nn

from inference.models.sleep_staging import CLASSES, SleepStagingNet
from inference.runtime.cards import OutputSpec

#: The poster gives neither parameters nor operations to compare with.
OUTPUTS: Final = (
    OutputSpec("probability", task="sleep_stage", classes=CLASSES),
    OutputSpec("gate", measures="share of the EEG in each element of the fused embedding, from 0 to 1"),
    OutputSpec("eeg_embedding", measures="embedding of the EEG, 0 where there is none"),
    OutputSpec("bold_embedding", measures="embedding of the BOLD signals, 0 where there are none"),
)


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
