"""IESS-FusionNet in torch, for what needs gradients: the same weights, asked for the same log odds as running asks."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from safetensors.torch import load
from torch import Tensor

from inference.errors import AnalysisError, ModelPackageError
from inference.explain.subject import Stretch, Subject
from inference.models.iess_fusionnet import IessFusionNet
from inference.runtime.package import ModelPackage

#: The package whose network this is.
NETWORK_NAME = "iess-fusionnet"


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the network's learned part looks at: features in standard deviations from their mean.

    Attributes
    ----------
    eeg, emg : (windows, features, electrodes, frames) and the same of the muscles; 0 where nothing is to be looked at.
    """

    eeg: Tensor
    emg: Tensor

    def map(self, change: Callable[[Tensor, Tensor], Tensor], other: "Features") -> "Features":
        """Combine both modalities with those of other features."""
        return Features(change(self.eeg, other.eeg), change(self.emg, other.emg))


class Judge:
    """Asks the network for the log odds of a spasm, from features that may carry gradients.

    Parameters
    ----------
    subject : the recording as the network sees it.

    Attributes
    ----------
    network : with the package's weights, in evaluation mode; of its parameters only biases take gradients.

    Raises
    ------
    ModelPackageError
        The weights are not those of this network.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.network = load_network(subject.package)
        self._temperature = float(subject.package.card.calibration.get("temperature", 1.0))
        self.present = (
            torch.from_numpy(subject.plan.eeg_present)[None],
            torch.from_numpy(subject.plan.emg_present)[None],
        )

    def look_at(self, window: Stretch) -> Features:
        """Give the features of one window."""
        return self.standardise(*self._front_end(window))

    def standardise(self, eeg: Tensor, emg: Tensor) -> Features:
        """Give features as the learned part sees them, 0 where there is no channel."""
        body = self.network.body
        eeg_present, emg_present = (present[:, None, :, None] for present in self.present)
        return Features(body.eeg.standardise(eeg) * eeg_present, body.emg.standardise(emg) * emg_present)

    def log_odds(self, features: Features) -> Tensor:
        """Give the calibrated log odds of a spasm, (windows,)."""
        body, n_windows = self.network.body, len(features.eeg)
        eeg_present, emg_present = (present.expand(n_windows, -1) for present in self.present)
        eeg = body.eeg.bi_mamba(body.eeg.st_conv(features.eeg, eeg_present))
        emg = body.emg.bi_mamba(body.emg.st_conv(features.emg, emg_present))
        logits = body.classifier(body.fuse(eeg, emg))
        result: Tensor = (logits[:, 1] - logits[:, 0]) / self._temperature
        return result

    def background(self) -> Features:
        """Give the recording's typical window: the median over time of each feature of each channel, all along."""
        parts = [self._settled(stretch) for stretch in self._subject.background]
        n_frames = self.network.config.window_frames
        eeg, emg = (
            torch.cat(features, dim=-1).median(dim=-1, keepdim=True).values for features in zip(*parts, strict=True)
        )
        return self.standardise(eeg.expand(-1, -1, -1, n_frames), emg.expand(-1, -1, -1, n_frames))

    def _settled(self, stretch: Stretch) -> tuple[Tensor, Tensor]:
        """Give a stretch's features but for the frames at its ends, where filters reach beyond it."""
        front_end, n_samples = self.network.front_end, stretch.eeg.shape[-1]
        eeg, emg = self._front_end(stretch)
        eeg_settled, emg_settled = (
            bank.cone_of_influence(n_samples).all(dim=0) for bank in (front_end.eeg, front_end.emg)
        )
        return eeg[..., eeg_settled], emg[..., emg_settled]

    @torch.no_grad()
    def _front_end(self, stretch: Stretch) -> tuple[Tensor, Tensor]:
        features: tuple[Tensor, Tensor] = self.network.front_end(
            torch.from_numpy(stretch.eeg[None]), torch.from_numpy(stretch.emg[None])
        )
        return features


def load_network(package: ModelPackage) -> IessFusionNet:
    """Build the network of a package; of its parameters only biases take gradients.

    Raises
    ------
    AnalysisError
        The package holds another network.
    ModelPackageError
        Its weights are not those of this network as this version builds it.
    """
    if package.card.name != NETWORK_NAME:
        raise AnalysisError(f"{package.card.title} has no gradients to be explained by; ask for its occlusion.")
    network = IessFusionNet()
    try:
        network.load_state_dict(load(package.read_weights()))
    except RuntimeError as error:
        raise ModelPackageError(
            f"{package.folder} holds weights of another version of {package.card.title}."
        ) from error
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.endswith(".bias"))
    return network.eval()
