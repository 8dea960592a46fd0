"""Detections and decisions become one list in which nobody's word is lost."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.joining import join_events, overlapping_pairs
from app.review import ReviewStatus, count_statuses
from inference.labels.annotations import Annotation, Decision
from inference.labels.detections import Detection, ModelReference
from inference.labels.scoring import Span

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


def detect(number: int, onset_s: float, duration_s: float = 1.5, **values: object) -> Detection:
    fields = {"label": "Epileptic-spasm", "probability": 0.9, "model": ModelReference("spasms", "1", "0")} | values
    return Detection(f"d{number}", onset_s, duration_s, calibration="", **fields)


def seizure(number: int, onset_s: float, duration_s: float, probability: float = 0.8) -> Detection:
    values = {"label": "Epileptic-seizure", "probability": probability, "model": ModelReference("seizures", "1", "9")}
    return detect(number, onset_s, duration_s, **values)


def test_a_decision_stays_with_an_event_that_is_formed_anew_with_other_edges():
    wider = detect(7, 9.6, 2.0, probability=0.95)
    (event,) = join_events([wider], [SAID], find=lambda _: FOUND)
    assert (event.event_id, event.status, event.onset_s) == ("d1", ReviewStatus.ACCEPTED, 10.2)


def test_an_event_that_a_person_had_relabelled_is_still_the_one_that_its_network_finds():
    relabelled = replace(SAID, label="Movement-artifact")
    again = detect(7, 9.6, 2.0, model=FOUND.model)
    (event,) = join_events([again], [relabelled], find=lambda _: FOUND)
    assert (event.event_id, event.label) == ("d1", "Movement-artifact")


def test_a_network_that_later_finds_what_a_person_had_added_lends_it_its_probability():
    added = replace(SAID, annotation_id="a2", decision=Decision.ADDED, detection_id=None)
    (event,) = join_events([FOUND], [added])
    assert (event.event_id, event.status, event.probability) == ("a2", ReviewStatus.ADDED, 0.9)


def test_a_new_event_that_only_touches_a_decided_one_is_to_be_reviewed():
    touching = detect(7, 10.9, 4.0, model=FOUND.model)
    assert {event.status for event in join_events([touching], [SAID], find=lambda _: FOUND)} == {
        ReviewStatus.ACCEPTED,
        ReviewStatus.TO_REVIEW,
    }


def test_what_was_nearly_missed_says_so_until_somebody_decides():
    miss = detect(3, 30.0, probability=0.6, threshold=0.95)
    (event,) = join_events([], [], [miss])
    assert event.status is ReviewStatus.NEAR_MISS
    decided = replace(SAID, annotation_id="a3", onset_s=30.0, detection_id="d3")
    (event,) = join_events([], [decided], [miss])
    assert (event.status, event.probability, event.threshold) == (ReviewStatus.ACCEPTED, 0.6, 0.95)


def test_a_spasm_that_another_network_calls_a_seizure_is_one_row_that_names_both():
    (event,) = join_events([detect(1, 10.0), seizure(2, 8.0, 6.0)], [])
    (also,) = event.also
    assert (event.event_id, event.label, event.probability) == ("d1", "Epileptic-spasm", 0.9)
    assert (also.event_id, also.label, also.probability, also.model) == ("d2", "Epileptic-seizure", 0.8, "seizures")
    assert not also.is_shared


def test_a_seizure_that_goes_on_long_after_a_spasm_is_an_event_of_its_own():
    events = join_events([detect(1, 10.0), seizure(2, 9.0, 40.0)], [])
    assert [(event.event_id, event.also) for event in events] == [("d2", ()), ("d1", ())]


def test_a_seizure_over_a_run_of_spasms_is_named_in_each_of_their_rows():
    spasms = [detect(n, 10.0 * n) for n in range(1, 5)]
    events = join_events([*spasms, seizure(9, 9.0, 36.0)], [])
    assert [event.event_id for event in events] == ["d1", "d2", "d3", "d4"]
    assert all(event.also[0].is_shared for event in events)


def test_where_a_person_says_different_things_of_both_networks_events_both_are_listed():
    rejected = replace(SAID, decision=Decision.REJECTED)
    two = join_events([FOUND, seizure(2, 8.0, 6.0)], [rejected])
    assert [event.status for event in two] == [ReviewStatus.TO_REVIEW, ReviewStatus.REJECTED]
    both = [rejected, replace(rejected, annotation_id="a2", onset_s=8.0, duration_s=6.0, detection_id="d2")]
    (one,) = join_events([FOUND, seizure(2, 8.0, 6.0)], both)
    assert (one.event_id, one.also[0].event_id) == ("d1", "d2")


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=12),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=12),
)
def test_pairs_that_share_time_are_all_found(first, second):
    one = sorted((Span(float(a), float(a + n)) for a, n in first), key=lambda span: span.onset_s)
    two = sorted((Span(float(a), float(a + n)) for a, n in second), key=lambda span: span.onset_s)
    naive = {
        (i, k) for i, a in enumerate(one) for k, b in enumerate(two) if a.onset_s < b.end_s and b.onset_s < a.end_s
    }
    assert sorted(overlapping_pairs(one, two)) == sorted(naive)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20), st.booleans()), max_size=15))
def test_every_detection_is_in_one_row_or_named_in_one(found):
    detections = [
        (seizure if is_seizure else detect)(number, float(onset_s), float(duration_s))
        for number, (onset_s, duration_s, is_seizure) in enumerate(found)
    ]
    events = join_events(detections, [])
    rows = [event.event_id for event in events]
    named = {finding.event_id for event in events for finding in event.also}
    assert len(rows) == len(set(rows))
    assert set(rows) | named == {detection.detection_id for detection in detections}
    assert not set(rows) & named
