"""Running networks over a recording: windows in, probabilities and events out, as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError, ModelPackageError
from inference.labels.detections import Detection, ModelReference
from inference.recordings.recording import Recording
from inference.runtime.cards import EventRule, MontageInputs
from inference.runtime.detections import DetectionSource, describe_calibration, form_detections, settled_length
from inference.runtime.inputs import ChannelPlan, InputPreparer, plan_channels
from inference.runtime.package import ModelPackage
from inference.runtime.plan import WindowPlan
from inference.runtime.session import NetworkSession

#: Signal prepared at a time: a few hundred milliseconds of work at the most between two looks at ``should_cancel``.
CHUNK_S = 10.0
#: News are told about four times a second, often enough for a lane to fill smoothly.
_UPDATE_INTERVAL_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisRequest:
    """What to analyse with which networks; ``provider`` is ``"auto"``, ``"cpu"`` or ``"cuda"``."""

    recording: Recording
    packages: tuple[ModelPackage, ...]
    provider: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class ModelResult:
    """Everything that one network said about one recording.

    Attributes
    ----------
    reference : which weights spoke.
    task : what the network looks for, as its card names it.
    provider : where it ran, ``"cpu"`` or ``"cuda"``.
    channels_used : the recording's channels that the network saw, EEG before EMG.
    channels_missing, channels_interpolated : electrodes that were masked, and that were estimated from neighbours.
    time_s : (n,) times on the network's grid, from 0 to the end of the recording.
    probability : (n,) float32 at these times, NaN where a gap or an end of the recording leaves no whole window.
    detections : the events, by onset.
    events : the rule that formed them.
    seconds : how long the network took.
    problems : plain sentences on what the reader should know about this result.
    """

    reference: ModelReference
    task: str
    provider: str
    channels_used: tuple[str, ...]
    channels_missing: tuple[str, ...]
    channels_interpolated: tuple[str, ...]
    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    detections: tuple[Detection, ...]
    events: EventRule
    seconds: float
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisUpdate:
    """News of one network.

    Attributes
    ----------
    model_name : the network's name.
    done_s, total_s : how much of the recording it has been through.
    time_s, probability : what has been added since the last update of this network.
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


class _CancelledError(Exception):
    """Unwinds an analysis that is no longer wanted."""


def analyze(request: AnalysisRequest, should_cancel: Callable[[], bool]) -> Iterator[AnalysisUpdate]:
    """Run the networks one after the other, telling what they find while they find it.

    A network that fails is told in an update and the others go on. When ``should_cancel`` says so, the updates end
    without the results that are not finished; it is asked several times for every second of work.

    Raises
    ------
    AnalysisError
        Every network failed; the sentence is the first one's.
    RecordingError
        The recording can no longer be read.
    """

    def checkpoint() -> None:
        if should_cancel():
            raise _CancelledError

    failures = []
    for package in request.packages:
        try:
            yield from _run_network(request, package, checkpoint)
        except _CancelledError:
            return
        except (AnalysisError, ModelPackageError) as error:
            failures.append(error)
            nothing_s, nothing = np.zeros(0), np.zeros(0, dtype=np.float32)
            total_s = request.recording.duration_s
            yield AnalysisUpdate(package.card.name, 0.0, total_s, nothing_s, nothing, problem=str(error))
    if failures and len(failures) == len(request.packages):
        raise AnalysisError(str(failures[0])) from failures[0]


