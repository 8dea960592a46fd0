"""When an infant sleeps, has spasms, and does what mimics one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.simulate.independent.infant import Hypsarrhythmia, Infant, stream
from inference.simulate.truth import Term

#: A contraction and its slow wave are over before the next spasm begins.
SHORTEST_INTERVAL_S: Final = 3.5


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of one state: awake, NREM or REM."""

    onset_s: float
    end_s: float
    state: Term


@dataclass(frozen=True, slots=True)
class PlannedSpasm:
    """A spasm to be acted out; ``intensity`` is 0 to 1, ``cluster`` counts from 1 or is None."""

    onset_s: float
    intensity: float
    cluster: int | None


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """Something that is no spasm."""

    onset_s: float
    duration_s: float
    term: Term


@dataclass(frozen=True, slots=True)
class Timetable:
    """Everything that happens, each list in order of onset."""

    periods: tuple[Period, ...]
    spasms: tuple[PlannedSpasm, ...]
    events: tuple[PlannedEvent, ...]


# Times a minute when awake, in NREM and in REM, and shortest and longest duration in seconds. Spindles: 6.6 a minute
# and 2.9 s at 4 to 5 months; twitches are frequent in active sleep; the others are this project's choice.
_HABITS: Final[dict[Term, tuple[float, float, float, float, float]]] = {
    Term.MOVEMENT: (1.0, 0.1, 0.2, 0.8, 9.0),
    Term.MOVEMENT_WITH_EEG: (0.7, 0.06, 0.1, 1.0, 8.0),
    Term.STARTLE: (0.3, 0.15, 0.05, 0.15, 0.5),
    Term.MYOCLONUS: (0.3, 0.4, 1.2, 0.01, 0.1),
    Term.SUCKING: (0.35, 0.15, 0.0, 4.0, 16.0),
    Term.CRY: (0.2, 0.0, 0.0, 6.0, 30.0),
    Term.ELECTRODE_MOVEMENT: (0.15, 0.05, 0.0, 4.0, 15.0),
    Term.BLINK: (7.0, 0.0, 0.0, 0.2, 0.4),
    Term.ELECTRODE_POP: (0.25, 0.15, 0.15, 0.4, 2.0),
    Term.AROUSAL: (0.0, 0.3, 0.15, 2.0, 6.0),
    Term.VERTEX_WAVE: (0.0, 1.2, 0.0, 0.25, 0.5),
    Term.SPINDLE: (0.0, 6.6, 0.0, 1.0, 4.8),
    Term.SPIKE_RUN: (0.3, 0.6, 0.1, 1.0, 4.0),
}
_STATE_COLUMN: Final = {Term.AWAKE: 0, Term.NREM: 1, Term.REM: 2}
#: What a caretaker sees beside a spasm as readily as without one.
_INDIFFERENT: Final = {Term.CRY, Term.BLINK, Term.ELECTRODE_POP, Term.SPINDLE}


def draw_timetable(infant: Infant, duration_s: float) -> Timetable:
    """Plan a recording of one infant."""
    periods = tuple(_sleep_and_wake(stream(infant.seed, "states"), duration_s))
    spasms = _plan_spasms(infant, periods, duration_s) if infant.has_spasms else []
    rng = stream(infant.seed, "events")
    events = [event for term in _HABITS for event in _plan_events(rng, infant, term, periods)]
    starts_s = np.array([spasm.onset_s for spasm in spasms])
    kept = [event for event in events if event.term in _INDIFFERENT or _stands_apart(event, starts_s)]
    return Timetable(periods, tuple(spasms), tuple(sorted(kept, key=lambda event: event.onset_s)))


def _sleep_and_wake(rng: np.random.Generator, duration_s: float) -> Iterator[Period]:
    """Alternate sleep and waking; the recording may begin anywhere in the first stretch."""
    onset_s, sleeps = 0.0, bool(rng.random() < 0.6)
    share = rng.uniform(0.25, 0.8)
    while onset_s < duration_s:
        lengths_s = {Term.AWAKE: rng.uniform(300.0, 900.0), Term.NREM: rng.uniform(200.0, 500.0), Term.REM: 0.0}
        if rng.random() < 0.35:
            lengths_s[Term.REM] = rng.uniform(60.0, 180.0)
        # Below a year sleep is often entered through REM.
        for state in (Term.REM, Term.NREM) if sleeps else (Term.AWAKE,):
            length_s = min(lengths_s[state], 0.6 * duration_s) * share
            if length_s > 0 and onset_s < duration_s:
                end_s = min(duration_s, onset_s + length_s)
                yield Period(onset_s, end_s, state)
                onset_s = end_s
        sleeps, share = not sleeps, 1.0


