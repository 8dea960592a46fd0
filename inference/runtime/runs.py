"""One network on its way through one recording: what is the same for networks of every kind, and those of a montage."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.labels.detections import Detection
from inference.labels.hypnograms import Hypnogram
from inference.recordings.recording import Recording
from inference.runtime.cards import EventRule, MontageInputs, OutputSpec
from inference.runtime.detections import DetectionSource, describe_calibration, form_detections, settled_length
from inference.runtime.inputs import ChannelPlan, InputPreparer, plan_channels
from inference.runtime.package import ModelPackage
from inference.runtime.plan import WindowPlan
from inference.runtime.results import Answer, Measure, ModelResult
from inference.runtime.session import NetworkSession

#: Signal prepared at a time: a few hundred milliseconds of work at the most between two looks at ``checkpoint``.
CHUNK_S = 10.0
_NOTHING = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What an event track has gained: times, probabilities, and events that have become final."""

    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    detections: tuple[Detection, ...]


_NO_NEWS = News(np.zeros(0), _NOTHING, ())


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """Which channels of the recording a network saw, and which electrodes it did not or only by estimate."""

    used: tuple[str, ...]
    missing: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class NetworkRun(ABC):
    """A network that goes through a recording batch by batch.

    Making one prepares everything and may fail with a sentence; `steps` does the work and gives way after each batch;
    `take_news` may be asked between steps, `conclude` after the last.

    Attributes
    ----------
    done_s : how much of the recording it has been through.
    """

    def __init__(
        self, recording: Recording, package: ModelPackage, session: NetworkSession, channels: ChannelUse
    ) -> None:
        self.recording, self.package, self.card = recording, package, package.card
        self.session = session
        self._channels = channels
        self.done_s = 0.0

    @abstractmethod
    def steps(self) -> Iterator[None]:
        """Go through the recording, pausing after every batch."""

    @abstractmethod
    def answers(self) -> tuple[Answer, ...]:
        """Give the answers, the one that the network is for first."""

    def measures(self) -> tuple[Measure, ...]:
        """Give what the network measured besides."""
        return ()

    def hypnogram(self) -> Hypnogram | None:
        """Give the stages of sleep, None where the network tells none."""
        return None

    def take_news(self, *, is_last: bool = False) -> News:
        """Give what has been added to the event track since the last call."""
        return _NO_NEWS

    def detections(self) -> tuple[Detection, ...]:
        """Give all events."""
        return ()

    def conclude(self, seconds: float) -> ModelResult:
        """Give the whole result."""
        answers = self.answers()
        return ModelResult(
            reference=self.package.reference,
            provider=self.session.provider,
            channels_used=self._channels.used,
            channels_missing=self._channels.missing,
            channels_interpolated=self._channels.interpolated,
            answers=answers,
            measures=self.measures(),
            detections=self.detections(),
            events=self.card.events,
            hypnogram=self.hypnogram(),
            seconds=seconds,
            problems=(*self.session.problems, *self._channels.problems, *_tell_unseen(answers[0])),
        )


