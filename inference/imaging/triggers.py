"""Volume triggers as a regular grid in time, with those that are missing and those that are too many."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.repetition import LONGEST_TR_S, SHORTEST_TR_S
from inference.recordings.recording import FileAnnotation

#: What amplifiers and their programs call the pulse that a scanner sends with each volume or slice.
_KNOWN: Final = re.compile(
    r"(?:^|[/\s,])"
    r"(?:R\s*128|V\s*1|T\s*1|TR|scan[ _]?start|(?:volume|slice|scanner|mri?|fmri)(?:[ _]?(?:trigger|pulse|tr))?)"
    r"(?:_on)?$",
    re.IGNORECASE,
)
#: A trigger this far from its place, as a share of the step and in seconds, is another thing.
_TOLERANCE: Final = 0.05
_TOLERANCE_S: Final = 0.05
#: Triggers that tell the step between them better than the header does.
_ENOUGH: Final = 10
#: Steps without a trigger that end a train: a scanner was stopped and started again.
_LONGEST_PAUSE: Final = 5
_MOST_SLICES: Final = 200
_MOST_TRAINS: Final = 12
#: The first fit rests on triggers that follow each other; the next on all that lie on its grid.
_FITS: Final = 3
#: Triggers under an unknown name must come in such numbers, and so regularly, to count.
_LEAST_REGULAR: Final = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class TriggerTrain:
    """Triggers on a regular grid.

    Attributes
    ----------
    label : the annotations' label.
    onset_s : of the first step of the grid, fitted over all triggers.
    step_s : from step to step, on the clock of the recording.
    n_steps : from the first trigger to the last, the missing ones included.
    missing : steps without a trigger, from 0.
    extra_s : triggers that lie between steps, or twice on one.
    steps_per_volume : 1, or the number of slices (or slice groups) where each of them has its trigger.
    spread_s : standard deviation of the triggers about the grid.
    """

    label: str
    onset_s: float
    step_s: float
    n_steps: int
    missing: tuple[int, ...]
    extra_s: tuple[float, ...]
    steps_per_volume: int
    spread_s: float

    @property
    def onsets_s(self) -> NDArray[np.float64]:
        """Every step of the grid, the missing ones included."""
        return np.asarray(self.onset_s + self.step_s * np.arange(self.n_steps), dtype=np.float64)


def find_trigger_train(
    annotations: Iterable[FileAnnotation], tr_s: float | None, n_volumes: int
) -> tuple[TriggerTrain | None, tuple[str, ...]]:
    """Find the triggers of a run among a recording's annotations, None where there are none, and what is odd.

    Triggers are known by their name (R128, V 1, TR, Scan Start ...), else by coming once a TR. Where the scanner ran
    several times in one recording, the train is taken whose length is nearest to the run's.

    Parameters
    ----------
    tr_s : the run's TR, None where it is to be told from the triggers.
    n_volumes : volumes of the run.
    """
    groups: dict[str, list[float]] = {}
    for annotation in annotations:
        groups.setdefault(annotation.label.strip(), []).append(annotation.onset_s)
    candidates = []
    for label, onsets in groups.items():
        onsets_s = np.unique(np.asarray(onsets, dtype=np.float64))
        known = _KNOWN.search(label) is not None
        step = _find_step(onsets_s, tr_s, known=known)
        if step is not None:
            candidates.append((known, label, onsets_s, *step))
    if not candidates:
        return None, ()
    # One mark of a known name says less than a train of another.
    best = max(candidates, key=lambda found: (found[0] and len(found[2]) > 1, len(found[2])))
    _, label, onsets_s, step_s, per_volume = best
    trains = [_fit(label, part, step_s, per_volume) for part in _parts(onsets_s, step_s)]
    wanted = n_volumes * per_volume
    train = min(trains, key=lambda train: (abs(train.n_steps - wanted), len(train.extra_s)))
    if len(trains) == 1:
        return train, ()
    return train, (
        f"The scanner's triggers ({label}) come in several trains; the one at {train.onset_s:.1f} s with "
        f"{train.n_steps // per_volume} volumes is taken for this run of {n_volumes}.",
    )


def _find_step(onsets_s: NDArray[np.float64], tr_s: float | None, *, known: bool) -> tuple[float, int] | None:
    """Tell the step between triggers and how many make a volume, None where these are no triggers of the run."""
    if len(onsets_s) == 1:
        return (tr_s, 1) if known and tr_s is not None else None
    steps_s = np.diff(onsets_s)
    usual_s = float(np.median(steps_s))
    if tr_s is None:
        return (usual_s, 1) if known and SHORTEST_TR_S <= usual_s <= LONGEST_TR_S else None
    per_volume = min(max(1, round(tr_s / usual_s)), _MOST_SLICES)
    step_s = tr_s / per_volume
    # Where most triggers are missing, the usual distance is several steps.
    n_steps = max(1, round(usual_s / step_s))
    if abs(usual_s - n_steps * step_s) < _TOLERANCE * step_s:
        counts = known or (len(onsets_s) >= _ENOUGH and _share(steps_s, step_s) >= _LEAST_REGULAR)
        return (step_s, per_volume) if counts else None
    # The header's TR is wrong where a scanner's triggers agree on another.
    return (usual_s, per_volume) if known and _share(steps_s, usual_s) >= _LEAST_REGULAR else None


def _share(steps_s: NDArray[np.float64], step_s: float) -> float:
    return float(np.mean(np.abs(steps_s - step_s) < _TOLERANCE * step_s))


def _parts(onsets_s: NDArray[np.float64], step_s: float) -> list[NDArray[np.float64]]:
    """Give the trains between long pauses, and every run of trains that goes on across them on one grid."""
    cuts = np.flatnonzero(np.diff(onsets_s) > (_LONGEST_PAUSE + 0.5) * step_s) + 1
    trains = np.split(onsets_s, cuts)
    if len(trains) > _MOST_TRAINS:
        return sorted(trains, key=len, reverse=True)[:_MOST_TRAINS]
    joined = [trains[0]]
    for train in trains[1:]:
        if _share_a_grid(joined[-1], train, step_s):
            joined[-1] = np.concatenate([joined[-1], train])
        else:
            joined.append(train)
    return joined


def _share_a_grid(one: NDArray[np.float64], other: NDArray[np.float64], step_s: float) -> bool:
    """Tell whether a pause is one in which triggers were lost; a scanner started anew hits the grid one time in ten."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if len(longer) < _ENOUGH:
        return False
    grid = _fit("", longer, step_s, 1)
    places = (shorter - grid.onset_s) / grid.step_s
    return bool(np.median(np.abs(places - np.rint(places))) < _tolerance_s(step_s) / step_s)


