"""Random numbers: one independent stream for each part of a simulation, so that no part disturbs another."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream of random numbers is used for; the numbers are part of what a seed means: none is ever reused."""

    PATIENT = 1
    COURSE = 2
    SPASM_TIMES = 3
    SPASM = 4
    NEGATIVE_TIMES = 5
    NEGATIVE = 6
    BACKGROUND = 7
    INTERICTAL_TIMES = 8
    INTERICTAL = 9
    MUSCLE = 10
    TECHNICAL = 11
    HEART = 12
    SLEEP_PATIENT = 40
    SLEEP_STAGES = 41
    SLEEP_RHYTHM = 42
    SLEEP_EVENT_TIMES = 43
    SLEEP_EVENT = 44
    EYES = 45
    SCANNER = 46
    BOLD = 47
    MOTION = 48
    FOCUS_PATIENT = 60
    FOCUS_BACKGROUND = 61
    FOCUS_EVENT_TIMES = 62
    FOCUS_EVENT = 63
    FOCUS_TECHNICAL = 64


def generator(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """Give the generator of one part of the simulation with this seed; ``index`` tells its blocks or events apart."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(stream), *index))))
