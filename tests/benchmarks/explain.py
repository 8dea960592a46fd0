"""Prints whether explanations of the shipped IESS-FusionNet name what it looks at, and what was put there.

``python -m tests.benchmarks.explain [--infants N] [--seconds S] [--resume] [--json FILE]`` simulates infants that no
training saw, each with its spasms and, from the same seed, without them; what differs in the network's features is what
was put there. Every spasm that the network finds is explained by every method at a moment drawn at random from those
for which it does.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from inference.explain.canvas import BAND_EDGES_HZ, find_bands
from inference.explain.faithfulness import N_SEGMENTS, by_part, trace_curves
from inference.explain.gradients import METHODS, GradientExplainer, order_by_frequency
from inference.explain.judge import Features, load_network
from inference.explain.occlusion import Occluder
from inference.explain.relevance import OCCLUSION, Relevance
from inference.explain.subject import Subject
from inference.runtime.package import ModelPackage, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.simulate import Role, Scenario, TruthEvent, simulate_infant
from inference.training.export import example_inputs, write_package
from inference.training.iess_export import Calibrated
from tests.inference.explain.cases import extent_s

FOLDER = SHIPPED_FOLDER / "iess-fusionnet"
RESULTS = Path(__file__).parent / "results" / "explain.json"
#: Training, validation and the other benchmarks use none of these.
FIRST_SEED, N_INFANTS, DURATION_S, RATE_HZ = 350_000, 14, 90.0, 1024.0
MOST_SPASMS = 4
#: Named by a reader as leading: so many electrodes of 25, so many muscles of 4.
N_LEADING = {"eeg": 5, "emg": 1}
#: The share of the cells, channels by half seconds, in which what was put there is strongest.
STRONGEST_SHARE = 0.1
CHANCE, INJECTED, CENTRE = "any order", "what was put there", "always the middle"
#: What pointing anywhere hits.
BY_CHANCE = {"second": 2 / N_SEGMENTS, "electrode": 0.2, "muscle": 0.25, "band": 0.4, "mass": STRONGEST_SHARE}
_DRAWS = 5000


@dataclass(frozen=True)
class Infant:
    """One infant's recording as the network sees it, and the same without its spasms."""

    seed: int
    subject: Subject
    explainer: GradientExplainer
    occluder: Occluder
    calm: Subject
    spasms: tuple[TruthEvent, ...]
    truth: tuple[TruthEvent, ...]

    def explain(self, centre_s: float, method: str) -> Relevance:
        """Explain a moment by any of the methods."""
        return self.occluder.explain(centre_s) if method == OCCLUSION else self.explainer.explain(centre_s, method)


@dataclass
class Outcome:
    """What came of one spasm: figures by their names, for every method."""

    seed: int
    score: float
    background: float
    figures: dict[str, dict[str, float]] = field(default_factory=dict)

    def rounded(self) -> "Outcome":
        """Give the same in as many digits as a results file needs; what is unknown is left out."""
        figures = {
            method: {name: round(value, 7) for name, value in given.items() if np.isfinite(value)}
            for method, given in self.figures.items()
        }
        return Outcome(self.seed, round(self.score, 4), round(self.background, 4), figures)


def meet(seed: int, package: ModelPackage, duration_s: float) -> Infant:
    """Simulate an infant with and without its spasms, and open both recordings."""
    case = simulate_infant(seed, duration_s, RATE_HZ, scenario=Scenario.dense())
    calm = simulate_infant(seed, duration_s, RATE_HZ, scenario=replace(Scenario.dense(), with_spasms=False))
    subject = Subject(case.recording, package)
    spasms = tuple(e for e in case.truth if e.role is Role.SPASM and 3.5 < e.onset_s < duration_s - 4.0)
    opened = GradientExplainer(subject), Occluder(subject, "cpu"), Subject(calm.recording, package)
    return Infant(seed, subject, *opened, spasms, case.truth)


def choose_moment(infant: Infant, spasm: TruthEvent, rng: np.random.Generator) -> float | None:
    """Draw one of the moments for which the network says that there is this spasm, None where there is none."""
    judge, hop_s = infant.explainer.judge, infant.subject.spec.hop_s
    first, last = np.ceil((spasm.onset_s - 0.5) / hop_s), np.floor((spasm.onset_s + 2.0) / hop_s)
    with torch.no_grad():
        found = [
            centre_s
            for centre_s in hop_s * np.arange(first, last + 1)
            if judge.log_odds(judge.look_at(infant.subject.window(centre_s))) > 0
        ]
    return float(rng.choice(found)) if found else None


