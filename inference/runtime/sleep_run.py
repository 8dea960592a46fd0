"""The sleep-staging network on its way through a recording, one epoch after the other."""

from collections.abc import Callable, Iterator

import numpy as np

from inference.errors import AnalysisError
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import UNSCORED, find_stage_set
from inference.recordings.recording import Recording
from inference.runtime.cards import SleepInputs
from inference.runtime.package import ModelPackage
from inference.runtime.results import Answer
from inference.runtime.runs import NetworkRun, describe_plan, require_eeg
from inference.runtime.session import NetworkSession
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer


class SleepRun(NetworkRun):
    """Stages every whole epoch of a recording that has EEG or fMRI; the first one begins with the recording."""

    def __init__(
        self,
        recording: Recording,
        package: ModelPackage,
        provider: str,
        checkpoint: Callable[[], None],
        bold: BoldSignals | None,
    ) -> None:
        spec = package.card.inputs
        assert isinstance(spec, SleepInputs)
        title = package.card.title
        if recording.duration_s < spec.epoch_s:
            raise AnalysisError(f"{title} cannot be run on {recording.path}: it is shorter than {spec.epoch_s:g} s.")
        session = NetworkSession(package, provider)
        self._preparer = SleepPreparer(recording, spec, bold=bold, checkpoint=checkpoint)
        require_eeg(recording, self._preparer.has_eeg or self._preparer.has_bold, title)
        super().__init__(recording, package, session, describe_plan(self._preparer.plan))
        self._checkpoint = checkpoint
        self._epoch_s = spec.epoch_s
        n_epochs, n_classes = self._preparer.n_epochs, len(self.card.classes)
        self._time_s = (np.arange(n_epochs, dtype=np.float64) + 0.5) * np.float64(spec.epoch_s)
        self._probability = np.full((n_epochs, n_classes), np.nan, dtype=np.float32)

    def steps(self) -> Iterator[None]:
        """Go through the recording, pausing after every batch."""
        name = self.card.answer.name
        for first in range(0, self._preparer.n_epochs, self.session.batch_windows):
            self._checkpoint()
            stop = min(first + self.session.batch_windows, self._preparer.n_epochs)
            inputs = self._preparer.gather(first, stop)
            middle = inputs["eeg_present"].shape[1] // 2
            # An epoch is staged from its own signals: those beside it alone would be a guess.
            seen = inputs["eeg_present"][:, middle].any(axis=1) | inputs["bold_present"].any(axis=1)
            if seen.any():
                self._checkpoint()
                given = self.session.run({key: array[seen] for key, array in inputs.items()})
                self._probability[first:stop][seen] = given[name]
            self.done_s = stop * self._epoch_s
            yield

    def answers(self) -> tuple[Answer, ...]:
        """Give the probability of each stage in each epoch, and the share of the staged epochs in each stage."""
        staged = self._probability[np.isfinite(self._probability).all(axis=1)]
        n_classes = len(self.card.classes)
        shares = np.full(n_classes, np.nan, dtype=np.float32)
        if len(staged):
            shares = (np.bincount(staged.argmax(axis=1), minlength=n_classes) / len(staged)).astype(np.float32)
        return (Answer(self.card.task, "classes", self.card.classes, self._time_s, self._probability, shares),)

    def hypnogram(self) -> Hypnogram | None:
        """Give the most probable stage of every epoch; an epoch that could not be staged is unscored."""
        stages = tuple(
            self.card.classes[int(row.argmax())] if np.isfinite(row).all() else UNSCORED for row in self._probability
        )
        stage_set = find_stage_set(self.card.classes)
        if stage_set is None:
            raise AnalysisError(f"{self.card.title} tells stages that belong to no scoring manual.")
        return Hypnogram(stages, self._epoch_s, stage_set=stage_set, scorer=f"{self.card.name} {self.card.version}")
