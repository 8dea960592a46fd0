"""Write what the benchmark of sleep staging measured beside what the paper says."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.labels.files import write_bytes
from inference.models.sleep_staging import CLASSES
from inference.training.loop import LoopSettings
from inference.training.sleep_scores import describe_counts
from tests.benchmarks.reading import write_above_reading
from tests.benchmarks.sleep_cohorts import GAP_EPOCHS
from tests.benchmarks.sleep_rows import N_FOLDS, PLAN, ROWS

N_RESAMPLES = 4000
#: The paper's figures of 23 subjects do not tell apart what lies closer together than this, in points.
ABOUT_EQUAL = 1.0
COHORT_TITLES = {
    "naps": "Simulated signals on the real stages of subjects of ds003768 (these sessions have W, N1 and N2 only)",
    "nights": "Simulated signals on stretches of simulated nights (all five stages)",
}
COHORT_NOTES = {
    "naps": "The first two sleep sessions, of 15 min each, of the first 23 subjects; two of these have none.",
    "nights": "20 minutes of each night.",
}
#: Which rows are set against each other, and what for.
PAIRS = (
    ("fused", "eeg", "fMRI beside the EEG"),
    ("fused", "fmri", "EEG beside the fMRI"),
    ("eeg", "eeg-trees", "the network, from EEG"),
    ("fmri", "fmri-trees", "the network, from fMRI"),
    ("fused", "concatenation", "the gate instead of concatenation"),
    ("fused", "no-alignment", "Euclidean alignment"),
    ("fused", "no-dropout", "hiding the EEG in training"),
)

#: Gives the folds of a row, by cohort, protocol, name and seed; None where one is missing.
Reader = Callable[[str, str, str, int], list[dict[str, Any]] | None]


def summarise(read: Reader, cohort: str, protocol: str, name: str, seeds: Sequence[int]) -> dict[str, Any] | None:
    """Give a row's scores over its complete seeds, None where there is none."""
    runs = {seed: folds for seed in seeds if (folds := read(cohort, protocol, name, seed)) is not None}
    if not runs:
        return None
    by_seed = {
        seed: [(s["subject"], np.array(s["confusion"])) for fold in folds for s in fold["subjects"]]
        for seed, folds in runs.items()
    }
    figures = describe_counts([counts for subjects in by_seed.values() for counts in subjects])
    balanced = [describe_counts(subjects)["balanced_accuracy"] for subjects in by_seed.values()]
    fusion = [fold["fusion"] for folds in runs.values() for fold in folds if fold["fusion"]]
    if fusion:
        by_stage = [part["gate_mean_by_stage"] for part in fusion]
        means = {code: [gate[code] for gate in by_stage if code in gate] for code in CLASSES}
        figures["gate_mean_by_stage"] = {code: round(float(np.mean(g)), 3) for code, g in means.items() if g}
        figures["linear_cka_by_fold"] = [part["linear_cka"] for part in fusion]
    figures["seeds"] = {str(s): b for s, b in zip(by_seed, balanced, strict=True)}
    figures["cpu_s"] = round(sum(fold["seconds"] for folds in runs.values() for fold in folds), 1)
    figures["by_subject"] = {str(seed): _join_sessions(subjects) for seed, subjects in by_seed.items()}
    return figures