def injected(infant: Infant, spasm: TruthEvent, centre_s: float) -> tuple[Features, NDArray[np.float64]]:
    """Give what the spasm changed in the window's features, in standard deviations, and the same of each part."""
    judge = infant.explainer.judge
    with_spasm, without = (judge.look_at(subject.window(centre_s)) for subject in (infant.subject, infant.calm))
    change = with_spasm.map(lambda a, b: (a - b).abs(), without)
    time_s = centre_s - 2.0 + (np.arange(change.eeg.shape[-1]) + 0.5) * 4.0 / change.eeg.shape[-1]
    first_s, last_s = extent_s(infant.truth, spasm)
    during = torch.from_numpy((time_s > first_s - 0.1) & (time_s < last_s + 0.1))
    change = Features(change.eeg * during, change.emg * during)
    rows = np.concatenate(
        [
            change.eeg[0].sum(dim=0).numpy()[infant.subject.eeg_rows],
            change.emg[0].sum(dim=0).numpy()[infant.subject.emg_rows],
        ]
    )
    return change, rows.reshape(len(rows), N_SEGMENTS, -1).sum(axis=-1)


def judge_pointing(
    found: Relevance, infant: Infant, spasm: TruthEvent, change: Features, parts: NDArray[np.float64]
) -> dict[str, float]:
    """Say whether relevance points at the time, the channels and the band of what was put there."""
    relevance = np.maximum(by_part(found), 0.0)
    n_eeg = found.n_eeg
    segment = relevance.sum(axis=0).argmax()
    peak_s = found.onset_s + (segment + 0.5) * found.duration_s / N_SEGMENTS
    strongest = parts >= np.quantile(parts, 1 - STRONGEST_SHARE)
    figures = {
        "spasm": _is_within(peak_s, infant, spasm),
        "second": float(segment in _strongest_second(parts)),
        "electrode": _is_leading(relevance[:n_eeg], parts[:n_eeg], N_LEADING["eeg"]),
        "muscle": _is_leading(relevance[n_eeg:], parts[n_eeg:], N_LEADING["emg"]),
        "mass": float(relevance[strongest].sum() / max(relevance.sum(), 1e-9)),
        "rank": float(spearmanr(relevance.ravel(), parts.ravel()).statistic),
    }
    if found.eeg_hz.size:
        config = infant.explainer.judge.network.config
        hz, ordered = order_by_frequency(change.eeg[0].numpy().transpose(1, 0, 2), config.eeg_wavelets)
        edges_hz = BAND_EDGES_HZ["eeg"]
        by_band = [
            np.bincount(find_bands(at_hz, edges_hz), weights=values, minlength=len(edges_hz) - 1)
            for at_hz, values in (
                (hz, ordered.sum(axis=(0, 2))),
                (found.eeg_hz, np.maximum(found.eeg, 0).sum(axis=(0, 2))),
            )
        ]
        figures["band"] = float(by_band[1].argmax() in np.argsort(-by_band[0])[:2])
    return figures


