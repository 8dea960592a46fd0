"""Nights with hypnograms: one answer for each epoch of 30 s."""

import numpy as np

from inference.errors import AnalysisError
from inference.labels.hypnograms import EPOCH_S
from inference.labels.sleep_stages import AASM
from inference.recordings import open_recording
from inference.recordings.fingerprint import fingerprint
from inference.recordings.recording import Recording
from inference.runtime.results import ModelResult
from inference.training.corpora.recordings import SleepCorpus
from inference.training.evaluators.material import Case, CaseScore, Material
from inference.training.metrics import make_predictions


class SleepMaterial(Material):
    """Nights in AASM stages; epochs that nobody scored, or that the network cannot see, do not count."""

    def __init__(self, corpus: SleepCorpus) -> None:
        self.corpus, self.problems = corpus.corpus, corpus.problems
        self._nights = corpus.recordings
        self.cases = tuple(Case(night.path.name, night.patient, 0) for night in corpus.recordings)
        self.owner = "patient"
        self.asked = "which stage of sleep is this epoch of 30 s"
        self.classes = AASM.codes

    def open(self, index: int) -> Recording:
        """Open the recording."""
        return open_recording(self._nights[index].path)

    def identify(self, index: int) -> str:
        """Tell the recording by its content, and its stages."""
        night = self._nights[index]
        return f"{super().identify(index)} {fingerprint(night.path)} {night.hypnogram}"

    def judge(self, index: int, recording: Recording, result: ModelResult) -> CaseScore:
        """Judge the epochs that were scored, each by the stage at its middle."""
        answer = result.answers[0]
        if result.hypnogram is None or set(answer.columns) != set(self.classes):
            raise AnalysisError(f"{result.reference.name} does not tell the stages {', '.join(self.classes)}.")
        night = self._nights[index]
        columns = [answer.columns.index(code) for code in self.classes]
        chances = answer.probability[:, columns]
        stages = [night.hypnogram.stage_at(float(time_s)) for time_s in answer.time_s]
        truth = np.array([self.classes.index(code) if code in self.classes else -1 for code in stages], dtype=np.int64)
        known = (truth >= 0) & np.isfinite(chances).all(axis=1)
        predictions = make_predictions(
            truth[known], chances[known], np.full(int(known.sum()), night.patient), self.classes
        )
        problems = list(result.problems)
        offset_s = night.hypnogram.onset_s % EPOCH_S
        if min(offset_s, EPOCH_S - offset_s) > 1.0:
            problems.append(f"{night.path.name} was scored in epochs that begin {offset_s:g} s beside the network's.")
        return CaseScore(predictions, problems=tuple(problems))
