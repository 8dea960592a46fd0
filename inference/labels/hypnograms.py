"""Hypnograms: the stage of every epoch of a stretch of a recording, as values."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from inference.errors import LabelError
from inference.labels.sleep_stages import (
    AASM,
    MOVEMENT,
    RECHTSCHAFFEN_KALES,
    UNSCORED,
    StageSet,
    find_stage_set,
    translate,
    translate_to_aasm,
)

EPOCH_S: Final = 30.0
#: Half a year of 30-s epochs: what claims more is damaged.
_MOST_EPOCHS: Final = 525_600
#: A time farther from the start of the recording, or longer, is damaged too.
_FARTHEST_S: Final = 1e9
#: Epoch lengths that a list of stages is tried against, the usual ones first.
_USUAL_EPOCHS_S: Final = (30.0, 20.0, 10.0, 5.0, 4.0, 2.0, 1.0)
_LONGEST_EPOCH_S: Final = 60.0
#: Files round their times; an epoch may lie this far from its place.
_TOLERANCE_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch in one stage, in seconds from the start of the recording."""

    onset_s: float
    duration_s: float
    stage: str

    @property
    def end_s(self) -> float:
        """End of the stretch."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Hypnogram:
    """The stage of each epoch, without holes: an epoch that nobody scored or that lies in a gap is ``UNSCORED``.

    Epoch i covers [onset_s + i * epoch_s, onset_s + (i + 1) * epoch_s) seconds from the start of the recording.
    ``stages`` are codes of ``stage_set`` or ``UNSCORED``. ``scorer`` is a person or a network, empty where unknown.

    Raises
    ------
    ValueError
        There is no epoch, an epoch has no length, or a stage is not one of the set.
    """

    stages: tuple[str, ...]
    epoch_s: float = EPOCH_S
    onset_s: float = 0.0
    stage_set: StageSet = AASM
    scorer: str = ""

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a hypnogram has at least one epoch")
        if not (self.epoch_s > 0 and math.isfinite(self.epoch_s) and math.isfinite(self.onset_s)):
            raise ValueError("an epoch has a length and a hypnogram a beginning")
        unknown = set(self.stages) - {*self.stage_set.codes, UNSCORED}
        if unknown:
            raise ValueError(f"{self.stage_set.name} has no stage {', '.join(sorted(unknown))}")

    @property
    def n_epochs(self) -> int:
        """Count the epochs, unscored ones included."""
        return len(self.stages)

    @property
    def duration_s(self) -> float:
        """Length of the stretch that the epochs cover."""
        return self.n_epochs * self.epoch_s

    @property
    def end_s(self) -> float:
        """End of the last epoch."""
        return self.onset_s + self.duration_s

    def epoch_onset_s(self, epoch: int) -> float:
        """Give the start of an epoch."""
        return self.onset_s + epoch * self.epoch_s

    def epoch_at(self, time_s: float) -> int | None:
        """Give the epoch that a time lies in, None outside."""
        epoch = math.floor((time_s - self.onset_s) / self.epoch_s)
        return epoch if 0 <= epoch < self.n_epochs else None

    def stage_at(self, time_s: float) -> str:
        """Give the stage at a time, ``UNSCORED`` outside."""
        epoch = self.epoch_at(time_s)
        return UNSCORED if epoch is None else self.stages[epoch]

    def bouts(self) -> Iterator[Bout]:
        """Give the stretches in one stage, in order, unscored ones included."""
        first = 0
        for stage, group in itertools.groupby(self.stages):
            n_epochs = sum(1 for _ in group)
            yield Bout(self.epoch_onset_s(first), n_epochs * self.epoch_s, stage)
            first += n_epochs

    def restage(self, first: int, stop: int, stage: str) -> "Hypnogram":
        """Give the hypnogram with the epochs from ``first`` up to, not including, ``stop`` in another stage."""
        if not 0 <= first < stop <= self.n_epochs:
            raise ValueError(f"epochs {first} to {stop} are not within 0 to {self.n_epochs}")
        changed = (*self.stages[:first], *(stage for _ in range(first, stop)), *self.stages[stop:])
        return replace(self, stages=changed)

    def within(self, first_s: float, last_s: float) -> "Hypnogram":
        """Give the epochs whose middle lies in a stretch.

        Raises
        ------
        LabelError
            There is none.
        """
        middles_s = (self.epoch_onset_s(epoch) + self.epoch_s / 2 for epoch in range(self.n_epochs))
        inside = [epoch for epoch, middle_s in enumerate(middles_s) if first_s <= middle_s < last_s]
        if not inside:
            raise LabelError(f"No epoch of the hypnogram lies between {first_s:g} and {last_s:g} s.")
        return replace(self, stages=self.stages[inside[0] : inside[-1] + 1], onset_s=self.epoch_onset_s(inside[0]))

    def covering(self, first_s: float, last_s: float) -> "Hypnogram":
        """Give the hypnogram with unscored epochs before and after it, as many as lie wholly in a stretch."""
        n_before = max(0, math.floor((self.onset_s - first_s) / self.epoch_s + 1e-9))
        n_after = max(0, math.floor((last_s - self.end_s) / self.epoch_s + 1e-9))
        stages = (*(UNSCORED,) * n_before, *self.stages, *(UNSCORED,) * n_after)
        return replace(self, stages=stages, onset_s=self.onset_s - n_before * self.epoch_s)

    def to_aasm(self) -> "Hypnogram":
        """Give the hypnogram in AASM stages: S3 and S4 become N3, movement time unscored; others stay as they are."""
        if self.stage_set != RECHTSCHAFFEN_KALES:
            return self
        return replace(self, stages=tuple(translate_to_aasm(stage) for stage in self.stages), stage_set=AASM)

    def to_set(self, stage_set: StageSet) -> "Hypnogram":
        """Give the hypnogram in another set's stages; what has none there is unscored."""
        if self.stage_set == stage_set:
            return self
        return replace(self, stages=tuple(translate(stage, stage_set) for stage in self.stages), stage_set=stage_set)


