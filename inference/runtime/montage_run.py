"""A network that looks at all electrodes of a montage at once, at work on a recording."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from inference.recordings.recording import Recording
from inference.runtime.cards import MontageInputs, OutputSpec
from inference.runtime.detections import DetectionSource, describe_calibration
from inference.runtime.findings import EventTrack, Findings, mean_over_time
from inference.runtime.inputs import InputPreparer, PreparedSignals, plan_channels
from inference.runtime.package import ModelPackage
from inference.runtime.parts import PartsSession
from inference.runtime.plan import WindowPlan
from inference.runtime.results import Answer, Measure
from inference.runtime.runs import ChannelUse, NetworkRun, Rows, describe_plan, require_eeg
from inference.runtime.session import NetworkSession

#: How much of a recording is asked about at a time: no more than a second of work, and the margins are read twice.
PART_S = 30.0
_NOTHING = np.zeros(0, dtype=np.float32)


class MontageFindings(Findings):
    """Probabilities of classes, and the events formed from one of them."""

    def __init__(self, recording: Recording, package: ModelPackage, channels: ChannelUse) -> None:
        spec = package.card.inputs
        assert isinstance(spec, MontageInputs)
        columns = {output.name: len(output.classes) for output in package.card.outputs if output.classes}
        time_s = WindowPlan(recording.duration_s, spec).time_s
        super().__init__(recording, package, channels, time_s=time_s, columns=columns, part_s=PART_S)
        self._track: EventTrack | None = None
        answer = self.card.answer
        if self.card.events is not None:
            source = DetectionSource(package.reference, describe_calibration(self.card.calibration), channels.used)
            self._track = EventTrack(
                time_s=time_s,
                probability=self.tables[answer.name][:, answer.classes.index(answer.event_class)],
                is_known=self.is_known,
                rule=self.card.events,
                source=source,
                duration_s=recording.duration_s,
            )

    @property
    def track(self) -> EventTrack | None:
        """The probability that events are formed from, None where the network finds none."""
        return self._track

    def answers(self) -> tuple[Answer, ...]:
        """Give the answers, the one that the network is for first."""
        specs = [output for output in self.card.outputs if output.task]
        specs.sort(key=lambda output: output != self.card.answer)
        return tuple(self._answer(output) for output in specs)

    def measures(self) -> tuple[Measure, ...]:
        """Give the outputs that answer nothing but have named columns."""
        return tuple(
            Measure(output.name, output.measures, output.classes, self.time_s, self.tables[output.name])
            for output in self.card.outputs
            if output.measures and output.classes
        )

    def _answer(self, output: OutputSpec) -> Answer:
        values = self.tables[output.name]
        if output.event_class:
            column = np.ascontiguousarray(values[:, output.classes.index(output.event_class)])
            return Answer(output.task, "classes", (), self.time_s, column, _NOTHING)
        return Answer(output.task, "classes", output.classes, self.time_s, values, mean_over_time(values))


class MontageRun(NetworkRun):
    """Shows the network windows of all electrodes: features of a whole part at once where it has a front end for them.

    Parameters
    ----------
    provider : where to run, as `inference.runtime.session.Graph` takes it.
    checkpoint : called between pieces of the work of making it; an exception that it raises ends that.
    """

    _session: NetworkSession | PartsSession

    def __init__(
        self, recording: Recording, package: ModelPackage, provider: str, checkpoint: Callable[[], None]
    ) -> None:
        spec = package.card.inputs
        assert isinstance(spec, MontageInputs)
        plan = plan_channels(recording.channels, spec)
        require_eeg(recording, bool(plan.eeg_present.any()), package.card.title)
        self._session = open_session(package, provider)
        self._preparer = InputPreparer(recording, plan, spec, checkpoint)
        self._plan = self._preparer.plan
        require_eeg(recording, bool(self._plan.eeg_present.any()), package.card.title)
        self.channels = describe_plan(self._plan)
        self._windows = WindowPlan(recording.duration_s, spec)
        self._columns = {output.name: len(output.classes) for output in package.card.outputs if output.classes}

    def look(self, part: range, checkpoint: Callable[[], None]) -> Iterator[Rows]:
        """Give the rows of a part: those without a whole window first, then the others in batches."""
        origin = self._windows.first_sample(part[0])
        n_samples = self._windows.first_sample(part[-1]) + self._windows.window_samples - origin
        signals = self._preparer.prepare(origin, n_samples, checkpoint)
        whole = self._windows.whole_windows(part, signals.valid)
        blind = np.setdiff1d(np.arange(part.start, part.stop), whole)
        yield Rows(blind, {name: np.full((len(blind), n), np.nan, np.float32) for name, n in self._columns.items()})
        checkpoint()
        for batch, inputs in self._batches(part, whole, signals):
            checkpoint()
            given = self._session.run(inputs)
            yield Rows(np.array(batch), {name: given[name] for name in self._columns})

    def _batches(
        self, part: range, whole: list[int], signals: PreparedSignals
    ) -> Iterator[tuple[list[int], dict[str, NDArray[np.float32]]]]:
        """Yield the times of a part that have a whole window, and what the network is shown of them."""
        session, n_at_once = self._session, self._session.batch_windows
        batches = [whole[first : first + n_at_once] for first in range(0, len(whole), n_at_once)]
        features: Mapping[str, NDArray[np.float32]] = {}
        if isinstance(session, PartsSession) and batches:
            features = session.features({"eeg": signals.eeg, "emg": signals.emg})
        for batch in batches:
            if isinstance(session, PartsSession):
                windows = session.cut(features, [self._windows.cut(part, index).start for index in batch])
            else:
                eeg, emg = self._windows.stack(part, batch, signals)
                windows = {"eeg": eeg, "emg": emg} if self._plan.emg_present.size else {"eeg": eeg}
            yield batch, {**windows, **self._present(len(batch))}

    def _present(self, n_windows: int) -> dict[str, NDArray[np.float32]]:
        present = {"eeg_present": self._plan.eeg_present}
        if self._plan.emg_present.size:
            present["emg_present"] = self._plan.emg_present
        return {name: np.tile(flags, (n_windows, 1)) for name, flags in present.items()}


def open_session(package: ModelPackage, provider: str) -> NetworkSession | PartsSession:
    """Load a network in two parts where it has them and its windows begin on frames, or else as a whole.

    Each run gets one thread, because parts of the recording are worked on side by side.
    """
    if package.has_parts:
        session = PartsSession(package, provider, threads=1)
        hop_samples = package.card.inputs.hop_s * package.card.inputs.rate_hz
        if hop_samples % session.step_samples == 0 and session.window_samples % (2 * session.step_samples) == 0:
            return session
    return NetworkSession(package, provider, threads=1)