class MontageRun(NetworkRun):
    """A network that looks at all electrodes at once."""

    def __init__(
        self, recording: Recording, package: ModelPackage, provider: str, checkpoint: Callable[[], None]
    ) -> None:
        spec = package.card.inputs
        assert isinstance(spec, MontageInputs)
        plan = plan_channels(recording.channels, spec)
        require_eeg(recording, bool(plan.eeg_present.any()), package.card.title)
        session = NetworkSession(package, provider)
        self._preparer = InputPreparer(recording, plan, spec, checkpoint)
        plan = self._preparer.plan
        require_eeg(recording, bool(plan.eeg_present.any()), package.card.title)
        super().__init__(recording, package, session, describe_plan(plan))
        self._checkpoint = checkpoint
        self._windows = WindowPlan(recording.duration_s, spec)
        self._values = {
            output.name: np.full((len(self._windows.time_s), len(output.classes)), np.nan, dtype=np.float32)
            for output in self.card.outputs
            if output.classes
        }
        self._track: EventTrack | None = None
        answer = self.card.answer
        if self.card.events is not None:
            source = DetectionSource(package.reference, describe_calibration(self.card.calibration), plan.used)
            column = answer.classes.index(answer.event_class)
            probability = self._values[answer.name][:, column]
            self._track = EventTrack(self._windows.time_s, probability, self.card.events, source, recording.duration_s)

    def steps(self) -> Iterator[None]:
        """Go through the recording, pausing after every batch."""
        for indices in self._windows.chunks(CHUNK_S):
            self._checkpoint()
            signals = self._preparer.read(*self._windows.span_s(indices))
            whole = self._windows.whole_windows(indices, signals.valid)
            for start in range(0, len(whole), self.session.batch_windows):
                self._checkpoint()
                batch = whole[start : start + self.session.batch_windows]
                eeg, emg = self._windows.stack(indices, batch, signals)
                given = self.session.run(_name_inputs(self._preparer.plan, eeg, emg))
                for name, values in self._values.items():
                    values[batch] = given[name]
                self._get_done(batch[-1] + 1)
                yield
            self._get_done(indices.stop)
            yield

    def take_news(self, *, is_last: bool = False) -> News:
        """Give what has been added to the event track since the last call."""
        return _NO_NEWS if self._track is None else self._track.take_news(is_last=is_last)

    def detections(self) -> tuple[Detection, ...]:
        """Give all events."""
        return () if self._track is None else self._track.detections()

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers, the one that the network is for first."""
        specs = [output for output in self.card.outputs if output.task]
        specs.sort(key=lambda output: output != self.card.answer)
        return tuple(self._answer(output) for output in specs)

    def measures(self) -> tuple[Measure, ...]:
        """Give the outputs that answer nothing but have named columns."""
        return tuple(
            Measure(output.name, output.measures, output.classes, self._windows.time_s, self._values[output.name])
            for output in self.card.outputs
            if output.measures and output.classes
        )

    def _answer(self, output: OutputSpec) -> Answer:
        values, time_s = self._values[output.name], self._windows.time_s
        if output.event_class:
            column = np.ascontiguousarray(values[:, output.classes.index(output.event_class)])
            return Answer(output.task, "classes", (), time_s, column, _NOTHING)
        return Answer(output.task, "classes", output.classes, time_s, values, mean_over_time(values))

    def _get_done(self, n_done: int) -> None:
        self.done_s = float(self._windows.time_s[n_done - 1])
        if self._track is not None:
            self._track.n_done = n_done


class EventTrack:
    """A probability track that grows, and what of it has been told.

    Parameters
    ----------
    probability : (n,) filled in from its beginning, up to ``n_done``.
    """

    def __init__(
        self,
        time_s: NDArray[np.float64],
        probability: NDArray[np.float32],
        rule: EventRule,
        source: DetectionSource,
        duration_s: float,
    ) -> None:
        self.n_done = 0
        self._time_s, self._probability = time_s, probability
        self._rule, self._source, self._duration_s = rule, source, duration_s
        self._n_told = 0
        self._n_settled = 0

    def detections(self) -> tuple[Detection, ...]:
        """Give all events."""
        return form_detections(self._time_s, self._probability, self._rule, self._source, self._duration_s)

    def take_news(self, *, is_last: bool) -> News:
        """Give what has been added since the last call."""
        new = slice(self._n_told, self.n_done)
        self._n_told = self.n_done
        return News(self._time_s[new], self._probability[new].copy(), self._settle(is_last=is_last))

    def _settle(self, *, is_last: bool) -> tuple[Detection, ...]:
        growing = slice(self._n_settled, self.n_done)
        time_s, probability = self._time_s[growing], self._probability[growing]
        n_final = len(time_s) if is_last else settled_length(time_s, probability, self._rule)
        self._n_settled += n_final
        return form_detections(time_s[:n_final], probability[:n_final], self._rule, self._source, self._duration_s)


def describe_plan(plan: ChannelPlan) -> ChannelUse:
    """Say which channels a network sees by a plan."""
    return ChannelUse(plan.used, plan.missing, plan.interpolated, plan.problems)


def require_eeg(recording: Recording, there_is: bool, title: str) -> None:
    """Refuse a recording in which a network would see no electrode that it knows.

    Raises
    ------
    AnalysisError
        There is none.
    """
    if not there_is:
        raise AnalysisError(
            f"{title} cannot be run on {recording.path}: it has no EEG channel named after a 10-20 electrode."
        )


def mean_over_time(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average (n, columns) over the times at which anything is known, NaN where there is none."""
    known = np.isfinite(values)
    n_known = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(n_known, 1)
    return np.where(n_known > 0, mean, np.nan).astype(np.float32)


def _name_inputs(
    plan: ChannelPlan, eeg: NDArray[np.float32], emg: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    n_windows = len(eeg)
    inputs = {"eeg": eeg, "eeg_present": np.tile(plan.eeg_present, (n_windows, 1))}
    if not plan.emg_present.size:
        return inputs
    return {**inputs, "emg": emg, "emg_present": np.tile(plan.emg_present, (n_windows, 1))}


def _tell_unseen(answer: Answer) -> tuple[str, ...]:
    if not np.isfinite(answer.probability).any():
        return ("The recording holds no stretch without a gap that is long enough for one window.",)
    return ()
