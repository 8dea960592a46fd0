"""The painted columns of a recording: computed in a thread pool, kept while there is room, never waited for."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from app.traces.chunks import Chunk, OwnScale, needs_survey, read_chunk, survey_scales
from app.traces.plan import TracePlan
from app.traces.raster import TILE_COLUMNS, RowScale, TileRequest, paint_tile
from inference.errors import RecordingError
from inference.recordings.recording import Recording

_TILE_BYTES = 128 * 2**20
_CHUNK_BYTES = 128 * 2**20
_SHORT_CHUNK_S = 16.0
_LONG_CHUNK_S = 64.0


@dataclass(frozen=True, slots=True)
class Rendering:
    """Everything but the signal that decides a tile's pixels; equal renderings have equal tiles."""

    rows: tuple[RowScale, ...]
    colours: tuple[int, ...]
    columns_per_s: float
    height: int
    pixel_ratio: float


class _Key(NamedTuple):
    """A piece of work: which generation of signals or pixels it belongs to, and its number along the recording."""

    stage: Literal["survey", "chunk", "tile"]
    generation: int
    number: int


class TileFeed(QObject):
    """Keeps the tiles that the page needs coming; lives in the GUI thread.

    A request is immutable and carries its own generation: results of an older montage, filter or scale are dropped when
    they arrive. At most one job more than there are threads is under way, so what has scrolled off the page is never
    waited for.

    Signals
    -------
    tile_painted(int) : a tile of the current rendering has come, by its number.
    scales_surveyed() : ``scales`` are known; a rendering may be set.
    failed(str) : the recording can no longer be read, as a sentence for the user.
    """

    tile_painted = Signal(int)
    scales_surveyed = Signal()
    failed = Signal(str)
    _done = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scales: Mapping[int, OwnScale] | None = None
        self._recording: Recording | None = None
        self._plan: TracePlan | None = None
        self._rendering: Rendering | None = None
        self._chunk_s = _SHORT_CHUNK_S
        self._signal_generation = 0
        self._pixel_generation = 0
        self._chunks: OrderedDict[int, Chunk] = OrderedDict()
        self._tiles: OrderedDict[int, QImage] = OrderedDict()
        self._stale: dict[int, QImage] = {}
        self._wanted: list[int] = []
        self._under_way: set[_Key] = set()
        self._broken = False
        self._n_threads = max(2, min(4, (os.cpu_count() or 2) - 1))
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(self._n_threads, thread_name_prefix="traces")
        self._done.connect(self._take)

    def set_signals(self, recording: Recording | None, plan: TracePlan | None, page_s: float) -> None:
        """Show other signals: another recording, montage or filter. What was painted of other ones is dropped."""
        chunk_s = _SHORT_CHUNK_S if page_s <= _SHORT_CHUNK_S else _LONG_CHUNK_S
        if (recording, plan, chunk_s) == (self._recording, self._plan, self._chunk_s) and not self._broken:
            return
        self._recording, self._plan, self._chunk_s = recording, plan, chunk_s
        self._signal_generation += 1
        self._broken = False
        self._chunks.clear()
        self.scales = None
        self._drop_tiles(None)
        if recording is not None and plan is not None:
            if needs_survey(plan):
                self._submit(_Key("survey", self._signal_generation, 0), partial(survey_scales, recording, plan))
            else:
                self.scales = {}

    def set_rendering(self, rendering: Rendering) -> None:
        """Draw the same signals otherwise: scaled, coloured, or on a page of another size."""
        if rendering != self._rendering:
            self._drop_tiles(rendering)

    def want(self, numbers: Iterable[int]) -> None:
        """Say which tiles the page needs, the most urgent first; those not there yet are computed."""
        self._wanted = list(numbers)
        self._pump()

    def tile(self, number: int) -> QImage | None:
        """Give a tile, or None while it is being computed."""
        image = self._tiles.get(number)
        if image is None:
            return self._stale.get(number)
        self._tiles.move_to_end(number)
        return image

    def is_current(self, number: int) -> bool:
        """Say whether a tile shows the current signals in the current rendering."""
        return number in self._tiles or self._broken

    def close(self) -> None:
        """End the threads; returns when the jobs under way, a fraction of a second each, have come to an end."""
        self._wanted = []
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.shutdown(wait=True, cancel_futures=True)

    def _drop_tiles(self, rendering: Rendering | None) -> None:
        before = self._rendering
        # Until the new tiles come the old ones stay where they fit: a page that blinks at each key tires the eye.
        fits = (
            before is not None
            and rendering is not None
            and (before.columns_per_s, before.height)
            == (
                rendering.columns_per_s,
                rendering.height,
            )
        )
        self._stale = {**self._stale, **self._tiles} if fits else {}
        self._rendering = rendering
        self._pixel_generation += 1
        self._tiles.clear()

    def _pump(self) -> None:
        if self._rendering is None or self._plan is None or self._broken:
            return
        for number in self._wanted:
            if len(self._under_way) > self._n_threads:
                return
            if number not in self._tiles:
                self._start_tile(number)

    def _start_tile(self, number: int) -> None:
        if self._plan is None or self._rendering is None or self._recording is None:
            return
        key = _Key("tile", self._pixel_generation, number)
        if key in self._under_way:
            return
        needed = self._chunks_of(number)
        missing = [chunk for chunk in needed if chunk not in self._chunks]
        for chunk in missing:
            onset_s = chunk * self._chunk_s
            job = partial(read_chunk, self._recording, self._plan, onset_s, self._chunk_s)
            self._submit(_Key("chunk", self._signal_generation, chunk), job)
        if missing:
            return
        for chunk in needed:
            self._chunks.move_to_end(chunk)
        rendering = self._rendering
        request = TileRequest(
            plan=self._plan,
            chunks=tuple(self._chunks[chunk] for chunk in needed),
            rows=rendering.rows,
            colours=rendering.colours,
            first_column=number * TILE_COLUMNS,
            columns_per_s=rendering.columns_per_s,
            height=rendering.height,
            pen_width=rendering.pixel_ratio,
        )
        self._submit(key, partial(paint_tile, request))

    def _chunks_of(self, number: int) -> Sequence[int]:
        if self._plan is None or self._rendering is None or self._recording is None:
            return ()
        columns_per_s = self._rendering.columns_per_s
        reach_s = self._plan.longest_step_s + 2 / columns_per_s
        start_s = max(0.0, number * TILE_COLUMNS / columns_per_s - reach_s)
        stop_s = min(self._recording.duration_s, (number + 1) * TILE_COLUMNS / columns_per_s + reach_s)
        return range(int(start_s // self._chunk_s), int(max(start_s, stop_s - 1e-9) // self._chunk_s) + 1)

    def _submit(self, key: _Key, job: Callable[[], Any]) -> None:
        if self._pool is not None and key not in self._under_way:
            self._under_way.add(key)
            self._pool.submit(job).add_done_callback(partial(self._report, key))

    def _report(self, key: _Key, future: Future[Any]) -> None:
        # Runs in the pool's thread; the signal carries the result into the GUI thread.
        if not future.cancelled():
            self._done.emit(key, future)

    @Slot(object, object)
    def _take(self, key: _Key, future: Future[Any]) -> None:
        self._under_way.discard(key)
        current = self._pixel_generation if key.stage == "tile" else self._signal_generation
        if key.generation == current:
            try:
                result = future.result()
            except RecordingError as error:
                self._broken = True
                self.failed.emit(str(error))
                return
            self._keep(key, result)
        self._pump()

    def _keep(self, key: _Key, result: Any) -> None:
        if key.stage == "survey":
            self.scales = result
            self.scales_surveyed.emit()
        elif key.stage == "chunk":
            self._chunks[key.number] = result
            n_bytes = sum(block.values.nbytes for block in result)
            protected = {chunk for number in self._wanted for chunk in self._chunks_of(number)}
            _evict(self._chunks, max(1, n_bytes), _CHUNK_BYTES, protected)
        else:
            self._tiles[key.number] = _to_image(result, self._rendering.pixel_ratio if self._rendering else 1.0)
            self._stale.pop(key.number, None)
            _evict(self._tiles, result.nbytes, _TILE_BYTES, set(self._wanted))
            self.tile_painted.emit(key.number)


def _evict(cache: OrderedDict[int, Any], item_bytes: int, budget_bytes: int, protected: set[int]) -> None:
    """Forget what was used longest ago, but nothing that the page needs now."""
    excess = len(cache) - max(1, budget_bytes // item_bytes)
    if excess > 0:
        for number in [number for number in cache if number not in protected][:excess]:
            del cache[number]


def _to_image(pixels: NDArray[np.uint32], pixel_ratio: float) -> QImage:
    height, width = pixels.shape
    # The copy gives the image memory of its own; a QImage over a numpy buffer would outlive it.
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()
    image.setDevicePixelRatio(pixel_ratio)
    return image
