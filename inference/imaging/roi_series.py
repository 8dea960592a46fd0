"""The BOLD signal of every region over a run, cleaned as nilearn does it."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.confounds import Confounds
from inference.imaging.parcels import N_PARCELS
from inference.imaging.volumes import Volumes

#: The context of the sleep-staging network.
WINDOW_VOLUMES: Final = 42
#: Fewer volumes are not filtered: nilearn's band-pass extends a signal by 33 at each end and refuses shorter ones.
_LEAST_FILTERED: Final = 40
#: Fewer volumes have no correlation worth a colour.
_LEAST_CORRELATED: Final = 8


@dataclass(frozen=True, slots=True)
class CleaningOptions:
    """What is done to the mean signal of a region; None switches a step off.

    ``scrub_above_mm`` is the framewise displacement above which a volume is left out; ``confounds`` tells whether those
    beside the run are regressed out.
    """

    detrend: bool = True
    high_pass_hz: float | None = 0.01
    low_pass_hz: float | None = 0.1
    standardise: bool = True
    confounds: bool = True
    scrub_above_mm: float | None = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class RegionMeans:
    """The mean of the voxels of each region in each volume.

    ``values`` is (volumes, 100) in the image's unit, NaN where a region has no finite voxel; ``n_voxels`` (100,) how
    many voxels of the image's grid each region has, 0 where the image does not cover it.
    """

    values: NDArray[np.float64]
    n_voxels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RoiSeries:
    """The cleaned signals of a run.

    Attributes
    ----------
    values : (volumes, 100) float32, z-scores or the image's unit; NaN in scrubbed volumes and in regions that the
        image does not cover.
    scrubbed : (volumes,) whether a volume is left out, for motion or because it holds no numbers.
    displacement_mm : (volumes,) framewise displacement, None where nothing tells.
    means : what was cleaned.
    options : how it was cleaned.
    confounds : the confounds beside the run, taken out or not; None where there are none.
    problems : sentences about what could not be done as asked.
    """

    values: NDArray[np.float32]
    scrubbed: NDArray[np.bool_]
    displacement_mm: NDArray[np.float64] | None
    means: RegionMeans
    options: CleaningOptions
    confounds: Confounds | None
    problems: tuple[str, ...]


def region_means(volumes: Volumes, labels: NDArray[np.integer]) -> RegionMeans:
    """Average the voxels of each region, one volume in memory at a time.

    What ``nilearn.maskers.NiftiLabelsMasker`` gives, but for voxels that are NaN or infinite: there they count as 0,
    here they do not count.

    Parameters
    ----------
    labels : (x, y, z) on the image's own grid, 0 or a parcel's label.

    Raises
    ------
    ImagingError
        The file can no longer be read.
    """
    inside = np.flatnonzero(np.ravel(labels, order="F"))
    regions = np.ravel(labels, order="F")[inside].astype(np.int64)
    n_voxels = np.bincount(regions, minlength=N_PARCELS + 1)[1:]
    values = np.full((volumes.n_volumes, N_PARCELS), np.nan)
    for index in range(volumes.n_volumes):
        voxels = np.ravel(volumes.stored(index), order="F")[inside].astype(np.float64)
        known = np.isfinite(voxels)
        if known.all():
            counts = n_voxels
        else:
            voxels = np.where(known, voxels, 0.0)
            counts = np.bincount(regions, known, N_PARCELS + 1)[1:].astype(np.int64)
        sums = np.bincount(regions, voxels, N_PARCELS + 1)[1:]
        np.divide(sums, counts, out=values[index], where=counts > 0)
    return RegionMeans(values * volumes.header.slope + volumes.header.intercept, n_voxels)


def clean_series(
    means: RegionMeans, tr_s: float, options: CleaningOptions, confounds: Confounds | None = None
) -> RoiSeries:
    """Detrend, filter, take out confounds and standardise, in nilearn's order (``nilearn.signal.clean``).

    Scrubbed volumes are interpolated before the filter and taken out after it, as nilearn does.
    """
    problems: list[str] = []
    displacement_mm = None if confounds is None else confounds.displacement_mm
    scrubbed = _scrub(means, displacement_mm, options, problems)
    covered = np.asarray(np.isfinite(means.values[~scrubbed]).all(axis=0))
    _tell_uncovered(means, covered, problems)
    values = np.full(means.values.shape, np.nan, dtype=np.float32)
    kept = np.flatnonzero(~scrubbed)
    if covered.any() and len(kept) > 1:
        settings = _settings(kept, tr_s, options, confounds, problems)
        values[np.ix_(kept, covered)] = _clean(means.values[:, covered], kept, settings)
    values.flags.writeable = scrubbed.flags.writeable = False
    return RoiSeries(values, scrubbed, displacement_mm, means, options, confounds, tuple(problems))


def window_connectivity(series: RoiSeries, volume: int, n_volumes: int = WINDOW_VOLUMES) -> NDArray[np.float32]:
    """Correlate every region with every other over the window around a volume.

    The window holds ``n_volumes``, the given one in its middle (of an even number, the later of the two); at an end of
    the run it is shorter. Scrubbed volumes do not count.

    Returns
    -------
    (100, 100) float32 Pearson correlations, 1 on the diagonal; NaN for a region without a signal there, and everywhere
    where fewer than 8 volumes count.
    """
    first = max(0, volume - n_volumes // 2)
    window = series.values[first : max(0, volume - n_volumes // 2 + n_volumes)]
    window = window[~series.scrubbed[first : first + len(window)]].astype(np.float64)
    correlations = np.full((window.shape[1], window.shape[1]), np.nan, dtype=np.float32)
    if len(window) < _LEAST_CORRELATED:
        return correlations
    centred = window - window.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    alive = np.flatnonzero(np.isfinite(length) & (length > 1e-9 * np.linalg.norm(window, axis=0)))
    unit = centred[:, alive] / length[alive]
    correlations[np.ix_(alive, alive)] = np.clip(unit.T @ unit, -1, 1)
    return correlations


def _scrub(
    means: RegionMeans, displacement_mm: NDArray[np.float64] | None, options: CleaningOptions, problems: list[str]
) -> NDArray[np.bool_]:
    empty = np.asarray(~np.isfinite(means.values).any(axis=1))
    scrubbed = empty.copy()
    if empty.any() and not empty.all():
        problems.append(f"{_name_volumes(empty)} no numbers in any region (NaN) and not used.")
    if displacement_mm is not None and options.scrub_above_mm is not None:
        moved = displacement_mm > options.scrub_above_mm
        scrubbed |= moved
        if moved.any():
            problems.append(
                f"The head moved by more than {options.scrub_above_mm:g} mm in {int(moved.sum())} of {len(moved)} "
                "volumes; they are marked and left out."
            )
    return scrubbed


def _name_volumes(which: NDArray[np.bool_]) -> str:
    numbers = [str(index + 1) for index in np.flatnonzero(which)]
    shown = ", ".join(numbers[:5]) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"Volume {shown} holds" if len(numbers) == 1 else f"Volumes {shown} hold"


def _tell_uncovered(means: RegionMeans, covered: NDArray[np.bool_], problems: list[str]) -> None:
    n_outside = int(np.sum(means.n_voxels == 0))
    n_broken = int(np.sum(~covered)) - n_outside
    if n_outside:
        problems.append(
            f"{n_outside} of the {N_PARCELS} regions hold no voxel, the image being too coarse or not reaching them; "
            "they have no signal."
        )
    if n_broken > 0:
        problems.append(f"{n_broken} regions hold no numbers (NaN) in some volumes; they have no signal.")


def _settings(
    kept: NDArray[np.intp], tr_s: float, options: CleaningOptions, confounds: Confounds | None, problems: list[str]
) -> dict[str, Any]:
    """Give what nilearn is to be asked for, as far as the run is long enough for it."""
    low_pass_hz, high_pass_hz = options.low_pass_hz, options.high_pass_hz
    if len(kept) < _LEAST_FILTERED and (low_pass_hz, high_pass_hz) != (None, None):
        problems.append(f"{len(kept)} volumes are too few to be filtered; the signals are not.")
        low_pass_hz = high_pass_hz = None
    if low_pass_hz is not None and low_pass_hz >= 0.5 / tr_s:
        # At half the rate of the volumes there is nothing left to take out.
        low_pass_hz = None
    regressors = confounds.regressors if confounds is not None and options.confounds else None
    if regressors is not None and len(kept) <= regressors.shape[1] + 2:
        problems.append(f"{len(kept)} volumes are too few to take out {regressors.shape[1]} confounds; they are not.")
        regressors = None
    return {
        "detrend": options.detrend,
        "standardize": "zscore_sample" if options.standardise else None,
        "confounds": regressors,
        "filter": False if low_pass_hz is None and high_pass_hz is None else "butterworth",
        "low_pass": low_pass_hz,
        "high_pass": high_pass_hz,
        "t_r": tr_s,
    }


def _clean(values: NDArray[np.float64], kept: NDArray[np.intp], settings: dict[str, Any]) -> NDArray[np.float64]:
    """Clean signals (volumes, regions) and give the kept volumes of them."""
    from nilearn import signal

    # nilearn replaces what is scrubbed, but trips over NaN there.
    finite = np.where(np.isfinite(values), values, 0.0)
    return np.asarray(signal.clean(finite, sample_mask=kept if len(kept) < len(values) else None, **settings))
