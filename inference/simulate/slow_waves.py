"""Where the slow wave of an infant's spasms comes from, and how many phases it has."""

from typing import Literal

import numpy as np

from inference.simulate.head import Dipole

Topography = Literal["posterior", "reversed", "vertex", "diffuse", "focal"]


def draw_phases(random: np.random.Generator) -> tuple[float, float]:
    """Draw a slow wave of one phase, two or three: the peaks of what goes before and after it, the other way."""
    before, after = float(random.uniform(0.1, 0.5)), float(random.uniform(0.2, 0.9))
    n_phases = int(random.choice([1, 2, 3], p=[0.25, 0.45, 0.3]))
    return (before if n_phases == 3 else 0.0), (after if n_phases > 1 else 0.0)


def draw_sources(
    random: np.random.Generator, kind: float, focus: Dipole, *, asymmetric: bool
) -> tuple[Topography, tuple[Dipole, ...]]:
    """Draw where a slow wave comes from: ``kind``, 0 to 1, chooses the family, a focal one lies at ``focus``."""
    side = float(random.choice([-1.0, 1.0]) * random.uniform(0.2, 0.4)) if asymmetric else float(random.normal(0, 0.04))
    height, tilt = float(random.uniform(0.15, 0.45)), float(random.uniform(-0.4, 0.2))
    if kind < 11 / 14 or kind > 13.3 / 14:
        # One deep dipole that points forwards makes the front positive and the back negative.
        sign = 1.0 if kind < 11 / 14 else -1.0
        back = float(random.uniform(-0.45, 0.1))
        source = Dipole((side, back, height), (-0.3 * side, sign, sign * tilt))
        # In half, the back of the head adds superficial sources of its own on one side or both.
        extra = _parietal(random, side, -sign) if random.random() < 0.5 else ()
        return ("posterior" if sign > 0 else "reversed"), (source, *extra)
    if kind < 12.5 / 14:
        # One sign over the vertex or, from deeper still, all over the head.
        wide = kind > 11.8 / 14
        depth = float(random.uniform(0.75, 0.9) if wide else random.uniform(0.45, 0.7))
        outward = Dipole.radial((side, float(random.uniform(-0.3, 0.3)), 1.0), depth)
        return ("diffuse" if wide else "vertex"), (_turned_inwards(outward),)
    sources = (focus, focus.mirrored()) if random.random() < 0.5 else (focus,)
    return "focal", tuple(_turned_inwards(source) for source in sources)


def _parietal(random: np.random.Generator, side: float, sign: float) -> tuple[Dipole, ...]:
    """Give sources below the parietal electrodes of both sides, the stronger on the side where the wave is."""
    place = np.array([0.45, -0.7, 0.5]) + random.normal(0.0, 0.1, 3)
    left = 1.0 - max(side, 0.0) * 2
    right = 1.0 + min(side, 0.0) * 2
    strength = sign * float(random.uniform(0.03, 0.15))
    source = Dipole.radial(place, float(random.uniform(0.35, 0.5)))
    (u, v, w), (x, y, z) = source.orientation, source.position
    return (
        Dipole((x, y, z), (right * strength * u, right * strength * v, right * strength * w)),
        Dipole((-x, y, z), (-left * strength * u, left * strength * v, left * strength * w)),
    )


def _turned_inwards(source: Dipole) -> Dipole:
    u, v, w = source.orientation
    return Dipole(source.position, (-u, -v, -w))
