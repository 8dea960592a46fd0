"""Thresholds, clusters and near misses, worked with keys and the mouse in the window itself."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDoubleSpinBox
from pytestqt.qtbot import QtBot

from app.lanes.probability import ProbabilityLane
from app.window import MainWindow
from inference.labels.annotations import Decision
from tests.app.test_window import wait_saved


def told(window: MainWindow) -> list[str]:
    return [event.event_id for event in window.session.events if not event.is_near_miss]


def threshold(window: MainWindow) -> float:
    (rule,) = window.session.rules.values()
    return rule.threshold


def marked(window: MainWindow) -> list[str]:
    return [mark.event_id for mark in window.page.traces._events.marks]


def press(qtbot: QtBot, window: MainWindow, action_id: str) -> None:
    assert window.actions_by_id[action_id].isEnabled()
    window.actions_by_id[action_id].trigger()
    wait_saved(qtbot, window)


def test_the_line_in_the_lane_forms_other_events_at_once_and_one_undo_brings_the_former_back(
    reading: MainWindow, qtbot: QtBot
):
    before, value = told(reading), threshold(reading)
    (lane,) = reading.page.findChildren(ProbabilityLane)
    line = QPoint(lane.width() // 2, round(lane._y(value)))
    qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=line)
    qtbot.mouseMove(lane, line - QPoint(0, 100))
    qtbot.waitUntil(lambda: len(told(reading)) < len(before))
    assert reading.session.study.history == ()
    qtbot.mouseRelease(lane, Qt.MouseButton.LeftButton, pos=line - QPoint(0, 100))
    wait_saved(qtbot, reading)
    assert threshold(reading) == 0.99
    assert reading.queue.rules.findChild(QDoubleSpinBox, "burst-finder").value() == 0.99
    press(qtbot, reading, "undo")
    assert told(reading) == before
    assert (threshold(reading), lane.threshold) == (value, value)


def test_a_decision_outlives_every_threshold(reading: MainWindow, qtbot: QtBot):
    first = told(reading)[0]
    reading.queue.select(first)
    press(qtbot, reading, "accept")
    for value in (0.99, 0.05, 0.3):
        reading.session.choose_threshold("burst-finder", value)
        wait_saved(qtbot, reading)
        decided = [event for event in reading.session.events if event.decision is not None]
        assert [(event.event_id, event.decision) for event in decided] == [(first, Decision.ACCEPTED)]


def test_keys_step_the_threshold_and_bring_back_the_networks_own(reading: MainWindow, qtbot: QtBot):
    value = threshold(reading)
    press(qtbot, reading, "threshold_down")
    press(qtbot, reading, "threshold_down")
    press(qtbot, reading, "threshold_up")
    assert threshold(reading) == pytest.approx(value - 0.01)
    press(qtbot, reading, "threshold_usual")
    assert threshold(reading) == value
    assert reading.session.study.threshold_of(reading.session.study.analyses[0].reference) is None


def test_a_near_miss_is_marked_on_the_page_only_while_it_is_listed_and_can_be_accepted(
    reading: MainWindow, qtbot: QtBot
):
    reading.session.choose_threshold("burst-finder", 0.99)
    wait_saved(qtbot, reading)
    clear, misses = told(reading), [event.event_id for event in reading.session.events if event.is_near_miss]
    assert misses and sorted(marked(reading)) == sorted(clear)
    press(qtbot, reading, "near_misses")
    assert set(misses) < set(marked(reading))
    reading.queue.select(misses[0])
    press(qtbot, reading, "accept")
    press(qtbot, reading, "near_misses")
    assert set(told(reading)) == {*clear, misses[0]}
    assert reading.session.find(misses[0]).decision is Decision.ACCEPTED


def test_a_cluster_is_accepted_with_one_key_and_taken_back_with_one(reading: MainWindow, qtbot: QtBot):
    spasms = told(reading)
    assert len(spasms) >= 3
    reading.queue.select(spasms[1])
    press(qtbot, reading, "reject")
    reading.queue.select(spasms[0])
    reading.queue.rules.size_chosen.emit(2.0)
    reading.queue.rules.gap_chosen.emit(600.0)
    wait_saved(qtbot, reading)
    press(qtbot, reading, "take_cluster")
    cluster = reading.queue.current_cluster
    assert [event.event_id for event in cluster.spasms.events] == [spasms[0], *spasms[2:]]
    press(qtbot, reading, "accept")
    assert {reading.session.find(event_id).decision for event_id in cluster_ids(cluster)} == {Decision.ACCEPTED}
    assert reading.session.find(spasms[1]).decision is Decision.REJECTED
    press(qtbot, reading, "undo")
    assert {reading.session.find(event_id).decision for event_id in cluster_ids(cluster)} == {None}


def cluster_ids(cluster) -> list[str]:
    return [event.event_id for event in cluster.spasms.events]


def test_the_rules_are_there_again_when_the_recording_is_opened_again(reading: MainWindow, infant_file, qtbot: QtBot):
    reading.session.choose_threshold("burst-finder", 0.2)
    reading.queue.rules.gap_chosen.emit(90.0)
    wait_saved(qtbot, reading)
    before = reading.session.events
    reading.session.close_recording()
    assert reading.session.rules == {}
    with qtbot.waitSignal(reading.session.opened, timeout=20_000):
        reading.session.open_file(infant_file)
    assert threshold(reading) == 0.2
    assert reading.session.events == before
    assert reading.session.study.cluster_rule.gap_s == 90.0
