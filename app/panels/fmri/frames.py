"""What the ROI map shows of one volume: requests, finished frames, and the work between, off the GUI thread."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.panels.fmri.colours import Scale, colour_index, colour_table, to_argb
from app.panels.fmri.geometry import AXIAL, CORONAL, SAGITTAL, Millimetres, Plane, cut, space_of, voxels_of
from inference.explain.regions import RegionRelevance
from inference.imaging.fmri_study import FmriStudy
from inference.imaging.parcels import N_PARCELS
from inference.imaging.roi_series import window_connectivity
from inference.imaging.voxels import VoxelStatistics, z_map

_PLANE_STEP_MM: Final = 1.0
_MOSAIC_STEP_MM: Final = 2.0
_N_MOSAIC: Final = 16
#: The heights between which the cuts of the mosaic lie, as percentiles of the tissue: without neck and empty air.
_MOSAIC_SPAN: Final = (3.0, 99.0)
#: The grey of the anatomy from here on, as a share of a bright voxel; below, the paper shows through.
_AIR, _TISSUE = 0.15, 0.35
#: Images are of different widths, but few have pictures worth more pixels than this along one side.
_MOST_PIXELS: Final = 320
_KEPT_LAYOUTS: Final = 6


class Mode(StrEnum):
    """How the brain is laid out."""

    PLANES = "planes"
    MOSAIC = "mosaic"
    REGIONS = "regions"


class Source(StrEnum):
    """What is shown of the current volume."""

    VOXELS = "voxels"
    REGIONS = "regions"
    PERCENT = "percent"
    CONNECTIVITY = "connectivity"
    RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """Everything that decides a frame.

    ``volume`` is None outside the run; ``region`` the label of the chosen one, 0 for none; ``dark`` the theme;
    ``relevance`` what the network's stage of the epoch rests on, None where that is not asked for or not known yet.
    """

    study: FmriStudy
    mode: Mode
    source: Source
    volume: int | None
    centre_mm: Millimetres
    region: int
    scale: Scale
    radiological: bool
    dark: bool
    relevance: RegionRelevance | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One cut, as layers of premultiplied ARGB (rows, columns), and what its pixels stand for.

    ``values`` are those of the map, NaN where there is none; ``labels`` the regions, 0 outside them.
    """

    plane: Plane
    anatomy: NDArray[np.uint32]
    map: NDArray[np.uint32]
    outlines: NDArray[np.uint32]
    values: NDArray[np.float32]
    labels: NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A request and its answer.

    ``region_values`` (100,) are those of the regions, None where there are none; ``connectivity`` (100, 100) the
    correlations of the window around the volume, None unless asked for.
    """

    request: FrameRequest
    pictures: tuple[Picture, ...]
    region_values: NDArray[np.float32] | None
    connectivity: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """What does not change from volume to volume: a plane, its voxels, and the statistics and regions in them."""

    plane: Plane
    voxels: NDArray[np.int32]
    statistics: VoxelStatistics
    labels: NDArray[np.int16]
    anatomy: NDArray[np.uint32]
    outlines: NDArray[np.uint32]


class FrameRenderer:
    """Renders the frames of one study; used by one thread at a time."""

    def __init__(self, study: FmriStudy) -> None:
        self.study = study
        self._space = space_of(study)
        self._layouts: OrderedDict[object, tuple[_Cut, ...]] = OrderedDict()

    def render(self, request: FrameRequest) -> Frame:
        """Render a frame.

        Raises
        ------
        ImagingError
            The image can no longer be read.
        """
        values, connectivity = self._region_values(request)
        if request.mode is Mode.REGIONS:
            return Frame(request, (), values, connectivity)
        table = colour_table(request.scale, dark=request.dark)
        volume = None
        if request.source is Source.VOXELS and request.volume is not None:
            volume = self.study.volumes.volume(request.volume).ravel(order="F")
        pictures = []
        for one in self._layout(request):
            shown = _values_in(one, volume, values)
            pictures.append(
                Picture(
                    one.plane,
                    one.anatomy,
                    table[colour_index(shown, request.scale)],
                    one.outlines,
                    shown,
                    one.labels,
                )
            )
        return Frame(request, tuple(pictures), values, connectivity)

    def _region_values(self, request: FrameRequest) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        if request.source is Source.RELEVANCE:
            return None if request.relevance is None else request.relevance.by_region, None
        series = self.study.series
        if series is None or request.volume is None or request.source is Source.VOXELS:
            return None, None
        if request.source is Source.CONNECTIVITY:
            connectivity = window_connectivity(series, request.volume)
            row = connectivity[request.region - 1] if request.region else np.full(N_PARCELS, np.nan, np.float32)
            return row, connectivity
        if request.source is Source.PERCENT:
            return self._percent[request.volume], None
        return series.values[request.volume], None

    @cached_property
    def _percent(self) -> NDArray[np.float32]:
        """Change of each region's mean signal against its own mean over the run, in percent, as measured."""
        assert self.study.series is not None
        means = self.study.series.means.values
        kept = means[~self.study.series.scrubbed]
        known = np.isfinite(kept).any(axis=0)
        level = np.full(means.shape[1], np.nan)
        level[known] = np.nanmean(kept[:, known], axis=0)
        level[level <= 0] = np.nan
        return (100 * (means / level - 1)).astype(np.float32)

    @cached_property
    def _bright(self) -> float:
        mean = self.study.statistics.mean
        known = mean[np.isfinite(mean)]
        return max(float(np.percentile(known, 98)), 1e-9)

    def _layout(self, request: FrameRequest) -> tuple[_Cut, ...]:
        centre = request.centre_mm if request.mode is Mode.PLANES else None
        key = (request.mode, centre, request.radiological, request.region, request.dark)
        layout = self._layouts.get(key)
        if layout is None:
            planes = self._planes(request)
            layout = tuple(self._cut(plane, request.region, dark=request.dark) for plane in planes)
            self._layouts[key] = layout
            if len(self._layouts) > _KEPT_LAYOUTS:
                self._layouts.popitem(last=False)
        self._layouts.move_to_end(key)
        return layout

    def _planes(self, request: FrameRequest) -> list[Plane]:
        space, flip = self._space, request.radiological
        extent_mm = max(high - low for low, high in zip(space.low_mm, space.high_mm, strict=True))
        if request.mode is Mode.PLANES:
            step_mm = max(_PLANE_STEP_MM, extent_mm / _MOST_PIXELS)
            axes = (CORONAL, SAGITTAL, AXIAL)
            return [cut(space, axis, request.centre_mm[axis], step_mm, radiological=flip) for axis in axes]
        step_mm = max(_MOSAIC_STEP_MM, 2 * extent_mm / _MOST_PIXELS)
        return [cut(space, AXIAL, float(at_mm), step_mm, radiological=flip) for at_mm in self._heights_mm]

    @cached_property
    def _heights_mm(self) -> NDArray[np.float64]:
        """Where the cuts of the mosaic lie: evenly over what there is, be it a whole brain or a slab of it."""
        tissue = np.argwhere(self.study.statistics.mean > _TISSUE * self._bright)
        upwards = self._space.to_mm[AXIAL]
        low_mm, high_mm = np.percentile(tissue @ upwards[:3] + upwards[3], _MOSAIC_SPAN)
        return np.rint(np.linspace(low_mm, high_mm, _N_MOSAIC))

    def _cut(self, plane: Plane, region: int, *, dark: bool) -> _Cut:
        statistics, labels = self.study.statistics, self.study.labels
        voxels = voxels_of(plane, self._space, self.study.volumes.grid)
        mean, sd = (_take(np.ravel(values, order="F"), voxels, np.nan) for values in (statistics.mean, statistics.sd))
        if labels is None:
            regions = np.zeros(voxels.shape, dtype=np.int16)
        else:
            regions = _take(np.ravel(labels, order="F"), voxels, 0)
        anatomy = _anatomy(mean / self._bright, dark=dark)
        outlines = _outlines(regions, region, dark=dark)
        return _Cut(plane, voxels, VoxelStatistics(mean, sd, ()), regions, anatomy, outlines)


