"""Prints how the shipped IESS-FusionNet does on infants of the generator that shares no code with its training.

``python -m tests.benchmarks.second_generator [--patients N] [--minutes M] [--json FILE]`` runs the shipped package
through the runtime, as a user would, at the thresholds of its card. The generator was finished before any network was
run on it and has not been adapted to one since.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from inference.labels.scoring import SPASM_TOLERANCE_S, Score, Span, score_spasms
from inference.runtime.analysis import AnalysisRequest, ModelResult, analyze
from inference.runtime.detections import DetectionSource, form_detections
from inference.runtime.package import ModelPackage, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.simulate.independent import IndependentCase, generate_infant
from inference.simulate.truth import Role, Term, TruthEvent

FOLDER = SHIPPED_FOLDER / "iess-fusionnet"
RESULTS = Path(__file__).parent / "results" / "second_generator.json"
#: Never used while the generator was written nor while a network was; each version gets infants of its own. Before them
#: 700000-700007 measured version 1.0.0, and 710000-710011 version 1.1.0.
FIRST_SEED, N_PATIENTS = 720_000, 12
RATE_HZ = 1024.0
TARGET_SENSITIVITY, TARGET_FALSE_PER_HOUR = 0.8, 2.0
_THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_DRAWS = 5000


@dataclass(frozen=True, slots=True)
class Spasm:
    """One true spasm, what is known of it and whether a detection met it."""

    is_met: bool
    highest: float
    traits: dict[str, str]


@dataclass(frozen=True, slots=True)
class PatientResult:
    """One infant's outcome; ``by_threshold`` holds the scores at other thresholds of the same probability track."""

    seed: int
    pattern: str
    score: Score
    by_threshold: dict[float, Score]
    spasms: tuple[Spasm, ...]
    false_causes: tuple[str, ...]


def examine(seed: int, minutes: float) -> PatientResult:
    """Generate one infant, analyse the recording and compare."""
    package = open_package(FOLDER)
    case = generate_infant(seed, 60.0 * minutes, RATE_HZ)
    request = AnalysisRequest(case.recording, (package,), provider="cpu")
    result = next(update.result for update in analyze(request, lambda: False) if update.result is not None)
    truth = [event for event in case.truth if event.role is Role.SPASM]
    found = [Span(event.onset_s, event.end_s) for event in result.detections]
    score = _score(truth, found, case.recording.duration_s)
    return PatientResult(
        seed=seed,
        pattern=case.patient.pattern.value,
        score=score,
        by_threshold={value: _score_at(case, result, value) for value in _THRESHOLDS},
        spasms=tuple(_describe(case, event, found, result) for event in truth),
        false_causes=tuple(_cause(case, span) for span in found if not any(_meets(event, span) for event in truth)),
    )


def _score(truth: Iterable[TruthEvent], found: list[Span], duration_s: float) -> Score:
    reference = [Span(event.onset_s, event.onset_s + event.duration_s) for event in truth]
    return score_spasms(reference, found, duration_s)


def _score_at(case: IndependentCase, result: ModelResult, threshold: float) -> Score:
    rule = replace(result.events, threshold=threshold, threshold_low=min(threshold, result.events.threshold_low))
    source = DetectionSource(result.reference, "", result.channels_used)
    duration_s = case.recording.duration_s
    events = form_detections(result.time_s, result.probability, rule, source, duration_s)
    truth = [event for event in case.truth if event.role is Role.SPASM]
    return _score(truth, [Span(event.onset_s, event.end_s) for event in events], duration_s)


def _meets(event: TruthEvent, span: Span, tolerance_s: float = SPASM_TOLERANCE_S) -> bool:
    return span.onset_s <= event.onset_s + event.duration_s + tolerance_s and span.end_s >= event.onset_s - tolerance_s


