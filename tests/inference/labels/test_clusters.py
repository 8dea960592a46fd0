import pytest

from inference.labels.clusters import ClusterRule, describe_clusters, find_clusters, group_events, is_spasm
from inference.labels.scoring import Span, group_clusters, score_clusters


def spasms(*onsets_s):
    return [Span(onset_s, onset_s + 1.0) for onset_s in onsets_s]


def test_spasms_belong_together_until_one_lets_a_minute_pass():
    first, second = find_clusters(spasms(0, 10, 70, 200, 210, 220, 400), ClusterRule())
    assert [event.onset_s for event in first.events] == [0, 10, 70]
    assert (second.onset_s, second.end_s, second.duration_s) == (200, 221, 21)


def test_how_many_make_a_cluster_and_how_long_they_may_pause_is_said_by_the_rule():
    events = spasms(0, 10, 40)
    assert find_clusters(events, ClusterRule(min_spasms=4)) == ()
    (only,) = find_clusters(events, ClusterRule(gap_s=20.0, min_spasms=2))
    assert len(only.events) == 2


def test_a_pause_counts_from_the_end_of_whichever_spasm_lasts_longest():
    (group,) = group_events([Span(0.0, 30.0), Span(5.0, 6.0), Span(40.0, 41.0)], 12.0)
    assert len(group) == 3


def test_the_rate_is_that_at_which_spasms_follow_one_another():
    (cluster,) = find_clusters(spasms(0, 10, 20, 30), ClusterRule())
    assert cluster.per_minute == pytest.approx(6.0)
    assert describe_clusters([cluster]) == [
        {"onset_s": 0, "duration_s": 31.0, "spasms": 4, "spasms_per_minute": 6.0},
    ]


def test_clusters_are_scored_by_the_groups_that_a_reader_is_shown():
    reference = spasms(0, 10, 20, 300)
    groups = group_events(reference, ClusterRule().gap_s)
    assert [(span.onset_s, span.end_s) for span in group_clusters(reference, ClusterRule().gap_s)] == [
        (group[0].onset_s, group[-1].end_s) for group in groups
    ]
    assert score_clusters(reference, spasms(10), None).n_reference == len(groups)


@pytest.mark.parametrize(("label", "said"), [("Epileptic-spasm", True), ("EMG-artifact", False), ("no term", False)])
def test_only_spasms_make_clusters(label, said):
    assert is_spasm(label) is said
