import math

import numpy as np
import pytest

from inference.models.cka import linear_cka


def embeddings(seed: int, n: int = 200, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, width))


def cka_by_its_kernels(x: np.ndarray, y: np.ndarray) -> float:
    centring = np.eye(len(x)) - 1 / len(x)
    k, l = (centring @ e @ e.T @ centring for e in (x, y))  # noqa: E741 (the source's letters)
    return np.trace(k @ l) / math.sqrt(np.trace(k @ k) * np.trace(l @ l))


def test_linear_cka_agrees_with_its_definition_by_kernels():
    x, noise = embeddings(1), embeddings(2, width=5)
    y = x[:, :5] * 3 + noise
    assert linear_cka(x, y) == pytest.approx(cka_by_its_kernels(x, y), abs=1e-12)
    assert linear_cka(x, y) == pytest.approx(linear_cka(y, x))


def test_rotation_scale_and_offset_change_nothing():
    x = embeddings(3)
    rotation = np.linalg.qr(embeddings(4, 8))[0]
    assert linear_cka(x, 7 * x @ rotation + 100) == pytest.approx(1.0)


def test_unrelated_embeddings_of_many_examples_are_near_zero():
    assert linear_cka(embeddings(5, 5000), embeddings(6, 5000)) < 0.01


def test_an_embedding_that_says_nothing_has_no_alignment():
    assert math.isnan(linear_cka(embeddings(1), np.ones((200, 3))))


def test_embeddings_of_other_examples_are_refused():
    with pytest.raises(ValueError, match="not of the same examples"):
        linear_cka(embeddings(1), embeddings(1, 100))
