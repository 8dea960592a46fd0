"""Questions to a network and their answers, as values, and who answers them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from inference.explain.relevance import GRAD_CAM, INTEGRATED_GRADIENTS, MAMBA_LRP, OCCLUSION, Relevance
from inference.explain.scalogram import Scalogram, show_scalogram
from inference.explain.subject import Subject
from inference.recordings.recording import Recording
from inference.runtime.package import ModelPackage

if TYPE_CHECKING:
    from inference.explain.gradients import GradientExplainer
    from inference.explain.occlusion import Occluder

#: As a reader is offered them, the instant one first.
METHODS: Final = (OCCLUSION, MAMBA_LRP, INTEGRATED_GRADIENTS, GRAD_CAM)
#: The power around the window that is explained shows what it stands out from.
_BESIDE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Why a network says what it says about a moment, what the signals around it are made of, or both."""

    recording: Recording
    package: ModelPackage
    centre_s: float
    method: str
    wants_relevance: bool = True
    wants_power: bool = False


def why_not(method: str) -> str:
    """Say why a method cannot be used on this machine; empty where it can."""
    if method == OCCLUSION or find_spec("torch") is not None:
        return ""
    return (
        f"{method} is not available because torch is not installed: it needs gradients. "
        "Occlusion works without it, or install spasmlens[train]."
    )


class Answerer:
    """Answers requests one after the other, keeping what it learned of the recording for the next.

    Used by one thread at a time; ``checkpoint`` is called between pieces of work, and what it raises ends the work.
    """

    def __init__(self, checkpoint: Callable[[], None]) -> None:
        self._checkpoint = checkpoint
        self._subject: Subject | None = None
        self._occluder: Occluder | None = None
        self._gradients: GradientExplainer | None = None

    def explain(self, request: ExplainRequest) -> Relevance:
        """Explain a moment by the method asked for.

        Raises
        ------
        AnalysisError
            The network cannot be explained so, or there is no whole window around this moment.
        ModelPackageError, RecordingError
            The package or the recording cannot be read.
        """
        subject = self._subject_of(request)
        if request.method == OCCLUSION:
            from inference.explain.occlusion import Occluder

            self._occluder = self._occluder or Occluder(subject)
            return self._occluder.explain(request.centre_s)
        from inference.explain.gradients import GradientExplainer

        self._gradients = self._gradients or GradientExplainer(subject)
        return self._gradients.explain(request.centre_s, request.method)

    def show_power(self, request: ExplainRequest) -> Scalogram:
        """Give the scalogram around the window that speaks for the moment asked about.

        Raises
        ------
        AnalysisError, RecordingError
            As for `explain`.
        """
        subject = self._subject_of(request)
        reach_s = subject.spec.window_s / 2 + _BESIDE_S
        start_s = max(request.centre_s - reach_s, 0.0)
        end_s = min(request.centre_s + reach_s, request.recording.duration_s)
        return show_scalogram(subject, start_s, end_s - start_s)

    def _subject_of(self, request: ExplainRequest) -> Subject:
        subject = self._subject
        if subject is None or subject.recording is not request.recording or subject.package is not request.package:
            self._subject = self._occluder = self._gradients = None
            self._subject = subject = Subject(request.recording, request.package, self._checkpoint)
        return subject
