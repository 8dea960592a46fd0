"""What a person chose for the events of one recording: thresholds of networks, and what makes a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from app.study.analyses import Analysis
from inference.errors import StudyError
from inference.labels.clusters import ClusterRule
from inference.labels.detections import Detection, ModelReference
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, find_near_misses, form_detections, with_threshold

CLUSTER_GAP: Final = "cluster_gap_s"
CLUSTER_SIZE: Final = "cluster_min_spasms"
_THRESHOLD = "threshold:"
_GAP_RANGE_S = (1.0, 600.0)
_SIZE_RANGE = (2, 100)


@dataclass(frozen=True, slots=True)
class Setting:
    """One number that a person chose, who chose it and when; ``changed`` is UTC."""

    setting_id: str
    value: float
    author: str
    changed: datetime


@dataclass(frozen=True, slots=True, eq=False)
class FormedEvents:
    """What one network's probability amounts to by one rule; ``rule`` is None where it finds no events."""

    rule: EventRule | None
    detections: tuple[Detection, ...]
    near_misses: tuple[Detection, ...] = ()


def threshold_id(model: ModelReference) -> str:
    """Name the setting that holds a network's threshold; another version of it has one of its own."""
    return f"{_THRESHOLD}{model.digest}"


def check_setting(setting_id: str, value: float) -> None:
    """Refuse a number that makes no sense.

    Raises
    ------
    StudyError
        It is out of range.
    """
    low, high, what = {
        CLUSTER_GAP: (*_GAP_RANGE_S, "The pause between spasms of a cluster in seconds"),
        CLUSTER_SIZE: (*_SIZE_RANGE, "The number of spasms that make a cluster"),
    }.get(setting_id, (0.01, 0.999, "A threshold"))
    if not low <= value <= high:
        raise StudyError(f"{what} lies between {low:g} and {high:g}; {value:g} does not.")


def cluster_rule(settings: Mapping[str, Setting]) -> ClusterRule:
    """Give the rule by which spasms are grouped."""
    rule = ClusterRule()
    if CLUSTER_GAP in settings:
        rule = replace(rule, gap_s=settings[CLUSTER_GAP].value)
    if CLUSTER_SIZE in settings:
        rule = replace(rule, min_spasms=round(settings[CLUSTER_SIZE].value))
    return rule


def form_events(
    analysis: Analysis, threshold: float | None, duration_s: float | None, *, near_misses: bool = True
) -> FormedEvents:
    """Form the events of an analysis by another threshold than its own, None for its own, without the network.

    Parameters
    ----------
    duration_s : length of the recording; None ends it with the last probability.
    near_misses : whether to look for them as well, which takes ten times as long.
    """
    rule = analysis.rule
    if rule is None:
        return FormedEvents(None, analysis.detections)
    end_s = float(analysis.time_s[-1]) if duration_s is None and len(analysis.time_s) else duration_s or 0.0
    probability = analysis.probability.reshape(len(analysis.time_s), -1)[:, -1]
    source = DetectionSource(analysis.reference, analysis.calibration, analysis.channels)
    detections = analysis.detections
    if threshold is not None and threshold != rule.threshold:
        rule = with_threshold(rule, threshold)
        detections = form_detections(analysis.time_s, probability, rule, source, end_s)
    misses = find_near_misses(analysis.time_s, probability, rule, source, end_s) if near_misses else ()
    return FormedEvents(rule, detections, misses)


def setting_to_json(setting: Setting) -> dict[str, Any]:
    """Give a setting as JSON values; its time in ISO 8601, UTC."""
    return {
        "setting_id": setting.setting_id,
        "value": setting.value,
        "author": setting.author,
        "changed": setting.changed.isoformat(),
    }


def setting_from_json(fields: Mapping[str, Any]) -> Setting:
    """Read a setting; KeyError, TypeError or ValueError where the fields are not those of one."""
    return Setting(**{**fields, "changed": datetime.fromisoformat(fields["changed"])})
