"""Functional connectivity of the training runs as the edges of the fMRI graph.

The runs of held-out subjects must never be among those given: their connectivity would tell the network about them.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.errors import TrainingError

#: Correlations are held this far from 1, where Fisher's z is infinite.
_LARGEST_CORRELATION: Final = 0.999999
_LEAST_VOLUMES: Final = 3


def connectivity_weights(runs: Iterable[NDArray[np.floating]], n_neighbours: int = 10) -> Tensor:
    """Give the edge weights between regions from the runs of one training fold.

    The correlations of each run become Fisher's z and are averaged, each run weighted by its volumes less 3 (the
    inverse variance of z). Each region keeps its ``n_neighbours`` strongest positive ones; an edge that one of two
    regions keeps is kept for both. A region without a signal has no edges.

    Parameters
    ----------
    runs : (volumes, regions) each; volumes with NaN are left out, the number of regions is the same in all.

    Returns
    -------
    (regions, regions) float32 from 0 to 1, symmetric, 0 on the diagonal.

    Raises
    ------
    TrainingError
        There is no run with enough volumes, or their regions differ in number.
    """
    total: NDArray[np.float64] | None = None
    weight = 0
    for run in runs:
        volumes = np.asarray(run, dtype=np.float64)
        volumes = volumes[np.isfinite(volumes).all(axis=1)]
        if len(volumes) <= _LEAST_VOLUMES:
            continue
        if total is not None and volumes.shape[1] != len(total):
            raise TrainingError(f"Runs of {len(total)} and of {volumes.shape[1]} regions cannot share one graph.")
        z = (len(volumes) - _LEAST_VOLUMES) * np.arctanh(_correlate(volumes))
        total = z if total is None else total + z
        weight += len(volumes) - _LEAST_VOLUMES
    if total is None:
        raise TrainingError("No training run has enough volumes to tell the connectivity of its regions.")
    mean = np.tanh(total / weight)
    np.fill_diagonal(mean, 0.0)
    return torch.from_numpy(_keep_strongest(np.clip(mean, 0.0, None), n_neighbours).astype(np.float32))


def _correlate(volumes: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = volumes - volumes.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    # What is constant but for rounding correlates with nothing.
    alive = length > 1e-9 * np.linalg.norm(volumes, axis=0)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=alive)
    return np.asarray(np.clip(unit.T @ unit, -_LARGEST_CORRELATION, _LARGEST_CORRELATION))


def _keep_strongest(weights: NDArray[np.float64], n_neighbours: int) -> NDArray[np.float64]:
    order = np.argsort(-weights, axis=1, kind="stable")[:, :n_neighbours]
    kept = np.zeros(weights.shape, dtype=bool)
    np.put_along_axis(kept, order, values=True, axis=1)
    return np.where(kept | kept.T, weights, 0.0)
