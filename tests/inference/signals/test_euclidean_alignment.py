import numpy as np
import pytest

from inference.errors import AnalysisError
from inference.signals.euclidean_alignment import align, fit_euclidean_alignment


def subject(seed: int, n_epochs: int = 20, n_channels: int = 6) -> np.ndarray:
    generator = np.random.default_rng(seed)
    mixing = generator.standard_normal((n_channels, n_channels)) * 40
    return np.einsum("ij,njt->nit", mixing, generator.standard_normal((n_epochs, n_channels, 500)))


def mean_covariance(epochs: np.ndarray) -> np.ndarray:
    return np.mean([x @ x.T / x.shape[1] for x in epochs.astype(np.float64)], axis=0)


def test_aligned_people_have_the_identity_as_their_mean_covariance():
    for seed in (1, 2):
        epochs = subject(seed)
        aligned = align(epochs, fit_euclidean_alignment(epochs, [True] * 6))
        np.testing.assert_allclose(mean_covariance(aligned), np.eye(6), atol=1e-3)


def test_the_alignment_is_the_inverse_root_of_the_mean_covariance():
    epochs = subject(3)
    found = fit_euclidean_alignment(epochs, [True] * 6)
    np.testing.assert_allclose(found @ mean_covariance(epochs) @ found, np.eye(6), atol=1e-9)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_the_amplifier_s_gain_drops_out():
    epochs = subject(4)
    expected = align(epochs, fit_euclidean_alignment(epochs, [True] * 6))
    found = align(1000 * epochs, fit_euclidean_alignment(1000 * epochs, [True] * 6))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_average_reference_leaves_no_inflated_noise():
    epochs = subject(5)
    epochs -= epochs.mean(axis=1, keepdims=True)
    aligned = align(epochs, fit_euclidean_alignment(epochs.astype(np.float32), [True] * 6))
    np.testing.assert_allclose(mean_covariance(aligned), np.eye(6) - 1 / 6, atol=1e-3)


def test_a_missing_channel_takes_no_part_whatever_lies_in_it():
    epochs = subject(6)
    present = [True, True, False, True, True, True]
    others = np.flatnonzero(present)
    alone = align(epochs[:, others], fit_euclidean_alignment(epochs[:, others], [True] * 5))
    epochs[:, 2] = np.nan
    aligned = align(epochs, fit_euclidean_alignment(epochs, present))
    np.testing.assert_allclose(aligned[:, others], alone, atol=1e-5)
    assert not aligned[:, 2].any()


def test_epochs_with_a_gap_are_not_fitted_to():
    epochs = subject(7)
    expected = fit_euclidean_alignment(epochs[1:], [True] * 6)
    epochs[0, 3, 10] = np.nan
    np.testing.assert_allclose(fit_euclidean_alignment(iter(epochs), [True] * 6), expected)


@pytest.mark.parametrize("epochs", [np.full((2, 3, 50), np.nan), np.zeros((2, 3, 50)), np.zeros((0, 3, 50))])
def test_a_recording_without_any_usable_epoch_cannot_be_aligned(epochs):
    with pytest.raises(AnalysisError, match="cannot be aligned"):
        fit_euclidean_alignment(epochs, [True] * 3)
    with pytest.raises(AnalysisError, match="cannot be aligned"):
        fit_euclidean_alignment(epochs, [False] * 3)