def _join_sessions(subjects: Sequence[tuple[str, NDArray[np.int64]]]) -> dict[str, list[list[int]]]:
    """Add up the epochs of each subject by stage (rows) and answer (columns)."""
    joined = {name: np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64) for name in sorted({n for n, _ in subjects})}
    for name, counts in subjects:
        joined[name] += counts
    return {name: counts.tolist() for name, counts in joined.items()}


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Say by how many points of balanced accuracy a row is ahead of another on the same subjects.

    It is sure where the interval across subjects and all seeds lie on one side of 0.
    """
    seeds = [seed for seed in one["by_subject"] if seed in other["by_subject"]]
    pair = [np.array([list(row["by_subject"][seed].values()) for seed in seeds]) for row in (one, other)]
    n_subjects = pair[0].shape[1]
    drawn = np.random.default_rng(0).integers(n_subjects, size=(N_RESAMPLES, n_subjects))
    everybody = np.arange(n_subjects)[None]
    by_seed = balanced_accuracy(pair[0], everybody) - balanced_accuracy(pair[1], everybody)
    draws = (balanced_accuracy(pair[0], drawn) - balanced_accuracy(pair[1], drawn)).mean(axis=0)
    low, high = np.percentile(draws, [2.5, 97.5])
    sure = bool((low > 0 and (by_seed > 0).all()) or (high < 0 and (by_seed < 0).all()))
    return {
        "points": round(float(by_seed.mean()), 2),
        "interval_95_by_subject": [round(float(low), 2), round(float(high), 2)],
        "seeds": by_seed[:, 0].round(2).tolist(),
        "sure": sure,
    }


def balanced_accuracy(confusions: NDArray[np.int64], chosen: NDArray[np.intp]) -> NDArray[np.float64]:
    """Give the mean recall over the stages that occur, in per cent, (seeds, draws).

    Parameters
    ----------
    confusions : (seeds, subjects, stages, stages); rows are the truth.
    chosen : (draws, subjects).
    """
    times = np.apply_along_axis(np.bincount, 1, chosen, minlength=confusions.shape[1])
    counts = np.einsum("ds,nsij->ndij", times, confusions)
    total, right = counts.sum(axis=-1), np.diagonal(counts, axis1=-2, axis2=-1)
    recall = np.divide(right, total, out=np.zeros(total.shape), where=total > 0)
    balanced: NDArray[np.float64] = 100 * recall.sum(axis=-1) / (total > 0).sum(axis=-1)
    return balanced


def write_tables(out: Path, read: Reader, seeds: Sequence[int], command: str, settings: LoopSettings) -> None:
    """Write what is done as JSON and as a page to read; what is written by hand below the tables is kept."""
    content: dict[str, Any] = {
        "command": command,
        "simulated": True,
        "seeds": list(seeds),
        "settings": {k: v for k, v in asdict(settings).items() if k != "minutes_limit"},
        "rows": {},
        "compared": {},
    }
    lines = _head(seeds, command, settings)
    for cohort, title in COHORT_TITLES.items():
        lines += [f"## {title}", "", COHORT_NOTES[cohort], ""]
        for protocol in N_FOLDS:
            names = [name for c, p, name in PLAN if (c, p) == (cohort, protocol)]
            done = [(name, summarise(read, cohort, protocol, name, seeds)) for name in names]
            shown = {name: figures for name, figures in done if figures is not None}
            content["rows"] |= {f"{cohort}/{protocol}/{name}": figures for name, figures in shown.items()}
            compared = {(a, b): compare(shown[a], shown[b]) for a, b, _ in PAIRS if a in shown and b in shown}
            content["compared"] |= {f"{cohort}/{protocol}/{a} less {b}": c for (a, b), c in compared.items()}
            missing = [ROWS[name].title for name, figures in done if figures is None]
            lines += [f"### {'Across' if protocol == 'cross' else 'Within'} subjects", ""]
            if shown:
                lines += [*_table(protocol, shown), *_comparisons(protocol, compared)]
            if missing:
                lines += [f"Not run: {', '.join(missing)}.", ""]
    write_bytes(out.with_suffix(".json"), (json.dumps(content) + "\n").encode())
    write_above_reading(out.with_suffix(".md"), lines)


def _head(seeds: Sequence[int], command: str, settings: LoopSettings) -> list[str]:
    steps, size = settings.n_steps, settings.batch_size
    return [
        "# Sleep staging: EEG, fMRI and both",
        "",
        "**All signals are simulated.** The paper (Umesh and Paul 2026) measured people, ds003768, whose signals are",
        "not to be had here; its figures stand beside for orientation, not as a comparison. It gives balanced accuracy",
        "only; its baselines' are what it says the networks gained over them, taken off the networks'. Of fusion",
        "across subjects it says 0.583 and, two sentences on, 0.589.",
        "",
        f"Every network row had the same small budget, {steps} steps of {size} epochs ({steps * size} examples); the",
        f"paper does not say its own. Across subjects: {N_FOLDS['cross']} folds by subject (the paper: 23, leave one",
        "out), both sessions of a subject on one side. Within subjects: one network for all subjects, two folds by",
        f"time, {GAP_EPOCHS} epochs (2 min) between what is trained on and what is tested. The adjacency of regions is",
        "measured on what is trained on. Euclidean alignment and the z-scores of BOLD use a whole recording, its",
        "unlabelled test epochs included, as when a finished recording is staged. Intervals: 95 %, resampling",
        "subjects.",
        "",
        f"Seeds {', '.join(map(str, seeds))}; command: `{command}`.",
        "",
    ]


def _table(protocol: str, shown: Mapping[str, Mapping[str, Any]]) -> list[str]:
    first = next(iter(shown.values()))
    lines = [
        f"{first['subjects']} subjects, {first['epochs'] // len(first['seeds'])} epochs.",
        "",
        "| | balanced accuracy | the paper's | accuracy | macro F1 | kappa | seeds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, figures in shown.items():
        paper = _paper(name, protocol)
        cells = [ROWS[name].title, _cell(figures, "balanced_accuracy"), "-" if paper is None else f"{paper:.3f}"]
        cells += [_cell(figures, score) for score in ("accuracy", "macro_f1", "kappa")]
        lines.append(f"| {' | '.join([*cells, str(len(figures['seeds']))])} |")
    lines.append("")
    for name, figures in shown.items():
        if "gate_mean_by_stage" in figures and ROWS[name].fusion == "gate":
            gate = ", ".join(f"{code} {value:.2f}" for code, value in figures["gate_mean_by_stage"].items())
            cka = figures["linear_cka_by_fold"]
            lines += [
                f"{ROWS[name].title}: gate (share of the EEG) by stage {gate}; "
                f"linear CKA of the embeddings {min(cka):.2f} to {max(cka):.2f} over folds (the paper: near 0.05).",
                "",
            ]
    return lines


def _comparisons(protocol: str, compared: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[str]:
    if not compared:
        return []
    lines = [
        "| what is gained by | points of balanced accuracy, 95 % over subjects | the paper | what the pair shows |",
        "|---|---|---|---|",
    ]
    for one, other, gained_by in PAIRS:
        if (one, other) not in compared:
            continue
        lead = compared[one, other]
        low, high = lead["interval_95_by_subject"]
        papers = _paper(one, protocol), _paper(other, protocol)
        paper = None if papers[0] is None or papers[1] is None else 100 * (papers[0] - papers[1])
        cells = [gained_by, f"{lead['points']:+.1f} ({low:+.1f} to {high:+.1f})"]
        cells += ["-" if paper is None else f"{paper:+.1f}", _verdict(lead, paper)]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _verdict(lead: Mapping[str, Any], paper: float | None) -> str:
    """Say in words what a comparison shows."""
    if not lead["sure"]:
        return "nothing: these subjects do not tell the two apart"
    gained = lead["points"] > 0
    found = "a gain" if gained else "a loss"
    if paper is None:
        return found
    if abs(paper) < ABOUT_EQUAL:
        return f"{found}, where the paper finds the two about equal"
    return f"{found}, {'as in the paper' if gained == (paper > 0) else '**against the paper**'}"


def _paper(name: str, protocol: str) -> float | None:
    row = ROWS[name]
    return row.paper_cross if protocol == "cross" else row.paper_within


def _cell(figures: Mapping[str, Any], score: str) -> str:
    low, high = figures["interval_95_by_subject"][score]
    return f"{figures[score]:.3f} ({low:.2f}-{high:.2f})"
