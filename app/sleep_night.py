"""The night as the sleep room shows it: what people scored, what a network says, and what follows from both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.study import Analysis
from inference.labels.hypnograms import Hypnogram
from inference.labels.scorings import Scoring
from inference.labels.sleep_stages import UNSCORED, find_stage_set

TASK: Final = "sleep_stage"
#: The measure that tells what a network went by, and its column for the EEG.
SHARE: Final = "modality_share"
EEG: Final = "EEG"
#: How the stages that stand in the recording itself are called.
IN_FILE: Final = "the recording's own annotations"


@dataclass(frozen=True, slots=True, eq=False)
class NetworkStages:
    """What a network says about the sleep.

    Attributes
    ----------
    hypnogram : the most probable stage of each epoch; unscored where the network could not look.
    codes : the columns of ``probability`` (epochs, stages), NaN where it could not look.
    share : (epochs,) how much of the answer rests on the EEG rather than on the fMRI; None where there was no choice.
    simulated : whether it was trained on simulated data; None where its card was not at hand.
    problems : what a reader should know.
    """

    hypnogram: Hypnogram
    codes: tuple[str, ...]
    probability: NDArray[np.float32]
    share: NDArray[np.float32] | None
    simulated: bool | None
    problems: tuple[str, ...]

    @property
    def certainty(self) -> NDArray[np.float32]:
        """Probability of the most probable stage of each epoch, (epochs,)."""
        certainty: NDArray[np.float32] = self.probability.max(axis=1)
        return certainty

    def tell_epoch(self, time_s: float) -> str:
        """Say what is thought of the epoch at a time, most probable first; empty where nothing is."""
        epoch = self.hypnogram.epoch_at(time_s)
        if epoch is None or not np.isfinite(self.probability[epoch]).all():
            return ""
        row = self.probability[epoch]
        likely = [i for i in np.argsort(-row, kind="stable")[:3] if row[i] >= 0.05]
        text = ", ".join(f"{self.codes[i]} {row[i]:.2f}" for i in likely)
        if self.share is None or not np.isfinite(self.share[epoch]):
            return text
        return f"{text} (EEG {self.share[epoch]:.0%}, fMRI {1 - self.share[epoch]:.0%})"


def read_stages(analyses: Sequence[Analysis]) -> NetworkStages | None:
    """Find what a network said about the sleep among the analyses of a study; None where none did."""
    for analysis in analyses:
        result = analysis.result
        answer = next((a for a in result.answers if a.task == TASK and a.columns), None)
        stage_set = None if answer is None else find_stage_set(answer.columns)
        if answer is None or stage_set is None or not len(answer.time_s):
            continue
        epoch_s = float(answer.time_s[1] - answer.time_s[0]) if len(answer.time_s) > 1 else 2 * float(answer.time_s[0])
        known = np.isfinite(answer.probability).all(axis=1)
        best = np.where(known, np.nan_to_num(answer.probability, nan=0.0).argmax(axis=1), -1)
        stages = tuple(UNSCORED if i < 0 else answer.columns[i] for i in best)
        reference = analysis.reference
        measure = next((m for m in result.measures if m.name == SHARE and EEG in m.columns), None)
        share = None if measure is None else measure.values[:, measure.columns.index(EEG)]
        return NetworkStages(
            Hypnogram(
                stages,
                epoch_s,
                float(answer.time_s[0]) - epoch_s / 2,
                stage_set,
                f"{reference.name} {reference.version}",
            ),
            answer.columns,
            answer.probability,
            share,
            analysis.source.simulated,
            result.problems,
        )
    return None


def doubtful_epochs(network: NetworkStages, scored: Hypnogram | None) -> tuple[float, ...]:
    """Give the starts of the epochs that nobody scored, those of which the network is least certain first."""
    certainty, grid = network.certainty, network.hypnogram
    order = [int(i) for i in np.argsort(certainty, kind="stable") if np.isfinite(certainty[i])]
    onsets_s = [grid.epoch_onset_s(i) for i in order]
    if scored is None:
        return tuple(onsets_s)
    return tuple(s for s in onsets_s if scored.stage_at(s + grid.epoch_s / 2) == UNSCORED)


def fill_in(scored: Hypnogram, predicted: Hypnogram) -> Hypnogram:
    """Give what a person scored, and what a network says of the epochs that the person did not."""
    translated = predicted.to_set(scored.stage_set)
    stages = tuple(
        code if code != UNSCORED else translated.stage_at(scored.epoch_onset_s(i) + scored.epoch_s / 2)
        for i, code in enumerate(scored.stages)
    )
    return replace(scored, stages=stages, scorer=f"{scored.scorer}, else {predicted.scorer}")


def _count_scored(hypnogram: Hypnogram) -> int:
    return hypnogram.n_epochs - hypnogram.stages.count(UNSCORED)


@dataclass(frozen=True, slots=True)
class Seizure:
    """A spasm or another seizure that nobody rejected, and whether a person says that it is one."""

    onset_s: float
    is_confirmed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """Everything that is known about the sleep of the open recording.

    ``scorings`` are people's, the reader's own first where there is one; ``in_file`` is what the recording's own
    annotations spell out.
    """

    own: Scoring | None = None
    scorings: tuple[Scoring, ...] = ()
    network: NetworkStages | None = None
    in_file: Hypnogram | None = None
    seizures: tuple[Seizure, ...] = ()

    @property
    def sources(self) -> dict[str, tuple[Hypnogram, int]]:
        """Every hypnogram by how it is called, with in how many epochs a network speaks, the one to report first."""
        found: dict[str, tuple[Hypnogram, int]] = {}
        own, network = self.own, self.network
        if own is not None and any(code != UNSCORED for code in own.hypnogram.stages):
            if network is not None and UNSCORED in own.hypnogram.stages:
                filled = fill_in(own.hypnogram, network.hypnogram)
                n_filled = _count_scored(filled) - _count_scored(own.hypnogram)
                if n_filled:
                    found[f"{own.scorer}, else the network"] = (filled, n_filled)
            found[own.scorer] = (own.hypnogram, 0)
        if network is not None:
            found[network.hypnogram.scorer] = (network.hypnogram, max(1, _count_scored(network.hypnogram)))
        for scoring in self.scorings:
            if scoring is not own:
                found[scoring.scorer] = (scoring.hypnogram, 0)
        if self.in_file is not None:
            found[IN_FILE] = (self.in_file, 0)
        return found

    @property
    def has_stages(self) -> bool:
        """Whether anybody or anything said something."""
        return bool(self.scorings) or self.network is not None or self.in_file is not None

    @property
    def shown(self) -> Hypnogram | None:
        """The person's stages that the hypnogram draws: the reader's own, else another's."""
        if self.own is not None:
            return self.own.hypnogram
        return self.scorings[0].hypnogram if self.scorings else self.in_file


NO_NIGHT: Final = Night()
