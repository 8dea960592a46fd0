"""Every pixel shows the voxel that lies there, and no picture is mistaken about left and right."""

import numpy as np
import pytest

from app.panels.fmri.geometry import AXIAL, CORONAL, SAGITTAL, Space, cut, voxels_of

OBLIQUE = np.array([[-3.1, 0.4, 0.2, 80.0], [0.3, 3.3, -0.5, -110.0], [0.1, 0.6, 3.9, -60.0], [0, 0, 0, 1]])
GRID = (52, 60, 40)
SPACE = Space(OBLIQUE, (-90.0, -126.0, -72.0), (90.0, 90.0, 108.0), "MNI")


@pytest.mark.parametrize("axis", [SAGITTAL, CORONAL, AXIAL])
@pytest.mark.parametrize("radiological", [True, False])
def test_each_pixel_shows_the_voxel_whose_centre_is_nearest_to_its_place(axis, radiological):
    plane = cut(SPACE, axis, 7.0, 1.0, radiological=radiological)
    voxels = voxels_of(plane, SPACE, GRID)
    for column, row in np.random.default_rng(0).integers(0, 180, (200, 2)):
        place = np.array([*plane.place(int(column), int(row)), 1.0])
        voxel = np.rint(np.linalg.inv(OBLIQUE) @ place)[:3].astype(int)
        inside = bool(((voxel >= 0) & (voxel < GRID)).all())
        expected = int(np.ravel_multi_index(tuple(voxel), GRID, order="F")) if inside else -1
        assert voxels[row, column] == expected


def test_a_place_and_its_pixel_are_each_others_inverse():
    plane = cut(SPACE, CORONAL, -20.0, 2.0, radiological=True)
    assert plane.pixel(plane.place(31.0, 12.0)) == pytest.approx((31.0, 12.0))


@pytest.mark.parametrize(("radiological", "left", "right"), [(True, "R", "L"), (False, "L", "R")])
@pytest.mark.parametrize("axis", [CORONAL, AXIAL])
def test_the_letters_name_the_sides_on_which_the_places_lie(axis, radiological, left, right):
    plane = cut(SPACE, axis, 0.0, 1.0, radiological=radiological)
    assert (plane.edges.left, plane.edges.right) == (left, right)
    x_at_left_edge = plane.place(0, 0)[0]
    assert (x_at_left_edge > 0) == (left == "R")


def test_front_is_on_top_of_an_axial_cut_and_the_crown_on_top_of_the_others():
    assert cut(SPACE, AXIAL, 0.0, 1.0, radiological=True).edges[2:] == ("A", "P")
    assert cut(SPACE, SAGITTAL, 0.0, 1.0, radiological=True).edges == ("P", "A", "S", "I")
    assert cut(SPACE, CORONAL, 0.0, 1.0, radiological=False).edges[2:] == ("S", "I")