def _describe(case: IndependentCase, event: TruthEvent, found: list[Span], result: ModelResult) -> Spasm:
    parts = {part.label for part in case.truth if part.role is Role.PART and part.spasm == event.spasm}
    state = next(
        s.label for s in case.truth if s.role is Role.STATE and _meets(s, Span(event.onset_s, event.onset_s), 0)
    )
    near = (result.time_s >= event.onset_s - 1) & (result.time_s <= event.onset_s + event.duration_s + 1)
    ratio = case.patient.spasms.slow_uv * (0.55 + 0.45 * (event.intensity or 0.0)) / case.patient.background_uv
    traits = {
        "contraction": "seen" if Term.CONTRACTION in parts else "none",
        "electrodecrement": "yes" if Term.DECREMENT in parts else "no",
        "fast burst": "yes" if Term.FAST_BURST in parts else "no",
        "slow wave / background": "under 3" if ratio < 3 else "3 to 6" if ratio < 6 else "over 6",
        "intensity": "under 0.5"
        if (event.intensity or 0) < 0.5
        else "0.5 to 0.8"
        if (event.intensity or 0) < 0.8
        else "over 0.8",
        "duration": "under 1 s" if event.duration_s < 1 else "1 to 2 s" if event.duration_s < 2 else "over 2 s",
        "place": "in a cluster" if event.cluster else "isolated",
        "state": str(state),
        "interictal pattern": case.patient.pattern.value,
    }
    is_met = any(_meets(event, span) for span in found)
    return Spasm(is_met, float(np.nanmax(result.probability[near], initial=0.0)), traits)


def _cause(case: IndependentCase, span: Span) -> str:
    """Name what lies under a false detection: every mimic that it touches, else the state."""
    touching = [e for e in case.truth if e.role is Role.NEGATIVE and _meets(e, span, 0.5)]
    names = sorted({str(event.label) for event in touching} - {"Eye-blink-artifact", "Sleep-spindles"})
    state = next((str(s.label) for s in case.truth if s.role is Role.STATE and _meets(s, span, 0)), "?")
    return " + ".join(names) or f"background, {state}, {case.patient.pattern.value}"


def interval(patients: list[PatientResult], value: Callable[[list[Score]], float]) -> tuple[float, float]:
    """Give the 95 % interval of a pooled value from drawing whole patients with replacement."""
    rng = np.random.default_rng(0)
    scores = [patient.score for patient in patients]
    drawn = (rng.integers(len(scores), size=len(scores)) for _ in range(_DRAWS))
    values = np.array([value([scores[i] for i in draw]) for draw in drawn])
    # A draw of patients without any spasm says nothing about sensitivity.
    low, high = np.percentile(values[np.isfinite(values)], [2.5, 97.5])
    return float(low), float(high)


def sensitivity(scores: Iterable[Score]) -> float:
    """Give the pooled share of spasms found."""
    scores = list(scores)
    total = sum(score.n_reference for score in scores)
    return sum(score.n_found for score in scores) / total if total else float("nan")


def false_per_hour(scores: Iterable[Score]) -> float:
    """Give the pooled rate of false detections."""
    scores = list(scores)
    return sum(score.n_false for score in scores) * 3600.0 / sum(score.duration_s or 0.0 for score in scores)


