"""The head as a sphere: where electrodes and sources lie, and what a source looks like at the electrodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position

#: The 19 electrodes of the 10-20 system, as most infant recordings have them.
TEN_TWENTY_ELECTRODES = tuple(e for e in IFCN_ELECTRODES if e not in {"F9", "F10", "T9", "T10", "P9", "P10"})
#: References in use: electrodes with weights that add up to one.
REFERENCES: Mapping[str, Mapping[str, float]] = {
    "FCz": {"FCz": 1.0},
    "CPz": {"CPz": 1.0},
    "A1A2": {"A1": 0.5, "A2": 0.5},
    "A1": {"A1": 1.0},
}

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Dipole:
    """A current dipole in a sphere of radius 1: x to the right ear, y to the nose, z to the vertex."""

    position: Vector
    orientation: Vector

    @classmethod
    def radial(cls, direction: ArrayLike, depth: float) -> "Dipole":
        """Point outwards below a place on the scalp; ``depth`` is the distance from the scalp in radii."""
        unit = np.asarray(direction) / np.linalg.norm(direction)
        return cls(_vector(unit * (1.0 - depth)), _vector(unit))

    def mirrored(self) -> "Dipole":
        """Give the homologous source of the other hemisphere."""
        (x, y, z), (u, v, w) = self.position, self.orientation
        return Dipole((-x, y, z), (-u, v, w))


def _vector(array: NDArray[np.float64]) -> Vector:
    return (float(array[0]), float(array[1]), float(array[2]))


def scalp_positions(electrodes: Sequence[str]) -> NDArray[np.float64]:
    """Give the places of electrodes on the unit sphere as (n, 3)."""
    return np.array([electrode_position(electrode) for electrode in electrodes])


def dipole_potential(dipole: Dipole, electrodes: Sequence[str]) -> NDArray[np.float64]:
    """Compute a dipole's potential at electrodes on a homogeneous conducting sphere of radius 1, up to a factor.

    The gradient, with respect to the source, of the sphere's Neumann function 2 / d - ln((1 - b c + d) / 2), where b
    is the source's distance from the centre, c the cosine of the angle between source and electrode and d their
    distance (Yao 2000, IEEE Trans Biomed Eng 47:964). Skull and scalp are taken into account by a deeper source (Berg
    and Scherg 1994, Electroencephalogr Clin Neurophysiol 90:58).
    """
    points = scalp_positions(electrodes)
    place, moment = np.asarray(dipole.position), np.asarray(dipole.orientation)
    b = float(np.linalg.norm(place))
    outward = place / b
    cosine = points @ outward
    d = np.sqrt(1.0 - 2.0 * b * cosine + b * b)
    radial = ((1.0 - b * b) / d**3 - 1.0) / b
    tangential = (points - cosine[:, None] * outward) * (2.0 / d**3 + (1.0 + 1.0 / d) / (1.0 - b * cosine + d))[:, None]
    result: NDArray[np.float64] = radial * (moment @ outward) + tangential @ moment
    return result


class Head:
    """Electrodes and reference of one recording.

    Attributes
    ----------
    electrodes : names of the recorded electrodes, in order.
    """

    def __init__(self, electrodes: Sequence[str], reference: str) -> None:
        self.electrodes = tuple(electrodes)
        self._weights = REFERENCES[reference]

    def field(self, *dipoles: Dipole) -> NDArray[np.float32]:
        """Give what the electrodes record, less the reference, of sources whose true potential peaks at 1."""
        sites = (*self.electrodes, *self._weights)
        potential = np.sum([dipole_potential(dipole, sites) for dipole in dipoles], axis=0)
        potential /= np.abs(potential[: len(self.electrodes)]).max()
        n_electrodes = len(self.electrodes)
        reference = potential[n_electrodes:] @ np.array(list(self._weights.values()))
        result: NDArray[np.float32] = (potential[:n_electrodes] - reference).astype(np.float32)
        return result

    def patch(self, electrode: str, width: float) -> NDArray[np.float32]:
        """Give what a superficial source (muscle, skin) around an electrode adds: a bell of this width in radii."""
        sites = scalp_positions((*self.electrodes, *self._weights))
        bell = np.exp(-0.5 * ((sites - scalp_positions([electrode])) ** 2).sum(axis=1) / width**2)
        n_electrodes = len(self.electrodes)
        reference = bell[n_electrodes:] @ np.array(list(self._weights.values()))
        result: NDArray[np.float32] = (bell[:n_electrodes] - reference).astype(np.float32)
        return result

    def everywhere(self, depth: float, asymmetry: float) -> NDArray[np.float32]:
        """Give a mixing matrix, (n_electrodes, n_electrodes), that stands for many sources all over the convexity.

        It is a square root of their covariance; ``asymmetry`` is how much stronger, in natural logarithm, they are on
        the right than in the middle.
        """
        n_points = 120
        z = np.linspace(1.0, -0.55, n_points)
        angle = np.pi * (1.0 + np.sqrt(5.0)) * np.arange(n_points)
        ring = np.sqrt(1.0 - z**2)
        points = np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)
        strength = np.exp(asymmetry * points[:, 0]).astype(np.float32)
        fields = np.stack([self.field(Dipole.radial(point, depth)) for point in points], axis=1) * strength
        values, vectors = np.linalg.eigh(fields @ fields.T)
        return scaled_to_one(vectors * np.sqrt(np.clip(values, 0.0, None)))

    def mixture(self, sources: Sequence[Dipole]) -> NDArray[np.float32]:
        """Give the mixing matrix of independent sources of which electrodes see a variance of 1 on average."""
        return scaled_to_one(np.stack([self.field(source) for source in sources], axis=1))


def scaled_to_one(mix: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale a mixing matrix, (n_electrodes, n_sources), so that electrodes see a variance of 1 on average."""
    scaled: NDArray[np.float32] = (mix / np.sqrt((mix**2).sum(axis=1).mean())).astype(np.float32)
    return scaled
