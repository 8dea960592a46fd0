"""The event queue shows thousands of events in any order and never loses the reader's place."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDoubleSpinBox, QToolButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.panels.event_model import Column, EventModel
from app.panels.event_queue import EventQueue
from app.panels.event_rules import Threshold
from app.review import Finding, ReviewEvent, ReviewStatus
from app.theme import DARK, LIGHT
from inference.labels.annotations import Decision
from inference.labels.clusters import ClusterRule


def make_events(n_events: int, apart_s: float = 100.0) -> tuple[ReviewEvent, ...]:
    return tuple(
        ReviewEvent(f"e{n}", apart_s * n, 1.0, "Epileptic-spasm", (n * 37 % 100) / 100, None) for n in range(n_events)
    )


def decide(event: ReviewEvent, decision: Decision) -> ReviewEvent:
    return ReviewEvent(event.event_id, event.onset_s, event.duration_s, event.label, event.probability, decision)


@pytest.fixture
def queue(qtbot: QtBot) -> Iterator[EventQueue]:
    queue = EventQueue(LIGHT, [])
    qtbot.addWidget(queue)
    queue.resize(240, 600)
    queue.show()
    return queue


def test_the_model_keeps_qts_rules(qtmodeltester: ModelTester):
    model = EventModel()
    model.set_events(make_events(20), None)
    qtmodeltester.check(model)


def test_ten_thousand_events_are_shown_sorted_and_filtered(queue: EventQueue):
    events = make_events(10_000)
    queue.set_events(events, None, "")
    queue.table.sortByColumn(Column.PROBABILITY, Qt.SortOrder.DescendingOrder)
    probabilities = [event.probability for event in queue.model.shown]
    assert probabilities == sorted(probabilities, reverse=True)
    queue.select("e9999")
    queue.grab()
    queue.show_status(ReviewStatus.ACCEPTED)
    assert not queue.model.shown


def test_one_decision_among_ten_thousand_repaints_one_row(queue: EventQueue, qtbot: QtBot):
    events = make_events(10_000)
    queue.set_events(events, None, "")
    changed, reset = [], []
    queue.model.dataChanged.connect(lambda first, last: changed.append((first.row(), last.row())))
    queue.model.modelReset.connect(lambda: reset.append(True))
    queue.set_events((*events[:500], decide(events[500], Decision.ACCEPTED), *events[501:]), None, "")
    assert (changed, reset) == ([(500, 500)], [])


def test_the_next_event_to_review_skips_decided_ones_and_goes_round(queue: EventQueue):
    events = make_events(4)
    queue.set_events((events[0], decide(events[1], Decision.REJECTED), *events[2:]), None, "")
    queue.select("e0")
    assert queue.neighbour(1, undecided=True) == "e2"
    queue.select("e3")
    assert queue.neighbour(1, undecided=True) == "e0"
    assert queue.neighbour(-1, undecided=True) == "e2"


def test_nothing_left_to_review_is_no_event(queue: EventQueue):
    queue.set_events((decide(make_events(1)[0], Decision.ACCEPTED),), None, "")
    assert queue.neighbour(1, undecided=True) == ""


def test_the_reader_stays_at_an_event_when_others_come_before_it(queue: EventQueue):
    events = make_events(10)
    queue.set_events(events[5:], None, "")
    queue.select("e7")
    queue.set_events(events, None, "")
    assert queue.current_id == "e7"
    assert queue.table.currentIndex().row() == 7


def test_an_event_that_is_gone_is_left(queue: EventQueue, qtbot: QtBot):
    events = make_events(3)
    queue.set_events(events, None, "")
    queue.select("e1")
    with qtbot.waitSignal(queue.selected) as told:
        queue.set_events((events[0], events[2]), None, "")
    assert told.args == [""]


def test_each_status_is_told_by_word_and_shape_in_both_themes(queue: EventQueue):
    events = make_events(5)
    decided = tuple(decide(event, decision) for event, decision in zip(events, Decision, strict=False))
    queue.set_events((*decided, events[4]), None, "")
    pictures = []
    for theme in (LIGHT, DARK):
        queue.set_theme(theme)
        pictures.append(queue.grab().toImage())
    assert pictures[0] != pictures[1]
    tips = [queue.model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole) for row in range(5)]
    assert [tip.rsplit(", ", 1)[1] for tip in tips] == ["accepted", "rejected", "unsure", "added", "to review"]


def test_an_empty_queue_says_why(queue: EventQueue):
    queue.set_events((), None, "The network found no event.")
    assert queue.message == "The network found no event."
    queue.set_events(make_events(3), None, "")
    queue.show_status(ReviewStatus.UNSURE)
    assert queue.message == "Unsure: none of the 3 events."


def row_texts(queue: EventQueue) -> list[str]:
    return [queue.model.index(row, Column.LABEL).data() for row in range(queue.model.rowCount())]


def test_spasms_of_a_cluster_stand_under_a_row_of_its_own_until_it_is_folded(queue: EventQueue):
    lone = ReviewEvent("late", 900.0, 1.0, "Epileptic-spasm", 0.9, None)
    queue.set_events((*make_events(4, apart_s=15.0), lone), None, "")
    assert row_texts(queue) == ["Cluster of 4", *["Epileptic-spasm"] * 5]
    tip = queue.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "Cluster of 4 spasms" in tip and "46 s long, 4.0/min, 4 to review" in tip
    queue.select("e2")
    queue.fold_cluster()
    assert row_texts(queue) == ["Cluster of 4", "Epileptic-spasm"]
    assert queue.current_cluster is not None
    queue.grab()
    queue.select("e3")
    assert row_texts(queue) == ["Cluster of 4", *["Epileptic-spasm"] * 5]


def test_pressing_the_triangle_of_a_cluster_folds_it_and_pressing_its_name_does_not(queue: EventQueue, qtbot: QtBot):
    queue.set_events(make_events(4, apart_s=15.0), None, "")
    viewport, box = queue.table.viewport(), queue.table.visualRect(queue.model.index(0, Column.TIME))
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=box.center())
    assert len(row_texts(queue)) == 5 and queue.current_cluster is not None
    for n_rows in (1, 5):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 6, box.center().y()))
        qtbot.waitUntil(lambda n_rows=n_rows: len(row_texts(queue)) == n_rows)


def test_fewer_spasms_or_longer_pauses_than_the_rule_allows_are_no_cluster(queue: EventQueue):
    queue.set_events(make_events(4, apart_s=15.0), None, "")
    queue.set_cluster_rule(ClusterRule(gap_s=10.0))
    assert row_texts(queue) == ["Epileptic-spasm"] * 4
    queue.set_cluster_rule(ClusterRule(min_spasms=5))
    assert row_texts(queue) == ["Epileptic-spasm"] * 4


def test_a_rejected_spasm_counts_for_no_cluster(queue: EventQueue):
    events = make_events(4, apart_s=15.0)
    queue.set_events((*events[:3], decide(events[3], Decision.REJECTED)), None, "")
    assert row_texts(queue)[0] == "Cluster of 3"
    queue.set_events((*events[:2], *(decide(event, Decision.REJECTED) for event in events[2:])), None, "")
    assert row_texts(queue) == ["Epileptic-spasm"] * 4


def test_after_a_whole_cluster_comes_what_lies_behind_it(queue: EventQueue):
    late = ReviewEvent("late", 900.0, 1.0, "Epileptic-spasm", 0.9, None)
    events = (*make_events(3, apart_s=15.0), late)
    queue.set_events(events, None, "")
    queue.select("e1")
    queue.take_cluster()
    assert queue.neighbour(1) == "e0"
    assert queue.neighbour(1, undecided=True) == "e0"
    assert queue.neighbour(1, undecided=True, besides=("e0", "e1", "e2")) == "late"
    assert queue.neighbour(-1, undecided=True) == "late"


def test_what_was_nearly_missed_is_listed_only_where_it_is_asked_for(queue: EventQueue, qtbot: QtBot):
    miss = ReviewEvent("m", 5.0, 1.0, "Epileptic-spasm", 0.7, None, is_near_miss=True, threshold=0.95)
    queue.set_events((miss, *make_events(1)), None, "")
    assert [event.event_id for event in queue.model.shown] == ["e0"]
    with qtbot.waitSignal(queue.filtered):
        queue.show_status(ReviewStatus.NEAR_MISS)
    assert queue.lists_near_misses
    assert [event.event_id for event in queue.model.shown] == ["m"]
    tip = queue.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "below the threshold of 0.95" in tip and tip.endswith("near miss")


def test_what_another_network_says_of_the_same_event_stands_in_its_row(queue: EventQueue):
    also = (Finding("s", "Epileptic-seizure", 0.93, "dsmn-ess"),)
    event = ReviewEvent("e", 5.0, 1.0, "Epileptic-spasm", 0.97, None, model="iess-fusionnet", also=also)
    queue.set_events((replace(event, also=()),), None, "")
    alone = queue.table.viewport().grab().toImage()
    queue.set_events((event,), None, "")
    assert queue.table.viewport().grab().toImage() != alone
    tip = queue.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "probability 0.97 (iess-fusionnet), also Epileptic-seizure 0.93 (dsmn-ess), to review" in tip


def test_the_rules_tell_the_thresholds_and_what_a_reader_makes_of_them(queue: EventQueue):
    rules, chosen = queue.rules, []
    rules.threshold_chosen.connect(lambda name, value: chosen.append((name, value)))
    rules.gap_chosen.connect(chosen.append)
    thresholds = {"iess-fusionnet": Threshold("spasm", 0.95), "dsmn-ess": Threshold("seizure", 0.5)}
    rules.set_rules(thresholds, ClusterRule())
    assert chosen == []
    rules.unfold()
    assert rules.findChild(QToolButton).text() == "spasm ≥ 0.95, seizure ≥ 0.50"
    rules.findChild(QDoubleSpinBox, "dsmn-ess").stepUp()
    (gap,) = (box for box in rules.findChildren(QDoubleSpinBox) if box.suffix() == " s")
    gap.stepUp()
    assert chosen == [("dsmn-ess", 0.51), 65.0]
    rules.set_rules({}, ClusterRule())
    assert not rules.isVisibleTo(queue)