def summarise(package: ModelPackage, patients: list[PatientResult], minutes: float) -> dict[str, object]:
    """Put everything into one plain object."""
    scores = [patient.score for patient in patients]
    share, rate = sensitivity(scores), false_per_hour(scores)
    return {
        "command": f"python -m tests.benchmarks.second_generator --patients {len(patients)} --minutes {minutes:g}",
        "package": {"name": package.card.name, "version": package.card.version, "digest": package.reference.digest},
        "threshold": package.card.events.threshold,
        "rule": f"one detection finds one spasm that it overlaps or comes within {SPASM_TOLERANCE_S:g} s of",
        "interval": f"95 %, {_DRAWS} draws of whole patients",
        "seeds": [patients[0].seed, patients[-1].seed],
        "hours": round(sum(score.duration_s or 0.0 for score in scores) / 3600.0, 3),
        "spasms": sum(score.n_reference for score in scores),
        "found": sum(score.n_found for score in scores),
        "false": sum(score.n_false for score in scores),
        "sensitivity": round(share, 4),
        "sensitivity_interval": [round(x, 4) for x in interval(patients, sensitivity)],
        "false_per_hour": round(rate, 2),
        "false_per_hour_interval": [round(x, 2) for x in interval(patients, false_per_hour)],
        "target_reached": bool(share >= TARGET_SENSITIVITY and rate <= TARGET_FALSE_PER_HOUR),
        "patients": [_patient_row(patient) for patient in patients],
        "other_thresholds": {str(value): _curve_point(patients, value) for value in _THRESHOLDS},
        "spasms_met_by_trait": _by_trait(patients),
        "highest_probability_at_missed_spasms": sorted(
            round(s.highest, 2) for p in patients for s in p.spasms if not s.is_met
        ),
        "false_detections_lie_on": dict(Counter(c for p in patients for c in p.false_causes).most_common()),
    }


def _patient_row(patient: PatientResult) -> dict[str, object]:
    score = patient.score
    return {
        "seed": patient.seed,
        "interictal_pattern": patient.pattern,
        "spasms": score.n_reference,
        "found": score.n_found,
        "false": score.n_false,
        "sensitivity": None if score.sensitivity is None else round(score.sensitivity, 4),
    }


def _curve_point(patients: list[PatientResult], threshold: float) -> dict[str, float]:
    scores = [patient.by_threshold[threshold] for patient in patients]
    return {"sensitivity": round(sensitivity(scores), 4), "false_per_hour": round(false_per_hour(scores), 2)}


def _by_trait(patients: list[PatientResult]) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, list[bool]]] = {}
    for spasm in (spasm for patient in patients for spasm in patient.spasms):
        for trait, value in spasm.traits.items():
            table.setdefault(trait, {}).setdefault(value, []).append(spasm.is_met)
    return {
        trait: {value: f"{sum(met)} of {len(met)} ({100 * np.mean(met):.0f} %)" for value, met in sorted(rows.items())}
        for trait, rows in table.items()
    }


def print_table(summary: dict[str, object]) -> None:
    """Print what a reader wants to know first."""
    low, high = summary["sensitivity_interval"]
    print(f"{summary['found']} of {summary['spasms']} spasms: {summary['sensitivity']:.1%} ({low:.1%} to {high:.1%})")
    low, high = summary["false_per_hour_interval"]
    print(f"{summary['false']} false: {summary['false_per_hour']:.1f} an hour ({low:.1f} to {high:.1f})")
    print(
        f"target of {TARGET_SENSITIVITY:.0%} at {TARGET_FALSE_PER_HOUR:g} an hour reached: {summary['target_reached']}"
    )
    for title in ("other_thresholds", "spasms_met_by_trait", "false_detections_lie_on"):
        print(title.replace("_", " "))
        for name, value in summary[title].items():
            print(f"  {name}: {value}")


def main() -> None:
    """Measure and print patient by patient, then all together; write the results file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=N_PATIENTS)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=1, help="patients at a time; the results are the same")
    parser.add_argument("--json", type=Path, default=RESULTS)
    args = parser.parse_args()
    package = open_package(FOLDER)
    patients: list[PatientResult] = []
    seeds = range(FIRST_SEED, FIRST_SEED + args.patients)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    print("  seed  pattern   spasms  found  false")
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        for row in pool.map(examine, seeds, [args.minutes] * len(seeds)):
            patients.append(row)
            counts = f"{row.score.n_reference:5d}  {row.score.n_found:5d}  {row.score.n_false:5d}"
            print(f"{row.seed}  {row.pattern:9s} {counts}", flush=True)
            # After each patient, so that a run that is cut short leaves what it knows.
            summary = summarise(package, patients, args.minutes)
            args.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print_table(summary)


if __name__ == "__main__":
    main()
