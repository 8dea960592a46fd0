"""What an explanation is, whichever method found it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.labels.detections import ModelReference

OCCLUSION: Final = "occlusion"
MAMBA_LRP: Final = "MambaLRP"
INTEGRATED_GRADIENTS: Final = "integrated gradients"
GRAD_CAM: Final = "Grad-CAM"


@dataclass(frozen=True, slots=True, eq=False)
class Relevance:
    """How much each part of one window spoke for what a network said of it, or against.

    Relevance is signed and in log odds: positive speaks for the event, negative against it.

    Attributes
    ----------
    model : which weights spoke.
    method : `OCCLUSION`, `MAMBA_LRP`, `INTEGRATED_GRADIENTS` or `GRAD_CAM`.
    target : what is explained, such as ``"log odds of spasm"``.
    onset_s, duration_s : the window, on the recording's clock.
    channels : what the network saw, EEG before EMG: the recording's channel where it stands for an electrode of the
        network, else the electrode, as one that was estimated from others or recovered from a bipolar recording. An
        electrode that is missing is not among them.
    time_s : (T,) centres of the frames, on the recording's clock.
    by_channel : (channels, T) float32, summed over frequencies.
    eeg_hz, eeg : (F,) ascending, and (EEG channels, F, T) float32; F is 0 where the method has no frequency axis. Below
        the lowest wavelet lies what belongs to the slow wave with its sign, where the network sees that.
    emg_hz, emg : the same of the EMG.
    score : what is explained, in log odds.
    gap : what the parts leave unexplained of what they claim to add up to, as a share of it; NaN where the method
        makes no such claim.
    problems : plain sentences on what the reader should know about this explanation.
    """

    model: ModelReference
    method: str
    target: str
    onset_s: float
    duration_s: float
    channels: tuple[str, ...]
    time_s: NDArray[np.float64]
    by_channel: NDArray[np.float32]
    eeg_hz: NDArray[np.float64]
    eeg: NDArray[np.float32]
    emg_hz: NDArray[np.float64]
    emg: NDArray[np.float32]
    score: float
    gap: float
    problems: tuple[str, ...]

    @property
    def n_eeg(self) -> int:
        """How many of the channels are EEG; the rest are EMG."""
        return int(self.eeg.shape[0])

    @property
    def emg_share(self) -> float:
        """Share of the muscles in everything that spoke for the event, 0 to 1; NaN where nothing did."""
        support = np.maximum(self.by_channel, 0.0).sum(axis=1)
        total = float(support.sum())
        return float(support[self.n_eeg :].sum()) / total if total > 0 else float("nan")
