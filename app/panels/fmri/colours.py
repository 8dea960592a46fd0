"""Colours of the maps: even to the eye, safe for colour-blind readers, and the same in picture, matrix and scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: From the strongest decrease over nothing to the strongest increase: the blue and vermilion of Okabe and Ito between
#: neutral and extremes, on paper and in the dark.
_ON_PAPER: Final = ("#00335a", "#0072b2", "#7fbfe3", "#f0ede6", "#f2b27a", "#d55e00", "#702b00")
_IN_THE_DARK: Final = ("#a6dcfa", "#56b4e9", "#1478b4", "#2a2f33", "#b34f00", "#f0803c", "#ffc894")
_N_COLOURS: Final = 255
#: The entry for what has no value, or too small a one.
NOTHING: Final = _N_COLOURS
_OPACITY: Final = 0.88


@dataclass(frozen=True, slots=True)
class Scale:
    """What the ends of the colours mean, and the size below which nothing is coloured."""

    limit: float
    threshold: float


@lru_cache(maxsize=8)
def diverging(*, dark: bool) -> NDArray[np.uint8]:
    """Give the colours (255, 3), red green blue, from the strongest decrease to the strongest increase."""
    colours = even_ramp(_IN_THE_DARK if dark else _ON_PAPER, _N_COLOURS)
    colours.flags.writeable = False
    return colours


@lru_cache(maxsize=32)
def colour_table(scale: Scale, *, dark: bool, opacity: float = _OPACITY) -> NDArray[np.uint32]:
    """Give the colours (256,) as premultiplied ARGB: transparent below the threshold and in the last entry."""
    values = np.linspace(-scale.limit, scale.limit, _N_COLOURS)
    shown = np.abs(values) >= scale.threshold - scale.limit / _N_COLOURS
    alpha = np.where(shown, opacity, 0.0)
    table = np.zeros(_N_COLOURS + 1, dtype=np.uint32)
    table[:_N_COLOURS] = to_argb(diverging(dark=dark), alpha)
    table.flags.writeable = False
    return table


def colour_index(values: NDArray[np.floating], scale: Scale) -> NDArray[np.uint8]:
    """Give the entry of the colour table for each value; beyond the limit the colour of the limit."""
    middle = (_N_COLOURS - 1) / 2
    position = np.clip(values * (middle / scale.limit) + middle, 0, _N_COLOURS - 1)
    known = np.isfinite(values)
    return np.where(known, np.rint(np.where(known, position, 0.0)), NOTHING).astype(np.uint8)


def to_argb(colours: NDArray[np.uint8], alpha: NDArray[np.floating] | float) -> NDArray[np.uint32]:
    """Pack colours (..., 3) and opacities 0 to 1 as Qt's premultiplied ARGB."""
    opacity = np.broadcast_to(np.asarray(alpha, dtype=np.float64), colours.shape[:-1])
    red, green, blue = (np.rint(colours[..., i] * opacity).astype(np.uint32) for i in range(3))
    return (np.rint(255 * opacity).astype(np.uint32) << 24) | (red << 16) | (green << 8) | blue


def even_ramp(anchors: Sequence[str], n_colours: int) -> NDArray[np.uint8]:
    """Lead from colour to colour in steps that look equally large: straight lines in OKLab (Ottosson 2020).

    Parameters
    ----------
    anchors : colours as ``#rrggbb``.

    Returns
    -------
    (n_colours, 3) red, green, blue.
    """
    corners = to_oklab(np.array([[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in anchors]))
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    # The middle anchor stays in the middle: there, and only there, is no change.
    half = (len(anchors) - 1) // 2
    place = np.concatenate([way[: half + 1] / way[half], 1 + (way[half + 1 :] - way[half]) / (way[-1] - way[half])])
    at = np.linspace(0, 2, n_colours)
    return _from_oklab(np.stack([np.interp(at, place, corners[:, axis]) for axis in range(3)], axis=1))


_TO_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_FROM_CONES: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_oklab(colours: NDArray[np.integer]) -> NDArray[np.float64]:
    """Give lightness and the two opponent coordinates of colours (n, 3) of sRGB."""
    encoded = colours / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _FROM_CONES.T)


def _from_oklab(places: NDArray[np.float64]) -> NDArray[np.uint8]:
    linear = (places @ np.linalg.inv(_FROM_CONES).T) ** 3 @ np.linalg.inv(_TO_CONES).T
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)
