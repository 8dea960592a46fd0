"""Where the volumes lie on the clock of the recording, and how that is known."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.imaging.bids import number, read_sidecars
from inference.imaging.triggers import TriggerTrain, describe_steps, find_trigger_train
from inference.imaging.volumes import Volumes
from inference.recordings.recording import Recording

#: Triggers may disagree with the image's TR by this share before it is said: clocks differ by far less.
_SAME_TR: Final = 2e-3
_LARGEST_TABLE_BYTES: Final = 4_000_000
_TIME: Final = re.compile(r"^(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$")
_DAY_S: Final = 86_400.0


class ClockSource(StrEnum):
    """How the start of the first volume is known."""

    HAND = "hand"
    TRIGGERS = "triggers"
    SIDECAR = "sidecar"
    TIMES = "times"
    ASSUMED = "assumed"
    OWN = "own"


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Volume i covers [offset_s + i * tr_s, offset_s + (i + 1) * tr_s) of the recording.

    Attributes
    ----------
    offset_s : start of the first volume, in seconds from the start of the recording; may lie before it.
    tr_s : seconds from volume to volume on the recording's clock.
    n_volumes : volumes of the run.
    source : how the offset is known.
    train : the volume triggers, None where there are none.
    problems : sentences about what does not agree, places of missing and extra triggers included.
    """

    offset_s: float
    tr_s: float
    n_volumes: int
    source: ClockSource
    train: TriggerTrain | None
    problems: tuple[str, ...]

    @property
    def end_s(self) -> float:
        """End of the last volume."""
        return self.offset_s + self.n_volumes * self.tr_s

    def onset_s(self, volume: int) -> float:
        """Give the start of a volume."""
        return self.offset_s + volume * self.tr_s

    def volume_at(self, time_s: float, lag_s: float = 0.0) -> int | None:
        """Give the volume that shows what happened at a time, ``lag_s`` later for the blood to follow; None outside."""
        volume = math.floor((time_s + lag_s - self.offset_s) / self.tr_s)
        return volume if 0 <= volume < self.n_volumes else None


def align(volumes: Volumes, recording: Recording | None, *, offset_s: float | None = None) -> Alignment | None:
    """Place a run on a recording's clock; None where neither image nor triggers tell how long a volume takes.

    In this order: ``offset_s`` as set by hand, the volume triggers among the recording's annotations, ``StartTime`` in
    the recording's sidecar (its start after that of the first volume, as BIDS has it for what is recorded along),
    the acquisition times of both, and last the start of the recording, which is said to be an assumption. Without a
    recording the clock begins with the first volume.
    """
    annotations = () if recording is None else recording.annotations
    train, sentences = find_trigger_train(annotations, volumes.tr_s, volumes.n_volumes)
    problems = list(sentences)
    tr_s = _repetition_s(volumes, train, problems)
    if tr_s is None:
        return None
    if offset_s is not None:
        return Alignment(offset_s, tr_s, volumes.n_volumes, ClockSource.HAND, train, tuple(problems))
    if train is not None and recording is not None:
        first = _first_volume(volumes, recording, train, problems)
        start_s = train.onset_s + first * tr_s
        return Alignment(start_s, tr_s, volumes.n_volumes, ClockSource.TRIGGERS, train, tuple(problems))
    if recording is None:
        return Alignment(0.0, tr_s, volumes.n_volumes, ClockSource.OWN, None, tuple(problems))
    told_s, source = _without_triggers(volumes, recording, tr_s, problems)
    return Alignment(told_s, tr_s, volumes.n_volumes, source, None, tuple(problems))


def _repetition_s(volumes: Volumes, train: TriggerTrain | None, problems: list[str]) -> float | None:
    if train is None or train.n_steps <= train.steps_per_volume:
        return volumes.tr_s
    tr_s = train.step_s * train.steps_per_volume
    if volumes.tr_s is None:
        problems.append(f"The TR is taken from the triggers: {tr_s:.4g} s.")
    elif abs(tr_s - volumes.tr_s) > _SAME_TR * volumes.tr_s:
        problems.append(f"The triggers come every {tr_s:.4g} s, the image says {volumes.tr_s:.4g} s; theirs is used.")
    return tr_s


