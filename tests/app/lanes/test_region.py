"""The lane of a region draws one step a volume, leaves gaps as gaps, and leads to its region."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.lanes.region import RegionLane, RegionTrack
from app.theme import DARK, LIGHT


@pytest.fixture(params=[LIGHT, DARK])
def lane(qtbot: QtBot, request: pytest.FixtureRequest) -> RegionLane:
    values = np.array([1.0, 1.0, np.nan, -1.0, -1.0], dtype=np.float32)
    lane = RegionLane(request.param, RegionTrack(7, "Vis_7 L", "z", 2.0, 2.0, values))
    qtbot.addWidget(lane)
    lane.resize(600, lane.height())
    lane.set_margins(100, 0)
    lane.set_span(0.0, 10.0)
    return lane


def rows_of(lane: RegionLane, time_s: float) -> list[int]:
    """Give the rows in which the lane is drawn in its strongest colour at a time."""
    picture = lane.grab().toImage()
    x = round(lane.axis.to_px(time_s))
    ink = lane.theme.ink
    return [y for y in range(2, lane.height()) if picture.pixelColor(x, y) == ink]


def test_a_step_lies_where_its_volume_lies_in_time(lane: RegionLane):
    middle = lane.height() / 2
    assert not rows_of(lane, 1.0)
    assert max(rows_of(lane, 3.0)) < middle
    assert min(rows_of(lane, 9.0)) > middle


def test_a_volume_that_was_left_out_is_no_step(lane: RegionLane):
    assert not rows_of(lane, 7.0)


def test_the_volume_on_the_map_is_marked(lane: RegionLane):
    x = round(lane.axis.to_px(3.0))
    before = lane.grab().toImage().pixelColor(x, lane.height() - 3)
    lane.set_volume(0)
    assert lane.grab().toImage().pixelColor(x, lane.height() - 3) != before


def test_pressing_the_lane_chooses_its_region_and_the_cross_dismisses_it(lane: RegionLane, qtbot: QtBot):
    with qtbot.waitSignal(lane.chosen) as told:
        qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(40, 20))
    assert told.args == [7]
    with qtbot.waitSignal(lane.dismissed) as told:
        qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(lane.width() - 3, 3))
    assert told.args == [7]
