"""Focus localisation: tells whether one intracranial or scalp channel lies over the epileptic focus.

Source: Yang et al. 2023, Front. Comput. Neurosci. 17:1294770 ("the paper"). The chain of figure 1: embedding block ->
style-feature randomisation (training only) -> multi-level temporal-spectral features -> squeeze-and-excitation ->
category classifier, with a patient discriminator behind gradient reversal (training only). Every value the paper does
not give is this project's choice, and `PROJECT_CHOICES` names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.blocks.gradient_reversal import reverse_gradient
from inference.models.blocks.squeeze_excitation import SqueezeExcitation
from inference.models.blocks.style_randomisation import STYLES, StyleRandomisation
from inference.models.blocks.wavelet_decomposition import WaveletDecomposition

CLASSES = ("non-focal", "focal")
#: At 256 Hz the five halvings end exactly at the paper's band edges; delta is what is left over (section 3.2.1.3).
BANDS_HZ: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "delta": (0.0, 4.0),
        "theta": (4.0, 8.0),
        "alpha": (8.0, 16.0),
        "beta": (16.0, 32.0),
        "gamma": (32.0, 64.0),
        "high gamma": (64.0, 128.0),
    }
)
#: {k, k, k/2, k/4, k/8, k/16} with k = 2**6 (section 3.2.1.3), in the order of the bands.
TEMPORAL_KERNELS = (64, 64, 32, 16, 8, 4)
N_LEVELS = len(BANDS_HZ) - 1
LAMBDA_MSE = 0.01
LAMBDA_PATIENT = 0.01

#: What the paper leaves open and this project chose.
PROJECT_CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "rate_hz": "256 Hz, at which the halvings end at the paper's band edges",
        "window_s": "20 s, the paper's sample; a channel's probability is the mean log odds of its overlapping windows",
        "scale": "each window to mean 0 and standard deviation 1",
        "embedding": "2 convolutions of 15 taps and batch normalisations, 8 sub-bands, stacked with the signal itself",
        "temporal_stride": "half the kernel, which gives every level as many frames as its wavelet band",
        "temporal_width": "24 features a level",
        "spectral": "wavelet coefficients of all sub-bands, batch-normalised",
        "squeeze_excitation": "mean magnitude, reduction 4, then a mixture into 48 features, batch normalisation, ELU",
        "pooling": "mean and logarithm of the standard deviation over each 4 s, averaged over the window",
        "mixing": "pooled features, standardised over the batch, are mixed into 96 before classifier and discriminator",
        "classifier": "hidden layers of 64 and 32, ELU, dropout 0.3",
        "patient_discriminator": "one hidden layer of 32",
        "patients": "where a corpus has no patient numbers: 5 clusters of the training files' spectra",
    }
)


@dataclass(frozen=True, slots=True)
class FocusConfig:
    """The shape of the network; the defaults are the shipped one.

    A window holds one or more whole segments, over which features are pooled. ``style_randomisation`` and
    ``patient_discriminator`` off are the ablations of the paper's tables 6 and 7.
    """

    rate_hz: float = 256.0
    window_samples: int = 5120
    segment_samples: int = 1024
    n_embedded: int = 8
    embedding_taps: int = 15
    temporal_width: int = 24
    fused_width: int = 48
    mixed_width: int = 96
    hidden: tuple[int, int] = (64, 32)
    dropout: float = 0.3
    n_patients: int = 5
    style: str = STYLES[0]
    style_randomisation: bool = True
    patient_discriminator: bool = True

    @property
    def n_sub_bands(self) -> int:
        """Rows of the sub-band matrix: the signal itself and its embeddings."""
        return 1 + self.n_embedded

    @property
    def n_pooled(self) -> int:
        """Pooled features of a window: two for each fused feature of each level."""
        return 2 * self.fused_width * len(BANDS_HZ)


class FocusLocalisation(nn.Module):
    """The network; ``forward`` is what runs, ``train_outputs`` what training looks at."""

    def __init__(self, config: FocusConfig | None = None) -> None:
        super().__init__()
        self.config = config or FocusConfig()
        self.embedding = EmbeddingBlock(self.config)
        self.style_randomisation = StyleRandomisation(self.config.style)
        self.features = TemporalSpectralFeatures(self.config)
        self.mixing = FeatureMixing(self.config)
        self.classifier = CategoryClassifier(self.config)
        self.patient_discriminator = PatientDiscriminator(self.config)

    def forward(self, signal: Tensor) -> Tensor:
        """Give logits of `CLASSES`, (batch, 2), from single-channel windows, (batch, samples) in any unit."""
        logits: Tensor = self.classifier(self.extract(signal))
        return logits

    def extract(self, signal: Tensor) -> Tensor:
        """Give the features of windows, (batch, mixed_width): G_f(EB(x)) of equation 8."""
        features: Tensor = self.mixing(self.pool(signal))[0]
        return features

    def pool(self, signal: Tensor) -> Tensor:
        """Give what the convolutions find in windows, (batch, n_pooled), before it is mixed."""
        pooled: Tensor = self.features(self.embedding(signal))
        return pooled

    def train_outputs(self, signal: Tensor) -> "TrainOutputs":
        """Give what equations 8 to 10 compare; the style of each window is that of another one of the batch."""
        sub_bands = self.embedding(signal)
        if not self.config.style_randomisation:
            return self.judge(self.features(sub_bands))
        pooled = self.features(torch.cat((sub_bands, self.style_randomisation(sub_bands))))
        return self.judge(*pooled.chunk(2))

    def judge(self, pooled: Tensor, restyled: Tensor | None = None) -> "TrainOutputs":
        """Give what equations 8 to 10 compare, from the pooled features of windows and of their restyled twins."""
        features, twins = self.mixing(pooled, restyled)
        patients = self.patient_discriminator(features) if self.config.patient_discriminator else None
        return TrainOutputs(self.classifier(features), None if twins is None else self.classifier(twins), patients)


@dataclass(frozen=True, slots=True, eq=False)
class TrainOutputs:
    """Logits of the classes for windows, (batch, 2), and for their restyled twins; of the patients, (batch, patients).

    The last two are None where the configuration leaves them out.
    """

    logits: Tensor
    restyled: Tensor | None
    patients: Tensor | None


class EmbeddingBlock(nn.Module):
    """Learned filters beside the signal that they filter: section 3.2.1.1."""

    def __init__(self, config: FocusConfig) -> None:
        super().__init__()
        taps, width = config.embedding_taps, config.n_embedded
        self.first = nn.Conv1d(1, width, taps, padding=taps // 2, padding_mode="circular", bias=False)
        self.first_norm = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, taps, padding=taps // 2, padding_mode="circular", bias=False)
        self.second_norm = nn.BatchNorm1d(width)

    def forward(self, signal: Tensor) -> Tensor:
        """Give the sub-band matrix, (batch, n_sub_bands, samples), from windows (batch, samples)."""
        centred = signal - signal.mean(dim=-1, keepdim=True)
        deviation = centred.square().mean(dim=-1, keepdim=True).sqrt()
        standard = (centred / deviation.clamp(min=1e-6))[:, None, :]
        embedded = self.second_norm(self.second(self.first_norm(self.first(standard))))
        return torch.cat((standard, embedded), dim=1)


class TemporalSpectralFeatures(nn.Module):
    """Both branches, joined level by level: section 3.2.1.3."""

    def __init__(self, config: FocusConfig) -> None:
        super().__init__()
        self.decompose = WaveletDecomposition(N_LEVELS)
        self.spectral_norms = nn.ModuleList(nn.BatchNorm1d(config.n_sub_bands) for _ in TEMPORAL_KERNELS)
        self.temporal = nn.ModuleList(TemporalLevel(config, kernel) for kernel in TEMPORAL_KERNELS)
        self.fusion = nn.ModuleList(FusedLevel(config, kernel // 2) for kernel in TEMPORAL_KERNELS)

    def forward(self, sub_bands: Tensor) -> Tensor:
        """Give pooled features, (batch, n_pooled), from the sub-band matrix (batch, n_sub_bands, samples)."""
        pooled: list[Tensor] = []
        levels = zip(self.decompose(sub_bands), self.spectral_norms, self.temporal, self.fusion, strict=True)
        for coefficients, norm, temporal, fuse in levels:
            # Equation 7: [f_delta | f_t1] ... [f_high_gamma | f_t6].
            pooled.append(fuse(torch.cat((norm(coefficients), temporal(sub_bands)), dim=1)))
        return torch.cat(pooled, dim=-1)


class TemporalLevel(nn.Module):
    """One width of temporal convolution, batch normalisation and ELU, with the circular padding of equation 4."""

    def __init__(self, config: FocusConfig, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(
            config.n_sub_bands,
            config.temporal_width,
            kernel,
            stride=kernel // 2,
            padding=kernel // 4,
            padding_mode="circular",
            bias=False,
        )
        self.norm = nn.BatchNorm1d(config.temporal_width)

    def forward(self, sub_bands: Tensor) -> Tensor:
        """Give (batch, temporal_width, samples / (kernel / 2))."""
        return functional.elu(self.norm(self.convolution(sub_bands)))


class FusedLevel(nn.Module):
    """Squeeze-and-excitation over a level's joined features, then their summary over the window.

    The summary is made segment by segment: what changes from one segment to the next is not mixed up with what swings
    within it. ``stride`` is how many samples the level takes for a frame.
    """

    def __init__(self, config: FocusConfig, stride: int) -> None:
        super().__init__()
        self.segment_frames = config.segment_samples // stride
        width = config.n_sub_bands + config.temporal_width
        self.gate = SqueezeExcitation(width)
        self.convolution = nn.Conv1d(width, config.fused_width, 1, bias=False)
        self.norm = nn.BatchNorm1d(config.fused_width)

    def forward(self, joined: Tensor) -> Tensor:
        """Give (batch, 2 * fused_width): means and log standard deviations of (batch, width, frames)."""
        fused = functional.elu(self.norm(self.convolution(self.gate(joined))))
        segments = fused.reshape(*fused.shape[:-1], -1, self.segment_frames)
        mean = segments.mean(dim=-1)
        variance = (segments - mean[..., None]).square().mean(dim=-1)
        return torch.cat((mean.mean(dim=-1), 0.5 * torch.log(variance + 1e-4).mean(dim=-1)), dim=-1)


class FeatureMixing(nn.Module):
    """The last layer of the extractor: standardises the pooled features and mixes them.

    Restyled twins are standardised as the windows themselves are: their own statistics would undo the restyling, and
    would not be those of the windows that the network runs on.
    """

    #: Restyled windows lie far outside; beyond this many standard deviations it matters no more how far.
    FARTHEST = 8.0

    def __init__(self, config: FocusConfig) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(config.n_pooled, affine=False)
        self.dropout = nn.Dropout(config.dropout)
        self.mix = nn.Linear(config.n_pooled, config.mixed_width)

    def forward(self, pooled: Tensor, restyled: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Give (batch, mixed_width) from (batch, n_pooled), for windows and, where they are given, their twins."""
        features = self._mix(self.norm(pooled))
        if restyled is None:
            return features, None
        mean, variance = pooled.mean(dim=0), pooled.var(dim=0, correction=0)
        if not self.training:
            mean, variance = cast("Tensor", self.norm.running_mean), cast("Tensor", self.norm.running_var)
        return features, self._mix((restyled - mean) / (variance + self.norm.eps).sqrt())

    def _mix(self, standard: Tensor) -> Tensor:
        bounded = standard.clamp(-self.FARTHEST, self.FARTHEST)
        return functional.elu(self.mix(self.dropout(bounded)))


