import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.signals.envelopes import envelope


def brute_force(x, rate_hz, first_sample, edges_s):
    """The same line looked at in 400 places of each column, its samples among them."""
    times_s = (first_sample + np.arange(x.size)) / rate_hz
    low, high = [], []
    for left, right in itertools.pairwise(edges_s):
        inside = times_s[(times_s >= left) & (times_s < right)]
        places = np.concatenate([np.linspace(left, right, 400), inside])
        values = np.interp(places, times_s, x, left=np.nan, right=np.nan)
        values = values[np.isfinite(values)]
        low.append(values.min() if values.size else np.nan)
        high.append(values.max() if values.size else np.nan)
    return np.array(low), np.array(high)


@settings(max_examples=60, deadline=None)
@given(
    n_samples=st.integers(2, 300),
    rate_hz=st.sampled_from([1.0, 32.0, 100.0, 173.61, 1024.0]),
    columns=st.integers(1, 80),
    start_s=st.floats(-0.5, 2.0),
    span_s=st.floats(0.05, 5.0),
    seed=st.integers(0, 1000),
)
def test_every_column_holds_exactly_the_line_that_joins_the_samples(n_samples, rate_hz, columns, start_s, span_s, seed):
    x = np.random.default_rng(seed).normal(size=n_samples).astype(np.float32)
    edges_s = start_s + np.linspace(0, span_s, columns + 1)
    low, high = envelope(x[None], rate_hz, 0, edges_s)
    expected_low, expected_high = brute_force(x, rate_hz, 0, edges_s)
    both = np.isfinite(expected_low) & np.isfinite(low[0])
    np.testing.assert_allclose(low[0][both], expected_low[both], atol=2e-3)
    np.testing.assert_allclose(high[0][both], expected_high[both], atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 500), st.integers(2, 200), st.integers(0, 1000))
def test_neighbouring_columns_always_join(n_samples, columns, seed):
    x = np.random.default_rng(seed).normal(size=(1, n_samples)).astype(np.float32)
    low, high = envelope(x, 1.0, 0, np.linspace(0, n_samples - 1, columns + 1))
    assert (low[0, 1:] <= high[0, :-1]).all()
    assert (low[0, :-1] <= high[0, 1:]).all()


def test_a_single_sample_spike_is_never_lost():
    x = np.zeros((1, 100_000), np.float32)
    x[0, 54_321] = 500.0
    _, high = envelope(x, 1000.0, 0, np.linspace(0, 100, 201))
    assert high.max() == 500.0


def test_a_gap_has_no_line_and_the_line_ends_at_its_edges():
    x = np.ones((1, 100), np.float32)
    x[0, 40:60] = np.nan
    low, _ = envelope(x, 100.0, 0, np.linspace(0, 1, 101))
    # Sample 60, where the line begins again, lies on the right edge of column 59.
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(low[0])), np.arange(40, 59))


def test_outside_the_signal_there_is_no_line():
    low, high = envelope(np.ones((2, 10), np.float32), 10.0, 0, np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]))
    assert np.isfinite(low[0]).tolist() == [False, True, True, False, False]
    assert np.isnan(envelope(np.ones((2, 0), np.float32), 10.0, 0, np.array([0.0, 1.0]))[1]).all()
    assert high.shape == (2, 5)
