"""Wavelet log power, and the slow wave with its sign, by a bank of fixed filters as strided convolutions."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Added to the power before its logarithm; signals are scaled to about 1, so this lies far below any amplifier's noise.
POWER_FLOOR = 1e-7


@dataclass(frozen=True, slots=True)
class MorletConfig:
    """A bank of complex Morlet wavelets with logarithmically spaced centre frequencies.

    A wavelet of ``n_cycles`` at frequency f has the standard deviation ``n_cycles / (2 pi f)`` in time and is cut off
    ``cutoff_sd`` of them from its middle. Power is averaged over frames of ``frame_samples`` samples.

    Power does not tell a wave's polarity, and the lowest wavelets are nearly as long as a window. ``slow_hz`` adds the
    bank's scaling function, a Gaussian that lets half of the power through at this frequency: it shows the signal
    itself, once in each frame, and reaches a few hundredths of a second only.
    """

    rate_hz: float
    lowest_hz: float
    highest_hz: float
    n_frequencies: int = 32
    n_cycles: float = 5.0
    cutoff_sd: float = 2.5
    frame_samples: int = 8
    slow_hz: float | None = None

    @property
    def n_features(self) -> int:
        """Count what the bank tells of every frame: log powers, and after them the slow signal, if any."""
        return self.n_frequencies + (self.slow_hz is not None)

    @property
    def frequencies_hz(self) -> tuple[float, ...]:
        """Centre frequencies, ascending."""
        step = math.log(self.highest_hz / self.lowest_hz) / (self.n_frequencies - 1)
        return tuple(self.lowest_hz * math.exp(step * i) for i in range(self.n_frequencies))

    def sd_samples(self, frequency_hz: float) -> float:
        """Give the standard deviation of a wavelet in time, in samples."""
        return self.n_cycles / (2 * math.pi * frequency_hz) * self.rate_hz

    def half_length(self, frequency_hz: float) -> int:
        """Count the samples on either side of a wavelet's middle."""
        return math.ceil(self.cutoff_sd * self.sd_samples(frequency_hz))

    @property
    def slow_sd_samples(self) -> float:
        """Standard deviation of the scaling function in time, in samples; 0 without one."""
        if self.slow_hz is None:
            return 0.0
        return math.sqrt(math.log(2.0)) / (2 * math.pi * self.slow_hz) * self.rate_hz

    @property
    def half_lengths(self) -> tuple[int, ...]:
        """Samples on either side of the middle of the filter behind each feature."""
        slow = () if self.slow_hz is None else (math.ceil(self.cutoff_sd * self.slow_sd_samples),)
        return (*(self.half_length(frequency_hz) for frequency_hz in self.frequencies_hz), *slow)


