"""Single channels and pairs of them, focal or not: one answer for each file."""

import hashlib
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from inference.errors import AnalysisError, TrainingError
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, Recording
from inference.recordings.units import MICROVOLTS
from inference.runtime.results import ModelResult
from inference.signals.resampling import resample
from inference.training.corpora.segments import Segments
from inference.training.evaluators.material import Case, CaseScore, Fitted, FoldSettings, Material
from inference.training.metrics import make_predictions
from inference.training.progress import TrainingProgress


class SegmentMaterial(Material):
    """Files of one channel or of a pair; a file's answer is the mean of its channels' log odds.

    Raises
    ------
    TrainingError
        The corpus has not two classes.
    """

    def __init__(self, segments: Segments) -> None:
        if len(segments.classes) != 2:
            raise TrainingError(f"{segments.corpus} has {len(segments.classes)} classes where focal and not are two.")
        self._segments = segments
        self.corpus = segments.corpus
        self.cases = tuple(
            Case(name, name, int(label)) for name, label in zip(segments.files, segments.label, strict=True)
        )
        self.owner = "file"
        self.asked = "is this file focal, one answer a file"
        self.classes = segments.classes
        self.problems = (f"{segments.corpus} names no patients: folds and intervals are by file.",)

    def open(self, index: int) -> Recording:
        """Give the file as a recording of one or two EEG channels."""
        signals, rate_hz = self._segments.signals[index], self._segments.rate_hz
        names = [f"channel {number}" for number in range(1, len(signals) + 1)]
        channels = [Channel(name, ChannelKind.EEG, MICROVOLTS, rate_hz) for name in names]
        return ArrayRecording(channels, list(signals), path=Path(self.cases[index].name))

    def identify(self, index: int) -> str:
        """Tell the file by its samples."""
        samples = np.ascontiguousarray(self._segments.signals[index])
        return f"{super().identify(index)} {hashlib.sha256(samples.tobytes()).hexdigest()}"

    def judge(self, index: int, recording: Recording, result: ModelResult) -> CaseScore:
        """Judge the mean log odds of the file's channels."""
        answer = result.answers[0]
        if answer.columns_are != "channels":
            raise AnalysisError(
                f"{result.reference.name} does not answer for each channel, as these files are labelled."
            )
        # A bounded probability keeps one channel from outvoting the other for good.
        log_odds = logit(np.clip(answer.overall.astype(np.float64), 1e-6, 1 - 1e-6))
        if not np.isfinite(log_odds).all():
            raise AnalysisError(f"{self.cases[index].name} is shorter than the window of {result.reference.name}.")
        return self._score(index, float(log_odds.mean()), result.problems)

    def fit(self, chosen: NDArray[np.int64], settings: FoldSettings) -> Generator[TrainingProgress, None, Fitted]:
        """Train the network from random weights with the paper's joint loss.

        Without patient numbers, the patient discriminator is given clusters of the training files' spectra.
        """
        from inference.models.focus_localisation import FocusLocalisation
        from inference.training.focus_fitting import (
            FocusTraining,
            fit_jointly,
            predict_log_odds,
            stand_in_patients,
        )
        from inference.training.repeatable import make_repeatable

        yield TrainingProgress("training", 1, 2)
        make_repeatable(settings.seed, "cpu", settings.n_threads)
        network = FocusLocalisation()
        rate_hz, n_channels = network.config.rate_hz, self._segments.signals.shape[1]
        training = FocusTraining(seed=settings.seed)
        if settings.n_steps is not None:
            training = FocusTraining(seed=settings.seed, n_steps=settings.n_steps)
        signals = self._channels(chosen.tolist(), rate_hz)
        if len(signals) <= network.config.n_patients:
            raise TrainingError(
                f"Training on {self.corpus} needs more than {network.config.n_patients} channels in a fold."
            )
        label = np.repeat(self._segments.label[chosen], n_channels)
        patient = stand_in_patients(signals, rate_hz, network.config.n_patients, settings.seed)
        fit_jointly(network, signals, label, patient, training)
        yield TrainingProgress("training", 2, 2)

        def judge(index: int) -> CaseScore:
            return self._score(index, float(predict_log_odds(network, self._channels([index], rate_hz)).mean()), ())

        return judge

    def _channels(self, chosen: Sequence[int], rate_hz: float) -> NDArray[np.float32]:
        """Give the channels of files one after the other at a rate, (files * channels, samples)."""
        signals = self._segments.signals[list(chosen)]
        resampled = resample(signals.reshape(-1, signals.shape[-1]), self._segments.rate_hz, rate_hz)
        return np.asarray(resampled, dtype=np.float32)

    def _score(self, index: int, log_odds: float, problems: tuple[str, ...]) -> CaseScore:
        case = self.cases[index]
        predictions = make_predictions([case.label], [expit(log_odds)], [case.patient], self.classes)
        return CaseScore(predictions, problems=problems)
