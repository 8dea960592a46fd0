"""IESS-FusionNet: finds epileptic spasms in EEG and EMG together.

Source: Feng et al. 2026, Bioengineering 13:57. The paper fixes the chain (wavelets, spatio-temporal convolution and
bidirectional Mamba for each modality; Cross Time-Mixing both ways; classifier) and 25 EEG with 4 EMG electrodes. Every
value it does not give is this project's choice, and `PROJECT_CHOICES` names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.attention import CrossAttention, Transformer
from inference.models.blocks.bi_mamba import BiMamba
from inference.models.blocks.frame_projection import FrameProjection
from inference.models.blocks.morlet import MorletBank, MorletConfig
from inference.models.blocks.st_conv import StConv
from inference.models.blocks.strided_stem import StridedStem
from inference.models.blocks.time_mixing import CrossTimeMixing
from inference.recordings.electrodes import IFCN_ELECTRODES

N_EMG = 4
#: A feature farther from the training patients' mean tells nothing more: a filter's stop band, a dead electrode.
FARTHEST_SD = 5.0
#: Length of the kernels that take the wavelets' place.
STEM_S = 0.25
CLASSES = ("no spasm", "spasm")

#: What the paper leaves open and this project chose.
PROJECT_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "rate_hz": "256 Hz (the paper records at 1024 Hz)",
        "window_s": "4 s, a window every second, the answer is for the window's centre",
        "wavelet": "complex Morlet of 5 cycles, cut off at 2.5 standard deviations, power averaged over 31.25 ms",
        "frequencies": "32, logarithmic: EEG 1.5-70 Hz, EMG 10-100 Hz; natural logarithm of the power",
        "slow_wave": "beside the EEG's log powers the signal below 5 Hz with its sign, once in 31.25 ms: a Gaussian of "
        "26 ms standard deviation, cut off like the wavelets, then sign(x) log(1 + |x|)",
        "cone_of_influence": "a feature whose filter reaches beyond the window is set to the mean",
        "st_conv": "1 x 15 over time with stride 2, 32 to 64 features; then channels x 1, 64 to 128; SiLU",
        "bi_mamba": "Vision Mamba v2: width 128, 16 states, expansion 2, convolution 4, RMSNorm, residual",
        "cross_time_mixing": "RWKV-4 with receptance of one stream, key and value of the other; channel mixing ratio 1",
        "classifier": "mean of all tokens and of the central second of both streams, one hidden layer of 32",
        "missing_channels": "masked; the sum over electrodes is scaled by their number",
        "optimiser": "AdamW, warm-up and cosine",
    }
)
#: What stands in the place of a part that the paper's tables take out or exchange; of these it gives no value either.
ABLATION_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "without CWT": "learned kernels of 0.25 s on the signal, one step for each frame, batch norm, SiLU",
        "without ST-Conv": "mean over electrodes and two frames, then one linear layer and SiLU",
        "without Bi-Mamba": "the tokens of ST-Conv as they are",
        "Transformer": "two layers of eight heads, feed-forward of four times the width, normalised first",
        "Mamba": "the Bi-Mamba block with its forward direction alone",
        "concatenation": "the tokens of both streams side by side into the classifier",
        "averaging": "the mean of both streams' tokens into the classifier",
        "cross-attention": "each stream asks the other: one layer of eight heads, feed-forward of four times the width",
        "one modality": "the stream's tokens straight into the classifier",
    }
)

SequenceModel = Literal["Bi-Mamba", "Mamba", "Transformer", "none"]
Fusion = Literal["Cross Time-Mixing", "cross-attention", "concatenation", "averaging"]
Modality = Literal["EEG", "EMG"]


@dataclass(frozen=True, slots=True)
class IessConfig:
    """The shape of the network; the defaults are the shipped one, the tables' ablations are in `ABLATIONS`.

    Attributes
    ----------
    wavelets, st_conv : False takes the part out; `ABLATION_CHOICES` says what does its work.
    sequence, fusion : what looks along each stream, and what brings the streams together.
    modalities : one alone needs no fusion.
    """

    rate_hz: float = 256.0
    window_samples: int = 1024
    eeg_wavelets: MorletConfig = field(default_factory=lambda: MorletConfig(256.0, 1.5, 70.0, slow_hz=5.0))
    emg_wavelets: MorletConfig = field(default_factory=lambda: MorletConfig(256.0, 10.0, 100.0))
    temporal_width: int = 64
    temporal_taps: int = 15
    width: int = 128
    n_states: int = 16
    n_heads: int = 8
    hidden: int = 32
    dropout: float = 0.15
    wavelets: bool = True
    st_conv: bool = True
    sequence: SequenceModel = "Bi-Mamba"
    fusion: Fusion = "Cross Time-Mixing"
    modalities: tuple[Modality, ...] = ("EEG", "EMG")

    @property
    def frame_samples(self) -> int:
        """Samples in a frame of features."""
        return self.eeg_wavelets.frame_samples

    @property
    def window_frames(self) -> int:
        """Frames of features in a window."""
        return self.window_samples // self.frame_samples

    @property
    def fused_width(self) -> int:
        """Features of a token that reaches the classifier."""
        one_stream = self.fusion == "averaging" or len(self.modalities) == 1
        return self.width if one_stream else 2 * self.width


_FULL = IessConfig()
#: The rows of the paper's tables on fusion, modality, encoder and sequence model, by their names there.
ABLATIONS: Mapping[str, IessConfig] = MappingProxyType(
    {
        "IESS-FusionNet": _FULL,
        "Concatenation": replace(_FULL, fusion="concatenation"),
        "Averaging": replace(_FULL, fusion="averaging"),
        "Cross-Attention": replace(_FULL, fusion="cross-attention"),
        "EEG-only": replace(_FULL, modalities=("EEG",)),
        "EMG-only": replace(_FULL, modalities=("EMG",)),
        "w/o CWT": replace(_FULL, wavelets=False),
        "w/o ST-Conv": replace(_FULL, st_conv=False),
        "w/o Bi-Mamba": replace(_FULL, sequence="none"),
        "Transformer": replace(_FULL, sequence="Transformer"),
        "Mamba": replace(_FULL, sequence="Mamba"),
    }
)


class IessFusionNet(nn.Module):
    """The network: ``front_end`` turns signals into features, ``body`` turns features into logits.

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
        logits: Tensor = self.body(*self.front_end(eeg, emg), eeg_present, emg_present)
        return logits


