"""Sessions of ds003768, or of a data set like it: sleep staged from EEG and fMRI together, trained anew in folds."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError, TrainingError
from inference.imaging.atlas_file import find_atlas
from inference.recordings.fingerprint import fingerprint
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.package import ModelPackage
from inference.training.corpora.ds003768 import find_runs, open_run, read_ds003768_sleep, read_session
from inference.training.evaluators.material import CaseScore, Fitted, FoldSettings
from inference.training.evaluators.sleep import SleepMaterial
from inference.training.metrics import make_predictions
from inference.training.progress import TrainingProgress
from inference.training.protocols import hold_out

if TYPE_CHECKING:
    from inference.training.sleep_sessions import SleepSession

#: The share of a fold's subjects that the temperature is fitted on.
_CALIBRATION_SHARE = 0.2


class EegFmriMaterial(SleepMaterial):
    """Sessions with EEG and, where it was downloaded, fMRI.

    Prepared sessions are kept while this is in use, 7 MB for each half hour.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(read_ds003768_sleep(folder))
        self._runs = [run for run in find_runs(folder) if run.eeg is not None]
        self._atlas, problems = find_atlas()
        self.problems = (*self.problems, *problems, f"Regions: {self._atlas.name}.")
        self._kept: TemporaryDirectory[str] | None = None
        self._sessions: dict[int, SleepSession] = {}

    def open(self, index: int) -> Recording:
        """Open the EEG of a session, from its first volume on and without artefacts of scanner and heart."""
        return open_run(self._runs[index], self._atlas)[0]

    def identify(self, index: int) -> str:
        """Tell the session by the content of its EEG and its fMRI, and its stages."""
        image = self._runs[index].bold
        return super().identify(index) if image is None else f"{super().identify(index)} {fingerprint(image)}"

    def ask(self, index: int, package: ModelPackage, provider: str) -> CaseScore:
        """Run a package over a session with its fMRI, as a user would, and judge what it says."""
        recording, bold = open_run(self._runs[index], self._atlas)
        for update in analyze(AnalysisRequest(recording, (package,), provider, bold), lambda: False):
            if update.result is not None:
                return self.judge(index, recording, update.result)
        raise AnalysisError(f"{package.card.title} gave no answer about {recording.path}.")

    def close(self) -> None:
        """Remove the sessions that were kept."""
        self._sessions.clear()
        if self._kept is not None:
            self._kept.cleanup()

    def fit(self, chosen: NDArray[np.int64], settings: FoldSettings) -> Generator[TrainingProgress, None, Fitted]:
        """Train the network from random weights as its recipe does, calibrated on a fifth of the fold's subjects."""
        from scipy.special import softmax

        from inference.training.repeatable import choose_device, make_repeatable
        from inference.training.sleep_scores import stage_session
        from inference.training.sleep_sessions import SleepSampler
        from inference.training.sleep_staging import Recipe, fit, fit_temperature, new_network

        subjects = [self.cases[index].patient for index in chosen]
        if len(set(subjects)) < 2:
            raise TrainingError(f"Training in folds on {self.corpus} needs three subjects: to learn, calibrate, test.")
        fold = hold_out(subjects, [0] * len(subjects), _CALIBRATION_SHARE, settings.seed)
        recipe, device = Recipe(), choose_device(settings.device)
        make_repeatable(settings.seed, device, settings.n_threads)
        for done, index in enumerate(chosen.tolist(), 1):
            self._prepare(index)
            yield TrainingProgress("preparing", done, len(chosen))
        learning = [self._sessions[int(index)] for index in chosen[fold.training]]
        network = new_network(learning)
        sampler = SleepSampler(learning, settings.seed, hiding=recipe.hiding)
        loop = recipe.loop if settings.n_steps is None else replace(recipe.loop, n_steps=settings.n_steps)
        yield from fit(network, sampler, loop, settings.seed, device=device)
        calibrating = [self._sessions[int(index)] for index in chosen[fold.test]]
        temperature = fit_temperature([stage_session(network, session) for session in calibrating])

        def judge(index: int) -> CaseScore:
            staged = stage_session(network, self._prepare(index))
            chances = softmax(staged.logits / temperature, axis=1)
            owner = np.full(len(staged.stage), staged.subject)
            return CaseScore(make_predictions(staged.stage, chances, owner, self.classes))

        return judge

    def _prepare(self, index: int) -> "SleepSession":
        """Prepare a session, which is the same for every network of this kind."""
        from inference.training.sleep_sessions import find_session, keep_session

        if index not in self._sessions:
            self._kept = self._kept or TemporaryDirectory(prefix="spasmlens-evaluate-")
            folder = Path(self._kept.name) / str(index)
            keep_session(folder, read_session(self._runs[index], self._atlas), {})
            kept = find_session(folder, {})
            assert kept is not None
            self._sessions[index] = kept
        return self._sessions[index]
