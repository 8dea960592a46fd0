"""The sleep-staging network at work on a recording, epoch by epoch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import UNSCORED, find_stage_set
from inference.recordings.recording import Recording
from inference.runtime.cards import SleepInputs
from inference.runtime.few_electrodes import find_temperature, temper
from inference.runtime.findings import Findings
from inference.runtime.package import ModelPackage
from inference.runtime.results import Answer, Measure
from inference.runtime.runs import ChannelUse, NetworkRun, Rows, describe_plan, require_eeg
from inference.runtime.session import NetworkSession
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer

PART_S = 240.0
#: The output that mixes the modalities, and the measure that is told of it.
GATE: Final = "gate"
SHARE: Final = "modality_share"


class SleepFindings(Findings):
    """The probability of each stage in every whole epoch; the first one begins with the recording."""

    def __init__(self, recording: Recording, package: ModelPackage, channels: ChannelUse) -> None:
        spec = package.card.inputs
        assert isinstance(spec, SleepInputs)
        time_s = (np.arange(int(recording.duration_s / spec.epoch_s + 1e-9), dtype=np.float64) + 0.5) * spec.epoch_s
        columns = {package.card.answer.name: len(package.card.classes), SHARE: 1}
        super().__init__(recording, package, channels, time_s=time_s, columns=columns, part_s=PART_S)
        self._epoch_s = spec.epoch_s

    def answers(self) -> tuple[Answer, ...]:
        """Give the probability of each stage in each epoch, and the share of the staged epochs in each stage."""
        staged = self._probability[np.isfinite(self._probability).all(axis=1)]
        n_classes = len(self.card.classes)
        shares = np.full(n_classes, np.nan, dtype=np.float32)
        if len(staged):
            shares = (np.bincount(staged.argmax(axis=1), minlength=n_classes) / len(staged)).astype(np.float32)
        return (Answer(self.card.task, "classes", self.card.classes, self.time_s, self._probability, shares),)

    def measures(self) -> tuple[Measure, ...]:
        """Give how much of each epoch's answer rests on the EEG and how much on the fMRI, where there were both."""
        share = self.tables[SHARE]
        if not np.isfinite(share).any():
            return ()
        about = "share of each modality in the fused embedding, mean over its elements"
        return (Measure(SHARE, about, ("EEG", "fMRI"), self.time_s, np.hstack([share, 1.0 - share])),)

    def hypnogram(self) -> Hypnogram | None:
        """Give the most probable stage of every epoch; an epoch that could not be staged is unscored."""
        stages = tuple(
            self.card.classes[int(row.argmax())] if np.isfinite(row).all() else UNSCORED for row in self._probability
        )
        stage_set = find_stage_set(self.card.classes)
        if stage_set is None:
            raise AnalysisError(f"{self.card.title} tells stages that belong to no scoring manual.")
        return Hypnogram(stages, self._epoch_s, stage_set=stage_set, scorer=f"{self.card.name} {self.card.version}")

    @property
    def _probability(self) -> NDArray[np.float32]:
        return self.tables[self.card.answer.name]


class SleepRun(NetworkRun):
    """Stages epochs of a recording that has EEG or fMRI.

    Parameters
    ----------
    provider : where to run, as `inference.runtime.session.Graph` takes it.
    checkpoint : called between pieces of the work of making it; an exception that it raises ends that.
    bold : the fMRI beside the EEG, None where there is none.
    """

    _session: NetworkSession

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
        self._session = NetworkSession(package, provider, threads=1)
        self._preparer = SleepPreparer(recording, spec, bold=bold, checkpoint=checkpoint)
        require_eeg(recording, self._preparer.has_eeg or self._preparer.has_bold, title)
        self._temperature = find_temperature(package.card.calibration, int(self._preparer.plan.eeg_present.sum()))
        self.channels = self._describe_channels(spec)
        self._name, self._n_classes = package.card.answer.name, len(package.card.classes)
        self._preparing = Lock()

    def look(self, part: range, checkpoint: Callable[[], None]) -> Iterator[Rows]:
        """Give the rows of a part in batches."""
        for first in range(part.start, part.stop, self._session.batch_windows):
            checkpoint()
            stop = min(first + self._session.batch_windows, part.stop)
            # One thread reads while the others run the network.
            with self._preparing:
                checkpoint()
                inputs = self._preparer.gather(first, stop)
            middle = inputs["eeg_present"].shape[1] // 2
            # An epoch is staged from its own signals: those beside it alone would be a guess.
            with_eeg = inputs["eeg_present"][:, middle].max(axis=1) > 0
            with_bold = inputs["bold_present"].max(axis=1) > 0
            seen, both = with_eeg | with_bold, with_eeg & with_bold
            probability = np.full((stop - first, self._n_classes), np.nan, dtype=np.float32)
            share = np.full((stop - first, 1), np.nan, dtype=np.float32)
            if seen.any():
                checkpoint()
                given = self._session.run({key: array[seen] for key, array in inputs.items()})
                # What fMRI adds where electrodes are few was not measured.
                lowered = temper(given[self._name], self._temperature)
                probability[seen] = np.where(with_bold[seen, None], given[self._name], lowered)
                share[both, 0] = given[GATE].mean(axis=1)[both[seen]]
            yield Rows(np.arange(first, stop), {self._name: probability, SHARE: share})

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
