"""Colours of maps that begin at nothing: one hue, ever darker on paper and ever lighter in the dark."""

from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from app.panels.fmri.colours import even_ramp, to_argb

N_COLOURS: Final = 256


class Ramp(StrEnum):
    """What the colours stand for: how probable something is, how much weight something has, how strong a signal is."""

    PROBABILITY = "probability"
    WEIGHT = "weight"
    POWER = "power"


#: Okabe and Ito's vermilion, blue and grey, each between the paper and its own extreme.
_ON_PAPER: Final = {
    Ramp.PROBABILITY: ("#f4f0e8", "#f2b27a", "#e0762a", "#b34700", "#702b00"),
    Ramp.WEIGHT: ("#f4f0e8", "#9fcfe8", "#4d9fce", "#00639e", "#00335a"),
    Ramp.POWER: ("#fdfcf9", "#dedcd6", "#a9abab", "#5f6468", "#1d2126"),
}
_IN_THE_DARK: Final = {
    Ramp.PROBABILITY: ("#25292c", "#7a3a08", "#c05a10", "#f0803c", "#ffc894"),
    Ramp.WEIGHT: ("#25292c", "#0b4a72", "#1478b4", "#56b4e9", "#b4e2fc"),
    Ramp.POWER: ("#131618", "#2f363c", "#5d656c", "#a3aab1", "#f2f3f4"),
}


@lru_cache(maxsize=8)
def colours(ramp: Ramp, *, dark: bool) -> NDArray[np.uint8]:
    """Give the colours (256, 3), red green blue, from nothing to the end of the scale."""
    table = even_ramp((_IN_THE_DARK if dark else _ON_PAPER)[ramp], N_COLOURS)
    table.flags.writeable = False
    return table


def colour_of(ramp: Ramp, share: float, *, dark: bool) -> QColor:
    """Give the colour of a share, 0 to 1, of the scale."""
    red, green, blue = (int(part) for part in colours(ramp, dark=dark)[_index(np.array(share))])
    return QColor(red, green, blue)


def picture_of(ramp: Ramp, shares: NDArray[np.floating], *, dark: bool) -> QImage:
    """Paint shares (rows, columns) of the scale; what is NaN stays transparent."""
    known = np.isfinite(shares)
    pixels = to_argb(colours(ramp, dark=dark)[_index(np.where(known, shares, 0.0))], known.astype(float))
    rows, columns = pixels.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    # A copy: the image must outlive the array.
    return QImage(np.ascontiguousarray(pixels).data, columns, rows, 4 * columns, form).copy()


def _index(shares: NDArray[np.floating]) -> NDArray[np.intp]:
    return np.rint(np.clip(shares, 0, 1) * (N_COLOURS - 1)).astype(np.intp)
