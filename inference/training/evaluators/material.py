"""The labelled files of a corpus as one kind of network is asked about them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError, TrainingError
from inference.labels.scoring import Score
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.package import ModelPackage
from inference.runtime.results import ModelResult
from inference.training.metrics import Predictions
from inference.training.progress import TrainingProgress


@dataclass(frozen=True, slots=True)
class Case:
    """One file: its name, whose it is, and the class by which folds are balanced."""

    name: str
    patient: str
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class CaseScore:
    """What a network says about one file, beside what is true.

    Attributes
    ----------
    predictions : of its windows, epochs, or of the file as a whole.
    events : scores of its events by the name of the way of counting; empty where a network finds none.
    problems : plain sentences on what the reader should know about this file.
    """

    predictions: Predictions
    events: Mapping[str, Score] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """How a network is trained in a fold; ``n_steps`` None stands for the evaluator's own number."""

    seed: int = 0
    device: str = "cpu"
    n_threads: int = 1
    n_steps: int | None = None


Fitted = Callable[[int], CaseScore]


class Material(ABC):
    """Files with labels, and what a network's answers about them are held against.

    Attributes
    ----------
    corpus : what the files are.
    cases : the files.
    owner : whose windows are resampled together for intervals, ``"patient"`` or ``"file"`` where no patient is named.
    asked : what the network is asked of each window, in a few words.
    classes : the answers; of two, the second is the one looked for.
    problems : plain sentences on what was left out.
    """

    corpus: str
    cases: tuple[Case, ...]
    owner: str
    asked: str
    classes: tuple[str, ...]
    problems: tuple[str, ...]

    @abstractmethod
    def open(self, index: int) -> Recording:
        """Open a file as a recording.

        Raises
        ------
        RecordingError
            It cannot be opened.
        """

    @abstractmethod
    def judge(self, index: int, recording: Recording, result: ModelResult) -> CaseScore:
        """Hold what a network said about a file against what is true there.

        Raises
        ------
        LabelError
            What is said to be true cannot be true of this file.
        """

    def identify(self, index: int) -> str:
        """Give what an answer about a file depends on besides the package, as text: the file, and its labels."""
        return f"{self.corpus} {self.cases[index]}"

    def ask(self, index: int, package: ModelPackage, provider: str) -> CaseScore:
        """Run a package over a file, as a user would, and judge what it says.

        Raises
        ------
        AnalysisError, RecordingError, LabelError
            The file cannot be opened or analysed, or its labels cannot be true.
        """
        recording = self.open(index)
        for update in analyze(AnalysisRequest(recording, (package,), provider), lambda: False):
            if update.result is not None:
                return self.judge(index, recording, update.result)
        raise AnalysisError(f"{package.card.title} gave no answer about {recording.path}.")

    def close(self) -> None:  # noqa: B027 - most materials keep nothing
        """Remove what was kept in temporary files; nothing can be asked afterwards."""

    def fit(self, chosen: NDArray[np.int64], settings: FoldSettings) -> Generator[TrainingProgress, None, Fitted]:
        """Train the network on chosen files, and give what judges it on others.

        Raises
        ------
        TrainingError
            It cannot be trained on such files.
        """
        raise TrainingError(
            f"No network is trained on {self.corpus} in folds here: "
            "evaluate its package with --protocol all or hold-out."
        )


def join_predictions(parts: list[Predictions]) -> Predictions:
    """Put the windows of several files one after the other."""
    chances = [part.probability for part in parts if part.probability is not None]
    return Predictions(
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.said for part in parts]),
        np.concatenate(chances) if len(chances) == len(parts) else None,
        np.concatenate([part.patient for part in parts]),
        parts[0].classes,
    )
