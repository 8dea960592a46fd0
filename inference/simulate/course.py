"""How a recording goes: sleep and waking, clusters of spasms after waking, and how much happens in each."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inference.simulate.streams import Stream, generator

#: Length of the passage from one state to the next, during which both are mixed; this project's choice.
PASSAGE_S = 4.0
#: Interval between the onsets of spasms of a cluster (Kellaway et al. 1979, Ann Neurol 6:214; 5,042 spasms).
SPASM_INTERVAL_S = (5.0, 10.0)
#: Share of spasms that come in clusters (Kellaway 1979).
CLUSTERED_SHARE = 0.78
#: Isolated spasms are on average at least this far apart, or they would be a cluster; this project's choice.
ISOLATED_APART_S = 60.0


class State(StrEnum):
    """Behavioural state."""

    AWAKE = "awake"
    NREM = "nrem"
    REM = "rem"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the time is spent; each pair is the range from which a duration is drawn, in seconds.

    Sleep is shortened against life, so that a recording of some minutes shows all of it. ``cluster_s`` is the 5-10 min
    of Kellaway (1979).
    ``negatives`` multiplies the rate of everything that may be mistaken for a spasm.
    """

    nap_s: tuple[float, float] = (180.0, 480.0)
    cluster_s: tuple[float, float] = (300.0, 600.0)
    calm_s: tuple[float, float] = (90.0, 300.0)
    cluster_delay_s: tuple[float, float] = (2.0, 40.0)
    rem_probability: float = 0.5
    cluster_probability: float = 0.85
    with_spasms: bool = True
    negatives: float = 1.0

    @classmethod
    def dense(cls) -> "Scenario":
        """Give a course in which five minutes hold a nap, a cluster and calm waking: for training."""
        return cls(nap_s=(40.0, 120.0), cluster_s=(40.0, 150.0), calm_s=(30.0, 90.0), cluster_delay_s=(1.0, 15.0))


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of one state."""

    state: State
    onset_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        """End of the spell."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True, slots=True)
class SpasmTime:
    """When a spasm's slow wave begins and how strong the spasm is, 0 to 1."""

    onset_s: float
    intensity: float
    cluster: int | None


@dataclass(frozen=True)
class Course:
    """The states of a recording and the times of its spasms, in order."""

    spells: tuple[Spell, ...]
    spasms: tuple[SpasmTime, ...]

    def weights(self, state: State, time_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """Give how much of a state there is at each time, 0 to 1; the weights of all states add up to one."""
        edges = [spell.onset_s for spell in self.spells[1:]]
        knots = np.ravel([(edge - PASSAGE_S / 2, edge + PASSAGE_S / 2) for edge in edges])
        values = np.repeat([float(spell.state is state) for spell in self.spells], 2)[1:-1]
        if not knots.size:
            return np.full(time_s.shape, float(self.spells[0].state is state), dtype=np.float32)
        weights: NDArray[np.float32] = np.interp(time_s, knots, values).astype(np.float32)
        return weights

    def state_at(self, time_s: float) -> State:
        """Give the state at a time."""
        for spell in reversed(self.spells):
            if spell.onset_s <= time_s:
                return spell.state
        return self.spells[0].state


def plan_course(seed: int, duration_s: float, scenario: Scenario) -> Course:
    """Plan a recording; a longer one begins exactly as a shorter one does."""
    random = generator(seed, Stream.COURSE)
    spells: list[Spell] = []
    clusters: list[Spell] = []
    # The recording is switched on at any moment of the cycle.
    now_s = -float(random.uniform(0.0, 1.0) * (np.mean(scenario.nap_s) + np.mean(scenario.cluster_s)))
    while now_s < duration_s:
        cycle, cluster = _plan_cycle(random, now_s, scenario)
        spells += cycle
        if cluster is not None:
            clusters.append(cluster)
        now_s = cycle[-1].end_s
    kept = [spell for spell in spells if spell.end_s > 0 and spell.onset_s < duration_s]
    spasms = _plan_spasms(seed, clusters, duration_s) if scenario.with_spasms else []
    return Course(tuple(kept), tuple(spasms))


def _plan_cycle(random: np.random.Generator, now_s: float, scenario: Scenario) -> tuple[list[Spell], Spell | None]:
    nap_s, cluster_s = float(random.uniform(*scenario.nap_s)), float(random.uniform(*scenario.cluster_s))
    calm_s, delay_s = float(random.uniform(*scenario.calm_s)), float(random.uniform(*scenario.cluster_delay_s))
    rem_s = nap_s * float(random.uniform(0.2, 0.4)) if random.random() < scenario.rem_probability else 0.0
    waking_s = now_s + nap_s
    clustered = random.random() < scenario.cluster_probability
    spells = [Spell(State.NREM, now_s, nap_s - rem_s)]
    if rem_s:
        spells.append(Spell(State.REM, waking_s - rem_s, rem_s))
    spells.append(Spell(State.AWAKE, waking_s, calm_s + (delay_s + cluster_s if clustered else 0.0)))
    return spells, Spell(State.AWAKE, waking_s + delay_s, cluster_s) if clustered else None


def _plan_spasms(seed: int, clusters: Iterable[Spell], duration_s: float) -> list[SpasmTime]:
    spasms: list[SpasmTime] = []
    free_s = 0.0
    for number, cluster in enumerate(clusters, start=1):
        random = generator(seed, Stream.SPASM_TIMES, number)
        inside = _plan_cluster(random, cluster, number)
        # The time before a cluster holds the isolated spasms that make up the rest.
        rate_hz = (1 / CLUSTERED_SHARE - 1) * len(inside) / max(cluster.onset_s - free_s, 1.0)
        rate_hz = min(rate_hz, 1.0 / ISOLATED_APART_S)
        at_s = max(free_s, 0.0) + SPASM_INTERVAL_S[1] + float(random.exponential(1 / rate_hz))
        while at_s < cluster.onset_s - SPASM_INTERVAL_S[1]:
            spasms.append(SpasmTime(at_s, float(random.uniform(0.3, 1.0)), None))
            at_s += SPASM_INTERVAL_S[1] + float(random.exponential(1 / rate_hz))
        spasms += inside
        free_s = cluster.end_s
    # The first one after the end is kept: the last contraction before it must leave it room.
    return [spasm for spasm in spasms if 0.0 <= spasm.onset_s < duration_s + SPASM_INTERVAL_S[1]]


def _plan_cluster(random: np.random.Generator, cluster: Spell, number: int) -> list[SpasmTime]:
    """Let intensity and rate rise and fall again (Kellaway 1979)."""
    slowest_s, fastest_s = float(random.uniform(*SPASM_INTERVAL_S)), SPASM_INTERVAL_S[0]
    peak, steepness = float(random.uniform(0.35, 0.6)), float(random.uniform(0.3, 1.0))
    spasms: list[SpasmTime] = []
    at_s = cluster.onset_s
    while at_s < cluster.end_s:
        phase = (at_s - cluster.onset_s) / cluster.duration_s
        height = phase / peak if phase < peak else (1.0 - phase) / (1.0 - peak)
        intensity = float(np.clip(0.2 + 0.8 * height**steepness + random.normal(0.0, 0.1), 0.15, 1.0))
        spasms.append(SpasmTime(at_s, intensity, number))
        interval_s = slowest_s - (slowest_s - fastest_s) * (0.7 * height) + float(random.normal(0.0, 1.0))
        at_s += float(np.clip(interval_s, fastest_s, SPASM_INTERVAL_S[1]))
    return spasms
