"""A network that looks at one channel at a time, on its way through a recording."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.recordings.recording import Recording
from inference.runtime.cards import ChannelInputs
from inference.runtime.channel_inputs import ChannelPreparer
from inference.runtime.package import ModelPackage
from inference.runtime.plan import WindowPlan
from inference.runtime.results import Answer
from inference.runtime.runs import CHUNK_S, ChannelUse, NetworkRun, mean_over_time
from inference.runtime.session import NetworkSession

#: Probabilities this near to 0 and 1 are taken as this: a single window must not outvote all others.
_LEAST_PROBABILITY = 1e-4


class ChannelRun(NetworkRun):
    """Asks the network about every EEG channel; of its classes, the last is the one that it looks for."""

    def __init__(
        self, recording: Recording, package: ModelPackage, provider: str, checkpoint: Callable[[], None]
    ) -> None:
        spec = package.card.inputs
        assert isinstance(spec, ChannelInputs)
        session = NetworkSession(package, provider)
        self._preparer = ChannelPreparer(recording, spec, checkpoint=checkpoint)
        plan = self._preparer.plan
        if not plan.used:
            raise AnalysisError(f"{package.card.title} cannot be run on {recording.path}: it has no EEG channel.")
        super().__init__(recording, package, session, ChannelUse(plan.used, problems=plan.problems))
        self._checkpoint = checkpoint
        self._windows = WindowPlan(recording.duration_s, spec)
        self._probability = np.full((len(self._windows.time_s), len(plan.used)), np.nan, dtype=np.float32)

    def steps(self) -> Iterator[None]:
        """Go through the recording, pausing after every batch."""
        name = self.card.answer.name
        for indices in self._windows.chunks(CHUNK_S):
            self._checkpoint()
            prepared = self._preparer.read(*self._windows.span_s(indices))
            whole = [self._windows.whole_windows(indices, valid) for valid in prepared.valid]
            places = [(row, index) for row, chosen in enumerate(whole) for index in chosen]
            for first in range(0, len(places), self.session.batch_windows):
                self._checkpoint()
                batch = places[first : first + self.session.batch_windows]
                signal = np.stack([prepared.signals[row, self._windows.cut(indices, index)] for row, index in batch])
                rows, times = np.array(batch).T
                self._probability[times, rows] = self.session.run({"signal": signal})[name][:, -1]
                yield
            self.done_s = float(self._windows.time_s[indices.stop - 1])
            yield

    def answers(self) -> tuple[Answer, ...]:
        """Give the probability of each channel."""
        overall = _mean_log_odds(self._probability)
        channels = self._preparer.plan.used
        return (Answer(self.card.task, "channels", channels, self._windows.time_s, self._probability, overall),)


def _mean_log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the probability whose log odds are the mean over time, for each channel."""
    kept = np.clip(probability, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    mean = mean_over_time(np.log(kept / (1 - kept)))
    return np.asarray(1 / (1 + np.exp(-mean)), dtype=np.float32)
