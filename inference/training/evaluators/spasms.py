"""Recordings with epileptic spasms, on which IESS-FusionNet can be trained in folds by its own recipe."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.errors import TrainingError
from inference.training.corpora.recordings import SeizureCorpus
from inference.training.evaluators.event_folds import TrainableEvents
from inference.training.evaluators.material import CaseScore, Fitted, FoldSettings
from inference.training.progress import TrainingProgress

if TYPE_CHECKING:
    from inference.models.iess_fusionnet import IessFusionNet
    from inference.training.features import PatientFeatures


class SpasmMaterial(TrainableEvents):
    """Recordings with spasms. Their log power is taken once and kept, 60 kB for each second, while this is in use."""

    def __init__(self, corpus: SeizureCorpus) -> None:
        super().__init__(corpus, spasms=True)
        self._kept: TemporaryDirectory[str] | None = None
        self._features: dict[int, PatientFeatures] = {}

    def close(self) -> None:
        """Remove the log power that was kept."""
        self._features.clear()
        if self._kept is not None:
            self._kept.cleanup()

    def fit(self, chosen: NDArray[np.int64], settings: FoldSettings) -> Generator[TrainingProgress, None, Fitted]:
        """Train the network from random weights as its recipe does, calibrated on a fifth of the fold's patients."""
        from inference.models.iess_fusionnet import IessFusionNet
        from inference.simulate.truth import Term
        from inference.training.evaluation import choose_rule, fit_calibration, run_over
        from inference.training.iess_fusionnet import INPUTS, Recipe, fit, set_standards
        from inference.training.repeatable import choose_device, make_repeatable
        from inference.training.windows import WindowSampler

        learning, calibrating = self.divide(chosen, settings.seed)
        recipe, device = Recipe(), choose_device(settings.device)
        make_repeatable(settings.seed, device, settings.n_threads)
        network = IessFusionNet()
        for done, index in enumerate(chosen.tolist(), 1):
            self._prepare(network, index)
            yield TrainingProgress("preparing", done, len(chosen))
        patients = [self._features[index] for index in learning]
        set_standards(network, patients)
        sampler = WindowSampler(patients, network.config, settings.seed, recipe.variation)
        loop = recipe.loop if settings.n_steps is None else replace(recipe.loop, n_steps=settings.n_steps)
        for report in fit(network, sampler, loop, seed=settings.seed, device=device):
            yield TrainingProgress("training", report.step, report.n_steps, f"loss {report.loss:.3f}")
        tracks = [run_over(network, self._features[index], INPUTS.hop_s) for index in calibrating]
        calibration = fit_calibration(tracks)
        rule, _ = choose_rule(tracks, calibration, Term.SPASM, INPUTS.hop_s, recipe.max_false_per_hour)

        def judge(index: int) -> CaseScore:
            self._prepare(network, index)
            track = run_over(network, self._features[index], INPUTS.hop_s)
            return self.judge_track(index, track, calibration.probability(track.log_odds), rule)

        return judge

    def _prepare(self, network: "IessFusionNet", index: int) -> None:
        """Take the log power of a recording, which is the same for every network of this kind."""
        from inference.simulate.truth import Role, Term, TruthEvent
        from inference.training.features import store_features
        from inference.training.iess_fusionnet import INPUTS

        if index in self._features:
            return
        recording = self.open(index)
        if recording.duration_s < 2 * INPUTS.window_s:
            raise TrainingError(f"{recording.path} is too short to train on: it lasts {recording.duration_s:g} s.")
        self.require_within(index, recording)
        truth = tuple(
            TruthEvent(span.onset_s, span.end_s - span.onset_s, Term.SPASM, role=Role.SPASM)
            for span in self.truth[index]
        )
        self._kept = self._kept or TemporaryDirectory(prefix="spasmlens-evaluate-")
        folder = Path(self._kept.name) / str(index)
        self._features[index] = store_features(recording, truth, INPUTS, network.front_end, folder)
