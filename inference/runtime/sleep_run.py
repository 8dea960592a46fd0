"""The sleep-staging network on its way through a recording, one epoch after the other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from inference.errors import AnalysisError
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import UNSCORED, find_stage_set
from inference.recordings.recording import Recording
from inference.runtime.cards import SleepInputs
from inference.runtime.few_electrodes import find_temperature, temper
from inference.runtime.package import ModelPackage
from inference.runtime.results import Answer, Measure
from inference.runtime.runs import ChannelUse, NetworkRun, describe_plan, require_eeg
from inference.runtime.session import NetworkSession
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer

#: The output that mixes the modalities, and the measure that is told of it.
GATE: Final = "gate"
SHARE: Final = "modality_share"


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
        self._temperature = find_temperature(package.card.calibration, int(self._preparer.plan.eeg_present.sum()))
        super().__init__(recording, package, session, self._describe_channels(spec))
        self._checkpoint = checkpoint
        self._epoch_s = spec.epoch_s
        n_epochs, n_classes = self._preparer.n_epochs, len(self.card.classes)
        self._time_s = (np.arange(n_epochs, dtype=np.float64) + 0.5) * np.float64(spec.epoch_s)
        self._probability = np.full((n_epochs, n_classes), np.nan, dtype=np.float32)
        self._share = np.full(n_epochs, np.nan, dtype=np.float32)

    def steps(self) -> Iterator[None]:
        """Go through the recording, pausing after every batch."""
        name = self.card.answer.name
        for first in range(0, self._preparer.n_epochs, self.session.batch_windows):
            self._checkpoint()
            stop = min(first + self.session.batch_windows, self._preparer.n_epochs)
            inputs = self._preparer.gather(first, stop)
            middle = inputs["eeg_present"].shape[1] // 2
            # An epoch is staged from its own signals: those beside it alone would be a guess.
            with_eeg = inputs["eeg_present"][:, middle].any(axis=1)
            with_bold = inputs["bold_present"].any(axis=1)
            seen = with_eeg | with_bold
            if seen.any():
                self._checkpoint()
                given = self.session.run({key: array[seen] for key, array in inputs.items()})
                # What fMRI adds where electrodes are few was not measured.
                alone = ~with_bold[seen, None]
                told = np.where(alone, temper(given[name], self._temperature), given[name])
                self._probability[first:stop][seen] = told
                self._share[first:stop][with_eeg & with_bold] = given[GATE].mean(axis=1)[(with_eeg & with_bold)[seen]]
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

    def measures(self) -> tuple[Measure, ...]:
        """Give how much of each epoch's answer rests on the EEG and how much on the fMRI, where there were both."""
        if not np.isfinite(self._share).any():
            return ()
        values = np.stack([self._share, 1.0 - self._share], axis=1)
        about = "share of each modality in the fused embedding, mean over its elements"
        return (Measure(SHARE, about, ("EEG", "fMRI"), self._time_s, values),)

    def hypnogram(self) -> Hypnogram | None:
        """Give the most probable stage of every epoch; an epoch that could not be staged is unscored."""
        stages = tuple(
            self.card.classes[int(row.argmax())] if np.isfinite(row).all() else UNSCORED for row in self._probability
        )
        stage_set = find_stage_set(self.card.classes)
        if stage_set is None:
            raise AnalysisError(f"{self.card.title} tells stages that belong to no scoring manual.")
        return Hypnogram(stages, self._epoch_s, stage_set=stage_set, scorer=f"{self.card.name} {self.card.version}")

    def _describe_channels(self, spec: SleepInputs) -> ChannelUse:
        use = describe_plan(self._preparer.plan)
        if self._temperature <= 1.0:
            return use
        n_seen, n_known = int(self._preparer.plan.eeg_present.sum()), len(spec.eeg_electrodes)
        sentence = (
            f"With {n_seen} of {n_known} electrodes the network was wrong more often than it thought, on simulated "
            f"sleepers: its confidence is lowered (temperature {self._temperature:.2f})."
        )
        return replace(use, problems=(*use.problems, sentence))
