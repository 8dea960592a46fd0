"""Which stage follows which, and for how long: statistics of real hypnograms, and stages drawn from them.

A hypnogram is drawn as a semi-Markov chain: how long a stage lasts, then which one comes next. The tables hold numbers
that :func:`learn_statistics` counted in hypnograms of people; a test counts them again where these are at hand.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.labels.sleep_stages import UNSCORED

#: Shares of bouts at which the length of a bout is tabulated.
_SHARES = np.linspace(0.05, 0.95, 10)
#: A night is divided into so many equal parts, because deep sleep comes early and REM late.
NIGHT_PARTS = 3
NIGHT_EPOCHS = 960


@dataclass(frozen=True, slots=True)
class StageStatistics:
    """What is known of the order and the length of stages.

    Attributes
    ----------
    first : how many recordings began in each stage.
    next_stage : how often each stage was followed by each other one, for each of the equal parts of a recording.
    bout_epochs : of each stage, the number of 30-s epochs that 5, 15 ... 95 % of its bouts do not exceed.
    """

    first: Mapping[str, int]
    next_stage: tuple[Mapping[str, Mapping[str, int]], ...]
    bout_epochs: Mapping[str, tuple[int, ...]]


#: 33 healthy adults lying in a scanner, two sessions of 10 min and up to eight of 15 min each: OpenNeuro ds003768
#: (Gu et al. 2023, CC0), the 255 sessions of its ``sourcedata``; no REM sleep, and deep sleep in few.
NAP = StageStatistics(
    first={"W": 168, "N1": 57, "N2": 20},
    next_stage=(
        {
            "W": {"N1": 395, "N2": 4},
            "N1": {"N2": 254, "W": 299},
            "N2": {"N1": 178, "N3": 6, "W": 41},
            "N3": {"N2": 4},
        },
    ),
    bout_epochs={
        "W": (1, 1, 1, 1, 2, 3, 5, 11, 30, 30),
        "N1": (1, 1, 1, 1, 2, 3, 4, 5, 8, 14),
        "N2": (1, 1, 1, 2, 2, 3, 5, 8, 13, 27),
        "N3": (1, 1, 1, 1, 2, 2, 29, 29, 29, 29),
    },
)
#: Nights of healthy adults: three of the Dreem Open Dataset DOD-H, each as five people scored it (Guillot et al. 2020,
#: IEEE Trans. Neural Syst. Rehabil. Eng. 28:1955), and the six hours that come with YASA (Vallat and Walker 2021, eLife
#: 10:e70092). Few nights: they give the shape of a night, not its spread over people.
NIGHT = StageStatistics(
    first={"W": 16},
    next_stage=(
        {
            "W": {"N1": 103, "N2": 16, "N3": 1},
            "N1": {"N2": 91, "N3": 1, "R": 3, "W": 43},
            "N2": {"N1": 31, "N3": 85, "R": 7, "W": 45},
            "N3": {"N1": 1, "N2": 61, "W": 17},
            "R": {"N1": 3, "N2": 7},
        },
        {
            "W": {"N1": 64, "N2": 13, "R": 3},
            "N1": {"N2": 91, "R": 7, "W": 15},
            "N2": {"N1": 39, "N3": 21, "R": 25, "W": 58},
            "N3": {"N1": 1, "N2": 25, "W": 2},
            "R": {"N1": 11, "N2": 18, "W": 6},
        },
        {
            "W": {"N1": 113, "N2": 5, "R": 11},
            "N1": {"N2": 119, "R": 27, "W": 34},
            "N2": {"N1": 51, "N3": 2, "R": 33, "W": 67},
            "N3": {"N2": 2, "W": 1},
            "R": {"N1": 13, "N2": 17, "W": 40},
        },
    ),
    bout_epochs={
        "W": (1, 1, 1, 1, 2, 2, 3, 4, 8, 31),
        "N1": (1, 1, 1, 1, 2, 2, 2, 3, 4, 9),
        "N2": (1, 1, 3, 5, 7, 10, 17, 24, 37, 62),
        "N3": (1, 1, 1, 3, 4, 11, 20, 38, 65, 93),
        "R": (2, 5, 7, 10, 18, 22, 25, 31, 47, 54),
    },
)


def learn_statistics(sequences: Iterable[Sequence[str]], n_parts: int = 1) -> StageStatistics:
    """Count the statistics of recordings, each given as the stage of every 30-s epoch.

    Bouts that the end of a recording or an unscored epoch cuts short count as at least so long (Kaplan and Meier 1958,
    J. Am. Stat. Assoc. 53:457).
    """
    first: Counter[str] = Counter()
    jumps: list[defaultdict[str, Counter[str]]] = [defaultdict(Counter) for _ in range(n_parts)]
    bouts: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
    for stages in sequences:
        runs = [(stage, sum(1 for _ in group)) for stage, group in itertools.groupby(stages)]
        first[runs[0][0]] += 1
        epoch = 0
        for (stage, length), (following, _) in itertools.zip_longest(runs, runs[1:], fillvalue=(UNSCORED, 0)):
            epoch += length
            is_whole = following != UNSCORED
            bouts[stage].append((length, is_whole))
            if is_whole:
                jumps[min(n_parts - 1, n_parts * epoch // len(stages))][stage][following] += 1
    known = [stage for stage in ("W", "N1", "N2", "N3", "R") if stage in bouts]
    return StageStatistics(
        {stage: first[stage] for stage in known if first[stage]},
        tuple({s: dict(sorted(part[s].items())) for s in known if part[s]} for part in jumps),
        {stage: _bout_quantiles(bouts[stage]) for stage in known},
    )


def _bout_quantiles(bouts: Sequence[tuple[int, bool]]) -> tuple[int, ...]:
    lengths = sorted({length for length, _ in bouts})
    ended, survival = [], 1.0
    for length in lengths:
        at_risk = sum(1 for other, _ in bouts if other >= length)
        survival *= 1.0 - sum(1 for other, is_whole in bouts if is_whole and other == length) / at_risk
        ended.append(1.0 - survival)
    places = np.searchsorted(np.array(ended) + 1e-9, _SHARES)
    return tuple(lengths[min(place, len(lengths) - 1)] for place in places.tolist())


def draw_stages(
    random: np.random.Generator,
    n_epochs: int,
    statistics: StageStatistics,
    *,
    first_epoch: int = 0,
    of_epochs: int | None = None,
) -> tuple[str, ...]:
    """Draw the stages of ``n_epochs`` successive epochs.

    Parameters
    ----------
    first_epoch, of_epochs : the epochs are those from ``first_epoch`` on of a recording of ``of_epochs``; it is drawn
        from its beginning. By default the epochs are the whole recording.
    """
    of_epochs = max(of_epochs or 0, first_epoch + n_epochs)
    stages: list[str] = []
    stage = _choose(random, statistics.first)
    while len(stages) < first_epoch + n_epochs:
        longest = np.interp(random.random(), _SHARES, statistics.bout_epochs[stage])
        stages += [stage] * max(1, round(longest))
        part = min(len(statistics.next_stage) - 1, len(statistics.next_stage) * len(stages) // of_epochs)
        stage = _choose(random, statistics.next_stage[part].get(stage) or _whole(statistics)[stage])
    return tuple(stages[first_epoch : first_epoch + n_epochs])


def _whole(statistics: StageStatistics) -> Mapping[str, Mapping[str, int]]:
    """Give the counts of all parts together: a stage that never ended in one part of the night did in another."""
    total: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for part in statistics.next_stage:
        for stage, following in part.items():
            total[stage].update(following)
    return total


def _choose(random: np.random.Generator, counts: Mapping[str, int]) -> str:
    weights = np.array(list(counts.values()), dtype=np.float64)
    return str(random.choice(list(counts), p=weights / weights.sum()))
