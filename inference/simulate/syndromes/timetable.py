"""How a child's recording goes: sleep and waking, and when there are seizures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inference.simulate.course import SPASM_INTERVAL_S, Course, SpasmTime, Spell, State
from inference.simulate.streams import Stream, generator
from inference.simulate.syndromes.children import Child, Syndrome

#: Number that tells this course's streams from the first generator's.
_OURS = 1_000_000
#: Nothing ictal happens this soon after a change of state, nor this shortly before one.
_SETTLED_S = 4.0
#: Nothing that keeps clear of seizures lasts as long as this.
_BEYOND_S = 90.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the time is spent; each pair is the range from which a duration is drawn, in seconds.

    Sleep is shortened and seizures are more frequent than in life, so that minutes show all of it.
    """

    awake_s: tuple[float, float] = (120.0, 360.0)
    nrem_s: tuple[float, float] = (150.0, 400.0)
    cluster_s: tuple[float, float] = (90.0, 300.0)
    with_seizures: bool = True

    @classmethod
    def dense(cls) -> "Schedule":
        """Give a course in which two minutes hold sleep, waking and a seizure: for training."""
        return cls(awake_s=(45.0, 80.0), nrem_s=(45.0, 80.0), cluster_s=(25.0, 50.0))


@dataclass(frozen=True, slots=True)
class SeizureHabits:
    """In which state a syndrome's seizures come, how long they last and how far they are apart.

    ``share`` is the chance that a spell of a state has seizures at all.
    """

    share: Mapping[State, float]
    duration_s: tuple[float, float]
    apart_s: tuple[float, float]


#: What ranges leave open is this project's choice.
SEIZURES: Mapping[Syndrome, SeizureHabits] = {
    # 4-20 s (FACTS), many times a day, while awake.
    Syndrome.CAE: SeizureHabits({State.AWAKE: 0.95, State.NREM: 0.1}, (4.0, 20.0), (15.0, 60.0)),
    # Febrile tonic-clonic seizures of minutes, here of half a minute on.
    Syndrome.FS_PLUS: SeizureHabits({State.AWAKE: 0.6, State.NREM: 0.5}, (25.0, 60.0), (400.0, 900.0)),
    # Mostly in sleep.
    Syndrome.BECT: SeizureHabits({State.AWAKE: 0.3, State.NREM: 0.7}, (20.0, 60.0), (300.0, 700.0)),
    Syndrome.CSWS: SeizureHabits({State.AWAKE: 0.8, State.NREM: 0.2}, (6.0, 25.0), (25.0, 90.0)),
}


@dataclass(frozen=True, slots=True)
class SeizureTime:
    """When a seizure begins and how long it lasts."""

    onset_s: float
    duration_s: float

    @property
    def end_s(self) -> float:
        """End of the seizure."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Timetable:
    """States and spasms as the first generator has them, and the other seizures, in order."""

    course: Course
    seizures: tuple[SeizureTime, ...]


def plan(child: Child, seed: int, duration_s: float, schedule: Schedule) -> Timetable:
    """Plan a recording; a longer one begins exactly as a shorter one does.

    The plan goes on beyond the end, because what happens before it keeps clear of what comes after.
    """
    random = generator(seed, Stream.COURSE, _OURS)
    state = State.AWAKE if random.random() < 0.5 else State.NREM
    # The recording is switched on at any moment of a spell.
    now_s = -float(random.uniform(0.0, 0.5)) * schedule.awake_s[0]
    spells: list[Spell] = []
    while now_s < duration_s + _BEYOND_S:
        length_s = float(random.uniform(*(schedule.awake_s if state is State.AWAKE else schedule.nrem_s)))
        spells.append(Spell(state, now_s, length_s))
        now_s += length_s
        state = State.NREM if state is State.AWAKE else State.AWAKE
    seizures: list[SeizureTime] = []
    spasms: list[SpasmTime] = []
    if schedule.with_seizures and child.has_seizures:
        for number, spell in enumerate(spells):
            random = generator(seed, Stream.SPASM_TIMES, _OURS, number)
            if child.syndrome in SEIZURES:
                seizures += _plan_seizures(random, spell, SEIZURES[child.syndrome])
            else:
                spasms += _plan_cluster(random, spell, number + 1, schedule)
    return Timetable(
        Course(tuple(spells), tuple(spasm for spasm in spasms if spasm.onset_s >= 0.0)),
        tuple(seizure for seizure in seizures if seizure.onset_s >= 0.0),
    )


def _plan_seizures(random: np.random.Generator, spell: Spell, habits: SeizureHabits) -> list[SeizureTime]:
    if random.random() >= habits.share.get(spell.state, 0.0):
        return []
    seizures: list[SeizureTime] = []
    at_s = spell.onset_s + _SETTLED_S + float(random.uniform(0.0, 0.3)) * spell.duration_s
    while True:
        shortest_s, longest_s = habits.duration_s
        length_s = float(shortest_s * (longest_s / shortest_s) ** random.random())
        if at_s + length_s > spell.end_s - _SETTLED_S:
            return seizures
        seizures.append(SeizureTime(at_s, length_s))
        at_s += length_s + float(random.uniform(*habits.apart_s))


def _plan_cluster(random: np.random.Generator, spell: Spell, number: int, schedule: Schedule) -> list[SpasmTime]:
    """Plan a cluster of spasms: shortly after waking in most, out of sleep in some."""
    length_s = float(random.uniform(*schedule.cluster_s))
    delay_s = float(random.uniform(2.0, 15.0))
    if random.random() >= (0.85 if spell.state is State.AWAKE else 0.25):
        return []
    spasms: list[SpasmTime] = []
    at_s, end_s = spell.onset_s + delay_s, min(spell.onset_s + delay_s + length_s, spell.end_s)
    while at_s < end_s:
        phase = (at_s - spell.onset_s - delay_s) / length_s
        intensity = float(np.clip(0.4 + 0.6 * np.sin(np.pi * phase) + random.normal(0.0, 0.1), 0.2, 1.0))
        spasms.append(SpasmTime(at_s, intensity, number))
        at_s += float(random.uniform(*SPASM_INTERVAL_S))
    return spasms
