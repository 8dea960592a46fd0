"""Running networks over a recording: windows in, probabilities and events out, as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inference.errors import AnalysisError, ModelPackageError
from inference.recordings.recording import Recording
from inference.runtime.cards import ChannelInputs, MontageInputs
from inference.runtime.channel_run import ChannelRun
from inference.runtime.package import ModelPackage
from inference.runtime.results import AnalysisUpdate, ModelResult
from inference.runtime.runs import MontageRun, NetworkRun
from inference.runtime.sleep_inputs import BoldSignals
from inference.runtime.sleep_run import SleepRun

#: News are told about four times a second, often enough for a lane to fill smoothly.
_UPDATE_INTERVAL_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisRequest:
    """What to analyse with which networks.

    ``provider`` is ``"auto"``, ``"cpu"`` or ``"cuda"``. ``bold`` are the signals of an fMRI run beside the recording,
    for networks that look at them; without them they work from the EEG.
    """

    recording: Recording
    packages: tuple[ModelPackage, ...]
    provider: str = "auto"
    bold: BoldSignals | None = None


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
    checkpoint()
    run = _start(request, package, checkpoint)
    told = began
    for _ in run.steps():
        if time.monotonic() - told >= _UPDATE_INTERVAL_S:
            told = time.monotonic()
            yield _tell(run)
    yield _tell(run, run.conclude(time.monotonic() - began))


def _start(request: AnalysisRequest, package: ModelPackage, checkpoint: Callable[[], None]) -> NetworkRun:
    inputs = package.card.inputs
    if isinstance(inputs, MontageInputs):
        return MontageRun(request.recording, package, request.provider, checkpoint)
    if isinstance(inputs, ChannelInputs):
        return ChannelRun(request.recording, package, request.provider, checkpoint)
    return SleepRun(request.recording, package, request.provider, checkpoint, request.bold)


def _tell(run: NetworkRun, result: ModelResult | None = None) -> AnalysisUpdate:
    news = run.take_news(is_last=result is not None)
    total_s = run.recording.duration_s
    return AnalysisUpdate(
        model_name=run.card.name,
        done_s=total_s if result else run.done_s,
        total_s=total_s,
        time_s=news.time_s,
        probability=news.probability,
        detections=news.detections,
        result=result,
    )
