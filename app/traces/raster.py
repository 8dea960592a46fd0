"""From filtered samples to the pixels of a tile, with numpy alone: QPainter would hold the interpreter's lock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.traces.chunks import Block, Chunk
from app.traces.plan import TracePlan
from inference.signals.envelopes import envelope

TILE_COLUMNS = 256

# Sub-columns in each column of pixels; odd, so that the pen is centred on its line.
_SUBCOLUMNS = 3


@dataclass(frozen=True, slots=True)
class RowScale:
    """Where and how large a trace is drawn, in device pixels of the whole content.

    A value v lies at ``centre + gain * (v - middle)``; a negative gain draws positive values upwards. Nothing is drawn
    further than ``reach`` from the centre.
    """

    centre: float
    gain: float
    middle: float
    reach: float


@dataclass(frozen=True, slots=True)
class TileRequest:
    """All that a tile is drawn from. ``chunks`` follow each other without a hole.

    ``first_column`` counts device pixels from the start of the recording; ``colours`` are 0xRRGGBB, one per group.
    """

    plan: TracePlan
    chunks: tuple[Chunk, ...]
    rows: tuple[RowScale, ...]
    colours: tuple[int, ...]
    first_column: int
    columns_per_s: float
    height: int
    pen_width: float = 1.0


def paint_tile(request: TileRequest) -> NDArray[np.uint32]:
    """Draw a tile: (height, 256) premultiplied ARGB, transparent where there is no trace."""
    tile = np.zeros((request.height, TILE_COLUMNS), np.uint32)
    pen = max(1, round(request.pen_width * _SUBCOLUMNS)) | 1
    margin = pen // 2
    edges = np.arange(-margin, TILE_COLUMNS * _SUBCOLUMNS + margin + 1) / _SUBCOLUMNS
    edges_s = (request.first_column + edges) / request.columns_per_s
    for number, (group, colour) in enumerate(zip(request.plan.groups, request.colours, strict=True)):
        block = _join([chunk[number] for chunk in request.chunks], group.rate_hz, edges_s)
        lowest, highest = envelope(block.values, group.rate_hz, block.first_sample, edges_s)
        rows = [request.rows[row] for row in group.rows]
        top, bottom = _place(lowest, highest, rows)
        top, bottom = _widen(top, bottom, pen, request.pen_width)
        top, bottom = _block(top, bottom, rows, request.height, request.pen_width)
        visible = bottom > top
        if visible.any():
            # Most kinds cover a narrow band of the page; the rest of the tile costs nothing.
            first, stop = int(top[visible].min()), int(np.ceil(bottom[visible].max()))
            _ink(tile[first:stop], _cover(top - first, bottom - first, stop - first), colour)
    return tile


def _join(blocks: Sequence[Block], rate_hz: float, edges_s: NDArray[np.float64]) -> Block:
    first = int(np.floor(edges_s[0] * rate_hz)) - 1
    stop = int(np.ceil(edges_s[-1] * rate_hz)) + 2
    parts = [
        block.values[:, max(0, first - block.first_sample) : max(0, stop - block.first_sample)] for block in blocks
    ]
    return Block(max(first, blocks[0].first_sample), parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))


def _place(
    lowest: NDArray[np.float32], highest: NDArray[np.float32], rows: Sequence[RowScale]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    centre, gain, middle = (
        np.array([[getattr(row, name)] for row in rows], np.float32) for name in ("centre", "gain", "middle")
    )
    ends = centre + gain * (lowest - middle), centre + gain * (highest - middle)
    return np.minimum(*ends), np.maximum(*ends)


def _widen(
    top: NDArray[np.float32], bottom: NDArray[np.float32], pen: int, pen_width: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw the line with a pen as wide as ``pen`` sub-columns: level lines grow in height, steep ones in width."""
    slope = (bottom - top) * _SUBCOLUMNS
    padding = 0.5 * pen_width * (np.sqrt(1 + slope * slope) - slope)
    top, bottom = top - padding, bottom + padding
    n_columns = top.shape[1] - pen + 1
    wide_top, wide_bottom = top[:, :n_columns], bottom[:, :n_columns]
    for shift in range(1, pen):
        wide_top = np.fmin(wide_top, top[:, shift : shift + n_columns])
        wide_bottom = np.fmax(wide_bottom, bottom[:, shift : shift + n_columns])
    return wide_top, wide_bottom


def _block(
    top: NDArray[np.float32], bottom: NDArray[np.float32], rows: Sequence[RowScale], height: int, pen_width: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Hold a trace within its reach: beyond it the line runs along the limit, as a pen does against its stop."""
    low = np.array([[max(0.0, row.centre - row.reach)] for row in rows], np.float32)
    high = np.array([[min(float(height), row.centre + row.reach)] for row in rows], np.float32)
    return np.clip(top, low, high - pen_width), np.clip(bottom, low + pen_width, high)


def _cover(top: NDArray[np.float32], bottom: NDArray[np.float32], height: int) -> NDArray[np.int64]:
    """Give how much of each pixel the spans (traces, sub-columns) cover, (height, columns); 255 or more is all of it.

    Each end of a span is a step in its column; the steps are scattered and summed downwards once for all traces.
    """
    trace, subcolumn = np.nonzero(bottom > top)
    column = subcolumn // _SUBCOLUMNS
    positions, weights = [], []
    for ends, sign in ((top, 1.0), (bottom, -1.0)):
        end = ends[trace, subcolumn]
        row = np.floor(end)
        below = end - row
        position = row.astype(np.int64) * TILE_COLUMNS + column
        positions += [position, position + TILE_COLUMNS]
        weights += [sign * (1 - below), sign * below]
    size = (height + 2) * TILE_COLUMNS
    steps = np.bincount(np.concatenate(positions), np.concatenate(weights), minlength=size)
    covered = np.cumsum(steps[: height * TILE_COLUMNS].reshape(height, TILE_COLUMNS).astype(np.float32), axis=0)
    # Half a step more rounds where the conversion would cut off.
    covered *= 255 / _SUBCOLUMNS
    covered += 0.5
    return covered.astype(np.int64)


def _ink(tile: NDArray[np.uint32], coverage: NDArray[np.int64], colour: int) -> None:
    """Lay one colour over a tile, in place."""
    source = np.take(_ramp(colour), coverage, mode="clip")
    both = np.nonzero((source != 0) & (tile != 0))
    if both[0].size:
        over, under = (array[both].view(np.uint8).reshape(-1, 4).astype(np.uint32) for array in (source, tile))
        source[both] = (over + under * (255 - over[:, 3:]) // 255).astype(np.uint8).view(np.uint32).ravel()
        tile[both] = 0
    tile |= source


def _ramp(colour: int) -> NDArray[np.uint32]:
    alpha = np.arange(256, dtype=np.uint32)
    red, green, blue = ((colour >> shift & 0xFF) * alpha // 255 for shift in (16, 8, 0))
    return (alpha << 24) | (red << 16) | (green << 8) | blue
