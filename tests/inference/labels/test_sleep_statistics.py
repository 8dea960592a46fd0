import pytest

from inference.errors import LabelError
from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import INFANT
from inference.labels.sleep_statistics import count_by_stage, find_cycles, summarize_sleep

#: Five epochs of wake, one of N1, four of N2, one awake, two of REM, one unscored, two awake: 16 epochs, 8 min.
NIGHT = Hypnogram(("W",) * 5 + ("N1",) + ("N2",) * 4 + ("W",) + ("R",) * 2 + ("?",) + ("W",) * 2)


def test_the_parameters_of_a_night_follow_their_definitions():
    night = summarize_sleep(NIGHT)
    assert (night.recording_min, night.sleep_min, night.sleep_latency_min) == (8.0, 3.5, 2.5)
    assert (night.wake_after_onset_min, night.sleep_period_min, night.unscored_min) == (1.5, 4.0, 0.5)
    assert night.efficiency_percent == pytest.approx(100 * 3.5 / 8)
    assert dict(night.latency_min) == {"N1": 0.0, "N2": 0.5, "N3": None, "R": 3.0}
    assert dict(night.stage_min) == {"W": 4.0, "N1": 0.5, "N2": 2.0, "N3": 0.0, "R": 1.0}
    assert night.stage_percent["N2"] == pytest.approx(100 * 4 / 7)
    assert (night.n_awakenings, night.n_stage_shifts) == (1, 3)


def test_the_times_add_up_on_a_real_night(test_data):
    night = summarize_sleep(read_hypnogram(test_data / "hypnograms" / "yasa_6h_30s.txt"))
    assert night.recording_min == 360.0
    assert night.sleep_min == pytest.approx((22 + 318 + 182 + 155) / 2)
    parts = night.sleep_min + night.sleep_latency_min + night.wake_after_onset_min + night.unscored_min
    assert parts == pytest.approx(night.recording_min)
    assert sum(night.stage_percent.values()) == pytest.approx(100.0)
    assert night.n_cycles == 5


def test_stages_of_rechtschaffen_and_kales_are_reported_as_scored(test_data):
    night = summarize_sleep(read_hypnogram(test_data / "hypnograms" / "SC4001EC-Hypnogram.edf"))
    assert (night.stage_min["S3"], night.stage_min["S4"]) == (50.5, 59.5)


def test_lights_out_and_on_bound_the_night():
    night = summarize_sleep(NIGHT, lights_out_s=60.0, lights_on_s=390.0)
    assert (night.recording_min, night.sleep_latency_min, night.wake_after_onset_min) == (5.5, 1.5, 0.5)
    with pytest.raises(LabelError, match="No epoch"):
        summarize_sleep(NIGHT, lights_out_s=5000.0)


def test_a_night_without_sleep_has_no_latency():
    night = summarize_sleep(Hypnogram(("W", "?", "W")))
    assert (night.sleep_min, night.sleep_latency_min, night.wake_after_onset_min) == (0.0, None, None)
    assert set(night.stage_percent.values()) == {None}


def test_an_infant_s_night_has_its_own_stages_and_no_adult_cycles():
    night = summarize_sleep(Hypnogram(("W", "T", "N", "R"), stage_set=INFANT))
    assert dict(night.latency_min) == {"N": 0.5, "T": 0.0, "R": 1.0}
    assert night.n_cycles is None


def test_cycles_need_enough_nrem_and_after_the_first_enough_rem():
    first = ("N2",) * 40 + ("R",) * 2
    short_nrem = ("N2",) * 20 + ("R",) * 12
    short_rem = ("N2",) * 40 + ("R",) * 4
    full = ("N2",) * 40 + ("R",) * 10
    assert len(find_cycles(Hypnogram(first))) == 1
    assert len(find_cycles(Hypnogram(short_nrem))) == 0
    assert len(find_cycles(Hypnogram(first + short_rem))) == 1
    assert [cycle.duration_s for cycle in find_cycles(Hypnogram(first + full))] == [42 * 30, 50 * 30]


def test_events_are_counted_by_the_stage_that_they_begin_in():
    counts = count_by_stage(NIGHT, [0.0, 149.9, 150.0, 200.0, 9999.0, -1.0])
    assert counts == {"W": 2, "N1": 1, "N2": 1, "N3": 0, "R": 0, "?": 2}