class FrontEnd(nn.Module):
    """Wavelet log power of both modalities, and the slow wave of the EEG; holds no weights."""

    def __init__(self, config: IessConfig) -> None:
        super().__init__()
        self.eeg = MorletBank(config.eeg_wavelets)
        self.emg = MorletBank(config.emg_wavelets)
        self.wanted = config.modalities if config.wavelets else ()

    def forward(self, eeg: Tensor, emg: Tensor) -> tuple[Tensor, Tensor]:
        """Give features, (batch, features, channels, frames) of each, from signals (batch, channels, samples).

        Signals whose wavelets the network does not look at are given back as they are.
        """
        return self.eeg(eeg) if "EEG" in self.wanted else eeg, self.emg(emg) if "EMG" in self.wanted else emg


class Body(nn.Module):
    """Everything that learns: from features to logits."""

    def __init__(self, config: IessConfig, front_end: FrontEnd) -> None:
        super().__init__()
        self.modalities, self.fusion = config.modalities, config.fusion
        if "EEG" in self.modalities:
            self.eeg = UnimodalEncoder(config, front_end.eeg, len(IFCN_ELECTRODES))
        if "EMG" in self.modalities:
            self.emg = UnimodalEncoder(config, front_end.emg, N_EMG)
        if len(self.modalities) == 2 and self.fusion in ("Cross Time-Mixing", "cross-attention"):
            self.eeg_asks_emg, self.emg_asks_eeg = asking(config), asking(config)
        self.classifier = Classifier(config)

    def forward(self, eeg: Tensor, emg: Tensor, eeg_present: Tensor, emg_present: Tensor) -> Tensor:
        """Give logits, (batch, 2), from what the front end makes of windows: (batch, features, channels, frames)."""
        streams = []
        if "EEG" in self.modalities:
            streams.append(self.eeg(eeg, eeg_present))
        if "EMG" in self.modalities:
            streams.append(self.emg(emg, emg_present))
        logits: Tensor = self.classifier(self.fuse(*streams) if len(streams) == 2 else streams[0])
        return logits

    def fuse(self, eeg: Tensor, emg: Tensor) -> Tensor:
        """Give the tokens that the classifier sees from those of both streams, (batch, tokens, width)."""
        if self.fusion == "averaging":
            return (eeg + emg) / 2
        if self.fusion != "concatenation":
            eeg, emg = self.eeg_asks_emg(eeg, emg), self.emg_asks_eeg(emg, eeg)
        return torch.cat((eeg, emg), dim=-1)


