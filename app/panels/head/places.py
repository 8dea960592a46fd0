"""From electrodes on a sphere to places on a drawn head, and from values at some of them to a map between them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.recordings.electrodes import electrode_position, parse_electrode_label
from inference.recordings.recording import Channel
from inference.runtime.interpolation import spline_weights

#: The drawn head ends at the ring of Fp1, T7 and O1; electrodes below it lie outside.
_RIM_DEGREES: Final = 96.0
#: A spline between fewer electrodes says more than they do.
FEWEST_FOR_MAP: Final = 6
#: From C3 to Cz it is 45 degrees; a place further than this from any electrode stays bare.
_REACH_DEGREES: Final = 50.0
_GRID: Final = 48
#: The map is computed a little beyond the rim, where it is cut off smoothly.
_EDGE: Final = 1.05

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a channel was picked up.

    ``name`` tells it from other channels, ``electrode`` stands on the head. ``vector`` points from the centre of the
    head to the electrode, or to the middle between the two of a bipolar channel, whose names are then in ``ends``; None
    for what lies at no known place of the scalp. ``is_estimated`` says that the signal came from the neighbours.
    """

    name: str
    electrode: str
    vector: Vector | None
    ends: tuple[str, ...] = ()
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MapWeights:
    """How a map is made of values at sites: (grid, grid) places from left to right and from the nose down.

    ``weights`` is (places, sites) for the places where ``inside`` is true; ``hull`` are the corners of what the sites
    enclose, on the drawn head.
    """

    weights: NDArray[np.float32]
    inside: NDArray[np.bool_]
    hull: NDArray[np.float64]


def sites_of_channels(channels: Sequence[Channel]) -> tuple[Site, ...]:
    """Give the sites of recorded channels; those that share an electrode keep the names that tell them apart."""
    counts = Counter(channel.electrode for channel in channels)
    return tuple(_site_of(channel, is_alone=counts[channel.electrode] == 1) for channel in channels)


def _site_of(channel: Channel, *, is_alone: bool) -> Site:
    name, electrode = channel.name, channel.electrode
    if electrode is not None:
        return Site(electrode if is_alone else name, electrode, electrode_position(electrode))
    pair = parse_electrode_label(name).pair
    if pair is None:
        return Site(name, name, None)
    middle = np.add(electrode_position(pair[0]), electrode_position(pair[1]))
    x, y, z = (float(value) for value in middle / np.linalg.norm(middle))
    return Site("–".join(pair), "–".join(pair), (x, y, z), pair)


@lru_cache(maxsize=512)
def project(vector: Vector) -> tuple[float, float]:
    """Give the place on the drawn head, whose rim has radius 1: x to the patient's right, y to the nose.

    Distances from the vertex stay what they are along the scalp (azimuthal equidistant).
    """
    x, y, z = vector
    across = float(np.hypot(x, y))
    radius = float(np.degrees(np.arctan2(across, z))) / _RIM_DEGREES
    return (radius * x / across, radius * y / across) if across > 0 else (0.0, 0.0)


@lru_cache(maxsize=16)
def map_weights(vectors: tuple[Vector, ...]) -> MapWeights | None:
    """Prepare the map between sites; None where they are too few.

    Within what the sites enclose and within the head, each place takes the value of a spherical spline, as MNE does for
    electrodes that are missing; beyond, and far from every site, nothing is known and nothing is drawn.
    """
    hull = _hull(np.array([project(vector) for vector in vectors]).reshape(-1, 2))
    if len(vectors) < FEWEST_FOR_MAP or len(hull) < 3:
        return None
    steps = (np.arange(_GRID) + 0.5) / _GRID * 2 - 1
    x, y = (grid.ravel() for grid in np.meshgrid(steps, -steps))
    places = _unproject(x, y)
    known = np.array(vectors)
    nearest = (places @ known.T).max(axis=1)
    inside = (nearest >= np.cos(np.deg2rad(_REACH_DEGREES))) & (np.hypot(x, y) <= _EDGE)
    weights = spline_weights(known, places[inside]).astype(np.float32)
    return MapWeights(weights, inside.reshape(_GRID, _GRID), hull)


def map_values(weights: MapWeights, values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Give the map (grid, grid) between values at sites, NaN where nothing is known.

    A spline swings beyond its values; a map that shows more or less than was measured anywhere would mislead.
    """
    shown = np.full(weights.inside.shape, np.nan, np.float32)
    shown[weights.inside] = np.clip(weights.weights @ values.astype(np.float32), values.min(), values.max())
    return shown


def scale_from_zero(values: NDArray[np.floating]) -> tuple[float, float]:
    """Give a scale from 0 to 1, 2 or 5 times a power of ten that holds all values."""
    highest = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    steps = [step * 10.0**power for power in range(-3, 4) for step in (1, 2, 5)]
    return 0.0, next((step for step in steps if step >= highest), steps[-1])


def scale_between(values: NDArray[np.floating]) -> tuple[float, float]:
    """Give the twentieths that hold all values, for what varies around something else than nothing."""
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low = np.floor(float(np.nanmin(values)) * 20) / 20
    return float(low), float(max(np.ceil(float(np.nanmax(values)) * 20) / 20, low + 0.05))


def named_sites(names: Sequence[str], estimated: Sequence[str] = ()) -> tuple[Site, ...]:
    """Give the sites of canonical electrode names."""
    return tuple(Site(name, name, electrode_position(name), is_estimated=name in estimated) for name in names)


def _unproject(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    radius = np.hypot(x, y)
    arc = np.deg2rad(radius * _RIM_DEGREES)
    across = np.sin(arc) / np.maximum(radius, 1e-9)
    return np.stack([across * x, across * y, np.cos(arc)], axis=1)


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the corners of the smallest convex figure around points (n, 2), by Andrew's monotone chain."""
    ordered = [tuple(point) for point in np.unique(points, axis=0)]
    if len(ordered) < 3:
        return np.array(ordered).reshape(-1, 2)
    return np.array([*_half_hull(ordered), *_half_hull(ordered[::-1])])


def _half_hull(ordered: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    chain: list[tuple[float, ...]] = []
    for point in ordered:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain[:-1]


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
