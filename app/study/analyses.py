"""What networks said about a recording, as a study keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.study.kept_results import KeptResult
from inference.labels.detections import Detection, ModelReference
from inference.labels.labelset import ModelSource
from inference.runtime.cards import EventRule
from inference.runtime.detections import describe_calibration
from inference.runtime.package import ModelPackage
from inference.runtime.results import Answer, Measure


class AnalysisResult(Protocol):
    """What a study keeps of a network's result."""

    @property
    def reference(self) -> ModelReference:
        """Which weights spoke."""

    @property
    def time_s(self) -> NDArray[Any]:
        """Times of the probabilities."""

    @property
    def probability(self) -> NDArray[Any]:
        """Probabilities, one row for each time."""

    @property
    def detections(self) -> Sequence[Detection]:
        """Detections formed from them."""

    @property
    def events(self) -> EventRule | None:
        """Rule by which they were formed, None where the network finds no events."""

    @property
    def gist(self) -> str:
        """What the network gave, in one line."""

    @property
    def answers(self) -> Sequence[Answer]:
        """What it answers to each of its questions."""

    @property
    def measures(self) -> Sequence[Measure]:
        """What else it gives."""

    @property
    def problems(self) -> Sequence[str]:
        """What a reader should know about it."""

    @property
    def channels_used(self) -> Sequence[str]:
        """Names of the channels that the network saw."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """One network's result on this recording.

    ``time_s`` is float64, shape (n,); ``probability`` float32, shape (n,) or (n, classes); ``rule`` says how the
    detections were formed, None where the network finds no events; ``gist`` is what the network gave, in one line;
    ``channels`` are those that it saw and ``calibration`` is that of its probabilities, as detections carry them;
    ``result`` is all that it said.
    """

    source: ModelSource
    detections: tuple[Detection, ...]
    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    rule: EventRule | None
    gist: str = ""
    channels: tuple[str, ...] = ()
    calibration: str = ""
    result: KeptResult = field(default_factory=KeptResult)

    @property
    def reference(self) -> ModelReference:
        """Which weights spoke."""
        return self.source.reference


def keep(result: AnalysisResult, packages: Sequence[ModelPackage]) -> Analysis:
    """Take from a result what a study keeps; its package, where given, says what the network was trained on."""
    cards = {package.reference.digest: package.card for package in packages}
    card = cards.get(result.reference.digest)
    source = ModelSource(result.reference, card.simulated if card else None, card.trained_on if card else "")
    return Analysis(
        source,
        tuple(result.detections),
        np.array(result.time_s, dtype=np.float64),
        np.array(result.probability, dtype=np.float32),
        result.events,
        result.gist,
        tuple(result.channels_used),
        describe_calibration(card.calibration) if card else "",
        KeptResult(tuple(result.answers), tuple(result.measures), tuple(result.problems)),
    )