class CategoryClassifier(nn.Module):
    """Three fully connected layers: section 3.2.1.4."""

    def __init__(self, config: FocusConfig) -> None:
        super().__init__()
        first, second = config.hidden
        self.layers = nn.Sequential(
            nn.Linear(config.mixed_width, first),
            nn.ELU(),
            nn.Dropout(config.dropout),
            nn.Linear(first, second),
            nn.ELU(),
            nn.Linear(second, len(CLASSES)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Give logits, (batch, 2), from features (batch, mixed_width)."""
        logits: Tensor = self.layers(features)
        return logits


class PatientDiscriminator(nn.Module):
    """Guesses the patient from the features, which are trained to make that hard: section 3.2.1.5."""

    def __init__(self, config: FocusConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(config.mixed_width, 32)
        self.decide = nn.Linear(32, config.n_patients)

    def forward(self, features: Tensor) -> Tensor:
        """Give logits, (batch, n_patients), from features (batch, mixed_width)."""
        logits: Tensor = self.decide(functional.elu(self.hidden(reverse_gradient(features))))
        return logits


def joint_loss(outputs: TrainOutputs, label: Tensor, patient: Tensor, has_twin: Tensor | None = None) -> Tensor:
    """Give L_sum = L_cls + 0.01 L_mse - 0.01 L_pd: equations 8 to 11.

    The discriminator's loss is added, not subtracted: the gradient reversal in front of it turns its sign for the
    features, while the discriminator itself learns (equations 12 and 13).

    Parameters
    ----------
    outputs : of `FocusLocalisation.train_outputs`.
    label, patient : (batch,) indices of class and patient.
    has_twin : (batch,) whose restyled twins count; all of them if not given.
    """
    loss = functional.cross_entropy(outputs.logits, label)
    if outputs.restyled is not None:
        counted = torch.ones(len(label), device=loss.device) if has_twin is None else has_twin.float()
        surprise = functional.cross_entropy(outputs.restyled, label, reduction="none")
        apart = (outputs.restyled - outputs.logits).square().mean(dim=-1)
        # A small batch may have no twin at all.
        loss = loss + (counted * (surprise + LAMBDA_MSE * apart)).sum() / counted.sum().clamp(min=1.0)
    if outputs.patients is not None:
        loss = loss + LAMBDA_PATIENT * functional.cross_entropy(outputs.patients, patient)
    return loss


def class_weights(label: Tensor) -> Tensor:
    """Give each class's weight for fine-tuning, (2,): the share of the samples that are of another class (eq. 14)."""
    counts = torch.bincount(label, minlength=len(CLASSES)).to(torch.float32)
    return (counts.sum() - counts) / counts.sum()


def fine_tuning_loss(logits: Tensor, label: Tensor, weights: Tensor) -> Tensor:
    """Give the weighted cross-entropy of equation 14, as a mean over the batch."""
    return functional.cross_entropy(logits, label, weight=weights, reduction="none").mean()


def freeze_extractor(network: FocusLocalisation) -> list[nn.Parameter]:
    """Hold everything but the category classifier, as section 3.2.2 does, and give the parameters left to train.

    Batch statistics are held too: call it again after ``network.train()``, which would let them move.
    """
    network.requires_grad_(False)
    network.eval()
    network.classifier.requires_grad_(True).train()
    return list(network.classifier.parameters())
