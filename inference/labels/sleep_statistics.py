"""What a sleep report says about a night.

Source: AASM Manual for the Scoring of Sleep and Associated Events 2.6, "Parameters to be reported for
polysomnography"; cycles after Feinberg and Floyd 1979, Psychophysiology 16:283.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from inference.labels.hypnograms import Bout, Hypnogram
from inference.labels.sleep_stages import UNSCORED, StageSet

#: A REM period shorter than this ends no cycle but the first, and REM closer than the second belongs to one period.
_LEAST_REM_MIN: Final = 5.0
_LEAST_NREM_MIN: Final = 15.0


@dataclass(frozen=True, slots=True)
class SleepStatistics:
    """The parameters of one night; minutes unless the name says otherwise, None where there is no such event.

    Attributes
    ----------
    recording_min : from lights out to lights on (TRT).
    sleep_min : in any stage of sleep (TST).
    sleep_latency_min : from lights out to the first epoch of sleep (SOL).
    wake_after_onset_min : awake between the first epoch of sleep and lights on (WASO).
    efficiency_percent : TST of TRT.
    sleep_period_min : from the first to the end of the last epoch of sleep (SPT).
    unscored_min : neither wake nor sleep, movement time included; it counts towards TRT alone.
    latency_min : of each stage of sleep, from the first epoch of any sleep (REM latency for R).
    stage_min : in each stage, wake included.
    stage_percent : each stage of sleep, of TST.
    n_awakenings : times that sleep turned into wake.
    n_stage_shifts : changes from one scored stage to another after sleep onset.
    n_cycles : completed NREM-REM cycles; None for stages that do not tell them.
    """

    recording_min: float
    sleep_min: float
    sleep_latency_min: float | None
    wake_after_onset_min: float | None
    efficiency_percent: float
    sleep_period_min: float | None
    unscored_min: float
    latency_min: Mapping[str, float | None]
    stage_min: Mapping[str, float]
    stage_percent: Mapping[str, float | None]
    n_awakenings: int
    n_stage_shifts: int
    n_cycles: int | None


def summarize_sleep(
    hypnogram: Hypnogram, lights_out_s: float | None = None, lights_on_s: float | None = None
) -> SleepStatistics:
    """Compute the parameters of a night between lights out and lights on, by default all of the hypnogram.

    An epoch belongs to the night where its middle lies within.

    Raises
    ------
    LabelError
        No epoch lies between lights out and lights on.
    """
    night = hypnogram.within(
        hypnogram.onset_s if lights_out_s is None else lights_out_s,
        hypnogram.end_s if lights_on_s is None else lights_on_s,
    )
    stage_set, epoch_min = night.stage_set, night.epoch_s / 60
    asleep = {stage.code for stage in stage_set.stages if stage.asleep}
    awake = {stage.code for stage in stage_set.stages if stage.asleep is False}
    counts = Counter(night.stages)
    n_asleep = sum(counts[code] for code in asleep)
    sleeping = [epoch for epoch, code in enumerate(night.stages) if code in asleep]
    first, after_last = (sleeping[0], sleeping[-1] + 1) if sleeping else (night.n_epochs, night.n_epochs)
    after_onset = night.stages[first:]
    shifts = [(a, b) for a, b in itertools.pairwise(after_onset) if a != b and UNSCORED not in (a, b)]
    known = asleep | awake
    return SleepStatistics(
        recording_min=night.n_epochs * epoch_min,
        sleep_min=n_asleep * epoch_min,
        sleep_latency_min=first * epoch_min if sleeping else None,
        wake_after_onset_min=sum(code in awake for code in after_onset) * epoch_min if sleeping else None,
        efficiency_percent=100 * n_asleep / night.n_epochs,
        sleep_period_min=(after_last - first) * epoch_min if sleeping else None,
        unscored_min=sum(n for code, n in counts.items() if code not in known) * epoch_min,
        latency_min=_latencies(after_onset, stage_set, epoch_min),
        stage_min=MappingProxyType({code: counts[code] * epoch_min for code in stage_set.codes}),
        stage_percent=MappingProxyType(
            {s.code: 100 * counts[s.code] / n_asleep if n_asleep else None for s in stage_set.stages if s.asleep}
        ),
        n_awakenings=sum(1 for a, b in shifts if a in asleep and b in awake),
        n_stage_shifts=len(shifts),
        n_cycles=len(find_cycles(night)) if {"S2", "N2"} & set(stage_set.codes) else None,
    )


def find_cycles(hypnogram: Hypnogram) -> tuple[Bout, ...]:
    """Find the completed NREM-REM cycles of a night, each from its first epoch of NREM to the end of its REM.

    A cycle is at least 15 min of NREM, from its first epoch to REM, followed by REM; the REM period ends with the last
    epoch of REM before 15 min without any, and in every cycle but the first lasts 5 min or more.
    """
    aasm = hypnogram.to_aasm()
    cycles: list[Bout] = []
    nrem_s: float | None = None
    for rem in _rem_periods(aasm):
        since_s = cycles[-1].end_s if cycles else aasm.onset_s
        nrem_s = next((b.onset_s for b in aasm.bouts() if b.stage in {"N1", "N2", "N3"} and b.onset_s >= since_s), None)
        long_enough = not cycles or rem.duration_s >= _LEAST_REM_MIN * 60
        if nrem_s is not None and rem.onset_s - nrem_s >= _LEAST_NREM_MIN * 60 and long_enough:
            cycles.append(Bout(nrem_s, rem.end_s - nrem_s, "R"))
    return tuple(cycles)


def count_by_stage(hypnogram: Hypnogram, times_s: Iterable[float]) -> dict[str, int]:
    """Count events, such as spasms, by the stage that they begin in; outside the hypnogram they are unscored."""
    counts = Counter(hypnogram.stage_at(time_s) for time_s in times_s)
    return {code: counts[code] for code in (*hypnogram.stage_set.codes, UNSCORED)}


def _latencies(after_onset: tuple[str, ...], stage_set: StageSet, epoch_min: float) -> Mapping[str, float | None]:
    return MappingProxyType(
        {
            stage.code: after_onset.index(stage.code) * epoch_min if stage.code in after_onset else None
            for stage in stage_set.stages
            if stage.asleep
        }
    )


def _rem_periods(hypnogram: Hypnogram) -> list[Bout]:
    """Join REM that is interrupted for less than the least NREM of a cycle."""
    periods: list[Bout] = []
    for bout in hypnogram.bouts():
        if bout.stage != "R":
            continue
        if periods and bout.onset_s - periods[-1].end_s < _LEAST_NREM_MIN * 60:
            periods[-1] = Bout(periods[-1].onset_s, bout.end_s - periods[-1].onset_s, "R")
        else:
            periods.append(bout)
    return periods
