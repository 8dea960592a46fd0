"""The repetition time of a run from what header and sidecar say of it, units checked."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from inference.imaging.bids import number

#: No volume takes less or more; what lies outside was written in another unit than the one named.
SHORTEST_TR_S: Final = 0.05
LONGEST_TR_S: Final = 30.0
_SECONDS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_PLAIN: Final = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}
#: Headers keep single precision and exporters round.
_SAME: Final = 2e-3
_REGULAR: Final = 0.02


def repetition_time(tr: float | None, unit: str, sidecar: Mapping[str, Any]) -> tuple[float | None, tuple[str, ...]]:
    """Tell the seconds from volume to volume, None where neither header nor sidecar does, and what is odd about it.

    Parameters
    ----------
    tr, unit : as the header has them; the unit is "s", "ms", "us" or "" where none is named.
    sidecar : the fields of the BIDS sidecar; its ``RepetitionTime`` or ``VolumeTiming`` goes before the header.
    """
    problems: list[str] = []
    told_s = _from_sidecar(sidecar, problems)
    header_s = _from_header(tr, unit, problems, is_only=told_s is None)
    if told_s is None:
        if header_s is None:
            problems.append("Neither the header nor a sidecar tells the repetition time (TR).")
        return header_s, tuple(problems)
    if header_s is not None and abs(header_s - told_s) > _SAME * told_s:
        problems.append(f"The header gives a TR of {header_s:g} s, the sidecar {told_s:g} s; the sidecar's is used.")
    return told_s, tuple(problems)


def _from_header(tr: float | None, unit: str, problems: list[str], *, is_only: bool) -> float | None:
    # 1 without a unit is what is written where nobody set it.
    if tr is None or (tr == 1.0 and not unit):
        return None
    taken_s = tr * _SECONDS.get(unit, 1.0)
    written = f"The header gives a TR of {tr:g} {unit or 'without a unit'}"
    if SHORTEST_TR_S <= taken_s <= LONGEST_TR_S:
        if not unit and is_only:
            problems.append(f"{written}; seconds are taken.")
        return taken_s
    for other, factor in _SECONDS.items():
        if SHORTEST_TR_S <= tr * factor <= LONGEST_TR_S:
            problems.append(f"{written}; {_PLAIN[other]} are meant: {tr * factor:g} s is used.")
            return tr * factor
    problems.append(f"{written}, which no scanner has; it is not used.")
    return None


def _from_sidecar(sidecar: Mapping[str, Any], problems: list[str]) -> float | None:
    tr = number(sidecar, "RepetitionTime")
    if tr is None:
        return _from_timing(sidecar, problems)
    if SHORTEST_TR_S <= tr <= LONGEST_TR_S:
        return tr
    if SHORTEST_TR_S <= tr / 1000 <= LONGEST_TR_S:
        problems.append(f"The sidecar gives a TR of {tr:g} s; milliseconds are meant: {tr / 1000:g} s is used.")
        return tr / 1000
    problems.append(f"The sidecar gives a TR of {tr:g} s, which no scanner has; it is not used.")
    return None


def _from_timing(sidecar: Mapping[str, Any], problems: list[str]) -> float | None:
    timing = sidecar.get("VolumeTiming")
    if not isinstance(timing, list) or len(timing) < 2 or not all(isinstance(t, int | float) for t in timing):
        return None
    steps_s = np.diff(np.asarray(timing, dtype=np.float64))
    tr_s = float(np.median(steps_s))
    if not SHORTEST_TR_S <= tr_s <= LONGEST_TR_S:
        return None
    if np.any(np.abs(steps_s - tr_s) > _REGULAR * tr_s):
        problems.append(
            "The sidecar says that the volumes do not follow each other evenly (VolumeTiming); "
            f"their median step of {tr_s:g} s is used throughout."
        )
    return tr_s