def _strongest_second(parts: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give the two half seconds that changed most."""
    return np.argsort(-parts.sum(axis=0))[:2]


def _is_within(at_s: float, infant: Infant, spasm: TruthEvent) -> float:
    first_s, last_s = extent_s(infant.truth, spasm)
    return float(first_s <= at_s <= last_s)


def _is_leading(relevance: NDArray[np.float64], parts: NDArray[np.float64], n_leading: int) -> float:
    """Say whether the most relevant channel is one of those that changed most."""
    if not len(relevance) or not relevance.any():
        return float("nan")
    return float(relevance.sum(axis=1).argmax() in np.argsort(-parts.sum(axis=1))[:n_leading])


def examine(infant: Infant, scrambled: Infant, rng: np.random.Generator) -> Iterator[Outcome]:
    """Explain an infant's spasms by every method and measure the explanations."""
    for method in (OCCLUSION, *METHODS):
        infant.explain(infant.subject.recording.duration_s / 2, method)  # what the first question costs is paid once
    judge, reference = infant.explainer.judge, infant.explainer.reference
    for spasm in infant.spasms[:MOST_SPASMS]:
        centre_s = choose_moment(infant, spasm, rng)
        if centre_s is None:
            continue
        window = judge.look_at(infant.subject.window(centre_s))
        with torch.no_grad():
            outcome = Outcome(infant.seed, *(float(judge.log_odds(features)) for features in (window, reference)))

        def areas(parts: NDArray[np.float64], window: Features = window) -> dict[str, float]:
            curves = trace_curves(judge, window, reference, parts)
            return {"deletion": curves.deletion_area, "insertion": curves.insertion_area}

        change, parts = injected(infant, spasm, centre_s)
        outcome.figures[CHANCE] = areas(rng.random(parts.shape))
        outcome.figures[INJECTED] = areas(parts)
        share = np.mean([_is_within(centre_s - 1.75 + 0.5 * i, infant, spasm) for i in range(N_SEGMENTS)])
        outcome.figures[CHANCE] |= {"spasm": float(share), **BY_CHANCE}
        middle = float(N_SEGMENTS // 2 in _strongest_second(parts))
        outcome.figures[CENTRE] = {"spasm": _is_within(centre_s, infant, spasm), "second": middle}
        for method in (OCCLUSION, *METHODS):
            began, used = time.perf_counter(), time.process_time()
            found = infant.explain(centre_s, method)
            timing = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - used}
            here, elsewhere = (by_part(each).ravel() for each in (found, scrambled.explain(centre_s, method)))
            outcome.figures[method] = {
                **areas(by_part(found)),
                **judge_pointing(found, infant, spasm, change, parts),
                "scrambled": float(spearmanr(here, elsewhere).statistic),
                "scrambled_sizes": float(spearmanr(np.abs(here), np.abs(elsewhere)).statistic),
                "gap": found.gap,
                **timing,
            }
        yield outcome.rounded()


def scramble(package: ModelPackage, folder: Path) -> ModelPackage:
    """Write the package of a network with the same weights, each tensor's in an order drawn at random."""
    network = load_network(package)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(
                parameter.flatten()[torch.randperm(parameter.numel(), generator=generator)].view_as(parameter)
            )
    card = package.card
    module = Calibrated(network, card.calibration["temperature"])
    write_package(folder, module, example_inputs(card.inputs), network.state_dict(), card)
    return open_package(folder)


def interval(outcomes: list[Outcome], method: str, name: str) -> list[float] | None:
    """Give a figure's mean over spasms, with its 95 % interval from drawing whole infants with replacement."""
    by_infant: dict[int, list[float]] = {}
    for outcome in outcomes:
        value = outcome.figures.get(method, {}).get(name, float("nan"))
        if np.isfinite(value):
            by_infant.setdefault(outcome.seed, []).append(value)
    if not by_infant:
        return None
    values = list(by_infant.values())
    rng = np.random.default_rng(0)
    drawn = (rng.integers(len(values), size=len(values)) for _ in range(_DRAWS))
    means = [np.concatenate([values[i] for i in draw]).mean() for draw in drawn]
    return [round(float(x), 4) for x in (np.concatenate(values).mean(), *np.percentile(means, [2.5, 97.5]))]


def summarise(package: ModelPackage, outcomes: list[Outcome], done: list[int], duration_s: float) -> dict[str, Any]:
    """Put everything into one plain object."""
    methods = list(outcomes[0].figures) if outcomes else []
    names = list(dict.fromkeys(name for each in outcomes for given in each.figures.values() for name in given))
    return {
        "command": f"python -m tests.benchmarks.explain --infants {len(done)} --seconds {duration_s:g}",
        "package": {"name": package.card.name, "version": package.card.version, "digest": package.reference.digest},
        "seeds": done,
        "infants": len({outcome.seed for outcome in outcomes}),
        "spasms": len(outcomes),
        "interval": f"mean over spasms and 95 %, {_DRAWS} draws of whole infants",
        "log_odds": _mean([outcome.score for outcome in outcomes]),
        "log_odds_of_background": _mean([outcome.background for outcome in outcomes]),
        "methods": {
            method: {name: value for name in names if (value := interval(outcomes, method, name)) is not None}
            for method in methods
        },
        "by_spasm": [asdict(outcome) for outcome in outcomes],
    }


def resume(path: Path, package: ModelPackage) -> tuple[list[int], list[Outcome]]:
    """Give the seeds that are done, and what came of their spasms; none where another package was examined."""
    if not path.exists():
        return [], []
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["package"]["digest"] != package.reference.digest:
        return [], []
    return found["seeds"], [Outcome(**outcome) for outcome in found["by_spasm"]]


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def print_table(summary: dict[str, Any]) -> None:
    """Print every figure of every method."""
    print(f"{summary['spasms']} spasms of {summary['infants']} infants, {summary['package']}")
    for method, figures in summary["methods"].items():
        print(method)
        for name, (mean, low, high) in figures.items():
            print(f"  {name:12s} {mean:8.3f} ({low:.3f} to {high:.3f})")


def main() -> None:
    """Measure infant by infant, writing the results file after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--infants", type=int, default=N_INFANTS)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first infant")
    parser.add_argument("--seconds", type=float, default=DURATION_S)
    parser.add_argument("--resume", action="store_true", help="go on behind the infants in the results file")
    parser.add_argument("--json", type=Path, default=RESULTS)
    args = parser.parse_args()
    package = open_package(FOLDER)
    done, outcomes = resume(args.json, package) if args.resume else ([], [])
    with TemporaryDirectory() as folder:
        scrambled_package = scramble(package, Path(folder) / "scrambled")
        for seed in range(args.first + len(done), args.first + args.infants):
            infant = meet(seed, package, args.seconds)
            rng = np.random.default_rng(seed)
            outcomes += examine(infant, _with_package(infant, scrambled_package), rng)
            done.append(seed)
            print(f"{seed}: {len(outcomes)} spasms so far", flush=True)
            summary = summarise(package, outcomes, done, args.seconds)
            args.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print_table(summarise(package, outcomes, done, args.seconds))


def _with_package(infant: Infant, package: ModelPackage) -> Infant:
    """Give the same infant, looked at by another network of the same inputs."""
    subject = Subject(infant.subject.recording, package)
    return replace(infant, subject=subject, explainer=GradientExplainer(subject), occluder=Occluder(subject, "cpu"))


if __name__ == "__main__":
    main()
