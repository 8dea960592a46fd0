"""Cuts through the brain as pictures: where each pixel lies, and which voxel of a run is seen there."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.imaging.fmri_study import FmriStudy

Millimetres = tuple[float, float, float]

SAGITTAL, CORONAL, AXIAL = 0, 1, 2
#: The patient's own sides: what lies towards smaller and larger coordinates of each axis.
_SIDES: Final = (("L", "R"), ("P", "A"), ("I", "S"))
#: Which axes run along the width and the height of a cut across each axis.
_ACROSS: Final = {SAGITTAL: (1, 2), CORONAL: (0, 2), AXIAL: (0, 1)}
#: Seen in a picture of the template in MNI space.
_MNI_LOW_MM: Final = (-90.0, -126.0, -72.0)
_MNI_HIGH_MM: Final = (90.0, 90.0, 108.0)


class Edges(NamedTuple):
    """The letters at the edges of a picture: the patient's left and right, and so on."""

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, slots=True)
class Space:
    """Where the voxels of a run lie, as it is shown.

    ``to_mm`` is the (4, 4) from voxel to mm: right, anterior, superior. ``low_mm`` and ``high_mm`` are the corners of
    what pictures show. ``name`` is what the coordinates are called.
    """

    to_mm: NDArray[np.float64]
    low_mm: Millimetres
    high_mm: Millimetres
    name: str


@dataclass(frozen=True, slots=True)
class Plane:
    """A cut across one axis: the centre of pixel (column, row) lies at corner + column * right + row * down."""

    axis: int
    corner_mm: Millimetres
    right_mm: Millimetres
    down_mm: Millimetres
    n_columns: int
    n_rows: int

    @property
    def at_mm(self) -> float:
        """Where the cut lies on its axis."""
        return self.corner_mm[self.axis]

    @property
    def edges(self) -> Edges:
        """What lies towards each edge, read from the directions themselves."""
        right, down = _towards(self.right_mm), _towards(self.down_mm)
        return Edges(right[0], right[1], down[0], down[1])

    def place(self, column: float, row: float) -> Millimetres:
        """Give the place that a pixel shows."""
        x, y, z = (
            corner + column * right + row * down
            for corner, right, down in zip(self.corner_mm, self.right_mm, self.down_mm, strict=True)
        )
        return x, y, z

    def pixel(self, place_mm: Millimetres) -> tuple[float, float]:
        """Give the column and row at which a place, moved onto the cut, is seen."""
        away = np.subtract(place_mm, self.corner_mm)
        right, down = np.array(self.right_mm), np.array(self.down_mm)
        return float(away @ right / (right @ right)), float(away @ down / (down @ down))


def space_of(study: FmriStudy) -> Space:
    """Give MNI space where the run is placed there to be trusted, else the space of the scanner."""
    if study.labels is not None:
        return Space(study.to_mni, _MNI_LOW_MM, _MNI_HIGH_MM, "MNI")
    affine = study.volumes.affine
    ends = np.array(study.volumes.grid) - 1
    corners = np.array([[x, y, z, 1.0] for x in (0, ends[0]) for y in (0, ends[1]) for z in (0, ends[2])])
    places_mm = (corners @ affine.T)[:, :3]
    low, high = places_mm.min(axis=0), places_mm.max(axis=0)
    return Space(affine, tuple(map(float, low)), tuple(map(float, high)), "scanner")  # type: ignore[arg-type]


def cut(space: Space, axis: int, at_mm: float, step_mm: float, *, radiological: bool) -> Plane:
    """Cut a space across an axis; a radiological picture has the patient's right on its left."""
    across, along = _ACROSS[axis]
    corner, right, down = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    corner[axis] = at_mm
    mirrored = radiological and across == 0
    corner[across] = space.high_mm[across] if mirrored else space.low_mm[across]
    right[across] = -step_mm if mirrored else step_mm
    corner[along] = space.high_mm[along]
    down[along] = -step_mm
    n_columns, n_rows = (round((space.high_mm[i] - space.low_mm[i]) / step_mm) + 1 for i in (across, along))
    return Plane(axis, tuple(corner), tuple(right), tuple(down), n_columns, n_rows)  # type: ignore[arg-type]


def voxels_of(plane: Plane, space: Space, grid: tuple[int, int, int]) -> NDArray[np.int32]:
    """Give the voxel that each pixel shows: its index in Fortran's order, -1 outside the image.

    Returns
    -------
    (rows, columns) int32.
    """
    to_voxel = np.linalg.inv(space.to_mm)
    corner = to_voxel[:3, :3] @ plane.corner_mm + to_voxel[:3, 3]
    right, down = to_voxel[:3, :3] @ plane.right_mm, to_voxel[:3, :3] @ plane.down_mm
    columns, rows = np.arange(plane.n_columns), np.arange(plane.n_rows)[:, None]
    index = np.zeros((plane.n_rows, plane.n_columns), dtype=np.int32)
    inside = np.ones(index.shape, dtype=bool)
    stride = 1
    for axis, size in enumerate(grid):
        voxel = np.rint(corner[axis] + columns * right[axis] + rows * down[axis]).astype(np.int32)
        inside &= (voxel >= 0) & (voxel < size)
        index += voxel * stride
        stride *= size
    return np.where(inside, index, -1)


def _towards(direction_mm: Millimetres) -> tuple[str, str]:
    """Give the letters at the beginning and at the end of a direction along one axis."""
    axis = int(np.argmax(np.abs(direction_mm)))
    low, high = _SIDES[axis]
    return (low, high) if direction_mm[axis] > 0 else (high, low)
