"""When things happen by chance: as often a minute as each state has them, and never during a seizure."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from inference.simulate.course import Course, State
from inference.simulate.streams import Stream, generator

#: Numbers of the streams, none of which the first generator uses; a kind's number is part of what a seed means.
_NUMBERS: Mapping[str, int] = {
    "spindle": 100,
    "rolandic": 101,
    "fragment": 102,
    "hypersynchrony": 103,
    "hyperventilation": 104,
    "occipital delta": 105,
    "chewing": 106,
    "rocking": 107,
    "strain": 108,
}
#: Nothing that may be mistaken for a seizure comes this close to one.
CLEARANCE_S = 1.0


def occurrences(
    seed: int, kind: str, per_min: Mapping[State, float], course: Course, duration_s: float
) -> Iterator[tuple[float, np.random.Generator]]:
    """Yield the onset of each occurrence of a kind and a generator of its own."""
    most_per_min = max(per_min.values())
    if most_per_min <= 0.0:
        return
    number = _NUMBERS[kind]
    times = generator(seed, Stream.INTERICTAL_TIMES, number)
    at_s, index = 0.0, 0
    while (at_s := at_s + float(times.exponential(60.0 / most_per_min))) < duration_s:
        index += 1
        if times.random() * most_per_min < per_min.get(course.state_at(at_s), 0.0):
            yield at_s, generator(seed, Stream.INTERICTAL, number, index)


def is_free(busy_s: NDArray[np.float64], onset_s: float, duration_s: float) -> bool:
    """Tell whether a span keeps clear of all others, given as onsets and ends, (n, 2)."""
    near = (busy_s[:, 0] < onset_s + duration_s + CLEARANCE_S) & (busy_s[:, 1] > onset_s - CLEARANCE_S)
    return not near.any()
