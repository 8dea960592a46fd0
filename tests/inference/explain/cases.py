"""A simulated infant with spasms that the shipped network finds, opened as explanations open it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from inference.explain.faithfulness import N_SEGMENTS, by_part
from inference.explain.gradients import GradientExplainer
from inference.explain.relevance import Relevance
from inference.explain.subject import Subject
from inference.runtime.package import ModelPackage, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.simulate import Role, SimulatedCase, TruthEvent, simulate_infant

SEEDS, DURATION_S, RATE_HZ = range(300000, 300020), 40.0, 256.0
#: The network is sure of such a spasm.
CLEAR_LOG_ODDS = 2.0


@dataclass(frozen=True)
class ExplainedCase:
    """``spasms`` are those that the network is sure of, ``centre_s`` speaks for the last of them."""

    case: SimulatedCase
    package: ModelPackage
    subject: Subject
    explainer: GradientExplainer
    spasms: tuple[TruthEvent, ...]

    @property
    def centre_s(self) -> float:
        return self.centre_of(self.spasms[-1])

    def centre_of(self, spasm: TruthEvent) -> float:
        return centre_of(spasm, self.package.card.inputs.hop_s)

    def log_odds(self, spasm: TruthEvent) -> float:
        judge = self.explainer.judge
        with torch.no_grad():
            return float(judge.log_odds(judge.look_at(self.subject.window(self.centre_of(spasm)))))

    def count_hits(self, spasms: Sequence[TruthEvent], explain: Callable[[float], Relevance]) -> int:
        """Count the spasms that relevance summed over channels is highest in."""
        return sum(_is_hit(explain(self.centre_of(spasm)), *extent_s(self.case.truth, spasm)) for spasm in spasms)


def _is_hit(found: Relevance, first_s: float, last_s: float) -> bool:
    peak = by_part(found).sum(axis=0).argmax()
    return first_s <= found.onset_s + (peak + 0.5) * found.duration_s / N_SEGMENTS <= last_s


def centre_of(spasm: TruthEvent, hop_s: float) -> float:
    """Give the time of the network's grid that speaks for a spasm's beginning, which tells it from a movement."""
    return hop_s * round((spasm.onset_s + 0.5) / hop_s)


def extent_s(truth: Iterable[TruthEvent], spasm: TruthEvent) -> tuple[float, float]:
    """Give where a spasm begins and ends with all that belongs to it, the burst before and the decrement after."""
    parts = [event for event in truth if event.spasm == spasm.spasm]
    return min(event.onset_s for event in parts), max(event.end_s for event in parts)


def open_case() -> ExplainedCase:
    """Open the first of some infants of whose spasms the network finds three."""
    package = open_package(SHIPPED_FOLDER / "iess-fusionnet")
    return next(case for case in map(partial(_open_infant, package), SEEDS) if len(case.spasms) >= 3)


def _open_infant(package: ModelPackage, seed: int) -> ExplainedCase:
    case = simulate_infant(seed, DURATION_S, RATE_HZ)
    subject = Subject(case.recording, package)
    opened = ExplainedCase(case, package, subject, GradientExplainer(subject), ())
    whole_s = (2.5, DURATION_S - 4.0)
    spasms = (e for e in case.truth if e.role is Role.SPASM and whole_s[0] < e.onset_s < whole_s[1])
    return replace(opened, spasms=tuple(spasm for spasm in spasms if opened.log_odds(spasm) > CLEAR_LOG_ODDS))