def _plan_spasms(infant: Infant, periods: tuple[Period, ...], duration_s: float) -> list[PlannedSpasm]:
    rng = stream(infant.seed, "spasms")
    planned: list[PlannedSpasm] = []
    cluster = 0
    for index, period in enumerate(periods):
        awake = period.state is Term.AWAKE
        wakes = awake and index > 0
        if infant.spasms.clustered and (wakes or (awake and rng.random() < 0.6)):
            cluster += 1
            planned += _plan_cluster(rng, infant, period, cluster)
        per_min = (0.15 if infant.spasms.clustered else 0.9) * (1.0 if awake else 0.3)
        count = rng.poisson(per_min * (period.end_s - period.onset_s) / 60.0)
        for onset_s in rng.uniform(period.onset_s, period.end_s, count):
            planned.append(PlannedSpasm(float(onset_s), float(rng.uniform(0.4, 1.0)), None))
    # Those of a cluster stay; isolated ones too near to another go.
    planned.sort(key=lambda spasm: (spasm.cluster is None, spasm.onset_s))
    kept: list[PlannedSpasm] = []
    for spasm in planned:
        room_s = SHORTEST_INTERVAL_S if spasm.cluster is not None else 20.0
        apart = all(abs(spasm.onset_s - other.onset_s) >= room_s for other in kept)
        if apart and 2.0 <= spasm.onset_s <= duration_s - 8.0:
            kept.append(spasm)
    return sorted(kept, key=lambda spasm: spasm.onset_s)


def _plan_cluster(rng: np.random.Generator, infant: Infant, period: Period, number: int) -> Iterator[PlannedSpasm]:
    """Let spasms come ever faster and stronger, then ebb away (Kellaway et al. 1979)."""
    room_s = period.end_s - period.onset_s
    onset_s = period.onset_s + rng.uniform(0.02, 0.2) * room_s
    length_s = min(rng.uniform(120.0, 540.0), period.end_s - onset_s)
    summit = rng.uniform(0.3, 0.6)
    at_s = 0.0
    while at_s < length_s:
        share = at_s / length_s
        height = np.sin(0.5 * np.pi * min(share / summit, (1 - share) / (1 - summit))) if length_s else 1.0
        intensity = float(np.clip(0.3 + 0.7 * height + rng.normal(0.0, 0.12), 0.15, 1.0))
        yield PlannedSpasm(float(onset_s + at_s), intensity, number)
        median_s = infant.spasms.interval_s * (2.2 - 1.2 * height)
        at_s += max(SHORTEST_INTERVAL_S, median_s * float(np.exp(rng.normal(0.0, 0.3))))


def _plan_events(
    rng: np.random.Generator, infant: Infant, term: Term, periods: tuple[Period, ...]
) -> Iterator[PlannedEvent]:
    *per_min, shortest_s, longest_s = _HABITS[term]
    for period in periods:
        rate = per_min[_STATE_COLUMN[period.state]] * _inclination(infant, term)
        count = rng.poisson(rate * (period.end_s - period.onset_s) / 60.0)
        for onset_s in np.sort(rng.uniform(period.onset_s, period.end_s, count)):
            length_s = float(np.exp(rng.uniform(np.log(shortest_s), np.log(longest_s))))
            if onset_s + length_s < period.end_s:
                yield PlannedEvent(float(onset_s), length_s, term)


def _inclination(infant: Infant, term: Term) -> float:
    chaotic = infant.pattern is not Hypsarrhythmia.NONE
    if term in (Term.MOVEMENT, Term.MOVEMENT_WITH_EEG):
        return infant.restlessness
    if term is Term.SPIKE_RUN:
        return 1.0 if chaotic else 0.0
    if term in (Term.SPINDLE, Term.VERTEX_WAVE):
        # Hypsarrhythmia leaves little of normal sleep; vertex waves come after the fourth month.
        grown = term is Term.SPINDLE or infant.age_months > 4.5
        return (0.25 if chaotic else 1.0) * grown
    return 1.0


def _stands_apart(event: PlannedEvent, spasm_onsets_s: np.ndarray) -> bool:
    end_s = event.onset_s + event.duration_s
    return not np.any((spasm_onsets_s > event.onset_s - 6.0) & (spasm_onsets_s < end_s + 2.0))