class MorletBank(nn.Module):
    """Turn signals into wavelet log power and a slow signal: the fixed front end, which no training changes.

    Neighbouring frequencies share one convolution as long as the longest of them needs, strided as finely as the
    shortest of them needs so that no burst falls between two samples; power is then averaged within each frame. The
    same module serves one window and a whole recording: where `cone_of_influence` is true, both give the same numbers.
    """

    def __init__(self, config: MorletConfig, frequencies_per_group: int = 8) -> None:
        super().__init__()
        self.config = config
        frequencies = config.frequencies_hz
        groups = [frequencies[i : i + frequencies_per_group] for i in range(0, len(frequencies), frequencies_per_group)]
        self._strides = tuple(_stride(config, group) for group in groups)
        for index, group in enumerate(groups):
            self.register_buffer(f"kernels_{index}", _kernels(config, group), persistent=False)
        if config.slow_hz is not None:
            self.register_buffer("scaling", _scaling(config), persistent=False)

    def forward(self, signals: Tensor) -> Tensor:
        """Give the features of signals.

        Parameters
        ----------
        signals : (batch, channels, samples), samples a multiple of ``frame_samples``; beyond the ends it is taken as 0.

        Returns
        -------
        (batch, features, channels, frames): the natural logarithm of the power of a unit-gain filter at each frequency,
        then, with ``slow_hz``, `compress` of the signal below it.
        """
        n_channels, n_samples = signals.shape[1:]
        flat = signals.reshape(-1, 1, n_samples)
        powers = [self._group_power(flat, index) for index in range(len(self._strides))]
        features = torch.log(torch.cat(powers, dim=1) + POWER_FLOOR)
        if self.config.slow_hz is not None:
            features = torch.cat((features, compress(self._slow(flat))), dim=1)
        n_frames = n_samples // self.config.frame_samples
        shaped = features.reshape(-1, n_channels, self.config.n_features, n_frames)
        return shaped.permute(0, 2, 1, 3)

    def _slow(self, flat: Tensor) -> Tensor:
        """Give the slow signal in the middle of every frame."""
        scaling, stride = cast("Tensor", self.scaling), self.config.frame_samples
        half = scaling.shape[-1] // 2
        padded = functional.pad(flat, (half - stride // 2, half + stride // 2))
        return functional.conv1d(padded, scaling, stride=stride)[..., : flat.shape[-1] // stride]

    def _group_power(self, flat: Tensor, index: int) -> Tensor:
        kernels = cast("Tensor", getattr(self, f"kernels_{index}"))
        stride = self._strides[index]
        half = kernels.shape[-1] // 2
        offset = stride // 2
        padded = functional.pad(flat, (half - offset, half + offset))
        filtered = functional.conv1d(padded, kernels, stride=stride)[..., : flat.shape[-1] // stride]
        real, imaginary = filtered.chunk(2, dim=1)
        power = real.square() + imaginary.square()
        per_frame = self.config.frame_samples // stride
        return power if per_frame == 1 else functional.avg_pool1d(power, per_frame)

    def cone_of_influence(self, n_samples: int) -> Tensor:
        """Mark where a window's features rest on its own samples alone, (features, frames), bool.

        Elsewhere the filter reaches beyond the window, and what it says there depends on what lies outside.
        """
        frame = self.config.frame_samples
        starts = torch.arange(n_samples // frame) * frame
        rows = []
        for half in self.config.half_lengths:
            rows.append((starts >= half) & (starts + frame + half <= n_samples))
        return torch.stack(rows)


def compress(signal: Tensor) -> Tensor:
    """Give the logarithm of 1 and a signal's size, with the signal's sign: waves of every size have a shape."""
    return torch.log(1 + functional.relu(signal)) - torch.log(1 + functional.relu(-signal))


def _stride(config: MorletConfig, group: tuple[float, ...]) -> int:
    """Choose the largest power of two within a standard deviation of the group's shortest wavelet."""
    shortest = config.sd_samples(group[-1])
    return min(config.frame_samples, 1 << max(0, math.floor(math.log2(shortest))))


def _kernels(config: MorletConfig, group: tuple[float, ...]) -> Tensor:
    """Build a group's kernels, (2 * frequencies, 1, taps): all real parts, then all imaginary ones."""
    half = config.half_length(group[0])
    seconds = torch.arange(-half, half + 1, dtype=torch.float64) / config.rate_hz
    real, imaginary = [], []
    for frequency_hz in group:
        sd_s = config.n_cycles / (2 * math.pi * frequency_hz)
        envelope = torch.exp(-0.5 * (seconds / sd_s) ** 2)
        envelope[seconds.abs() > config.half_length(frequency_hz) / config.rate_hz + 1e-9] = 0
        phase = 2 * math.pi * frequency_hz * seconds
        cosine = torch.cos(phase)
        # A wavelet that is cut off lets a constant through; take out what it would answer.
        cosine = cosine - (envelope * cosine).sum() / envelope.sum()
        gain = 2 / envelope.sum()
        real.append(envelope * cosine * gain)
        imaginary.append(envelope * torch.sin(phase) * gain)
    return torch.stack(real + imaginary).unsqueeze(1).to(torch.float32)


def _scaling(config: MorletConfig) -> Tensor:
    """Build the scaling function's kernel, (1, 1, taps), of unit gain."""
    half = config.half_lengths[-1]
    samples = torch.arange(-half, half + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (samples / config.slow_sd_samples) ** 2)
    return (kernel / kernel.sum()).reshape(1, 1, -1).to(torch.float32)
