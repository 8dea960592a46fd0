"""From a probability track to events."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

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
    detections = []
    for first, stop in _join(_hysteresis(probability, rule), time_s, rule, probability):
        onset_s = max(0.0, float(time_s[first]) - rule.span_s / 2)
        end_s = min(duration_s, float(time_s[stop - 1]) + rule.span_s / 2)
        if end_s - onset_s >= rule.min_duration_s:
            highest = float(np.nanmax(probability[first:stop]))
            detections.append(_make_detection(onset_s, end_s - onset_s, highest, rule, source))
    return tuple(detections)


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
    taken = list(form_detections(time_s, probability, rule, source, duration_s))
    misses = []
    for threshold in (rule.threshold_low, NEAR_MISS_SHARE * rule.threshold):
        lower = with_threshold(rule, threshold)
        candidates = form_detections(time_s, probability, lower, source, duration_s)
        free = _apart_from(candidates, sorted(taken, key=lambda event: event.onset_s))
        told = (replace(event, threshold=rule.threshold) for event in free)
        misses += [event for event in told if event.is_near_miss]
        taken += free
    return tuple(sorted(misses, key=lambda event: event.onset_s))


def _apart_from(events: Sequence[Detection], others: Sequence[Detection]) -> list[Detection]:
    """Choose the events that share no time with any of the others, which do not overlap one another."""
    ends_s = np.array([other.end_s for other in others])
    first = np.searchsorted(ends_s, [event.onset_s for event in events], side="right")
    return [
        event
        for event, index in zip(events, first, strict=True)
        if index == len(others) or others[index].onset_s >= event.end_s
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


def _hysteresis(probability: NDArray[np.float32], rule: EventRule) -> Iterator[tuple[int, int]]:
    is_high = np.nan_to_num(probability, nan=-1.0) >= rule.threshold_low
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_high, [False]))))
    if not len(edges):
        return
    # Every other stretch that this reduces lies between the runs, and the last may end with the track.
    highest = np.maximum.reduceat(np.append(probability, np.float32(0)), edges)[::2]
    for first, stop in edges.reshape(-1, 2)[highest >= rule.threshold].tolist():
        yield first, stop


def _join(
    runs: Iterator[tuple[int, int]], time_s: NDArray[np.float64], rule: EventRule, probability: NDArray[np.float32]
) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, stop in runs:
        if joined:
            before, last = joined[-1]
            apart_s = time_s[first] - time_s[last - 1] - rule.span_s
            if apart_s < rule.merge_gap_s and not np.isnan(probability[last:first]).any():
                joined[-1] = before, stop
                continue
        joined.append((first, stop))
    return joined


def _make_detection(
    onset_s: float, duration_s: float, probability: float, rule: EventRule, source: DetectionSource
) -> Detection:
    # To the millisecond, so that the last digit of a sum does not make another event of it.
    key = f"{source.model.digest}|{rule.label}|{onset_s:.3f}|{duration_s:.3f}"
    return Detection(
        detection_id=hashlib.sha256(key.encode()).hexdigest()[:16],
        onset_s=onset_s,
        duration_s=duration_s,
        label=rule.label,
        probability=probability,
        calibration=source.calibration,
        model=source.model,
        channels=source.channels,
        threshold=rule.threshold,
    )


def describe_calibration(calibration: Mapping[str, object]) -> str:
    """Say in one phrase how a card's probabilities were calibrated."""
    values = (f"{name} {value}" for name, value in calibration.items() if isinstance(value, str | int | float))
    return ", ".join(values) or "not calibrated"
