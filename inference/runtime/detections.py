"""From a probability track to events."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.labels.detections import Detection, ModelReference
from inference.runtime.cards import EventRule

#: What reaches this share of the threshold without reaching it is a near miss (this project's choice).
NEAR_MISS_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class DetectionSource:
    """What every detection of one analysis says about where it comes from."""

    model: ModelReference
    calibration: str
    channels: tuple[str, ...]


def form_detections(
    time_s: NDArray[np.float64],
    probability: NDArray[np.float32],
    rule: EventRule,
    source: DetectionSource,
    duration_s: float,
) -> tuple[Detection, ...]:
    """Turn a probability track into events by hysteresis, joining near ones and dropping short ones.

    Parameters
    ----------
    time_s : (n,) evenly spaced times.
    probability : (n,) the probability around each time, NaN where there is none; events do not cross NaN.
    rule : thresholds and durations.
    source : what the detections carry.
    duration_s : length of the recording, which no event leaves.
    """
    runs = _form_runs(time_s, probability, rule, duration_s)
    return tuple(_make_detection(run, rule, source) for run in runs)


def with_threshold(rule: EventRule, threshold: float) -> EventRule:
    """Give a rule another threshold; events go on as low as before, unless the threshold falls below that.

    Events that reach both the old and the new threshold keep their edges, and with them their ids.
    """
    return replace(rule, threshold=threshold, threshold_low=min(rule.threshold_low, threshold))


def find_near_misses(
    time_s: NDArray[np.float64],
    probability: NDArray[np.float32],
    rule: EventRule,
    source: DetectionSource,
    duration_s: float,
) -> tuple[Detection, ...]:
    """Form what a lower threshold would have found, down to `NEAR_MISS_SHARE` of the rule's.

    A near miss has the edges that the event would have had, and lies beside the events of the rule, never over them.
    Parameters as for `form_detections`.
    """
    taken = _form_runs(time_s, probability, rule, duration_s)
    misses: list[_Run] = []
    for threshold in (rule.threshold_low, NEAR_MISS_SHARE * rule.threshold):
        candidates = _form_runs(time_s, probability, with_threshold(rule, threshold), duration_s)
        free = _apart_from(candidates, sorted([*taken, *misses]))
        misses += [run for run in free if np.float32(run.highest) < np.float32(rule.threshold)]
    return tuple(_make_detection(run, rule, source) for run in sorted(misses))


class _Run(NamedTuple):
    """One event before it is told: where it lies, and the highest probability in it."""

    onset_s: float
    end_s: float
    highest: float


def _form_runs(
    time_s: NDArray[np.float64], probability: NDArray[np.float32], rule: EventRule, duration_s: float
) -> list[_Run]:
    runs = _hysteresis(probability, rule)
    if not len(runs):
        return []
    edges = _join(runs, time_s, rule, probability)
    highest = _highest_between(probability, edges.ravel())
    onsets_s = np.maximum(0.0, time_s[edges[:, 0]] - rule.span_s / 2)
    ends_s = np.minimum(duration_s, time_s[edges[:, 1] - 1] + rule.span_s / 2)
    is_long = ends_s - onsets_s >= rule.min_duration_s
    values = (array[is_long].tolist() for array in (onsets_s, ends_s, highest))
    return [_Run(*run) for run in zip(*values, strict=True)]


def _apart_from(runs: Sequence[_Run], others: Sequence[_Run]) -> list[_Run]:
    """Choose the runs that share no time with any of the others, which do not overlap one another."""
    first = np.searchsorted([other.end_s for other in others], [run.onset_s for run in runs], side="right").tolist()
    return [
        run
        for run, index in zip(runs, first, strict=True)
        if index == len(others) or others[index].onset_s >= run.end_s
    ]


def settled_length(time_s: NDArray[np.float64], probability: NDArray[np.float32], rule: EventRule) -> int:
    """Say how much of a growing track will form the same events whatever comes after it.

    Returns
    -------
    A length n such that the events of the track up to n, and those of the track from n on, are together those of the
    whole track.
    """
    high = np.flatnonzero(np.nan_to_num(probability, nan=-1.0) >= rule.threshold_low)
    if len(high) == 0:
        return len(probability)
    # Each stretch of low values behind a high one, the last of them still growing.
    next_high = np.append(high[1:], len(probability))
    last_low_s = time_s[next_high - 1]
    is_wide = (last_low_s - time_s[high] - rule.span_s >= rule.merge_gap_s) & (next_high - high > 1)
    wide = np.flatnonzero(is_wide)
    return int(high[wide[-1]]) + 1 if len(wide) else 0


def _hysteresis(probability: NDArray[np.float32], rule: EventRule) -> NDArray[np.intp]:
    """Give first and stop of each stretch, (n, 2), that goes on above the low threshold and reaches the high one."""
    is_high = np.nan_to_num(probability, nan=-1.0) >= rule.threshold_low
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_high, [False]))))
    return edges.reshape(-1, 2)[_highest_between(probability, edges) >= rule.threshold]


def _join(
    runs: NDArray[np.intp], time_s: NDArray[np.float64], rule: EventRule, probability: NDArray[np.float32]
) -> NDArray[np.intp]:
    apart_s = time_s[runs[1:, 0]] - time_s[runs[:-1, 1] - 1] - rule.span_s
    is_near = apart_s < rule.merge_gap_s
    for index in np.flatnonzero(is_near):
        is_near[index] = not np.isnan(probability[runs[index, 1] : runs[index + 1, 0]]).any()
    return np.stack([runs[np.append(True, ~is_near), 0], runs[np.append(~is_near, True), 1]], axis=1)


def _highest_between(probability: NDArray[np.float32], edges: NDArray[np.intp]) -> NDArray[np.float32]:
    """Give the maximum from each even edge to the odd one behind it, which may be the track's end."""
    if not len(edges):
        return np.zeros(0, dtype=np.float32)
    highest: NDArray[np.float32] = np.maximum.reduceat(np.append(probability, np.float32(0)), edges)[::2]
    return highest


def _make_detection(run: _Run, rule: EventRule, source: DetectionSource) -> Detection:
    onset_s, duration_s = run.onset_s, run.end_s - run.onset_s
    # To the millisecond, so that the last digit of a sum does not make another event of it.
    key = f"{source.model.digest}|{rule.label}|{onset_s:.3f}|{duration_s:.3f}"
    return Detection(
        detection_id=hashlib.sha256(key.encode()).hexdigest()[:16],
        onset_s=onset_s,
        duration_s=duration_s,
        label=rule.label,
        probability=run.highest,
        calibration=source.calibration,
        model=source.model,
        channels=source.channels,
        threshold=rule.threshold,
    )


def describe_calibration(calibration: Mapping[str, object]) -> str:
    """Say in one phrase how a card's probabilities were calibrated."""
    values = (f"{name} {value}" for name, value in calibration.items() if isinstance(value, str | int | float))
    return ", ".join(values) or "not calibrated"
