"""The lanes show every peak, stay on the time axis of the traces, and say what is not known."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.lanes.axis import TimeAxis
from app.lanes.overview import OverviewLane
from app.lanes.probability import ProbabilityLane
from app.lanes.tracks import ProbabilityTrack, column_maxima
from app.review import ReviewEvent
from app.theme import DARK, LIGHT
from inference.labels.annotations import Decision
from inference.recordings.recording import Gap


def make_track(probability: np.ndarray, hop_s: float = 0.5) -> ProbabilityTrack:
    time_s = np.arange(len(probability)) * hop_s
    return ProbabilityTrack("spasm", time_s, probability.astype(np.float32), 0.5, float(time_s[-1]))


def test_a_peak_of_one_sample_is_seen_however_many_hours_share_the_width():
    probability = np.zeros(24 * 3600 * 2)
    probability[100_001] = 0.97
    highest = column_maxima(make_track(probability), np.linspace(0, 24 * 3600, 1001))
    assert highest.max() == pytest.approx(0.97)
    assert np.flatnonzero(highest > 0.5).size == 1


def test_narrow_columns_lie_on_the_line_between_two_samples():
    highest = column_maxima(make_track(np.array([0.0, 1.0])), np.array([0.125, 0.25, 0.375]))
    assert highest == pytest.approx([0.25, 0.5])


def test_where_the_network_could_not_be_asked_nothing_is_shown():
    track = make_track(np.array([0.1, np.nan, np.nan, 0.2]))
    assert np.isnan(column_maxima(track, np.array([0.6, 0.7]))).all()
    assert np.isnan(column_maxima(track, np.array([5.0, 6.0]))).all()
    empty = ProbabilityTrack("P", np.zeros(0), np.zeros(0, np.float32), 0.5, 0.0)
    assert np.isnan(column_maxima(empty, np.array([0.0, 1.0]))).all()


def test_pixels_and_times_are_each_others_inverse():
    axis = TimeAxis(100.0, 10.0, 80.0, 880.0)
    assert axis.to_px(105.0) == 480.0
    assert axis.to_s(axis.to_px(107.3)) == pytest.approx(107.3)


def test_the_lane_fills_up_to_where_the_analysis_is(qtbot: QtBot):
    lane = ProbabilityLane(LIGHT, "spasm")
    qtbot.addWidget(lane)
    lane.resize(500, lane.height())
    lane.set_margins(50, 50)
    lane.set_span(0.0, 10.0)
    lane.set_track(make_track(np.full(11, 0.8)), "not analysed yet")
    picture = lane.grab().toImage()
    y = lane.height() - 12
    assert picture.pixelColor(150, y) != picture.pixelColor(350, y)


def test_a_hand_drags_the_threshold_a_hundredth_a_pixel_and_it_is_chosen_where_it_is_let_go(qtbot: QtBot):
    lane = ProbabilityLane(LIGHT, "spasm")
    qtbot.addWidget(lane)
    lane.resize(500, lane.height())
    lane.set_track(make_track(np.full(11, 0.8)))
    tried, chosen, times = [], [], []
    lane.threshold_tried.connect(tried.append)
    lane.threshold_chosen.connect(chosen.append)
    lane.time_chosen.connect(times.append)
    line = QPoint(250, lane.height() // 2)
    qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=line)
    qtbot.mouseMove(lane, line - QPoint(0, 7))
    lane.set_threshold(0.5)
    qtbot.mouseMove(lane, line - QPoint(0, 90))
    lane.grab()
    assert (lane.threshold, chosen) == (0.99, [])
    qtbot.mouseMove(lane, line - QPoint(0, 20))
    qtbot.mouseRelease(lane, Qt.MouseButton.LeftButton, pos=line - QPoint(0, 20))
    assert tried == pytest.approx([0.57, 0.99, 0.7]) and chosen == [0.7] and times == []
    lane.set_threshold(0.6)
    assert lane.threshold == 0.6 and "events begin at 0.60" in lane.toolTip()


def test_a_press_beside_the_threshold_still_chooses_a_time(qtbot: QtBot):
    lane = ProbabilityLane(LIGHT, "spasm")
    qtbot.addWidget(lane)
    lane.set_track(make_track(np.full(11, 0.8)))
    chosen, times = [], []
    lane.threshold_chosen.connect(chosen.append)
    lane.time_chosen.connect(times.append)
    qtbot.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(250, 4))
    qtbot.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(250, lane.height() // 2))
    assert len(times) == 1 and chosen == []


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_overview_draws_gaps_events_and_page_over_a_whole_night(theme, qtbot: QtBot):
    lane = OverviewLane(theme)
    qtbot.addWidget(lane)
    lane.resize(900, lane.height())
    lane.set_recording(8 * 3600.0, None, (Gap(3600.0, 600.0),))
    empty = lane.grab().toImage()
    events = [ReviewEvent(f"e{n}", 2.0 * n, 1.0, "Epileptic-spasm", 0.9, None) for n in range(10_000)]
    lane.set_events([*events, ReviewEvent("a", 20_000.0, 1.0, "Epileptic-spasm", None, Decision.ACCEPTED)])
    lane.set_page(7000.0, 10.0)
    assert lane.grab().toImage() != empty


def test_pressing_the_overview_goes_to_that_time(qtbot: QtBot):
    lane = OverviewLane(LIGHT)
    qtbot.addWidget(lane)
    lane.resize(900, lane.height())
    lane.set_margins(100, 0)
    lane.set_recording(800.0, None, ())
    with qtbot.waitSignal(lane.time_chosen) as told:
        qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(500, 5))
    assert told.args[0] == pytest.approx(400.0)
