"""From a probability track to events."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.labels.detections import Detection, ModelReference
from inference.runtime.cards import EventRule


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
            detections.append(_make_detection(onset_s, end_s - onset_s, highest, rule.label, source))
    return tuple(detections)


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
    for first, stop in edges.reshape(-1, 2):
        if probability[first:stop].max() >= rule.threshold:
            yield int(first), int(stop)


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
    onset_s: float, duration_s: float, probability: float, label: str, source: DetectionSource
) -> Detection:
    # To the millisecond, so that the last digit of a sum does not make another event of it.
    key = f"{source.model.digest}|{label}|{onset_s:.3f}|{duration_s:.3f}"
    return Detection(
        detection_id=hashlib.sha256(key.encode()).hexdigest()[:16],
        onset_s=onset_s,
        duration_s=duration_s,
        label=label,
        probability=probability,
        calibration=source.calibration,
        model=source.model,
        channels=source.channels,
    )


def describe_calibration(calibration: Mapping[str, object]) -> str:
    """Say in one phrase how a card's probabilities were calibrated."""
    values = (f"{name} {value}" for name, value in calibration.items() if isinstance(value, str | int | float))
    return ", ".join(values) or "not calibrated"
