import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.labels.detections import ModelReference
from inference.runtime.cards import EventRule
from inference.runtime.detections import (
    DetectionSource,
    find_near_misses,
    form_detections,
    settled_length,
    with_threshold,
)

SOURCE = DetectionSource(ModelReference("net", "1", "d1"), "temperature 1.2", ("C3", "EMG"))
RULE = EventRule("Epileptic-spasm", 0.8, 0.4, 0.6, 1.0, 0.5)


def form(values, rule=RULE, source=SOURCE):
    probability = np.array(values, dtype=np.float32)
    time_s = np.arange(len(values)) * 0.5
    return form_detections(time_s, probability, rule, source, float(time_s[-1]))


def spans(detections):
    return [(event.onset_s, event.end_s) for event in detections]


def test_an_event_starts_at_the_low_threshold_but_only_where_the_high_one_is_reached():
    assert spans(form([0, 0.5, 0.9, 0.5, 0, 0, 0, 0.5, 0.5, 0, 0])) == [(0.25, 1.75)]


def test_near_events_are_joined_and_distant_ones_are_not():
    assert spans(form([0, 0.9, 0.9, 0, 0.9, 0.9, 0, 0])) == [(0.25, 2.75)]
    assert spans(form([0, 0.9, 0.9, 0, 0, 0, 0, 0.9, 0.9, 0])) == [(0.25, 1.25), (3.25, 4.25)]


def test_short_events_are_dropped():
    assert form([0, 0, 0.9, 0, 0, 0, 0]) == ()


def test_no_event_crosses_a_gap():
    nan = np.nan
    assert len(form([0, 0.9, 0.9, nan, 0.9, 0.9, 0])) == 2


def test_events_stay_within_the_recording():
    assert spans(form([0.9, 0.9, 0, 0, 0, 0, 0.9, 0.9])) == [(0.0, 0.75), (2.75, 3.5)]


def test_a_detection_carries_its_peak_and_where_it_comes_from():
    (event,) = form([0, 0.5, 0.95, 0.5, 0])
    assert event.probability == np.float32(0.95)
    assert (event.label, event.model, event.calibration, event.channels) == (
        "Epileptic-spasm",
        SOURCE.model,
        "temperature 1.2",
        ("C3", "EMG"),
    )


def test_the_same_event_of_the_same_model_has_the_same_id():
    first, again = form([0, 0.9, 0.9, 0, 0]), form([0, 0.9, 0.85, 0, 0])
    other = form([0, 0.9, 0.9, 0, 0], source=DetectionSource(ModelReference("net", "2", "d2"), "", ()))
    assert first[0].detection_id == again[0].detection_id != other[0].detection_id


values = st.lists(st.sampled_from([0.0, 0.0, 0.3, 0.5, 0.9, np.nan]), min_size=1, max_size=60)


@settings(max_examples=200, deadline=None)
@given(
    values, st.lists(st.integers(1, 15), max_size=20), st.sampled_from([0.0, 0.3, 0.5, 1.0, 3.0]), st.floats(0.1, 2.0)
)
def test_events_told_while_the_track_grows_are_those_of_the_whole_track(track, steps, merge_gap_s, span_s):
    rule = EventRule("Epileptic-spasm", 0.8, 0.4, 0.0, merge_gap_s, span_s)
    probability = np.array(track, dtype=np.float32)
    time_s = np.arange(len(track)) * 0.5
    told, n_settled = [], 0
    for stop in [*(n for n in np.cumsum(steps) if n < len(track)), len(track)]:
        n_final = settled_length(time_s[n_settled:stop], probability[n_settled:stop], rule)
        if stop == len(track):
            n_final = stop - n_settled
        part = slice(n_settled, n_settled + n_final)
        told += form_detections(time_s[part], probability[part], rule, SOURCE, float(time_s[-1]))
        n_settled += n_final
    assert tuple(told) == form_detections(time_s, probability, rule, SOURCE, float(time_s[-1]))


def misses(values, rule=RULE):
    probability = np.array(values, dtype=np.float32)
    time_s = np.arange(len(values)) * 0.5
    return find_near_misses(time_s, probability, rule, SOURCE, float(time_s[-1]))


def test_what_reaches_half_of_the_threshold_only_is_a_near_miss_and_says_of_which_threshold():
    (miss,) = misses([0, 0, 0.7, 0.7, 0, 0, 0, 0.9, 0.9, 0, 0, 0, 0.3, 0.3, 0])
    assert (miss.onset_s, miss.end_s, miss.probability) == (0.75, 1.75, np.float32(0.7))
    assert miss.is_near_miss and miss.threshold == 0.8
    assert not any(event.is_near_miss for event in form([0, 0.9, 0.9, 0, 0]))


def test_an_event_exactly_at_the_threshold_is_none_that_was_nearly_missed():
    rule = EventRule("Epileptic-spasm", 0.95, 0.4, 0.0, 0.0, 0.5)
    (event,) = form([0, 0.95, 0], rule)
    assert not event.is_near_miss and misses([0, 0.95, 0], rule) == ()


tracks = st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.3, 0.45, 0.5, 0.7, 0.9, np.nan]), min_size=1, max_size=60)
rules = st.sampled_from([RULE, EventRule("Epileptic-seizure", 0.5, 0.5, 0.0, 0.0, 0.5)])


@settings(max_examples=200, deadline=None)
@given(tracks, rules)
def test_near_misses_lie_beside_the_events_and_beside_one_another(track, rule):
    told = sorted([*form(track, rule), *misses(track, rule)], key=lambda event: event.onset_s)
    assert all(before.end_s <= after.onset_s for before, after in itertools.pairwise(told))
    assert all(0.5 * rule.threshold <= miss.probability < rule.threshold for miss in misses(track, rule))


@settings(max_examples=200, deadline=None)
@given(tracks, st.floats(0.05, 0.99))
def test_another_threshold_leaves_the_ids_of_what_reaches_both_as_long_as_it_is_no_lower_than_events_go_on(
    track, threshold
):
    rule = EventRule("Epileptic-spasm", 0.8, 0.4, 0.0, 0.0, 0.5)
    before, after = form(track, rule), form(track, with_threshold(rule, threshold))
    if threshold >= rule.threshold_low:
        stricter, laxer = sorted((before, after), key=len)
        assert {event.detection_id for event in stricter} <= {event.detection_id for event in laxer}
    assert all(event.probability >= np.float32(threshold) and event.threshold == threshold for event in after)
