import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.signals.filters import FilterSettings, filter_signal, guard_s

RATE_HZ = 256.0
PAGE = FilterSettings(lff_hz=0.5, hff_hz=70.0, notch_hz=50.0)


def sine(frequency_hz: float, seconds: float = 60.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)


def gain(frequency_hz: float, filters: FilterSettings) -> float:
    middle = slice(round(20 * RATE_HZ), round(40 * RATE_HZ))
    return float(filter_signal(sine(frequency_hz), RATE_HZ, filters)[middle].std() * np.sqrt(2))


@pytest.mark.parametrize("edge_hz", [0.5, 70.0])
def test_each_filter_has_its_minus_3_db_point_where_the_reader_set_it(edge_hz):
    assert gain(edge_hz, FilterSettings(lff_hz=0.5, hff_hz=70.0)) == pytest.approx(10 ** (-3 / 20), abs=0.01)


def test_the_notch_takes_out_the_mains_and_its_harmonic_and_leaves_its_neighbours():
    notch = FilterSettings(notch_hz=50.0)
    assert gain(50.0, notch) < 1e-3
    assert gain(100.0, notch) < 1e-3
    assert gain(46.0, notch) > 0.95


def test_a_spike_stays_at_its_time():
    x = np.zeros(5000)
    x[2500] = 1.0
    assert np.argmax(filter_signal(x, RATE_HZ, PAGE)) == 2500


def test_gaps_stay_gaps_and_nothing_leaks_across_them():
    left, right = sine(7.0, 20.0), 400 + 3 * sine(11.0, 20.0)
    gap = np.full(300, np.nan)
    filtered = filter_signal(np.concatenate([left, gap, right]), RATE_HZ, PAGE)
    np.testing.assert_array_equal(filtered[: left.size], filter_signal(left, RATE_HZ, PAGE))
    assert np.isnan(filtered[left.size : left.size + gap.size]).all()
    np.testing.assert_array_equal(filtered[-right.size :], filter_signal(right, RATE_HZ, PAGE))


def test_channels_with_different_gaps_are_filtered_each_on_its_own():
    x = np.stack([sine(7.0, 20.0), sine(9.0, 20.0)]).astype(np.float32)
    x[1, 100:200] = np.nan
    filtered = filter_signal(x, RATE_HZ, PAGE)
    assert filtered.dtype == np.float32
    np.testing.assert_array_equal(filtered[0], filter_signal(x[0], RATE_HZ, PAGE))
    np.testing.assert_array_equal(np.isnan(filtered), np.isnan(x))


@pytest.mark.parametrize(
    "filters", [PAGE, FilterSettings(1.6, 35.0), FilterSettings(10.0, None, 60.0), FilterSettings(None, 15.0)]
)
def test_a_span_read_with_its_guard_equals_the_same_span_of_the_whole(filters):
    drift = np.cumsum(np.random.default_rng(1).normal(size=round(120 * RATE_HZ))) * 10 + 5000
    guard = round(guard_s(filters) * RATE_HZ)
    first, stop = round(50 * RATE_HZ), round(60 * RATE_HZ)
    whole = filter_signal(drift, RATE_HZ, filters)[first:stop]
    part = filter_signal(drift[first - guard : stop + guard], RATE_HZ, filters)[guard:-guard]
    assert np.abs(part - whole).max() < 0.1


def test_an_electrode_offset_does_not_ring_at_the_start_of_a_recording():
    filtered = filter_signal(np.full(5000, 30_000.0), RATE_HZ, PAGE)
    assert np.abs(filtered).max() < 1e-3


def test_a_filter_beyond_half_the_rate_leaves_a_slow_signal_as_it_is():
    x = np.arange(60.0)
    assert filter_signal(x, 1.0, FilterSettings(10.0, 70.0, 50.0)) is x


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_signals_of_any_length_keep_their_length_and_their_gaps(n_samples, n_gap):
    x = np.concatenate([np.ones(n_samples), np.full(n_gap, np.nan), np.ones(n_samples // 2)])
    filtered = filter_signal(x, RATE_HZ, PAGE)
    np.testing.assert_array_equal(np.isnan(filtered), np.isnan(x))


@pytest.mark.parametrize("edges", [(0.0, None), (None, -1.0), (70.0, 0.5), (float("nan"), None)])
def test_impossible_settings_are_refused(edges):
    with pytest.raises(ValueError, match="Hz"):
        FilterSettings(*edges)
