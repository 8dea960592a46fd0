"""Electromyograms as trains of motor unit action potentials."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Rate at which action potentials are laid down; a surface electrode passes little above 400 Hz.
MUSCLE_RATE_HZ: Final = 1024.0
#: Rate of the drive that recruits the units.
DRIVE_RATE_HZ: Final = 128.0

# Recruitment and rate coding (Fuglevand, Winter and Patla 1993, J Neurophysiol 70:2470).
_RECRUITMENT_RANGE: Final = 30.0
_LAST_RECRUITED_AT: Final = 0.75
_SLOWEST_PER_S: Final = 6.0
_FASTEST_PER_S: Final = 32.0
_RATE_GAIN_PER_S: Final = 60.0
_INTERVAL_VARIATION: Final = 0.2
_AMPLITUDE_RANGE: Final = 25.0


@dataclass(frozen=True, slots=True)
class MotorPool:
    """The motor units of one muscle.

    Attributes
    ----------
    threshold : (U,) share of full drive at which a unit begins to fire.
    amplitude_uv : (U,) size of its action potential at the electrode.
    width_s : (U,) its time scale.
    two_phases : (U,) weight of the biphasic against the triphasic form.
    """

    threshold: NDArray[np.float64]
    amplitude_uv: NDArray[np.float64]
    width_s: NDArray[np.float64]
    two_phases: NDArray[np.float64]


def form_pool(rng: np.random.Generator, n_units: int, full_uv: float) -> MotorPool:
    """Draw the units of a muscle whose potential has a standard deviation of ``full_uv`` at full contraction.

    Small units come first and there are many of them. Action potentials of infants' thin muscles last 4 to 10 ms.
    """
    order = np.arange(1, n_units + 1) / n_units
    threshold = _LAST_RECRUITED_AT * np.exp(np.log(_RECRUITMENT_RANGE) * (order - 1))
    # Size follows the order of recruitment; depth under the electrode scatters it.
    amplitude = np.exp(np.log(_AMPLITUDE_RANGE) * order) * np.exp(rng.normal(0.0, 0.6, n_units))
    width_s = rng.uniform(0.0011, 0.0028, n_units)
    two_phases = rng.uniform(0.1, 0.9, n_units)
    # Campbell: the variance of a train is its rate times the energy of its potential.
    energy_s = 0.63 * width_s
    variance = np.sum(0.85 * _FASTEST_PER_S * energy_s * amplitude**2)
    return MotorPool(threshold, amplitude * full_uv / np.sqrt(variance), width_s, two_phases)


def contract(rng: np.random.Generator, pool: MotorPool, drive: NDArray[np.float64], n: int) -> NDArray[np.float32]:
    """Make the potential of a muscle.

    Parameters
    ----------
    rng : draws the intervals between action potentials.
    pool : the muscle.
    drive : share of full drive at ``DRIVE_RATE_HZ``.
    n : samples at ``MUSCLE_RATE_HZ``.

    Returns
    -------
    (n,) microvolts.
    """
    total = np.zeros(n)
    time_s = np.arange(len(drive)) / DRIVE_RATE_HZ
    for unit in range(len(pool.threshold)):
        above = drive - pool.threshold[unit]
        per_s = np.where(above > 0, np.minimum(_FASTEST_PER_S, _SLOWEST_PER_S + _RATE_GAIN_PER_S * above), 0.0)
        expected = np.concatenate([[0.0], np.cumsum(per_s[:-1]) / DRIVE_RATE_HZ])
        if expected[-1] == 0.0:
            continue
        # Intervals of a renewal process in operational time, stretched by the firing rate.
        shape = _INTERVAL_VARIATION**-2
        count = int(expected[-1] + 6 * np.sqrt(expected[-1]) * _INTERVAL_VARIATION + 5)
        beats = np.cumsum(rng.gamma(shape, 1 / shape, count)) - rng.random()
        firing_s = np.interp(beats[(beats > 0) & (beats < expected[-1])], expected, time_s)
        _lay_down(total, firing_s, pool, unit)
    return total.astype(np.float32)


def _lay_down(total: NDArray[np.float64], firing_s: NDArray[np.float64], pool: MotorPool, unit: int) -> None:
    """Add one unit's action potentials: Hermite-Rodriguez functions (Lo Conte et al. 1994, IEEE TBME 41:1147)."""
    width_s, share = pool.width_s[unit], pool.two_phases[unit]
    reach = int(np.ceil(3.5 * width_s * MUSCLE_RATE_HZ))
    offset = np.arange(-reach, reach + 1)
    index = np.round(firing_s * MUSCLE_RATE_HZ).astype(np.int64)[:, None] + offset
    u = (index / MUSCLE_RATE_HZ - firing_s[:, None]) / width_s
    bell = np.exp(-(u**2))
    potential = pool.amplitude_uv[unit] * bell * (share * 2 * u - (1 - share) * (1 - 2 * u**2))
    inside = (index >= 0) & (index < len(total))
    np.add.at(total, index[inside], potential[inside])
