"""Running networks over a recording: windows in, probabilities and events out, as they come."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event

import numpy as np

from inference.errors import AnalysisError, ModelPackageError
from inference.recordings.recording import Recording
from inference.runtime.agenda import Agenda
from inference.runtime.cards import ChannelInputs, MontageInputs
from inference.runtime.channel_run import ChannelFindings, ChannelRun
from inference.runtime.findings import Findings
from inference.runtime.memory import give_back_memory
from inference.runtime.montage_run import MontageFindings, MontageRun
from inference.runtime.package import ModelPackage
from inference.runtime.result_cache import KeptResult, ResultCache
from inference.runtime.results import AnalysisUpdate, ModelResult
from inference.runtime.runs import ChannelUse, NetworkRun, Rows
from inference.runtime.session import n_threads
from inference.runtime.sleep_inputs import BoldSignals
from inference.runtime.sleep_run import SleepFindings, SleepRun

#: News are told about four times a second, often enough for a lane to fill smoothly.
_UPDATE_INTERVAL_S = 0.25
#: So long at the most does a wish to cancel go unnoticed.
_LOOK_UP_S = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisRequest:
    """What to analyse with which networks.

    ``provider`` is ``"auto"``, ``"cpu"`` or ``"cuda"``. ``bold`` are the signals of an fMRI run beside the recording,
    for networks that look at them; without them they work from the EEG. ``workers`` is how many parts of the recording
    are worked on at once, None for as many as leave a core to a window; results do not depend on it. ``cache`` is a
    folder in which results are kept as they come, and from which the same request goes on where it was stopped.
    """

    recording: Recording
    packages: tuple[ModelPackage, ...]
    provider: str = "auto"
    bold: BoldSignals | None = None
    workers: int | None = None
    cache: Path | None = None


class _CancelledError(Exception):
    """Unwinds work that is no longer wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class _Word:
    """What a worker says of the network that it works for: rows, or why it has stopped."""

    network: int
    seconds: float = 0.0
    run: NetworkRun | None = None
    rows: Rows | None = None
    ended: range | None = None
    error: BaseException | None = None


def nobody_looks() -> None:
    """Tell no place at which a reader looks."""


def analyze(
    request: AnalysisRequest,
    should_cancel: Callable[[], bool],
    gaze: Callable[[], tuple[float, float] | None] = nobody_looks,
) -> Iterator[AnalysisUpdate]:
    """Run the networks, telling what they find while they find it.

    The networks go through the recording one after the other, several parts at once, and wherever ``gaze`` points comes
    first. Results are told in the networks' order and depend neither on the order of the work nor on the number of
    workers. A network that fails is told in an update and the others go on. When ``should_cancel`` says so, the updates
    end without the results that are not finished; it is asked at least twenty times a second.

    Parameters
    ----------
    gaze : gives the left edge of the page that a reader looks at and its length, or None; asked before every part.

    Raises
    ------
    AnalysisError
        Every network failed; the sentence is the first one's.
    RecordingError
        The recording can no longer be read.
    """
    crew = _Crew(request, gaze)
    try:
        yield from crew.work(should_cancel)
    finally:
        crew.dismiss()
    failures = crew.failures
    if failures and len(failures) == len(request.packages):
        raise AnalysisError(failures[min(failures)])