def _first_volume(volumes: Volumes, recording: Recording, train: TriggerTrain, problems: list[str]) -> int:
    """Tell which volume of the train is the image's first, and what is missing or too many.

    Negative where the run had begun before the recording.
    """
    per_volume = train.steps_per_volume
    n_triggered = math.ceil(train.n_steps / per_volume)
    discarded = sum(
        round(number(volumes.sidecar, f"NumberOfVolumesDiscardedBy{who}") or 0) for who in ("Scanner", "User")
    )
    surplus = n_triggered - volumes.n_volumes
    first = discarded if 0 < discarded <= surplus else 0
    if train.n_steps == 1 and volumes.n_volumes > 1:
        problems.append(f"There is one trigger ({train.label}); it is taken for the start of the run.")
    elif surplus < 0:
        step_s = train.step_s * per_volume
        was_running = train.onset_s < step_s and train.onset_s + n_triggered * step_s + step_s < recording.duration_s
        first = surplus if was_running else 0
        which = "first" if was_running else "last"
        why = ", for the recording begins in the middle of the run" if was_running else ""
        problems.append(
            f"There are triggers ({train.label}) of {n_triggered:,} volumes for {volumes.n_volumes:,}: "
            f"the {which} {-surplus:,} are taken to have none{why}."
        )
    elif surplus > first:
        dropped = f" after the {first} that the sidecar says were discarded" if first else ""
        problems.append(
            f"There are triggers ({train.label}) of {n_triggered:,} volumes for {volumes.n_volumes:,}: "
            f"the image's first is taken to be the first{dropped}, and {surplus - first:,} at the end belong to none."
        )
    if train.missing:
        places = describe_steps(train.missing, per_volume)
        count = "1 trigger is" if len(train.missing) == 1 else f"{len(train.missing):,} triggers are"
        problems.append(f"{count} missing, at volume {places} of the train.")
    if train.extra_s:
        places = ", ".join(f"{time_s:.2f} s" for time_s in train.extra_s[:5])
        rest = f" and {len(train.extra_s) - 5:,} more" if len(train.extra_s) > 5 else ""
        count = "1 trigger fits" if len(train.extra_s) == 1 else f"{len(train.extra_s):,} triggers fit"
        problems.append(f"{count} no volume, at {places}{rest}.")
    return first


def _without_triggers(
    volumes: Volumes, recording: Recording, tr_s: float, problems: list[str]
) -> tuple[float, ClockSource]:
    sidecar, _ = read_sidecars(recording.path)
    start_s = number(sidecar, "StartTime")
    if start_s is not None:
        return -start_s, ClockSource.SIDECAR
    delay_s = _delay_s(volumes, recording)
    run_s = volumes.n_volumes * tr_s
    if delay_s is not None and -run_s < delay_s < recording.duration_s:
        problems.append(
            "The recording has no volume triggers; the clocks of scanner and amplifier place the volumes, "
            "which may be wrong by as much as those clocks differ."
        )
        return delay_s, ClockSource.TIMES
    if delay_s is not None:
        problems.append(f"By their clocks, EEG and fMRI were not recorded together: they lie {delay_s:,.0f} s apart.")
    problems.append(
        "Nothing tells when the first volume began: it is taken to be the start of the recording; set it by hand."
    )
    return 0.0, ClockSource.ASSUMED


def _delay_s(volumes: Volumes, recording: Recording) -> float | None:
    """Give the seconds from the start of the recording to that of the run by acquisition times, None if unknown."""
    times = _scans_table(volumes.path)
    run, own = times.get(volumes.path.name), times.get(recording.path.name)
    if run is not None and own is not None:
        return (run - own).total_seconds()
    if recording.start is None:
        return None
    start = recording.start.replace(tzinfo=None)
    moment = _moment(volumes.sidecar.get("AcquisitionDateTime")) or run
    if moment is not None:
        return (moment - start).total_seconds()
    clock = _TIME.match(str(volumes.sidecar.get("AcquisitionTime", "")))
    if clock is None:
        return None
    hours, minutes, seconds = (float(part) for part in clock.groups())
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    delay_s = (midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds) - start).total_seconds()
    # Without a date, the nearest day is meant.
    return delay_s - _DAY_S * float(np.rint(delay_s / _DAY_S))


def _scans_table(image: Path) -> Mapping[str, datetime]:
    """Read ``acq_time`` by file name from the ``scans.tsv`` of the session or subject that an image belongs to."""
    for table in sorted(image.parent.parent.glob("*_scans.tsv")):
        try:
            if table.stat().st_size > _LARGEST_TABLE_BYTES:
                return {}
            lines = table.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, ValueError):
            return {}
        header = lines[0].split("\t") if lines else []
        rows = [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1:]]
        times = {row.get("filename", "").rpartition("/")[2]: _moment(row.get("acq_time")) for row in rows}
        return {name: moment for name, moment in times.items() if moment is not None}
    return {}


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None
