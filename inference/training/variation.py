"""How training windows are varied, in the front end's features, so that a network learns spasms and not one generator.

What differs between hospitals, amplifiers, infants and simulators is above all the spectrum and the level of what goes
on beside the spasm: smooth curves are added to the log power, hum and amplifier noise are added to the power itself,
and windows of spasms are laid over another patient's background. The slow signal goes with the lowest of the powers
and keeps its sign: whether front or back turns positive is what tells a spasm.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.models.blocks.morlet import POWER_FLOOR
from inference.models.iess_fusionnet import IessConfig
from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.simulate.head import TEN_TWENTY_ELECTRODES


@dataclass(frozen=True, slots=True)
class Variation:
    """How strongly training windows are varied.

    Of natural log power, as standard deviations: ``eeg_gain`` and ``emg_gain`` (each muscle's) of the level,
    ``electrode_gain`` of one electrode, ``eeg_tilt`` and ``emg_tilt`` of a smooth curve over frequency,
    ``regional_tilt`` of such a curve that grows across the head in a random direction.

    Shares of windows: ``ten_twenty`` with the 19 electrodes of the 10-20 system, ``sparse`` with as few as
    ``fewest_electrodes``, ``no_emg`` and ``fewer_emg`` without muscles or with some of them, ``slow_recorder`` from a
    recorder of about 100 Hz, ``noisy`` with added noise of amplifier and mains, ``mixed`` with another patient's
    background added ``mixed_level`` (mean log power) below its own level, ``masked`` with a band of frequencies hidden,
    ``slow_masked`` without the slow signal.
    """

    eeg_gain: float = 0.4
    emg_gain: float = 0.6
    electrode_gain: float = 0.25
    eeg_tilt: float = 0.4
    emg_tilt: float = 0.4
    regional_tilt: float = 0.25
    ten_twenty: float = 0.2
    sparse: float = 0.15
    fewest_electrodes: int = 8
    no_emg: float = 0.25
    fewer_emg: float = 0.35
    slow_recorder: float = 0.1
    noisy: float = 0.5
    mixed: float = 0.3
    mixed_level: float = -1.0
    masked: float = 0.2
    slow_masked: float = 0.1


class Window(NamedTuple):
    """Features of a window, (features, channels, frames), and which channels are there, 1 or 0 for each."""

    eeg: NDArray[np.float32]
    emg: NDArray[np.float32]
    eeg_present: NDArray[np.float32]
    emg_present: NDArray[np.float32]


def mix(window: Window, other: Window, config: IessConfig, rng: np.random.Generator, variation: Variation) -> Window:
    """Add another patient's background: powers, and slow signals, add up; only electrodes that both have remain."""
    level = np.float32(rng.normal(variation.mixed_level, 1.0))
    n_powers = config.eeg_wavelets.n_frequencies
    power = np.logaddexp(window.eeg[:n_powers], other.eeg[:n_powers] + level)
    slow = expand(window.eeg[n_powers:]) + np.exp(level / 2) * expand(other.eeg[n_powers:])
    eeg = np.concatenate((power, compress(slow)))
    return window._replace(eeg=eeg, eeg_present=window.eeg_present * other.eeg_present)


def compress(signal: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give a signal as the front end does: the logarithm of 1 and its size, with its sign."""
    compressed: NDArray[np.floating] = np.sign(signal) * np.log1p(np.abs(signal))
    return compressed


def expand(compressed: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give back the signal that was compressed."""
    signal: NDArray[np.floating] = np.sign(compressed) * np.expm1(np.abs(compressed))
    return signal


def vary(window: Window, config: IessConfig, rng: np.random.Generator, variation: Variation) -> Window:
    """Draw a variant of a window that shows the same event in another infant, or through another recorder."""
    eeg: NDArray[np.floating]
    emg: NDArray[np.floating]
    eeg, emg, eeg_present, emg_present = window
    if rng.random() < 0.5:
        eeg, eeg_present = eeg[:, MIRRORED], eeg_present[MIRRORED]
    eeg_present = eeg_present * draw_electrodes(rng, variation)
    order = rng.permutation(emg.shape[1])
    emg, emg_present = emg[:, order], emg_present[order] * draw_muscles(rng, variation, emg.shape[1])
    n_powers = config.eeg_wavelets.n_frequencies
    curves = _eeg_curves(rng, variation, n_powers)
    eeg, slow = eeg[:n_powers] + curves, compress(np.exp(curves[0] / 2) * expand(eeg[n_powers:]))
    emg = emg + rng.normal(0.0, variation.emg_gain, (1, emg.shape[1], 1)).astype(np.float32)
    emg += _curve(rng, len(emg), variation.emg_tilt)[:, None, None].astype(np.float32)
    if rng.random() < variation.noisy:
        eeg = np.logaddexp(eeg, _noise(rng, eeg, -4.5))
        emg = np.logaddexp(emg, _noise(rng, emg, -1.5))
    if rng.random() < variation.slow_recorder:
        eeg[np.array(config.eeg_wavelets.frequencies_hz) > rng.uniform(40.0, 60.0)] = np.log(POWER_FLOOR)
    for power in (eeg, emg):
        if rng.random() < variation.masked:
            _mask(rng, power)
    if rng.random() < variation.slow_masked:
        slow[:] = 0.0
    eeg = np.concatenate((eeg, slow))
    return Window(*(part.astype(np.float32) for part in (eeg, emg, eeg_present, emg_present)))


def _eeg_curves(rng: np.random.Generator, variation: Variation, n_frequencies: int) -> NDArray[np.float32]:
    """Draw what is added to the EEG: level, spectrum, a spectrum that changes across the head, each electrode's own."""
    direction = rng.normal(size=3)
    across = _POSITIONS @ (direction / np.linalg.norm(direction))
    curves: NDArray[np.float64] = (
        rng.normal(0.0, variation.eeg_gain) + _curve(rng, n_frequencies, variation.eeg_tilt)[:, None]
    )
    curves = curves + _curve(rng, n_frequencies, variation.regional_tilt)[:, None] * across
    curves = curves + rng.normal(0.0, variation.electrode_gain, len(across))
    return curves[:, :, None].astype(np.float32)


def _curve(rng: np.random.Generator, n_frequencies: int, sd: float) -> NDArray[np.float64]:
    """Draw a smooth curve over frequency: straight lines between two to six points."""
    n_points = int(rng.integers(2, 7))
    curve: NDArray[np.float64] = np.interp(
        np.linspace(0, 1, n_frequencies), np.linspace(0, 1, n_points), rng.normal(0.0, sd, n_points)
    )
    return curve


def _noise(rng: np.random.Generator, power: NDArray[np.floating], level: float) -> NDArray[np.float32]:
    """Draw the log power of steady noise about a level, each channel's own."""
    n_frequencies, n_channels = power.shape[:2]
    levels: NDArray[np.float64] = level + _curve(rng, n_frequencies, 1.0)[:, None] + rng.normal(0.0, 1.0, n_channels)
    return levels[:, :, None].astype(np.float32)


def _mask(rng: np.random.Generator, power: NDArray[np.floating]) -> None:
    """Hide a band by giving it the mean of the window, which says nothing of what changes."""
    first, width = int(rng.integers(0, len(power) - 2)), int(rng.integers(1, 7))
    band = power[first : first + width]
    band[:] = band.mean(axis=(1, 2), keepdims=True)


def draw_electrodes(rng: np.random.Generator, variation: Variation) -> NDArray[np.float32]:
    """Draw which of the electrodes were recorded, 1 or 0 for each; at least one is."""
    chance = rng.random()
    n_all = len(IFCN_ELECTRODES)
    kept = np.ones(n_all, dtype=np.float32)
    if chance < variation.ten_twenty:
        kept[:] = [name in TEN_TWENTY_ELECTRODES for name in IFCN_ELECTRODES]
    elif chance < variation.ten_twenty + variation.sparse:
        n_kept = int(rng.integers(variation.fewest_electrodes, n_all))
        kept[rng.permutation(n_all)[n_kept:]] = 0.0
    return kept


def draw_muscles(rng: np.random.Generator, variation: Variation, n_emg: int) -> NDArray[np.float32]:
    """Draw which of the EMG channels were recorded, 1 or 0 for each."""
    chance = rng.random()
    kept = np.ones(n_emg, dtype=np.float32)
    if chance < variation.no_emg:
        kept[:] = 0.0
    elif chance < variation.no_emg + variation.fewer_emg:
        kept[int(rng.integers(1, n_emg)) :] = 0.0
    return kept


def _mirror(name: str) -> str:
    """Name the electrode on the other side: odd numbers are left, even ones right."""
    number = re.search(r"\d+$", name)
    if not number:
        return name
    value = int(number.group())
    return name[: number.start()] + str(value + 1 if value % 2 else value - 1)


#: Place of each electrode's homologue in the order of the electrodes.
MIRRORED = [IFCN_ELECTRODES.index(_mirror(name)) for name in IFCN_ELECTRODES]
_POSITIONS = np.array([electrode_position(name) for name in IFCN_ELECTRODES])
