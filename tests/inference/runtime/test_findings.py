import numpy as np
import pytest

from inference.labels.detections import ModelReference
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, form_detections
from inference.runtime.findings import EventTrack

SOURCE = DetectionSource(ModelReference("finder", "1.0.0", "0" * 64), "not calibrated", ("C3",))
N, HOP_S = 240, 0.5
TIME_S = np.arange(N) * HOP_S


def random_probability(rng):
    """Give a track with highs that begin and end sharply, and some times that nothing is known of."""
    highs = rng.random(N) < 0.15
    highs |= np.roll(highs, 1)
    probability = np.where(highs, rng.uniform(0.35, 1.0, N), rng.uniform(0.0, 0.3, N)).astype(np.float32)
    first = int(rng.integers(N))
    probability[first : first + int(rng.integers(8))] = np.nan
    return probability


def fill_in(probability, rule, order):
    """Tell a track piece by piece in some order, and give all that it told and whether it ever told too early."""
    values, is_known = np.full(N, np.nan, np.float32), np.zeros(N, bool)
    track = EventTrack(
        time_s=TIME_S, probability=values, is_known=is_known, rule=rule, source=SOURCE, duration_s=N * HOP_S
    )
    news = []
    for rows in order:
        values[rows], is_known[rows] = probability[rows], True
        news.append(track.take_news())
    return news, track.detections()


@pytest.mark.parametrize("merge_gap_s", [0.0, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_order_what_is_told_is_the_whole_and_final_events_stay(seed, merge_gap_s):
    rng = np.random.default_rng(seed)
    rule = EventRule("Epileptic-spasm", 0.5, 0.3, 0.6, merge_gap_s, HOP_S)
    probability = random_probability(rng)
    pieces = np.split(np.arange(N), np.sort(rng.choice(np.arange(1, N), int(rng.integers(2, 30)), replace=False)))
    news, events = fill_in(probability, rule, [pieces[i] for i in rng.permutation(len(pieces))])
    assert events == form_detections(TIME_S, probability, rule, SOURCE, N * HOP_S)
    told = [event for item in news for event in item.detections]
    assert sorted(told, key=lambda event: event.onset_s) == list(events)
    time_s, values = (np.concatenate([getattr(item, name) for item in news]) for name in ("time_s", "probability"))
    assert np.array_equal(np.sort(time_s), TIME_S)
    assert np.array_equal(values[np.argsort(time_s)], probability, equal_nan=True)


def test_events_are_told_before_the_end_as_soon_as_nothing_can_change_them():
    rule = EventRule("Epileptic-spasm", 0.5, 0.3, 0.5, 1.0, HOP_S)
    probability = np.zeros(N, np.float32)
    probability[[100, 101, 130, 131]] = 0.9
    middle, event, rest = np.arange(60, 101), np.arange(101, 120), np.r_[0:60, 120:N]
    news, _ = fill_in(probability, rule, [middle, event, rest])
    assert [len(item.detections) for item in news] == [0, 1, 1]
    assert news[1].detections[0].onset_s == 49.75
