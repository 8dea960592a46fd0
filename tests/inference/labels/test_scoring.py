import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timescoring.annotations import Annotation as FieldAnnotation
from timescoring.scoring import EventScoring

from inference.labels.scoring import Span, group_clusters, score_clusters, score_spasms, score_szcore


def spasms(*onsets_s, duration_s=1.0):
    return [Span(onset_s, onset_s + duration_s) for onset_s in onsets_s]


TWO_CLUSTERS = spasms(*(100.0 + 8 * n for n in range(16)), *(2000.0 + 8 * n for n in range(16)))


def test_one_spasm_of_32_in_two_clusters_is_no_half_of_them():
    found = [TWO_CLUSTERS[3]]
    assert score_szcore(TWO_CLUSTERS, found, 3600.0).sensitivity == 0.5
    assert score_spasms(TWO_CLUSTERS, found, 3600.0).sensitivity == pytest.approx(1 / 32)
    clusters = score_clusters(TWO_CLUSTERS, found, 3600.0)
    assert (clusters.n_found, clusters.n_reference, clusters.n_false) == (1, 2, 0)


def test_an_event_finds_one_spasm_only():
    score = score_spasms(spasms(10.0, 12.0, 14.0), [Span(9.0, 16.0)], 60.0)
    assert (score.n_found, score.n_false) == (1, 0)


def test_as_many_pairs_as_possible_are_matched():
    # Greedy matching by overlap would pair the second spasm with the first event and leave the others alone.
    reference = [Span(10.0, 11.0), Span(11.2, 14.0)]
    hypothesis = [Span(10.9, 13.0), Span(14.5, 15.0)]
    assert score_spasms(reference, hypothesis, 60.0).n_found == 2


def test_a_second_of_difference_is_tolerated_and_no_more():
    assert score_spasms(spasms(10.0), spasms(12.0), 60.0).n_found == 1
    assert score_spasms(spasms(10.0), spasms(12.01), 60.0).n_found == 0


def test_false_detections_are_counted_by_the_hour():
    score = score_spasms(spasms(10.0), spasms(10.0, 500.0, 900.0), 1800.0)
    assert score.false_per_hour == pytest.approx(4.0)
    assert score.precision == pytest.approx(1 / 3)
    assert score.f1 == pytest.approx(0.5)


def test_nothing_to_count_gives_no_number_rather_than_a_wrong_one():
    score = score_spasms([], [], None)
    assert (score.sensitivity, score.precision, score.f1, score.false_per_hour) == (None, None, None, None)


def test_a_cluster_of_the_hypothesis_between_true_clusters_is_false():
    score = score_clusters(spasms(100.0, 110.0, 1000.0), spasms(104.0, 500.0, 505.0), 3600.0)
    assert (score.n_reference, score.n_found, score.n_hypothesis, score.n_false) == (2, 1, 2, 1)


def test_nested_events_do_not_shorten_their_cluster():
    assert group_clusters([Span(0.0, 50.0), Span(10.0, 11.0), Span(60.0, 61.0)], 20.0) == [Span(0.0, 61.0)]


DURATION_S = 3600
tenths = st.tuples(st.integers(0, DURATION_S * 10 - 20), st.integers(5, 8000))


def disjoint(pairs):
    """Turn drawn pairs into events in order that leave at least a tenth of a second between them."""
    events, end = [], -1
    for onset, length in sorted(pairs):
        stop = min(onset + length, DURATION_S * 10)
        if onset > end and stop > onset:
            events.append((onset / 10, stop / 10))
            end = stop
    return events


@settings(max_examples=60, deadline=None)
@given(st.lists(tenths, max_size=8), st.lists(tenths, max_size=8))
def test_szcore_scores_are_those_of_the_field_s_own_package(reference, hypothesis):
    reference, hypothesis = disjoint(reference), disjoint(hypothesis)
    theirs = EventScoring(
        FieldAnnotation(reference, 10, DURATION_S * 10), FieldAnnotation(hypothesis, 10, DURATION_S * 10)
    )
    ours = score_szcore([Span(*event) for event in reference], [Span(*event) for event in hypothesis], DURATION_S)
    assert (ours.n_reference, ours.n_found, ours.n_false) == (theirs.refTrue, theirs.tp, theirs.fp)
