import numpy as np
import pytest

from inference.errors import TrainingError
from inference.training.connectivity import connectivity_weights


def run(seed: int, n_volumes: int = 300, n_regions: int = 8) -> np.ndarray:
    generator = np.random.default_rng(seed)
    series = generator.standard_normal((n_volumes, n_regions))
    series[:, 1] += 2 * series[:, 0]
    series[:, 3] -= 2 * series[:, 2]
    return series


def test_edges_are_the_positive_correlations_of_the_training_runs():
    weights = connectivity_weights([run(1)], n_neighbours=7).numpy()
    expected = np.corrcoef(run(1).T).clip(0, None)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    assert weights[2, 3] == 0


def test_each_region_keeps_its_strongest_edges_and_those_that_others_keep():
    weights = connectivity_weights([run(1)], n_neighbours=1).numpy()
    assert weights[0].argmax() == 1
    assert weights[0, 1] == weights[1, 0] > 0.8
    np.testing.assert_array_equal(weights, weights.T)
    assert (weights > 0).sum() <= 2 * 8


def test_runs_are_averaged_as_fisher_s_z_by_their_length():
    short, long = run(1, 100), run(2, 500)
    z = [np.arctanh(np.corrcoef(series.T)[0, 1]) for series in (short, long)]
    expected = np.tanh((97 * z[0] + 497 * z[1]) / (97 + 497))
    assert connectivity_weights([short, long], 7)[0, 1].item() == pytest.approx(expected, abs=1e-6)


def test_a_region_without_a_signal_and_a_volume_without_numbers_do_no_harm():
    series = run(3)
    expected = connectivity_weights([series[1:]], 7).numpy()
    series[0] = np.nan
    np.testing.assert_array_equal(connectivity_weights([series], 7).numpy(), expected)
    series[:, 5] = 700.0
    weights = connectivity_weights([series], 7).numpy()
    assert np.isfinite(weights).all()
    assert not weights[5].any()


def test_a_region_that_copies_another_gives_a_finite_edge():
    series = run(4)
    series[:, 6] = series[:, 7]
    assert connectivity_weights([series], 7)[6, 7].item() == pytest.approx(1.0, abs=1e-4)


def test_runs_that_tell_nothing_or_do_not_match_are_refused():
    with pytest.raises(TrainingError, match="enough volumes"):
        connectivity_weights([run(1, 3)])
    with pytest.raises(TrainingError, match="8 and of 5 regions"):
        connectivity_weights([run(1), run(1, n_regions=5)])
