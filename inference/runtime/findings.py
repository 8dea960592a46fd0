"""What a network has found so far in a recording, whatever the order in which it looks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.labels.detections import Detection
from inference.labels.hypnograms import Hypnogram
from inference.recordings.recording import Recording
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, form_detections, settled_length
from inference.runtime.package import ModelPackage
from inference.runtime.results import Answer, Measure, ModelResult
from inference.runtime.runs import ChannelUse, Rows


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What an event track has gained: ascending times, their probabilities, and events that have become final."""

    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    detections: tuple[Detection, ...]


_NO_NEWS = News(np.zeros(0), np.zeros(0, dtype=np.float32), ())


class Findings(ABC):
    """The tables that a network fills in, row by row, and what follows from them.

    Parameters
    ----------
    time_s : (n,) the times that the network answers for.
    columns : how many columns there are for each output that is kept, by its name.
    part_s : how much of the recording is asked about at a time.

    Attributes
    ----------
    tables : by the name of the output, (n, columns) float32; NaN where nothing is known yet or never will be.
    is_known : (n,) which rows have been filled in.
    parts : the ranges of rows that are asked about one after the other.
    """

    def __init__(
        self,
        recording: Recording,
        package: ModelPackage,
        channels: ChannelUse,
        *,
        time_s: NDArray[np.float64],
        columns: Mapping[str, int],
        part_s: float,
    ) -> None:
        self.recording, self.package, self.card, self.channels = recording, package, package.card, channels
        self.time_s = time_s
        self.tables = {
            name: np.full((len(time_s), n_columns), np.nan, np.float32) for name, n_columns in columns.items()
        }
        self.is_known = np.zeros(len(time_s), dtype=bool)
        n_rows = max(1, round(part_s / package.card.inputs.hop_s))
        self.parts = tuple(range(first, min(first + n_rows, len(time_s))) for first in range(0, len(time_s), n_rows))

    @property
    def track(self) -> "EventTrack | None":
        """The probability that events are formed from, None where the network finds none."""
        return None

    @property
    def done_s(self) -> float:
        """How much of the recording has been looked at."""
        return float(self.is_known.mean()) * self.recording.duration_s if len(self.is_known) else 0.0

    def span_s(self, part: range) -> tuple[float, float]:
        """Give the times that a part begins and ends with."""
        return float(self.time_s[part.start]), float(self.time_s[part.stop - 1])

    def is_done(self, part: range) -> bool:
        """Say whether every row of a part is known."""
        return bool(self.is_known[part.start : part.stop].all())

    def take(self, rows: Rows) -> None:
        """Fill in some rows."""
        for name, values in rows.values.items():
            self.tables[name][rows.indices] = values
        self.is_known[rows.indices] = True

    @abstractmethod
    def answers(self) -> tuple[Answer, ...]:
        """Give the answers, the one that the network is for first."""

    def measures(self) -> tuple[Measure, ...]:
        """Give what the network measured besides."""
        return ()

    def hypnogram(self) -> Hypnogram | None:
        """Give the stages of sleep, None where the network tells none."""
        return None

    def take_news(self) -> News:
        """Give what has been added to the event track since the last call."""
        return _NO_NEWS if self.track is None else self.track.take_news()

    def conclude(self, provider: str, seconds: float, problems: tuple[str, ...]) -> ModelResult:
        """Give the whole result, every row being known."""
        answers = self.answers()
        return ModelResult(
            reference=self.package.reference,
            provider=provider,
            channels_used=self.channels.used,
            channels_missing=self.channels.missing,
            channels_interpolated=self.channels.interpolated,
            answers=answers,
            measures=self.measures(),
            detections=() if self.track is None else self.track.detections(),
            events=self.card.events,
            hypnogram=self.hypnogram(),
            seconds=seconds,
            problems=(*problems, *self.channels.problems, *_tell_unseen(answers[0])),
        )


class EventTrack:
    """A probability track that is filled in in any order, and what of it has been told.

    An event is final where low values that nothing could join across lie on both sides of it, or an end of the track:
    whatever is filled in elsewhere will not change it.

    Parameters
    ----------
    probability, is_known : (n,) both filled in by someone else.
    """

    def __init__(
        self,
        *,
        time_s: NDArray[np.float64],
        probability: NDArray[np.float32],
        is_known: NDArray[np.bool_],
        rule: EventRule,
        source: DetectionSource,
        duration_s: float,
    ) -> None:
        self._time_s, self._probability, self._is_known = time_s, probability, is_known
        self._rule, self._source, self._duration_s = rule, source, duration_s
        self._is_told = np.zeros(len(time_s), dtype=bool)
        self._is_settled = np.zeros(len(time_s), dtype=bool)

    def detections(self) -> tuple[Detection, ...]:
        """Give all events."""
        return form_detections(self._time_s, self._probability, self._rule, self._source, self._duration_s)

    def take_news(self) -> News:
        """Give what has been added since the last call."""
        new = np.flatnonzero(self._is_known & ~self._is_told)
        self._is_told[new] = True
        events = tuple(event for first, stop in self._settle() for event in self._form(first, stop))
        return News(self._time_s[new], self._probability[new], events)

    def _settle(self) -> list[tuple[int, int]]:
        """Settle what can be, and give the ranges that have newly become so."""
        before = self._is_settled.copy()
        for first, stop in runs_of(self._is_known):
            if not before[first:stop].all():
                low, high = self._settled_within(first, stop)
                self._is_settled[low:high] = True
        return list(runs_of(self._is_settled & ~before))

    def _settled_within(self, first: int, stop: int) -> tuple[int, int]:
        """Give the part of a known stretch that forms the same events whatever lies beyond the stretch."""
        time_s, probability = self._time_s[first:stop], self._probability[first:stop]
        is_inside = first > 0 and stop < len(self._time_s)
        if is_inside and not (probability >= self._rule.threshold_low).any():
            # Too short, perhaps, to keep apart what is not known yet on either side.
            return first, first
        n_from_start = len(time_s) if stop == len(self._time_s) else settled_length(time_s, probability, self._rule)
        # The rule is the same when time runs backwards.
        n_from_end = len(time_s) if first == 0 else settled_length(-time_s[::-1], probability[::-1], self._rule)
        low, high = stop - n_from_end, first + n_from_start
        return (low, high) if low < high else (first, first)

    def _form(self, first: int, stop: int) -> tuple[Detection, ...]:
        rows = slice(first, stop)
        return form_detections(self._time_s[rows], self._probability[rows], self._rule, self._source, self._duration_s)


def runs_of(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield (first, stop) of each unbroken run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    for first, stop in edges.reshape(-1, 2):
        yield int(first), int(stop)


def mean_over_time(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average (n, columns) over the times at which anything is known, NaN where there is none."""
    known = np.isfinite(values)
    n_known = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(n_known, 1)
    return np.where(n_known > 0, mean, np.nan).astype(np.float32)


def _tell_unseen(answer: Answer) -> tuple[str, ...]:
    if not np.isfinite(answer.probability).any():
        return ("The recording holds no stretch without a gap that is long enough for one window.",)
    return ()