def _fit(label: str, onsets_s: NDArray[np.float64], step_s: float, per_volume: int) -> TriggerTrain:
    """Fit the grid on which most triggers lie."""
    tolerance_s = _tolerance_s(step_s)
    onset_s = _first_on_grid(onsets_s, step_s, tolerance_s)
    refined_s = _refine_step(onsets_s, step_s)
    places = _chain(onsets_s, onset_s, refined_s, tolerance_s)
    for _ in range(_FITS):
        if np.sum(places >= 0) < _ENOUGH:
            break
        refined_s, onset_s = (float(value) for value in np.polyfit(places[places >= 0], onsets_s[places >= 0], 1))
        nearest = np.rint((onsets_s - onset_s) / refined_s).astype(np.int64)
        on_grid = np.abs(onsets_s - onset_s - nearest * refined_s) < tolerance_s
        first = int(nearest[on_grid].min())
        onset_s += first * refined_s
        places = np.where(on_grid, nearest - first, -1)
    on_grid = places >= 0
    taken, firsts = np.unique(places[on_grid], return_index=True)
    kept = np.flatnonzero(on_grid)[firsts]
    n_steps = int(taken[-1]) + 1
    errors_s = onsets_s[kept] - onset_s - taken * refined_s
    return TriggerTrain(
        label=label,
        onset_s=onset_s,
        step_s=refined_s,
        n_steps=n_steps,
        missing=tuple(sorted(set(range(n_steps)) - set(taken.tolist()))),
        extra_s=tuple(np.delete(onsets_s, kept).tolist()),
        steps_per_volume=per_volume,
        spread_s=float(np.std(errors_s)),
    )


def _tolerance_s(step_s: float) -> float:
    return min(_TOLERANCE * step_s, _TOLERANCE_S)


def _first_on_grid(onsets_s: NDArray[np.float64], step_s: float, tolerance_s: float) -> float:
    """Give the first trigger that another follows after a whole number of steps: the others are strays."""
    for index, onset_s in enumerate(onsets_s[:-1]):
        places = (onsets_s[index + 1 : index + 1 + 2 * _LONGEST_PAUSE] - onset_s) / step_s
        if np.any((np.abs(places - np.rint(places)) * step_s < tolerance_s) & (np.rint(places) > 0)):
            return float(onset_s)
    return float(onsets_s[0])


def _refine_step(onsets_s: NDArray[np.float64], step_s: float) -> float:
    steps_s = np.diff(onsets_s)
    alike = steps_s[np.abs(steps_s - step_s) < _TOLERANCE * step_s]
    return float(np.median(alike)) if len(alike) >= _ENOUGH else step_s


def _chain(onsets_s: NDArray[np.float64], first_s: float, step_s: float, tolerance_s: float) -> NDArray[np.int64]:
    """Count the steps from trigger to trigger; -1 marks those that lie off the grid or twice on one step."""
    places = np.full(len(onsets_s), -1, dtype=np.int64)
    last_s, last = first_s, 0
    for index, onset_s in enumerate(onsets_s):
        if onset_s < first_s:
            continue
        n_steps = round((onset_s - last_s) / step_s)
        fits = abs(onset_s - last_s - n_steps * step_s) < tolerance_s
        if fits and (n_steps > 0 or onset_s == first_s):
            last_s, last = float(onset_s), last + n_steps
            places[index] = last
    return places


def describe_steps(steps: Sequence[int], per_volume: int) -> str:
    """Name volumes, counted from 1, in which triggers are missing: the first five and how many more."""
    volumes = sorted({step // per_volume + 1 for step in steps})
    shown = ", ".join(f"{volume:,}" for volume in volumes[:5])
    return shown if len(volumes) <= 5 else f"{shown} and {len(volumes) - 5:,} more"
