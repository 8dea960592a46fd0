"""A frame shows the values of its volume at their places, whichever way the image is stored or looked at."""

from dataclasses import replace

import numpy as np
import pytest

from app.panels.fmri.colours import Scale
from app.panels.fmri.frames import FrameRenderer, FrameRequest, Mode, Source
from inference.imaging.roi_series import window_connectivity
from inference.imaging.voxels import z_map
from tests.app.panels.fmri.runs import BRIGHT_VOLUME, LEFT_MM, bright_study


def request(study, **fields) -> FrameRequest:
    plain = FrameRequest(
        study, Mode.PLANES, Source.VOXELS, BRIGHT_VOLUME, LEFT_MM, 0, Scale(4.0, 1.5), radiological=True, dark=False
    )
    return replace(plain, **fields)


@pytest.mark.parametrize("flipped", [True, False])
@pytest.mark.parametrize("radiological", [True, False])
def test_what_lies_in_the_patients_left_is_shown_beside_the_letter_l(flipped, radiological):
    study = bright_study(flipped=flipped)
    frame = FrameRenderer(study).render(request(study, radiological=radiological))
    for picture in (frame.pictures[0], frame.pictures[2]):
        bright = picture.values > 5
        column = np.flatnonzero(bright.any(axis=0)).mean()
        on_right_half = column > picture.plane.n_columns / 2
        assert (picture.plane.edges.right == "L") == on_right_half
        assert picture.plane.pixel(LEFT_MM)[0] == pytest.approx(column, abs=6)


def test_a_pixel_has_the_z_of_its_voxel():
    study = bright_study()
    frame = FrameRenderer(study).render(request(study))
    z = z_map(study.volumes.volume(BRIGHT_VOLUME), study.statistics)
    picture = frame.pictures[2]
    column, row = (round(value) for value in picture.plane.pixel(LEFT_MM))
    voxel = np.rint(np.linalg.inv(study.to_mni) @ [*picture.plane.place(column, row), 1.0])[:3].astype(int)
    assert picture.values[row, column] == z[tuple(voxel)]
    assert picture.map[row, column] >> 24 > 0


def test_the_other_convention_is_the_mirror_image_of_the_same_voxels():
    study = bright_study()
    renderer = FrameRenderer(study)
    one, other = (renderer.render(request(study, radiological=flag)).pictures[2] for flag in (True, False))
    assert np.array_equal(one.values, other.values[:, ::-1], equal_nan=True)
    assert np.array_equal(one.labels, other.labels[:, ::-1])


@pytest.mark.parametrize("source", [Source.REGIONS, Source.PERCENT, Source.CONNECTIVITY])
def test_every_pixel_of_a_region_has_the_value_of_the_region(source):
    study = bright_study()
    frame = FrameRenderer(study).render(request(study, source=source, region=12))
    means = study.series.means.values
    expected = {
        Source.REGIONS: study.series.values[BRIGHT_VOLUME],
        Source.PERCENT: 100 * (means[BRIGHT_VOLUME] / means.mean(axis=0) - 1),
        Source.CONNECTIVITY: window_connectivity(study.series, BRIGHT_VOLUME)[11],
    }[source]
    for picture in frame.pictures:
        shown = picture.labels > 0
        assert picture.values[shown] == pytest.approx(expected[picture.labels[shown] - 1], rel=1e-5, nan_ok=True)
        assert np.isnan(picture.values[~shown]).all()


def test_outside_the_run_the_brain_is_there_but_nothing_is_coloured():
    study = bright_study()
    frame = FrameRenderer(study).render(request(study, volume=None))
    assert all((picture.anatomy >> 24).any() for picture in frame.pictures)
    assert not any((picture.map >> 24).any() for picture in frame.pictures)


def test_the_mosaic_cuts_the_brain_from_below_upwards():
    study = bright_study()
    frame = FrameRenderer(study).render(request(study, mode=Mode.MOSAIC))
    heights = [picture.plane.at_mm for picture in frame.pictures]
    assert len(heights) == 16 and heights == sorted(heights)
    assert sum(bool((picture.values > 5).any()) for picture in frame.pictures) >= 2


def test_air_is_never_coloured():
    study = bright_study()
    frame = FrameRenderer(study).render(request(study, scale=Scale(4.0, 0.0)))
    for picture in frame.pictures:
        assert not (picture.map[picture.anatomy == 0] >> 24).any()