def _run_network(
    request: AnalysisRequest, package: ModelPackage, checkpoint: Callable[[], None]
) -> Iterator[AnalysisUpdate]:
    began = time.monotonic()
    recording, card = request.recording, package.card
    if not isinstance(card.inputs, MontageInputs) or card.events is None:
        raise AnalysisError(f"{card.title} finds no events: this version of Spasmlens does not run it over recordings.")
    checkpoint()
    channels = plan_channels(recording.channels, card.inputs)
    _require_eeg(recording, channels, card.title)
    session = NetworkSession(package, request.provider)
    preparer = InputPreparer(recording, channels, card.inputs, checkpoint)
    channels = preparer.plan
    _require_eeg(recording, channels, card.title)
    windows = WindowPlan(recording.duration_s, card.inputs)
    source = DetectionSource(package.reference, describe_calibration(card.calibration), channels.used)
    track = _Track(card.name, windows, card.events, source)
    told = began
    for _ in _fill(track, session, preparer, windows, checkpoint):
        if time.monotonic() - told >= _UPDATE_INTERVAL_S:
            told = time.monotonic()
            yield track.take_news()
    detections = form_detections(track.time_s, track.probability, card.events, source, recording.duration_s)
    result = ModelResult(
        reference=package.reference,
        task=card.task,
        provider=session.provider,
        channels_used=channels.used,
        channels_missing=channels.missing,
        channels_interpolated=channels.interpolated,
        time_s=track.time_s,
        probability=track.probability,
        detections=detections,
        events=card.events,
        seconds=time.monotonic() - began,
        problems=(*session.problems, *channels.problems, *_tell_unseen(track)),
    )
    yield track.take_news(result)


def _fill(
    track: "_Track",
    session: NetworkSession,
    preparer: InputPreparer,
    windows: WindowPlan,
    checkpoint: Callable[[], None],
) -> Iterator[None]:
    """Fill a track from its beginning to its end, pausing after every batch."""
    plan = preparer.plan
    answer = session.card.answer
    column = answer.classes.index(answer.event_class)
    for indices in windows.chunks(CHUNK_S):
        checkpoint()
        signals = preparer.read(*windows.span_s(indices))
        whole = windows.whole_windows(indices, signals.valid)
        for start in range(0, len(whole), session.batch_windows):
            checkpoint()
            batch = whole[start : start + session.batch_windows]
            eeg, emg = windows.stack(indices, batch, signals)
            inputs = _name_inputs(plan, eeg, emg)
            track.probability[batch] = session.run(inputs)[answer.name][:, column]
            track.n_done = batch[-1] + 1
            yield
        track.n_done = indices.stop
        yield


def _name_inputs(
    plan: ChannelPlan, eeg: NDArray[np.float32], emg: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    n_windows = len(eeg)
    inputs = {"eeg": eeg, "eeg_present": np.tile(plan.eeg_present, (n_windows, 1))}
    if not plan.emg_present.size:
        return inputs
    return {**inputs, "emg": emg, "emg_present": np.tile(plan.emg_present, (n_windows, 1))}


class _Track:
    """A probability track that grows, and what of it has been told."""

    def __init__(self, model_name: str, windows: WindowPlan, rule: EventRule, source: DetectionSource) -> None:
        self.time_s = windows.time_s
        self.probability = np.full(len(self.time_s), np.nan, dtype=np.float32)
        self.n_done = 0
        self._model_name = model_name
        self._duration_s = windows.duration_s
        self._rule = rule
        self._source = source
        self._n_told = 0
        self._n_settled = 0

    def take_news(self, result: ModelResult | None = None) -> AnalysisUpdate:
        """Give what has been added since the last call."""
        new = slice(self._n_told, self.n_done)
        self._n_told = self.n_done
        return AnalysisUpdate(
            model_name=self._model_name,
            done_s=self._duration_s if result else float(self.time_s[self.n_done - 1]) if self.n_done else 0.0,
            total_s=self._duration_s,
            time_s=self.time_s[new],
            probability=self.probability[new].copy(),
            detections=self._settle(is_last=result is not None),
            result=result,
        )

    def _settle(self, *, is_last: bool) -> tuple[Detection, ...]:
        growing = slice(self._n_settled, self.n_done)
        time_s, probability = self.time_s[growing], self.probability[growing]
        n_final = len(time_s) if is_last else settled_length(time_s, probability, self._rule)
        self._n_settled += n_final
        return form_detections(time_s[:n_final], probability[:n_final], self._rule, self._source, self._duration_s)


def _require_eeg(recording: Recording, channels: ChannelPlan, title: str) -> None:
    if not channels.eeg_present.any():
        raise AnalysisError(
            f"{title} cannot be run on {recording.path}: it has no EEG channel named after a 10-20 electrode."
        )


def _tell_unseen(track: _Track) -> tuple[str, ...]:
    if not np.isfinite(track.probability).any():
        return ("The recording holds no stretch without a gap that is long enough for one window.",)
    return ()
