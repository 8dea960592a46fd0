"""Spherical-spline interpolation of an electrode from its neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.polynomial.legendre import legval
from numpy.typing import NDArray

#: Fewer electrodes do not hold a surface down well enough.
MIN_ELECTRODES = 12
#: An electrode this near counts as a neighbour: the next one along a row or a column, and the diagonal one.
_NEIGHBOUR_DEGREES = 58.0
#: Directions to the neighbours of an electrode within the cap leave no wider opening than this.
_OPENING_DEGREES = 150.0
_STIFFNESS = 4
_LEGENDRE_TERMS = 50
_RIDGE = 1e-5


def spline_weights(known: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the weights that estimate potentials at some places from those measured at others.

    Parameters
    ----------
    known : (n_known, 3) unit vectors of the electrodes that were recorded.
    wanted : (n_wanted, 3) unit vectors of the places to estimate.

    Returns
    -------
    (n_wanted, n_known); every row sums to 1, so that the reference does not matter.

    References
    ----------
    Perrin, Pernier, Bertrand, Echallier: Spherical splines for scalp potential and current density mapping.
    Electroencephalogr. Clin. Neurophysiol. 72 (1989) 184-187, equations 1 to 3, with MNE's stiffness 4 and ridge 1e-5.
    """
    n_known = len(known)
    system = np.ones((n_known + 1, n_known + 1))
    system[:n_known, :n_known] = _spline_kernel(known @ known.T) + _RIDGE * np.eye(n_known)
    system[n_known, n_known] = 0.0
    targets = np.hstack([_spline_kernel(wanted @ known.T), np.ones((len(wanted), 1))])
    return np.asarray(np.linalg.solve(system, targets.T).T[:, :n_known], dtype=np.float64)


def is_surrounded(place: NDArray[np.float64], known: NDArray[np.float64]) -> bool:
    """Say whether a place has at least three near electrodes around it, not all of them on one side.

    At the edge of the cap a spline extrapolates, which is worse than saying that nothing was recorded there.

    Parameters
    ----------
    place : (3,) unit vector.
    known : (n, 3) unit vectors of the electrodes that were recorded.
    """
    cosines = known @ place
    near = known[cosines >= np.cos(np.deg2rad(_NEIGHBOUR_DEGREES))]
    if len(near) < 3:
        return False
    # Directions of the neighbours in the plane that touches the sphere at this place.
    axis = np.eye(3)[int(np.argmin(np.abs(place)))]
    first = np.cross(place, axis)
    first /= np.linalg.norm(first)
    second = np.cross(place, first)
    directions = np.sort(np.arctan2(near @ second, near @ first))
    openings = np.diff(directions, append=directions[0] + 2 * np.pi)
    return bool(openings.max() < np.deg2rad(_OPENING_DEGREES))


def unit_positions(positions: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Bring electrode positions (n, 3) onto the unit sphere."""
    places = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    unit: NDArray[np.float64] = places / np.linalg.norm(places, axis=1, keepdims=True)
    return unit


def _spline_kernel(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    orders = np.arange(1, _LEGENDRE_TERMS + 1, dtype=np.float64)
    factors = (2 * orders + 1) / (orders * (orders + 1)) ** _STIFFNESS / (4 * np.pi)
    kernel: NDArray[np.float64] = legval(cosines, np.concatenate([[0.0], factors]))
    return kernel
