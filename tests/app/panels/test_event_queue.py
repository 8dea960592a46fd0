"""The event queue shows thousands of events in any order and never loses the reader's place."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.panels.event_model import Column, EventModel
from app.panels.event_queue import EventQueue
from app.review import ReviewEvent, ReviewStatus
from app.theme import DARK, LIGHT
from inference.labels.annotations import Decision


def make_events(n_events: int) -> tuple[ReviewEvent, ...]:
    return tuple(
        ReviewEvent(f"e{n}", 10.0 * n, 1.0, "Epileptic-spasm", (n * 37 % 100) / 100, None) for n in range(n_events)
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
