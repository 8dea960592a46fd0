"""What networks say about a recording, as values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.labels.detections import Detection, ModelReference
from inference.labels.hypnograms import Hypnogram
from inference.runtime.cards import EventRule

#: So many channels are named as those most likely to lie over the focus.
_N_LEADING = 3


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network answers to one question all along a recording.

    Attributes
    ----------
    task : the question, as the network's card names it.
    columns_are : what the columns stand for, ``"classes"``, or ``"channels"`` where the network looks at one at a time.
    columns : their names; empty for an answer that events are formed from.
    time_s : (n,) the times that answers are for, in the middle of what the network looked at.
    probability : float32, (n, columns) calibrated probabilities, or (n,) of the class that events are formed from;
        NaN where a gap or an end of the recording leaves nothing to look at.
    overall : (columns,) the same of the recording as a whole; empty for an answer that events are formed from, NaN
        where the network could look at nothing. Probabilities of classes are averaged over the recording, those of
        channels are the mean of their log odds, and stages of sleep are the shares of the epochs.
    """

    task: str
    columns_are: Literal["classes", "channels"]
    columns: tuple[str, ...]
    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    overall: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """What a network gives besides answers: (n, columns) values at (n,) times, NaN where there is none."""

    name: str
    measures: str
    columns: tuple[str, ...]
    time_s: NDArray[np.float64]
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ModelResult:
    """Everything that one network said about one recording.

    Attributes
    ----------
    reference : which weights spoke.
    provider : where it ran, ``"cpu"`` or ``"cuda"``.
    channels_used : the recording's channels that the network saw, EEG before EMG.
    channels_missing, channels_interpolated : electrodes that were masked, and that were estimated from neighbours.
    answers : to each of the network's questions, the one that it is for first.
    measures : what else it gives by named columns, such as the weight of each electrode.
    detections : the events, by onset.
    events : the rule that formed them, None where the network finds no events.
    hypnogram : the most probable stage of each epoch, None where the network stages no sleep.
    seconds : how long the network took, all that worked on it added up.
    problems : plain sentences on what the reader should know about this result.
    """

    reference: ModelReference
    provider: str
    channels_used: tuple[str, ...]
    channels_missing: tuple[str, ...]
    channels_interpolated: tuple[str, ...]
    answers: tuple[Answer, ...]
    measures: tuple[Measure, ...]
    detections: tuple[Detection, ...]
    events: EventRule | None
    hypnogram: Hypnogram | None
    seconds: float
    problems: tuple[str, ...]

    @property
    def gist(self) -> str:
        """What the network gave, in one line for a reader."""
        return "; ".join(_tell_gist(self))

    @property
    def task(self) -> str:
        """What the network is for, as its card names it."""
        return self.answers[0].task

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Times of the first answer."""
        return self.answers[0].time_s

    @property
    def probability(self) -> NDArray[np.float32]:
        """Probabilities of the first answer."""
        return self.answers[0].probability


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisUpdate:
    """News of one network.

    Attributes
    ----------
    model_name : the network's name.
    done_s, total_s : how much of the recording it has been through.
    time_s, probability : what has been added to the probability that events are formed from since the last update of
        this network, by ascending time but wherever a reader looks first; always empty for a network that finds no
        events.
    detections : events that have become final since the last update.
    result : the whole result with the last update of a network, None before it and when it failed.
    problem : why the network failed, empty while it has not.
    """

    model_name: str
    done_s: float
    total_s: float
    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    detections: tuple[Detection, ...] = ()
    result: ModelResult | None = None
    problem: str = ""


def _tell_gist(result: ModelResult) -> Iterator[str]:
    if result.events is not None:
        n_events = len(result.detections)
        yield f"{n_events} event{'' if n_events == 1 else 's'}"
    if result.hypnogram is not None:
        yield _tell_stages(result.hypnogram)
        return
    for answer in result.answers:
        if answer.columns:
            yield f"{answer.task} {_tell_leading(answer)}"


def _tell_leading(answer: Answer) -> str:
    """Name the most probable class, or the channels most likely to be what the network looks for."""
    order = [int(i) for i in np.argsort(-answer.overall, kind="stable") if np.isfinite(answer.overall[i])]
    leading = order[: _N_LEADING if answer.columns_are == "channels" else 1]
    return ", ".join(f"{answer.columns[i]} {answer.overall[i]:.2f}" for i in leading) or "not told"


def _tell_stages(hypnogram: Hypnogram) -> str:
    counts = {code: hypnogram.stages.count(code) for code in hypnogram.stage_set.codes}
    minutes = (f"{code} {n * hypnogram.epoch_s / 60:g} min" for code, n in counts.items() if n)
    return ", ".join(minutes) or "no epoch staged"
