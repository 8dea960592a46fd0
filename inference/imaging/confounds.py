"""What moved and what was not brain: the confounds that fMRIPrep writes beside a run."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.bids import run_entities

_LARGEST_BYTES: Final = 50_000_000
_MOVES: Final = ("trans_x", "trans_y", "trans_z")
_TURNS: Final = ("rot_x", "rot_y", "rot_z")
_MOTION: Final = tuple(f"{name}{part}" for name in (*_MOVES, *_TURNS) for part in ("", "_derivative1"))
_TISSUES: Final = ("csf", "white_matter")
#: Turning by a radian moves the cortex by this much (Power et al. 2012).
_HEAD_RADIUS_MM: Final = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Confounds:
    """The confounds of a run.

    Attributes
    ----------
    path : the table they come from.
    names, regressors : those to be taken out of a signal, (volumes, names): motion, its derivatives, and the mean of
        cerebrospinal fluid and of white matter, as far as the table has them.
    displacement_mm : (volumes,) framewise displacement (Power et al. 2012), NaN where unknown; None where the table
        has neither it nor the motion.
    """

    path: Path
    names: tuple[str, ...]
    regressors: NDArray[np.float64]
    displacement_mm: NDArray[np.float64] | None


def find_confounds(run: Path) -> Path | None:
    """Find fMRIPrep's table beside a run, whatever space the run is in."""
    wanted = run_entities(run)
    if "sub" not in wanted:
        return None
    for suffix in ("timeseries", "regressors"):
        for path in sorted(run.parent.glob(f"*_desc-confounds_{suffix}.tsv")):
            if run_entities(path) == wanted:
                return path
    return None


def read_confounds(path: Path, n_volumes: int) -> tuple[Confounds | None, tuple[str, ...]]:
    """Read a table of confounds, None where it cannot be used, and tell what is wrong with it.

    A first value that fMRIPrep does not know (``n/a``, of derivatives) counts as the second, as nilearn has it; any
    other as the column's mean.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError("too large")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    except (OSError, ValueError, csv.Error):
        return None, (f"The confounds in {path.name} cannot be read and are left out.",)
    if len(rows) != n_volumes:
        return None, (f"The confounds in {path.name} are of {len(rows)} volumes, the run has {n_volumes}; left out.",)
    columns = {name: _column(rows, name) for name in (*_MOTION, *_TISSUES, "framewise_displacement")}
    known = {name: values for name, values in columns.items() if np.isfinite(values).any()}
    names = tuple(name for name in (*_MOTION, *_TISSUES) if name in known)
    if not names:
        return None, (f"{path.name} has no columns of motion, cerebrospinal fluid or white matter; it is left out.",)
    regressors = np.stack([_fill(known[name]) for name in names], axis=1)
    return Confounds(path, names, regressors, _displacement_mm(known)), ()


def _column(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    return np.array([_number(row.get(name)) for row in rows])


def _number(text: str | None) -> float:
    try:
        value = float(text or "nan")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _fill(values: NDArray[np.float64]) -> NDArray[np.float64]:
    filled = np.where(np.isfinite(values), values, np.nanmean(values))
    if len(values) > 1 and not np.isfinite(values[0]):
        filled[0] = filled[1]
    return filled


def _displacement_mm(known: dict[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    if "framewise_displacement" in known:
        return known["framewise_displacement"]
    if not all(name in known for name in (*_MOVES, *_TURNS)):
        return None
    steps = [np.abs(np.diff(known[name], prepend=np.nan)) for name in _MOVES]
    steps += [_HEAD_RADIUS_MM * np.abs(np.diff(known[name], prepend=np.nan)) for name in _TURNS]
    return np.asarray(np.sum(steps, axis=0))