def _values_in(
    one: _Cut, volume: NDArray[np.float32] | None, regions: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    if volume is not None:
        z = z_map(_take(volume, one.voxels, np.nan), one.statistics)
        # In air there is noise alone, which would be as colourful as a brain.
        return np.where(one.anatomy == 0, np.float32(np.nan), z)
    if regions is None:
        return np.full(one.voxels.shape, np.nan, dtype=np.float32)
    return np.concatenate([[np.float32(np.nan)], regions])[one.labels]


def _take(values: NDArray, voxels: NDArray[np.int32], outside: float) -> NDArray:
    taken = values[voxels]
    taken[voxels < 0] = outside
    return taken


def _anatomy(brightness: NDArray[np.floating], *, dark: bool) -> NDArray[np.uint32]:
    known = np.nan_to_num(np.clip(brightness, 0, 1))
    alpha = np.clip((known - _AIR) / (_TISSUE - _AIR), 0, 1)
    grey = 16 + 110 * known if dark else 78 + 162 * known
    return to_argb(np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=-1), alpha)


def _outlines(labels: NDArray[np.int16], region: int, *, dark: bool) -> NDArray[np.uint32]:
    """Draw the borders between regions faintly and that of the chosen one strongly."""
    faint = np.array([255, 255, 255] if dark else [20, 24, 28], dtype=np.uint8)
    picture = np.where(_border(labels), to_argb(faint, 0.22 if dark else 0.30), np.uint32(0))
    if region:
        strong = np.array([255, 255, 255] if dark else [0, 0, 0], dtype=np.uint8)
        picture = np.where(_border((labels == region).astype(np.int16)), to_argb(strong, 1.0), picture)
    return picture.astype(np.uint32)


def _border(labels: NDArray[np.int16]) -> NDArray[np.bool_]:
    border = np.zeros(labels.shape, dtype=bool)
    border[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    border[:-1] |= labels[1:] != labels[:-1]
    return border
