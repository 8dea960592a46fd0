"""What a person chose for the events of one recording: thresholds of networks, and what makes a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from inference.errors import StudyError
from inference.labels.clusters import ClusterRule

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


def threshold_id(digest: str) -> str:
    """Name the setting that holds the threshold of the network with these weights."""
    return f"{_THRESHOLD}{digest}"


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
