"""Recordings with seizures, on which DSMN-ESS can be trained in folds for its second task."""

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.errors import TrainingError
from inference.training.corpora.recordings import SeizureCorpus
from inference.training.evaluators.event_folds import TrainableEvents
from inference.training.evaluators.material import CaseScore, Fitted, FoldSettings
from inference.training.progress import TrainingProgress

if TYPE_CHECKING:
    from inference.models.dsmn_ess import DsmnEss
    from inference.training.dsmn_windows import LabelledWindows
    from inference.training.evaluation import Track

#: Of each recording all windows of seizures are learnt from, and at most so many between seizures.
MOST_INTERICTAL = 60


class SeizureMaterial(TrainableEvents):
    """Recordings with seizures of any kind; no corpus names syndromes, so the network learns its second task alone."""

    def __init__(self, corpus: SeizureCorpus) -> None:
        super().__init__(corpus, spasms=False)

    def fit(self, chosen: NDArray[np.int64], settings: FoldSettings) -> Generator[TrainingProgress, None, Fitted]:
        """Train the network from random weights as its recipe does, calibrated on a fifth of the fold's patients.

        These patients also validate: the weights with the least loss on them are kept.
        """
        from inference.models.dsmn_ess import DsmnConfig, DsmnEss
        from inference.training.dsmn_fitting import Recipe, fit
        from inference.training.dsmn_scores import SEIZURE_LABEL
        from inference.training.dsmn_windows import INPUTS, Split, join_windows
        from inference.training.evaluation import choose_rule, fit_calibration
        from inference.training.repeatable import choose_device, make_repeatable

        learning, calibrating = self.divide(chosen, settings.seed)
        device = choose_device(settings.device)
        make_repeatable(settings.seed, device, settings.n_threads)
        recipe = Recipe(settings.seed, DsmnConfig(tasks=("seizure",)), device=device, n_threads=settings.n_threads)
        if settings.n_steps is not None:
            recipe = replace(recipe, n_steps=settings.n_steps)
        parts = []
        for done, index in enumerate((*learning, *calibrating), 1):
            parts.append(self._draw(index, settings.seed))
            yield TrainingProgress("preparing", done, len(chosen))
        windows = join_windows(parts)
        learns = np.isin(windows.patient, learning)
        split = Split(np.flatnonzero(learns), np.flatnonzero(~learns))
        network = DsmnEss(recipe.network)
        for report in fit(network, windows, split, recipe):
            yield TrainingProgress("training", report.step, report.n_steps, f"loss {report.loss:.3f}")
        tracks = [self._track(index, network) for index in calibrating]
        calibration = fit_calibration(tracks)
        rule, _ = choose_rule(tracks, calibration, SEIZURE_LABEL, INPUTS.hop_s, recipe.max_false_per_hour)

        def judge(index: int) -> CaseScore:
            track = self._track(index, network)
            return self.judge_track(index, track, calibration.probability(track.log_odds), rule)

        return judge

    def _read(self, index: int) -> tuple["LabelledWindows", NDArray[np.float64], float]:
        """Give a recording's windows, their onsets and its length; as patient, windows have the recording's number."""
        from inference.training.dsmn_patients import read_windows
        from inference.training.dsmn_windows import LabelledWindows, label_windows

        recording = self.open(index)
        self.require_within(index, recording)
        eeg, onset_s, present = read_windows(recording)
        if not len(eeg):
            raise TrainingError(f"{recording.path} has no whole window to train on.")
        n_windows = len(eeg)
        windows = LabelledWindows(
            eeg,
            np.tile(present, (n_windows, 1)),
            np.zeros(n_windows, dtype=np.int64),
            label_windows(onset_s, self.truth[index]),
            np.full(n_windows, index),
        )
        return windows, onset_s, recording.duration_s

    def _draw(self, index: int, seed: int) -> "LabelledWindows":
        """Give the windows of a recording to learn from, in half the memory."""
        from inference.training.dsmn_windows import INTERICTAL, SEIZURE, LabelledWindows

        windows, _, _ = self._read(index)
        others = np.random.default_rng((seed, index)).permutation(np.flatnonzero(windows.seizure == INTERICTAL))
        kept = np.sort(np.concatenate([np.flatnonzero(windows.seizure == SEIZURE), others[:MOST_INTERICTAL]]))
        arrays = (windows.present, windows.syndrome, windows.seizure, windows.patient)
        return LabelledWindows(windows.eeg[kept].astype(np.float16), *(array[kept] for array in arrays))

    def _track(self, index: int, network: "DsmnEss") -> "Track":
        from inference.training.dsmn_fitting import predict
        from inference.training.dsmn_windows import INPUTS
        from inference.training.evaluation import Track

        windows, onset_s, duration_s = self._read(index)
        logits = predict(network, windows, np.arange(len(windows))).logits["seizure"].astype(np.float64)
        label = windows.seizure.astype(np.int8)
        return Track(onset_s + INPUTS.window_s / 2, logits[:, 1] - logits[:, 0], label, self.truth[index], duration_s)
