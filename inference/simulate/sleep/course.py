"""The course of sleep between the epochs' labels: which stage the brain is in at any moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.labels.hypnograms import EPOCH_S, Hypnogram
from inference.labels.sleep_stages import AASM
from inference.simulate.streams import Stream, generator

STAGES = AASM.codes
#: A stage changes so much before or after the border of its epoch at the most: the greater part of every epoch is in
#: the stage that it is scored as, as the AASM's rule wants it.
_BORDER_S = 7.0
#: The passage from one stage to the next.
_PASSAGE_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class SleepCourse:
    """The stages of a recording, epoch by epoch and moment by moment.

    Attributes
    ----------
    stages : the stage of every 30-s epoch.
    borders_s : (n_changes,) when the stage changes.
    in_stage : of each stretch between two changes, the index of its stage in ``STAGES``.
    """

    stages: tuple[str, ...]
    borders_s: NDArray[np.float64]
    in_stage: NDArray[np.int64]

    @property
    def duration_s(self) -> float:
        """Length of all epochs together."""
        return len(self.stages) * EPOCH_S

    @property
    def hypnogram(self) -> Hypnogram:
        """The true hypnogram."""
        return Hypnogram(self.stages, scorer="simulation")

    def stage_at(self, time_s: float) -> str:
        """Give the stage of a moment."""
        return STAGES[int(self.in_stage[np.searchsorted(self.borders_s, time_s, side="right")])]

    def weights(self, time_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """Give how much of each stage there is at some moments, (5, n); the weights of a moment add up to 1."""
        weights = np.zeros((len(STAGES), time_s.size), dtype=np.float32)
        share = np.ones(time_s.size, dtype=np.float32)
        # Backwards, so that each passage hands over what is left to the stretches before it.
        for index in range(len(self.borders_s), 0, -1):
            into = np.clip((time_s - self.borders_s[index - 1]) / _PASSAGE_S + 0.5, 0.0, 1.0).astype(np.float32)
            weights[self.in_stage[index]] += share * into
            share *= 1.0 - into
        weights[self.in_stage[0]] += share
        return weights

    def epochs_in(self, *stages: str) -> Iterator[tuple[int, float]]:
        """Yield number and onset of every epoch that is scored as one of these stages."""
        for epoch, stage in enumerate(self.stages):
            if stage in stages:
                yield epoch, epoch * EPOCH_S


def plan_sleep(stages: Sequence[str], seed: int) -> SleepCourse:
    """Say when the stage changes, given the stage of every epoch."""
    random = generator(seed, Stream.SLEEP_STAGES)
    codes = np.array([STAGES.index(stage) for stage in stages], dtype=np.int64)
    changes = np.flatnonzero(np.diff(codes)) + 1
    borders_s = changes * EPOCH_S + random.uniform(-_BORDER_S, _BORDER_S, changes.size)
    return SleepCourse(tuple(stages), borders_s, codes[np.concatenate([[0], changes])])
