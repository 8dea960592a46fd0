"""Edits of sleep scorings as pure functions: beginning one, scoring a range of epochs, bringing in another's."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from app.study.edits import Labels, Restaging, Stamp, Update, Verb
from inference.errors import StudyError
from inference.labels.hypnograms import EPOCH_S, Hypnogram
from inference.labels.scorings import Scoring
from inference.labels.sleep_stages import UNSCORED, StageSet
from inference.recordings.recording import Gap


def find_own(labels: Labels, author: str) -> Scoring | None:
    """Find the scoring of the reader who is editing."""
    return next((scoring for scoring in labels.scorings.values() if scoring.scorer == author), None)


def empty_hypnogram(duration_s: float | None, stage_set: StageSet, scorer: str) -> Hypnogram:
    """Give the whole epochs of a recording, none of them scored; the first begins with it.

    Raises
    ------
    StudyError
        The recording is shorter than an epoch, or nobody knows how long it is.
    """
    if duration_s is None or duration_s < EPOCH_S:
        raise StudyError(f"Sleep is scored in epochs of {EPOCH_S:g} s, and this recording has not one of them.")
    return Hypnogram((UNSCORED,) * int(duration_s / EPOCH_S + 1e-9), stage_set=stage_set, scorer=scorer)


def begin(labels: Labels, duration_s: float | None, stage_set: StageSet, stamp: Stamp) -> Update | None:
    """Let the reader score in a set of stages; what was scored before and is one of them stays.

    None where the reader scores in this set already.
    """
    own = find_own(labels, stamp.author)
    if own is None:
        fresh = empty_hypnogram(duration_s, stage_set, stamp.author)
        return Update(Verb.ADD_SCORING, added=(Scoring(stamp.new_id(), fresh, stamp.now),))
    if own.hypnogram.stage_set == stage_set:
        return None
    stages = tuple(code if code in stage_set.codes else UNSCORED for code in own.hypnogram.stages)
    changed = replace(own, hypnogram=replace(own.hypnogram, stages=stages, stage_set=stage_set))
    return Update(Verb.SCORE, changed=((own, changed),))


def score(scoring: Scoring, onset_s: float, duration_s: float, stage: str, gaps: Sequence[Gap] = ()) -> Update | None:
    """Score the epochs whose middle lies in a stretch, all but those that lie in a gap by more than half.

    None where all of them say so already.

    Raises
    ------
    StudyError
        There is no such stage, or no epoch.
    """
    hypnogram = scoring.hypnogram
    if stage != UNSCORED and stage not in hypnogram.stage_set.codes:
        raise StudyError(f"{hypnogram.stage_set.name} has no stage {stage}.")
    middles_s = [hypnogram.epoch_onset_s(i) + hypnogram.epoch_s / 2 for i in range(hypnogram.n_epochs)]
    inside = [i for i, middle_s in enumerate(middles_s) if onset_s <= middle_s < onset_s + duration_s]
    if not inside:
        raise StudyError(f"There is no whole epoch at {onset_s:g} s.")
    chosen = [i for i in inside if not is_in_gap(hypnogram, i, gaps) and hypnogram.stages[i] != stage]
    if not chosen:
        return None
    return Update(Verb.SCORE, restaged=tuple(_restage(scoring, first, stop, stage) for first, stop in _runs(chosen)))


def bring_in(labels: Labels, hypnogram: Hypnogram, source: str, stamp: Stamp) -> Update:
    """Take a hypnogram from a file into the study, in place of what its scorer had said there before."""
    before = tuple(scoring for scoring in labels.scorings.values() if scoring.scorer == hypnogram.scorer)
    return Update(Verb.ADD_SCORING, added=(Scoring(stamp.new_id(), hypnogram, stamp.now, source),), removed=before)


def withdraw(labels: Labels, scoring_id: str) -> Update:
    """Take a scoring out of the study.

    Raises
    ------
    StudyError
        There is none.
    """
    if scoring_id not in labels.scorings:
        raise StudyError("There is no such scoring in this study.")
    return Update(Verb.REMOVE_SCORING, removed=(labels.scorings[scoring_id],))


def is_in_gap(hypnogram: Hypnogram, epoch: int, gaps: Sequence[Gap]) -> bool:
    """Tell whether more than half of an epoch was not recorded."""
    onset_s, end_s = hypnogram.epoch_onset_s(epoch), hypnogram.epoch_onset_s(epoch + 1)
    missing_s = sum(max(0.0, min(end_s, gap.onset_s + gap.duration_s) - max(onset_s, gap.onset_s)) for gap in gaps)
    return missing_s > hypnogram.epoch_s / 2


def _restage(scoring: Scoring, first: int, stop: int, stage: str) -> Restaging:
    before = scoring.hypnogram.stages[first:stop]
    return Restaging(scoring.scoring_id, first, before, (stage,) * len(before))


def _runs(epochs: list[int]) -> list[tuple[int, int]]:
    """Give stretches [first, stop) of neighbouring epochs."""
    breaks = [i + 1 for i, (a, b) in enumerate(pairwise(epochs)) if b != a + 1]
    edges = [0, *breaks, len(epochs)]
    return [(epochs[first], epochs[stop - 1] + 1) for first, stop in pairwise(edges)]
