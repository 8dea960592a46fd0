import numpy as np
import pytest

from inference.signals.conditioning import condition
from inference.signals.filters import FilterSettings, filter_signal
from inference.signals.resampling import resample

EEG = FilterSettings(0.5, 70.0, 50.0)


def noise(n_channels, n_samples, seed=0):
    """Give the spectrum of an EEG: strong below, with an offset."""
    rng = np.random.default_rng(seed)
    white = rng.normal(size=(n_channels, n_samples))
    return (20 * white + np.cumsum(white, axis=1) + 1000.0).astype(np.float32)


def one_after_the_other(x, rate_hz, new_rate_hz, settings):
    return resample(filter_signal(x.astype(np.float64), rate_hz, settings), rate_hz, new_rate_hz)


@pytest.mark.parametrize(
    ("rate_hz", "new_rate_hz", "settings"),
    [
        (1024.0, 256.0, EEG),
        (1024.0, 256.0, FilterSettings(10.0, 100.0, 60.0)),
        (1000.0, 256.0, EEG),
        (512.0, 100.0, FilterSettings(0.3, 35.0, None)),
        (400.0, 256.0, EEG),
        (256.0, 256.0, EEG),
        (200.0, 256.0, EEG),
        (173.61, 256.0, FilterSettings(0.5, 100.0, None)),
        (1024.0, 256.0, FilterSettings(None, None, None)),
    ],
)
def test_it_gives_what_filtering_and_then_resampling_give(rate_hz, new_rate_hz, settings):
    x = noise(3, round(60 * rate_hz))
    ours, theirs = condition(x, rate_hz, new_rate_hz, settings), one_after_the_other(x, rate_hz, new_rate_hz, settings)
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    inner = slice(round(10 * new_rate_hz), -round(10 * new_rate_hz))
    scale = theirs[:, inner].std()
    assert np.abs(ours - theirs)[:, inner].max() < 5e-3 * scale
    assert np.sqrt(np.mean(np.square(ours - theirs)[:, inner])) < 1e-3 * scale


def test_it_does_so_up_to_the_ends_but_for_the_length_of_the_anti_aliasing_filter():
    x = noise(2, 60 * 1024)
    ours, theirs = condition(x, 1024.0, 256.0, EEG), one_after_the_other(x, 1024.0, 256.0, EEG)
    assert np.abs(ours - theirs)[:, 10:-10].max() < 0.01 * np.abs(theirs).max()


@pytest.mark.parametrize("rate_hz", [1024.0, 1000.0, 256.0])
def test_gaps_stay_gaps_and_nothing_leaks_across_them(rate_hz):
    x = noise(2, round(40 * rate_hz))
    x[:, 1003 : round(7.3 * rate_hz)] = np.nan
    changed = x.copy()
    changed[:, :1003] *= -3.0
    ours, again = condition(x, rate_hz, 256.0, EEG), condition(changed, rate_hz, 256.0, EEG)
    assert np.array_equal(np.isfinite(ours), np.isfinite(one_after_the_other(x, rate_hz, 256.0, EEG)))
    behind = slice(round(7.5 * 256), None)
    assert np.array_equal(ours[:, behind], again[:, behind])


def test_each_channel_may_have_gaps_of_its_own():
    x = noise(3, 20 * 1024)
    x[1, 5000:9001] = np.nan
    together = condition(x, 1024.0, 256.0, EEG)
    for row in range(3):
        np.testing.assert_array_equal(together[row], condition(x[row : row + 1], 1024.0, 256.0, EEG)[0])


@pytest.mark.parametrize("n_samples", [1, 2, 5, 9])
def test_the_shortest_runs_are_given_too(n_samples):
    assert np.isfinite(condition(noise(1, n_samples), 1024.0, 256.0, EEG)).all()


def test_nothing_recorded_gives_nothing():
    assert np.isnan(condition(np.full((2, 4096), np.nan, np.float32), 1024.0, 256.0, EEG)).all()
    assert condition(np.zeros((2, 0), np.float32), 1024.0, 256.0, EEG).shape == (2, 0)
    assert condition(np.zeros((0, 1024), np.float32), 1024.0, 256.0, EEG).shape == (0, 256)