@dataclass(frozen=True, slots=True)
class StageSpan:
    """What one row of a file says: a stage's code for a while; ``duration_s`` None lasts until the next row."""

    onset_s: float
    duration_s: float | None
    stage: str


def hypnogram_of_spans(
    spans: Sequence[StageSpan], name: object, scorer: str = "", stage_set: StageSet | None = None
) -> Hypnogram:
    """Put spans on a grid of epochs, which begins with the first of them; what none covers is unscored.

    The epochs are as long as the spans where these all have one length of up to a minute, and else 30 s, or the
    longest of 20, 10, 5, 4, 2 and 1 s that fits every span.

    Parameters
    ----------
    name : what to call the spans' origin in messages, such as the file's path.
    stage_set : the set that the stages are known to belong to; found by them where None.

    Raises
    ------
    LabelError
        There is no span, spans contradict each other or lie on no grid, or their stages are of different manuals.
    """
    if not spans:
        raise LabelError(f"{name} holds no sleep stages.")
    spans = _close_spans(sorted(spans, key=lambda span: span.onset_s), name)
    onset_s = spans[0].onset_s
    durations_s = [span.duration_s or 0.0 for span in spans]
    epoch_s = _find_epoch_s([span.onset_s - onset_s for span in spans], durations_s, name)
    n_epochs = round(max(s.onset_s + d for s, d in zip(spans, durations_s, strict=True)) / epoch_s - onset_s / epoch_s)
    if n_epochs > _MOST_EPOCHS:
        raise LabelError(f"{name} claims sleep stages over {n_epochs * epoch_s / 86400:.0f} days, which cannot be.")
    stages = [UNSCORED] * n_epochs
    for span, duration_s in zip(spans, durations_s, strict=True):
        first = round((span.onset_s - onset_s) / epoch_s)
        for epoch in range(first, first + round(duration_s / epoch_s)):
            if UNSCORED not in (stages[epoch], span.stage) and stages[epoch] != span.stage:
                raise LabelError(f"{name} says both {stages[epoch]} and {span.stage} at {span.onset_s:g} s.")
            stages[epoch] = span.stage if stages[epoch] == UNSCORED else stages[epoch]
    if stage_set is not None:
        return Hypnogram(tuple(stages), epoch_s, onset_s, stage_set, scorer)
    return hypnogram_of_codes(stages, name, epoch_s=epoch_s, onset_s=onset_s, scorer=scorer)


def hypnogram_of_codes(
    codes: Sequence[str], name: object, *, epoch_s: float = EPOCH_S, onset_s: float = 0.0, scorer: str = ""
) -> Hypnogram:
    """Build a hypnogram from the codes of its epochs, finding the manual that they belong to.

    Raises
    ------
    LabelError
        There is no epoch, or the stages belong to different manuals.
    """
    if not codes:
        raise LabelError(f"{name} holds no sleep stages.")
    if len(codes) > _MOST_EPOCHS:
        raise LabelError(f"{name} claims {len(codes)} epochs, which cannot be.")
    stage_set = find_stage_set(set(codes))
    if stage_set is None:  # movement time beside AASM's stages is common, though AASM gave it up
        codes = [UNSCORED if code == MOVEMENT else code for code in codes]
        stage_set = find_stage_set(set(codes))
    if stage_set is None:
        mixed = ", ".join(sorted(set(codes) - {UNSCORED}))
        raise LabelError(f"{name} mixes stages of different scoring manuals: {mixed}.")
    return Hypnogram(tuple(codes), epoch_s, onset_s, stage_set, scorer)


def _close_spans(spans: Sequence[StageSpan], name: object) -> list[StageSpan]:
    """Let spans without a duration last until the next one, the last of them for one epoch."""
    closed = []
    for index, span in enumerate(spans):
        duration_s = span.duration_s
        if duration_s is None:
            duration_s = spans[index + 1].onset_s - span.onset_s if index + 1 < len(spans) else EPOCH_S
        if not (abs(span.onset_s) < _FARTHEST_S and 0 < duration_s < _FARTHEST_S):
            raise LabelError(f"{name} gives a stage at {span.onset_s:g} s a duration of {duration_s:g} s.")
        closed.append(replace(span, duration_s=duration_s))
    return closed


def _find_epoch_s(offsets_s: Sequence[float], durations_s: Sequence[float], name: object) -> float:
    shortest_s, longest_s = min(durations_s), max(durations_s)
    listed = len(durations_s) > 1 and longest_s - shortest_s < _TOLERANCE_S and longest_s <= _LONGEST_EPOCH_S
    candidates_s = (round(shortest_s, 3), *_USUAL_EPOCHS_S) if listed else _USUAL_EPOCHS_S
    for epoch_s in candidates_s:
        if epoch_s > 0 and all(_is_multiple(time_s, epoch_s) for time_s in (*offsets_s, *durations_s)):
            return epoch_s
    raise LabelError(f"{name} cannot be cut into epochs: its stages do not follow each other in whole seconds.")


def _is_multiple(time_s: float, epoch_s: float) -> bool:
    return abs(time_s - round(time_s / epoch_s) * epoch_s) <= _TOLERANCE_S
