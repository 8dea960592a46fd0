"""Detections and decisions become one list in which nobody's word is lost."""

from dataclasses import replace
from datetime import UTC, datetime

from app.review import ReviewStatus, count_statuses, join_events
from inference.labels.annotations import Annotation, Decision
from inference.labels.detections import Detection, ModelReference

NOW = datetime(2024, 1, 1, tzinfo=UTC)
FOUND = Detection("d1", 10.0, 1.0, "Epileptic-spasm", 0.9, "none", ModelReference("m", "1", "0"))
SAID = Annotation("a1", 10.2, 0.8, "Epileptic-spasm", Decision.ACCEPTED, "reader", NOW, NOW, detection_id="d1")


def test_a_detection_without_a_decision_is_to_be_reviewed():
    (event,) = join_events([FOUND], [])
    assert (event.event_id, event.status, event.probability) == ("d1", ReviewStatus.TO_REVIEW, 0.9)


def test_a_decided_detection_is_listed_once_with_the_persons_times_and_the_networks_probability():
    (event,) = join_events([FOUND], [SAID])
    assert (event.event_id, event.onset_s, event.probability) == ("d1", 10.2, 0.9)
    assert event.status is ReviewStatus.ACCEPTED


def test_a_decision_on_a_detection_of_an_earlier_model_stays_in_the_list():
    (event,) = join_events([], [SAID])
    assert (event.event_id, event.probability, event.status) == ("d1", None, ReviewStatus.ACCEPTED)


def test_added_events_stand_among_the_others_in_order_of_time():
    added = replace(SAID, annotation_id="a2", onset_s=5.0, decision=Decision.ADDED, detection_id=None)
    assert [event.event_id for event in join_events([FOUND], [added])] == ["a2", "d1"]


def test_every_status_is_counted_even_where_there_is_none():
    counts = count_statuses(join_events([FOUND], []))
    assert counts[ReviewStatus.TO_REVIEW] == 1
    assert set(counts) == set(ReviewStatus)