def asking(config: IessConfig) -> nn.Module:
    """Build the block by which one stream asks the other."""
    if config.fusion == "cross-attention":
        return CrossAttention(config.width, config.n_heads)
    return CrossTimeMixing(config.width)


class UnimodalEncoder(nn.Module):
    """One modality's features to tokens: standardise, spatio-temporal convolution, bidirectional Mamba.

    Weights are stored under the names of these parts also where another part takes their place.
    """

    def __init__(self, config: IessConfig, bank: MorletBank, n_channels: int) -> None:
        super().__init__()
        n_features = bank.config.n_features
        self.wavelets = config.wavelets
        if self.wavelets:
            self.register_buffer("mean", torch.zeros(n_features))
            self.register_buffer("sd", torch.ones(n_features))
            inside = bank.cone_of_influence(config.window_samples)
            self.register_buffer("inside", inside[None, :, None, :].to(torch.float32), persistent=False)
        else:
            self.stem = StridedStem(n_features, round(STEM_S * config.rate_hz), config.frame_samples)
        self.st_conv = (
            StConv(
                n_channels=n_channels,
                n_features=n_features,
                temporal_width=config.temporal_width,
                width=config.width,
                temporal_taps=config.temporal_taps,
            )
            if config.st_conv
            else FrameProjection(n_features, config.width)
        )
        self.bi_mamba = sequence_model(config)

    def set_standard(self, mean: Tensor, sd: Tensor) -> None:
        """Set what features are standardised by, each (features,), measured on the training patients."""
        cast("Tensor", self.mean).copy_(mean)
        cast("Tensor", self.sd).copy_(sd)

    def forward(self, features: Tensor, present: Tensor) -> Tensor:
        """Give tokens, (batch, tokens, width), from features (batch, features, channels, frames).

        Without wavelets ``features`` is the signal itself, (batch, channels, samples).
        """
        features = self.standardise(features) if self.wavelets else self.stem(features)
        tokens: Tensor = self.bi_mamba(self.st_conv(features, present))
        return tokens

    def standardise(self, features: Tensor) -> Tensor:
        """Give features in standard deviations from its mean, 0 where it rests on what lies beyond the window."""
        mean, sd, inside = (cast("Tensor", getattr(self, name)) for name in ("mean", "sd", "inside"))
        standard = (features - mean[:, None, None]) / sd[:, None, None]
        return standard.clamp(-FARTHEST_SD, FARTHEST_SD) * inside


def sequence_model(config: IessConfig) -> nn.Module:
    """Build what looks along the tokens of one stream."""
    if config.sequence == "none":
        return nn.Identity()
    if config.sequence == "Transformer":
        return Transformer(config.width, config.n_heads)
    return BiMamba(config.width, config.n_states, n_directions=2 if config.sequence == "Bi-Mamba" else 1)


class Classifier(nn.Module):
    """Pool over the whole window and over its central second, then decide."""

    def __init__(self, config: IessConfig) -> None:
        super().__init__()
        self.dropout = nn.Dropout(config.dropout)
        self.hidden = nn.Linear(2 * config.fused_width, config.hidden)
        self.decide = nn.Linear(config.hidden, len(CLASSES))
        self.centre_share = config.rate_hz / config.window_samples

    def forward(self, tokens: Tensor) -> Tensor:
        """Give logits, (batch, 2), from fused tokens, (batch, tokens, features)."""
        n_tokens = tokens.shape[1]
        n_centre = round(n_tokens * self.centre_share)
        first = (n_tokens - n_centre) // 2
        pooled = torch.cat((tokens.mean(dim=1), tokens[:, first : first + n_centre].mean(dim=1)), dim=-1)
        logits: Tensor = self.decide(functional.silu(self.hidden(self.dropout(pooled))))
        return logits
