"""IESS-FusionNet: finds epileptic spasms in EEG and EMG together.

Source: Feng et al. 2026, Bioengineering 13:57. The paper fixes the chain (wavelets, spatio-temporal convolution and
bidirectional Mamba for each modality; Cross Time-Mixing both ways; classifier) and 25 EEG with 4 EMG electrodes. Every
value it does not give is this project's choice, and `PROJECT_CHOICES` names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.bi_mamba import BiMamba
from inference.models.blocks.morlet import MorletBank, MorletConfig
from inference.models.blocks.st_conv import StConv
from inference.models.blocks.time_mixing import CrossTimeMixing
from inference.recordings.electrodes import IFCN_ELECTRODES

N_EMG = 4
#: Log power farther from the training patients' mean tells nothing more: a filter's stop band, a dead electrode.
FARTHEST_SD = 5.0
CLASSES = ("no spasm", "spasm")

#: What the paper leaves open and this project chose.
PROJECT_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "rate_hz": "256 Hz (the paper records at 1024 Hz)",
        "window_s": "4 s, a window every 0.5 s, the answer is for the window's centre",
        "wavelet": "complex Morlet of 5 cycles, cut off at 2.5 standard deviations, power averaged over 31.25 ms",
        "frequencies": "32, logarithmic: EEG 1.5-70 Hz, EMG 10-100 Hz; natural logarithm of the power",
        "cone_of_influence": "log power whose wavelet reaches beyond the window is set to the mean",
        "st_conv": "1 x 15 over time with stride 2, 32 to 64 features; then channels x 1, 64 to 128; SiLU",
        "bi_mamba": "Vision Mamba v2: width 128, 16 states, expansion 2, convolution 4, RMSNorm, residual",
        "cross_time_mixing": "RWKV-4 with receptance of one stream, key and value of the other; channel mixing ratio 1",
        "classifier": "mean of all tokens and of the central second of both streams, one hidden layer of 32",
        "missing_channels": "masked; the sum over electrodes is scaled by their number",
        "optimiser": "AdamW, warm-up and cosine",
    }
)


@dataclass(frozen=True, slots=True)
class IessConfig:
    """The shape of the network; the defaults are the shipped one."""

    rate_hz: float = 256.0
    window_samples: int = 1024
    eeg_wavelets: MorletConfig = field(default_factory=lambda: MorletConfig(256.0, 1.5, 70.0))
    emg_wavelets: MorletConfig = field(default_factory=lambda: MorletConfig(256.0, 10.0, 100.0))
    temporal_width: int = 64
    width: int = 128
    n_states: int = 16
    hidden: int = 32
    dropout: float = 0.15

    @property
    def frame_samples(self) -> int:
        """Samples in a frame of log power."""
        return self.eeg_wavelets.frame_samples

    @property
    def window_frames(self) -> int:
        """Frames of log power in a window."""
        return self.window_samples // self.frame_samples


class IessFusionNet(nn.Module):
    """The network: ``front_end`` turns signals into log power, ``body`` turns log power into logits.

    The front end is fixed and may be run once over a whole recording; the body then takes windows cut from its result.
    Both ways give the same logits, because the body looks at nothing that a window alone could not tell.
    """

    def __init__(self, config: IessConfig | None = None) -> None:
        super().__init__()
        self.config = config or IessConfig()
        self.front_end = FrontEnd(self.config)
        self.body = Body(self.config, self.front_end)

    def forward(self, eeg: Tensor, emg: Tensor, eeg_present: Tensor, emg_present: Tensor) -> Tensor:
        """Give logits, (batch, 2).

        Parameters
        ----------
        eeg, emg : (batch, 25, samples) and (batch, 4, samples), prepared as the card says; missing channels are 0.
        eeg_present, emg_present : (batch, 25) and (batch, 4), 1 where the channel is there, 0 where it is missing.
        """
        eeg_power, emg_power = self.front_end(eeg, emg)
        logits: Tensor = self.body(eeg_power, emg_power, eeg_present, emg_present)
        return logits


class FrontEnd(nn.Module):
    """Wavelet log power of both modalities; holds no weights."""

    def __init__(self, config: IessConfig) -> None:
        super().__init__()
        self.eeg = MorletBank(config.eeg_wavelets)
        self.emg = MorletBank(config.emg_wavelets)

    def forward(self, eeg: Tensor, emg: Tensor) -> tuple[Tensor, Tensor]:
        """Give log power, (batch, frequencies, channels, frames) of each, from signals (batch, channels, samples)."""
        return self.eeg(eeg), self.emg(emg)


class Body(nn.Module):
    """Everything that learns: from log power to logits."""

    def __init__(self, config: IessConfig, front_end: FrontEnd) -> None:
        super().__init__()
        self.eeg = UnimodalEncoder(config, front_end.eeg, len(IFCN_ELECTRODES))
        self.emg = UnimodalEncoder(config, front_end.emg, N_EMG)
        self.eeg_asks_emg = CrossTimeMixing(config.width)
        self.emg_asks_eeg = CrossTimeMixing(config.width)
        self.classifier = Classifier(config)

    def forward(self, eeg_power: Tensor, emg_power: Tensor, eeg_present: Tensor, emg_present: Tensor) -> Tensor:
        """Give logits, (batch, 2), from log power of windows, (batch, frequencies, channels, frames)."""
        eeg = self.eeg(eeg_power, eeg_present)
        emg = self.emg(emg_power, emg_present)
        fused = torch.cat((self.eeg_asks_emg(eeg, emg), self.emg_asks_eeg(emg, eeg)), dim=-1)
        logits: Tensor = self.classifier(fused)
        return logits


class UnimodalEncoder(nn.Module):
    """One modality's log power to tokens: standardise, spatio-temporal convolution, bidirectional Mamba."""

    def __init__(self, config: IessConfig, bank: MorletBank, n_channels: int) -> None:
        super().__init__()
        n_frequencies = bank.config.n_frequencies
        self.register_buffer("mean", torch.zeros(n_frequencies))
        self.register_buffer("sd", torch.ones(n_frequencies))
        inside = bank.cone_of_influence(config.window_samples)
        self.register_buffer("inside", inside[None, :, None, :].to(torch.float32), persistent=False)
        self.st_conv = StConv(
            n_channels=n_channels,
            n_frequencies=n_frequencies,
            temporal_width=config.temporal_width,
            width=config.width,
        )
        self.bi_mamba = BiMamba(config.width, config.n_states)

    def set_standard(self, mean: Tensor, sd: Tensor) -> None:
        """Set what log power is standardised by, each (frequencies,), measured on the training patients."""
        cast("Tensor", self.mean).copy_(mean)
        cast("Tensor", self.sd).copy_(sd)

    def forward(self, log_power: Tensor, present: Tensor) -> Tensor:
        """Give tokens, (batch, tokens, width), from log power (batch, frequencies, channels, frames)."""
        mean, sd, inside = (cast("Tensor", getattr(self, name)) for name in ("mean", "sd", "inside"))
        standard = ((log_power - mean[:, None, None]) / sd[:, None, None]).clamp(-FARTHEST_SD, FARTHEST_SD) * inside
        tokens: Tensor = self.bi_mamba(self.st_conv(standard, present))
        return tokens


class Classifier(nn.Module):
    """Pool over the whole window and over its central second, then decide."""

    def __init__(self, config: IessConfig) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.hidden = nn.Linear(4 * config.width, config.hidden)
        self.decide = nn.Linear(config.hidden, len(CLASSES))
        self.centre_share = config.rate_hz / config.window_samples

    def forward(self, tokens: Tensor) -> Tensor:
        """Give logits, (batch, 2), from the tokens of both streams, (batch, tokens, 2 * width)."""
        n_tokens = tokens.shape[1]
        n_centre = round(n_tokens * self.centre_share)
        first = (n_tokens - n_centre) // 2
        pooled = torch.cat((tokens.mean(dim=1), tokens[:, first : first + n_centre].mean(dim=1)), dim=-1)
        logits: Tensor = self.decide(functional.silu(self.hidden(self.dropout(pooled))))
        return logits
