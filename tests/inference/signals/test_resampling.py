import numpy as np
import pytest

from inference.signals.resampling import resample


@pytest.mark.parametrize(
    ("rate_hz", "new_rate_hz"), [(1024.0, 256.0), (100.0, 256.0), (173.61, 256.0), (256.0, 1024.0)]
)
def test_a_sine_keeps_its_time_and_its_height(rate_hz, new_rate_hz):
    times_s = np.arange(round(10 * rate_hz)) / rate_hz
    resampled = resample(np.sin(2 * np.pi * 5 * times_s), rate_hz, new_rate_hz)
    new_times_s = np.arange(resampled.size) / new_rate_hz
    middle = slice(resampled.size // 10, -resampled.size // 10)
    np.testing.assert_allclose(resampled[middle], np.sin(2 * np.pi * 5 * new_times_s)[middle], atol=0.01)
    assert resampled.size == int(np.ceil(times_s.size * new_rate_hz / rate_hz - 1e-9))


def test_what_the_new_rate_cannot_hold_is_removed_not_folded():
    times_s = np.arange(10_240) / 1024
    assert np.abs(resample(np.sin(2 * np.pi * 200 * times_s), 1024.0, 256.0)[100:-100]).max() < 0.01


def test_an_offset_has_no_dip_at_the_ends():
    np.testing.assert_allclose(resample(np.full(500, 3000.0), 100.0, 256.0), 3000.0, rtol=1e-3)


def test_a_gap_stays_a_gap_of_the_same_length_and_touches_no_other_channel():
    x = np.tile(np.float32(1.0), (2, 1024))
    x[0, 400:600] = np.nan
    resampled = resample(x, 256.0, 512.0)
    assert resampled.dtype == np.float32
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(resampled[0])), np.arange(799, 1200))
    np.testing.assert_allclose(resampled[1], 1.0, rtol=1e-3)


def test_equal_rates_and_empty_signals_pass_through():
    x = np.arange(5.0)
    assert resample(x, 256.0, 256.0) is x
    assert resample(x[:0], 256.0, 100.0).size == 0


def test_a_channel_without_any_sample_stays_empty():
    assert np.isnan(resample(np.full((1, 100), np.nan), 100.0, 50.0)).all()
