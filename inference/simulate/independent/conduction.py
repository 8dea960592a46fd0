"""Potentials that dipoles in a head of concentric shells leave on its surface."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Terms of the series; at the largest eccentricity used (0.86) the last one is below a thousandth of the first.
_N_TERMS = 60


@dataclass(frozen=True, slots=True)
class Shells:
    """Outer radii as shares of the head's radius, from the inside, and conductivities in siemens per metre."""

    radii: tuple[float, ...]
    conductivities: tuple[float, ...]


def infant_head(skull_conductivity: float) -> Shells:
    """Give brain, fluid, skull and scalp of an infant's head.

    An infant's skull is 2 to 3 mm thick on a radius of about 70 mm and conducts several times better than an adult's
    (Odabaee et al. 2014, NeuroImage 96:73; Lew et al. 2013, NeuroImage 76:282).
    """
    return Shells((0.89, 0.92, 0.96, 1.0), (0.33, 1.79, skull_conductivity, 0.43))


def lead_field(
    electrodes: NDArray[np.float64], places: NDArray[np.float64], moments: NDArray[np.float64], shells: Shells
) -> NDArray[np.float64]:
    """Compute the potential of each dipole at each electrode.

    Parameters
    ----------
    electrodes : (E, 3) places on the unit sphere.
    places : (S, 3) dipoles within the innermost shell, as shares of the head's radius.
    moments : (S, 3) dipole moments.
    shells : radii and conductivities.

    Returns
    -------
    (E, S) potentials against infinity, in units of moment / (4 pi sigma radius^2) with the brain's sigma.

    The series is that of a dipole in a multilayered sphere (Rush and Driscoll 1969; de Munck 1988, J Appl Phys
    64:464), with the boundary conditions carried from shell to shell instead of being solved in closed form.
    """
    electrodes = electrodes / np.linalg.norm(electrodes, axis=1, keepdims=True)
    eccentricity = np.linalg.norm(places, axis=1)
    outward = places / eccentricity[:, None]
    radial = np.einsum("sk,sk->s", moments, outward)
    cosine = electrodes @ outward.T
    # Moment along the tangent towards the electrode, times the sine that P_n^1 = sin(angle) P_n' brings in.
    tangential = electrodes @ moments.T - cosine * radial
    legendre, slope = np.ones_like(cosine), np.zeros_like(cosine)
    before, slope_before = np.zeros_like(cosine), np.zeros_like(cosine)
    potential: NDArray[np.float64] = np.zeros_like(cosine)
    for n, gain in enumerate(_transfer(shells), start=1):
        following = ((2 * n - 1) * cosine * legendre - (n - 1) * before) / n
        slope_following = slope_before + (2 * n - 1) * legendre
        before, legendre, slope_before, slope = legendre, following, slope, slope_following
        potential += gain * eccentricity ** (n - 1) * (n * radial * legendre + tangential * slope)
    return potential


def _transfer(shells: Shells) -> Sequence[float]:
    """Give, for each term, the surface potential of a source whose term in an endless medium is one at the surface."""
    n = np.arange(1.0, _N_TERMS + 1)
    # In each shell the potential is a r^n + b r^-(n+1); no current leaves the scalp, where the potential is one.
    rising, falling = (n + 1) / (2 * n + 1), n / (2 * n + 1)
    for index in range(len(shells.radii) - 2, -1, -1):
        radius, inner, outer = shells.radii[index], shells.conductivities[index], shells.conductivities[index + 1]
        up, down = rising * radius**n, falling * radius ** -(n + 1)
        value, flow = up + down, outer * (n * up - (n + 1) * down)
        down = (n * value - flow / inner) / (2 * n + 1)
        rising, falling = (value - down) / radius**n, down * radius ** (n + 1)
    return [float(gain) for gain in 1.0 / falling]
