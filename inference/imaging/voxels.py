"""Mean and spread of every voxel over a run, in one pass: what a volume is compared with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import ImagingError
from inference.imaging.volumes import Volumes


@dataclass(frozen=True, slots=True, eq=False)
class VoxelStatistics:
    """Every voxel over time.

    Attributes
    ----------
    mean, sd : (x, y, z) float32 in the image's unit, over the volumes in which the voxel is finite; NaN where it never
        is. ``sd`` divides by the number of volumes.
    empty : the volumes without one finite voxel.
    """

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    empty: tuple[int, ...]


def voxel_statistics(volumes: Volumes) -> VoxelStatistics:
    """Go through a run once.

    Raises
    ------
    ImagingError
        The file can no longer be read, or no volume holds a finite number.
    """
    mean = np.zeros(volumes.grid)
    squares = np.zeros(volumes.grid)
    counts = np.zeros(volumes.grid, dtype=np.int32)
    empty = []
    for index in range(volumes.n_volumes):
        volume = volumes.volume(index)
        known = np.isfinite(volume)
        if not known.any():
            empty.append(index)
            continue
        # Welford's update: exact where the mean is large beside the changes, as it is in BOLD.
        counts += known
        change = np.where(known, volume - mean, 0.0)
        mean += change / np.maximum(counts, 1)
        squares += change * np.where(known, volume - mean, 0.0)
    if not counts.any():
        raise ImagingError(f"{volumes.path} cannot be used: it holds no numbers, only NaN or infinity.")
    seen = counts > 0
    mean = np.where(seen, mean, np.nan)
    sd = np.where(seen, np.sqrt(squares / np.maximum(counts, 1)), np.nan)
    statistics = VoxelStatistics(mean.astype(np.float32), sd.astype(np.float32), tuple(empty))
    statistics.mean.flags.writeable = statistics.sd.flags.writeable = False
    return statistics


def z_map(volume: NDArray[np.float32], statistics: VoxelStatistics) -> NDArray[np.float32]:
    """Give how many standard deviations each voxel of a volume lies from its own mean; 0 where it never changes."""
    alive = statistics.sd > 1e-6 * np.abs(statistics.mean)
    z = np.zeros(volume.shape, dtype=np.float32)
    np.divide(volume - statistics.mean, statistics.sd, out=z, where=alive)
    return z
