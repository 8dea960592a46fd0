"""Linear centred kernel alignment: how far two sets of embeddings say the same about the same examples."""

import math

import numpy as np
from numpy.typing import ArrayLike


def linear_cka(first: ArrayLike, second: ArrayLike) -> float:
    """Give the linear CKA of two embeddings, 0 for unrelated to 1 for equal up to rotation and scale.

    Source: Kornblith et al. 2019, arXiv 1905.00414, section 3. With few examples for their width even unrelated
    embeddings come out well above 0: report the number of examples with it.

    Parameters
    ----------
    first, second : (examples, features) each, the same examples in the same order; features may differ in number.

    Returns
    -------
    NaN where an embedding is the same for all examples.

    Raises
    ------
    ValueError
        The two have different numbers of examples, or are not tables.
    """
    x, y = (np.asarray(embedding, dtype=np.float64) for embedding in (first, second))
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"embeddings of shape {x.shape} and {y.shape} are not of the same examples")
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    shared = float(np.square(x.T @ y).sum())
    own = float(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    return shared / own if own > 0 else math.nan
