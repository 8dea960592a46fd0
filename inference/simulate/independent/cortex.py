"""A cortex of neural masses: the ongoing activity of an infant's brain at every electrode."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from inference.simulate.independent.conduction import Shells, lead_field

#: Rate at which the masses are integrated; they hold nothing above 40 Hz.
MASS_RATE_HZ: Final = 256.0

# Jansen and Rit 1995, Biol Cybern 73:357, Table 1.
_EXCITATORY_MV: Final = 3.25
_INHIBITORY_MV: Final = 22.0
_EXCITATORY_PER_S: Final = 100.0
_INHIBITORY_PER_S: Final = 50.0
_CONTACTS: Final = 135.0
_FIRING_PER_S: Final = 2.5
_SLOPE_PER_MV: Final = 0.56
_THRESHOLD_MV: Final = 6.0
#: Rhythm of a mass with these constants; scaling its time constants scales it (David and Friston 2003).
_STANDARD_RHYTHM_HZ: Final = 10.5
_CHUNK_STEPS: Final = 4096


@dataclass(frozen=True, slots=True)
class Cortex:
    """Dipoles of the cortex and what each leaves on the electrodes.

    ``places`` is (S, 3) in head radii, ``gains`` (E, S) against the average of the electrodes' sphere.
    """

    places: NDArray[np.float64]
    gains: NDArray[np.float64]


def grow_cortex(rng: np.random.Generator, electrodes: NDArray[np.float64], shells: Shells, n_sources: int) -> Cortex:
    """Spread dipoles evenly over the upper head, on gyri pointing outwards and in sulci lying aslant."""
    index = np.arange(n_sources) + 0.5
    height = 1.0 - 1.4 * index / n_sources
    angle = np.pi * (1.0 + np.sqrt(5.0)) * index + rng.uniform(0.0, 2 * np.pi)
    ring = np.sqrt(1.0 - height**2)
    outward = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)
    aslant = outward + rng.normal(0.0, 0.45, outward.shape)
    moments = aslant / np.linalg.norm(aslant, axis=1, keepdims=True)
    places = outward * rng.uniform(0.76, 0.84, (n_sources, 1))
    return Cortex(places, lead_field(electrodes, places, moments, shells))


def integrate_masses(
    rng: np.random.Generator,
    rhythm_hz: NDArray[np.float64],
    excitability: NDArray[np.float64],
    mixing: NDArray[np.float64],
    n_steps: int,
) -> NDArray[np.float32]:
    """Integrate one neural mass per source (Jansen and Rit 1995) with its own rhythm.

    Parameters
    ----------
    rng : drives the input to the masses.
    rhythm_hz : (S,) rhythm of each mass.
    excitability : (S,) its excitatory gain against the standard one; from about 1.2 on it discharges in large waves.
    mixing : (S, S) how the masses share their input.
    n_steps : samples at ``MASS_RATE_HZ``.

    Returns
    -------
    (S, n_steps) postsynaptic potential of the pyramidal cells, mean removed, in millivolts.

    Each synapse is a critically damped second-order system and is stepped exactly for input held over a step.
    """
    pace = rhythm_hz / _STANDARD_RHYTHM_HZ
    rate = np.stack([_EXCITATORY_PER_S * pace, _EXCITATORY_PER_S * pace, _INHIBITORY_PER_S * pace])
    gain = np.stack([excitability * _EXCITATORY_MV, excitability * _EXCITATORY_MV, np.full_like(pace, _INHIBITORY_MV)])
    area = gain * pace / rate
    step_s = 1.0 / MASS_RATE_HZ
    decay = np.exp(-rate * step_s)
    near, slope = (1 + rate * step_s) * decay, step_s * decay
    pull, damp = rate**2 * step_s * decay, (1 - rate * step_s) * decay
    value, speed = np.zeros_like(rate), np.zeros_like(rate)
    membrane, target = np.zeros_like(rate), np.zeros_like(rate)
    output = np.empty((len(pace), n_steps), dtype=np.float32)
    for first in range(0, n_steps, _CHUNK_STEPS):
        stop = min(n_steps, first + _CHUNK_STEPS)
        arriving = _arriving(rng, mixing, stop - first)
        for step in range(stop - first):
            membrane[0] = value[1] - value[2]
            membrane[1] = _CONTACTS * value[0]
            membrane[2] = 0.25 * _CONTACTS * value[0]
            firing = 2 * _FIRING_PER_S / (1.0 + np.exp(_SLOPE_PER_MV * (_THRESHOLD_MV - membrane)))
            target[0] = firing[0]
            target[1] = arriving[step] + 0.8 * _CONTACTS * firing[1]
            target[2] = 0.25 * _CONTACTS * firing[2]
            away = value - area * target
            value = area * target + near * away + slope * speed
            speed = damp * speed - pull * away
            output[:, first + step] = value[1] - value[2]
    output -= output.mean(axis=1, keepdims=True)
    return output


def _arriving(rng: np.random.Generator, mixing: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    """Draw the pulses per second that reach each mass: 120 to 320 around their mean, partly shared."""
    noise = rng.standard_normal((n_steps, len(mixing))) @ mixing.T
    return 220.0 + 130.0 * noise


def shared_input(places: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Give the mixing that makes input correlate as exp(-distance / reach), with distance in head radii."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    return np.linalg.cholesky(np.exp(-apart / reach) + 1e-9 * np.eye(len(places)))


def scale_free(rng: np.random.Generator, shape: tuple[int, int], rate_hz: float) -> NDArray[np.float32]:
    """Make noise with a spectrum near 1/f as a sum of relaxation processes with spread time constants.

    Background activity beneath the rhythms falls with about the first to second power of frequency, steeper in
    infants (Schaworonkow and Voytek 2021, Dev Cogn Neurosci 47:100895).
    """
    total = np.zeros(shape, dtype=np.float32)
    for relaxation_s in np.geomspace(0.004, 0.5, 6):
        memory = np.exp(-1.0 / (relaxation_s * rate_hz))
        noise = rng.standard_normal(shape, dtype=np.float32)
        total += (
            lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], noise, axis=1).astype(np.float32) * relaxation_s**0.25
        )
    total /= total.std()
    return total
