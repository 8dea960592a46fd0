"""Where everything lies on the page: values without widgets, so that painting and mouse agree to the pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.traces.chunks import OwnScale
from app.traces.display import DisplaySettings
from app.traces.plan import TracePlan
from app.traces.raster import RowScale
from inference.recordings.recording import ChannelKind

#: Strip above the traces: one line for what was found, one for the file's own annotations.
STRIP_PX = 36
RULER_PX = 36
#: Column right of the traces with a calibration bar for each kind.
CALIBRATION_PX = 80
MIN_ROW_PX = 15.0
_KIND_SPACE_PX = 8.0
# Room above the first trace and below the last for what leaves their rows.
_EDGE_SPACE_PX = 12.0
_MILLIMETRES_PER_INCH = 25.4

# How many rows a trace may reach from its middle. An EEG may cross its neighbours, as a pen would; the rest must not
# smear over it, and a burst of one muscle must not hide the next.
_REACH_ROWS = {ChannelKind.EEG: 3.0, ChannelKind.EOG: 2.5, ChannelKind.EMG: 0.47}
_OWN_REACH_ROWS = 0.6
#: What a trace with a scale of its own fills of its row.
OWN_FILL = 0.8
#: Kinds drawn with negative upwards, as the EEG always is.
_NEGATIVE_UP = frozenset({ChannelKind.EEG, ChannelKind.EOG, ChannelKind.EMG})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page: the middle of its trace below the top of the content, and its height, logical pixels."""

    label: str
    kind: ChannelKind
    unit: str
    centre_px: float
    height_px: float


@dataclass(frozen=True, slots=True)
class PageGeometry:
    """The page in logical pixels: traces lie in [left, right) x [top, bottom); ``position_s`` is the time at ``left``.

    ``columns_per_s`` counts device pixels; ``first_column`` is the device column at the left edge, so traces always
    lie on whole pixels. ``scroll_px`` is how far the content is scrolled down.
    """

    left: int
    right: int
    top: int
    bottom: int
    page_s: float
    first_column: int
    columns_per_s: float
    pixel_ratio: float
    scroll_px: float = 0.0

    @property
    def width(self) -> int:
        """Width of the traces in logical pixels."""
        return self.right - self.left

    @property
    def position_s(self) -> float:
        """Time at the left edge."""
        return self.first_column / self.columns_per_s

    @property
    def end_s(self) -> float:
        """Time at the right edge."""
        return self.position_s + self.width * self.pixel_ratio / self.columns_per_s

    def x_of(self, time_s: float) -> float:
        """Give the logical pixel of a time."""
        return self.left + (time_s * self.columns_per_s - self.first_column) / self.pixel_ratio

    def time_of(self, x: float) -> float:
        """Give the time of a logical pixel."""
        return (self.first_column + (x - self.left) * self.pixel_ratio) / self.columns_per_s


def lay_out_rows(plan: TracePlan, height_px: float) -> tuple[tuple[Row, ...], float]:
    """Share a height among the traces, with a little space between kinds.

    Returns
    -------
    rows, content height : the content is higher than the page where the rows would otherwise become illegible.
    """
    kinds = [trace.kind for trace in plan.traces]
    spaces_px = _KIND_SPACE_PX * sum(a is not b for a, b in pairwise(kinds)) + 2 * _EDGE_SPACE_PX
    row_px = max(MIN_ROW_PX, (height_px - spaces_px) / max(1, len(kinds)))
    rows = []
    top = _EDGE_SPACE_PX
    for number, trace in enumerate(plan.traces):
        if number and kinds[number] is not kinds[number - 1]:
            top += _KIND_SPACE_PX
        rows.append(Row(trace.label, trace.kind, trace.unit, top + row_px / 2, row_px))
        top += row_px
    return tuple(rows), max(height_px, top + _EDGE_SPACE_PX)


def scale_rows(
    rows: Sequence[Row],
    display: DisplaySettings,
    scales: Mapping[int, OwnScale],
    pixels_per_mm: float,
    pixel_ratio: float,
) -> tuple[RowScale, ...]:
    """Give each trace its place and gain in device pixels."""
    scaled = []
    for number, row in enumerate(rows):
        sensitivity = display.sensitivity_of(row.kind)
        own = scales.get(number, OwnScale(0.0, 1.0))
        if sensitivity is not None:
            gain, middle = pixels_per_mm / sensitivity, 0.0
            reach_px = _REACH_ROWS[row.kind] * row.height_px
        else:
            gain, middle = OWN_FILL * row.height_px / own.range, own.middle
            reach_px = _OWN_REACH_ROWS * row.height_px
        sign = 1.0 if row.kind in _NEGATIVE_UP else -1.0
        # Positive y runs down the screen, so a positive gain draws negative upwards.
        scaled.append(RowScale(row.centre_px * pixel_ratio, sign * gain * pixel_ratio, middle, reach_px * pixel_ratio))
    return tuple(scaled)


def pixels_per_millimetre(dots_per_inch: float) -> float:
    """Give the logical pixels of a millimetre; a screen that reports an impossible size counts as 96 dots per inch."""
    plausible = 60.0 <= dots_per_inch <= 400.0
    return (dots_per_inch if plausible else 96.0) / _MILLIMETRES_PER_INCH


def nice_below(value: float) -> float:
    """Give the largest of 1, 2, 5 times a power of ten that is not above a positive value."""
    exponent = 1.0
    while exponent > value:
        exponent /= 10
    while exponent * 10 <= value:
        exponent *= 10
    return max(step * exponent for step in (1, 2, 5) if step * exponent <= value)