class _Crew:
    """Worker threads, the findings that grow from what they say, and what of these has been told.

    Everything but `_make` and `_look` happens in the thread that asks for updates.
    """

    def __init__(self, request: AnalysisRequest, gaze: Callable[[], tuple[float, float] | None]) -> None:
        self._request, self._gaze = request, gaze
        self._n_workers = request.workers or n_threads()
        self._pool = ThreadPoolExecutor(self._n_workers, thread_name_prefix="network")
        self._stop = Event()
        self._words: SimpleQueue[_Word] = SimpleQueue()
        self._agenda = Agenda(len(request.packages))
        self._n_busy = 0
        self._runs: dict[int, NetworkRun] = {}
        self._findings: dict[int, Findings] = {}
        self._kept: dict[int, KeptResult] = {}
        self._seconds = dict.fromkeys(range(len(request.packages)), 0.0)
        self._results: dict[int, ModelResult] = {}
        self.failures: dict[int, str] = {}
        self._n_told = 0
        self._told_s: dict[int, float] = {}
        self._cache = ResultCache(request.cache, request.recording, request.provider, request.bold)

    def work(self, should_cancel: Callable[[], bool]) -> Iterator[AnalysisUpdate]:
        """Work until everything is told or nobody wants it any more."""
        for network, package in enumerate(self._request.packages):
            self._recall(network, package)
        told = time.monotonic()
        while self._n_told < len(self._request.packages):
            if should_cancel():
                return
            self._hand_out()
            self._hear()
            yield from self._tell_ends()
            if time.monotonic() - told >= _UPDATE_INTERVAL_S:
                told = time.monotonic()
                yield from self._tell_news()

    def dismiss(self) -> None:
        """Stop every worker and return when all have stopped; what is known of each network is kept."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for kept in self._kept.values():
            kept.close()
        # Nobody listens any more; an error among these would keep alive all that it has met on its way.
        self._words = SimpleQueue()
        self._runs.clear()
        give_back_memory()

    def _recall(self, network: int, package: ModelPackage) -> None:
        """Take up what an earlier run of the same analysis had found."""
        kept = self._cache.find(package)
        if kept is None:
            return
        findings = _make_findings(self._request.recording, package, kept.channels)
        for rows in kept.read(findings):
            findings.take(rows)
        if all(findings.is_done(part) for part in findings.parts):
            self._findings[network] = findings
            self._agenda.skip(network)
            self._results[network] = findings.conclude(kept.provider, 0.0, kept.problems)

    def _hand_out(self) -> None:
        while self._n_busy < self._n_workers and (task := self._agenda.take(self._gaze())) is not None:
            network, part = task
            self._n_busy += 1
            self._pool.submit(self._make, network) if part is None else self._pool.submit(self._look, network, part)

    def _hear(self) -> None:
        """Take in what workers have said; wait for the first word if there is none."""
        try:
            self._heed(self._words.get(timeout=_LOOK_UP_S))
            while True:
                self._heed(self._words.get_nowait())
        except Empty:
            return

    def _heed(self, word: _Word) -> None:
        network = word.network
        self._n_busy -= word.rows is None
        self._seconds[network] += word.seconds
        if word.error is not None:
            self._heed_error(network, word.error)
        elif network in self.failures:
            return
        elif word.run is not None:
            self._open(network, word.run)
        elif word.rows is not None:
            self._findings[network].take(word.rows)
        elif word.ended is not None:
            self._heed_end(network, word.ended)

    def _heed_error(self, network: int, error: BaseException) -> None:
        if isinstance(error, AnalysisError | ModelPackageError):
            self.failures.setdefault(network, str(error))
            self._agenda.drop(network)
        else:
            raise error

    def _open(self, network: int, run: NetworkRun) -> None:
        package = self._request.packages[network]
        findings = _make_findings(self._request.recording, package, run.channels)
        kept = self._cache.open(package, run)
        if kept is not None:
            for rows in kept.read(findings):
                findings.take(rows)
            self._kept[network] = kept
        self._runs[network], self._findings[network] = run, findings
        self._agenda.open(network, findings)
        self._conclude_if_done(network)

    def _heed_end(self, network: int, part: range) -> None:
        if network in self._kept:
            self._kept[network].append(self._findings[network], part)
        self._conclude_if_done(network)

    def _conclude_if_done(self, network: int) -> None:
        findings = self._findings[network]
        # Of two parts that end at once, the first one's end finds everything known already.
        if network not in self._results and findings.is_known.all():
            run = self._runs[network]
            problems = run.problems
            if network in self._kept:
                self._kept[network].finish()
                problems = tuple(dict.fromkeys((*problems, *self._kept[network].problems)))
            self._results[network] = findings.conclude(run.provider, self._seconds[network], problems)
            # Sessions and their memory are not needed any more, once the last worker has let go of them.
            del self._runs[network]

    def _tell_ends(self) -> Iterator[AnalysisUpdate]:
        while self._n_told < len(self._request.packages):
            network = self._n_told
            if network in self.failures:
                update = self._tell_failure(network)
            elif network in self._results:
                update = self._tell(network, self._results[network])
            else:
                return
            self._n_told += 1
            yield update

    def _tell_news(self) -> Iterator[AnalysisUpdate]:
        for network, findings in sorted(self._findings.items()):
            is_news = findings.done_s > self._told_s.get(network, 0.0)
            if is_news and network >= self._n_told and network not in self.failures:
                self._told_s[network] = findings.done_s
                yield self._tell(network)

    def _tell(self, network: int, result: ModelResult | None = None) -> AnalysisUpdate:
        findings = self._findings[network]
        news = findings.take_news()
        total_s = findings.recording.duration_s
        return AnalysisUpdate(
            model_name=findings.card.name,
            done_s=total_s if result else findings.done_s,
            total_s=total_s,
            time_s=news.time_s,
            probability=news.probability,
            detections=news.detections,
            result=result,
        )

    def _tell_failure(self, network: int) -> AnalysisUpdate:
        nothing_s, nothing = np.zeros(0), np.zeros(0, dtype=np.float32)
        name, total_s = self._request.packages[network].card.name, self._request.recording.duration_s
        return AnalysisUpdate(name, 0.0, total_s, nothing_s, nothing, problem=self.failures[network])

    # In the workers' threads

    def _checkpoint(self) -> None:
        if self._stop.is_set():
            raise _CancelledError

    def _make(self, network: int) -> None:
        began = time.monotonic()
        try:
            self._checkpoint()
            run = _make_run(self._request, self._request.packages[network], self._checkpoint)
        except _CancelledError:
            self._words.put(_Word(network))
        except BaseException as error:  # whatever it is, it is told in the thread that asks for updates
            self._words.put(_Word(network, error=error))
        else:
            self._words.put(_Word(network, time.monotonic() - began, run=run))

    def _look(self, network: int, part: range) -> None:
        began = time.monotonic()
        try:
            self._checkpoint()
            for rows in self._runs[network].look(part, self._checkpoint):
                self._words.put(_Word(network, rows=rows))
        except _CancelledError:
            self._words.put(_Word(network))
        except BaseException as error:
            self._words.put(_Word(network, error=error))
        else:
            self._words.put(_Word(network, time.monotonic() - began, ended=part))


def _make_findings(recording: Recording, package: ModelPackage, channels: ChannelUse) -> Findings:
    inputs = package.card.inputs
    if isinstance(inputs, MontageInputs):
        return MontageFindings(recording, package, channels)
    if isinstance(inputs, ChannelInputs):
        return ChannelFindings(recording, package, channels)
    return SleepFindings(recording, package, channels)


def _make_run(request: AnalysisRequest, package: ModelPackage, checkpoint: Callable[[], None]) -> NetworkRun:
    inputs = package.card.inputs
    if isinstance(inputs, MontageInputs):
        return MontageRun(request.recording, package, request.provider, checkpoint)
    if isinstance(inputs, ChannelInputs):
        return ChannelRun(request.recording, package, request.provider, checkpoint)
    return SleepRun(request.recording, package, request.provider, checkpoint, request.bold)
