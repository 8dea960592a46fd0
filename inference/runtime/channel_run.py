"""A network that looks at one channel at a time, at work on a recording."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.recordings.recording import Recording
from inference.runtime.cards import ChannelInputs
from inference.runtime.channel_inputs import ChannelPreparer
from inference.runtime.findings import Findings, mean_over_time
from inference.runtime.package import ModelPackage
from inference.runtime.plan import WindowPlan
from inference.runtime.results import Answer
from inference.runtime.runs import ChannelUse, NetworkRun, Rows
from inference.runtime.session import NetworkSession

PART_S = 60.0
#: Probabilities this near to 0 and 1 are taken as this: a single window must not outvote all others.
_LEAST_PROBABILITY = 1e-4


class ChannelFindings(Findings):
    """The probability of every channel; of the network's classes, the last is the one that it looks for."""

    def __init__(self, recording: Recording, package: ModelPackage, channels: ChannelUse) -> None:
        spec = package.card.inputs
        assert isinstance(spec, ChannelInputs)
        time_s = WindowPlan(recording.duration_s, spec).time_s
        columns = {package.card.answer.name: len(channels.used)}
        super().__init__(recording, package, channels, time_s=time_s, columns=columns, part_s=PART_S)

    def answers(self) -> tuple[Answer, ...]:
        """Give the probability of each channel."""
        probability = self.tables[self.card.answer.name]
        overall = _mean_log_odds(probability)
        return (Answer(self.card.task, "channels", self.channels.used, self.time_s, probability, overall),)


class ChannelRun(NetworkRun):
    """Asks the network about every EEG channel.

    Parameters
    ----------
    provider : where to run, as `inference.runtime.session.Graph` takes it.
    checkpoint : called between pieces of the work of making it; an exception that it raises ends that.
    """

    _session: NetworkSession

    def __init__(
        self, recording: Recording, package: ModelPackage, provider: str, checkpoint: Callable[[], None]
    ) -> None:
        spec = package.card.inputs
        assert isinstance(spec, ChannelInputs)
        self._session = NetworkSession(package, provider, threads=1)
        self._preparer = ChannelPreparer(recording, spec, checkpoint=checkpoint)
        plan = self._preparer.plan
        if not plan.used:
            raise AnalysisError(f"{package.card.title} cannot be run on {recording.path}: it has no EEG channel.")
        self.channels = ChannelUse(plan.used, problems=plan.problems)
        self._windows = WindowPlan(recording.duration_s, spec)
        self._name = package.card.answer.name

    def look(self, part: range, checkpoint: Callable[[], None]) -> Iterator[Rows]:
        """Give the rows of a part, all at once when every channel has been looked at."""
        origin = self._windows.first_sample(part[0])
        n_samples = self._windows.first_sample(part[-1]) + self._windows.window_samples - origin
        prepared = self._preparer.prepare(origin, n_samples, checkpoint)
        whole = [self._windows.whole_windows(part, valid) for valid in prepared.valid]
        places = [(row, index) for row, chosen in enumerate(whole) for index in chosen]
        probability = np.full((len(part), len(whole)), np.nan, dtype=np.float32)
        for first in range(0, len(places), self._session.batch_windows):
            checkpoint()
            batch = places[first : first + self._session.batch_windows]
            signal = np.stack([prepared.signals[row, self._windows.cut(part, index)] for row, index in batch])
            rows, times = np.array(batch).T
            probability[times - part.start, rows] = self._session.run({"signal": signal})[self._name][:, -1]
        yield Rows(np.arange(part.start, part.stop), {self._name: probability})


def _mean_log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the probability whose log odds are the mean over time, for each channel."""
    kept = np.clip(probability, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    mean = mean_over_time(np.log(kept / (1 - kept)))
    return np.asarray(1 / (1 + np.exp(-mean)), dtype=np.float32)
