"""Write what the benchmark of IESS-FusionNet's tables measured beside what the paper's tables say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.iess_rows import FULL, PAPER, PAPER_COST, TABLES
from tests.benchmarks.reading import write_above_reading

FIGURES = ("Acc", "Spe", "Sen", "AUC")
N_RESAMPLES = 4000
HELD_OUT, INDEPENDENT = "held out", "second generator"

Runs = Mapping[str, Mapping[str, Any]]


def figures_of(runs: Runs, patients: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
    """Give accuracy, specificity, sensitivity and area under the ROC curve in per cent, each by seed.

    Parameters
    ----------
    runs : what was measured, by seed.
    patients : (n, patients) which patients to count, drawn n times; everybody once if not given.

    Returns
    -------
    (seeds, n, 4), the area being the mean over patients.
    """
    counts = np.array([[list(patient.values()) for patient in run["patients"].values()] for run in runs.values()])
    chosen = np.arange(counts.shape[1])[None] if patients is None else patients
    n_spasms, n_found, n_negatives, n_spared = np.moveaxis(counts[:, chosen, :4].sum(axis=2), -1, 0)
    accuracy = (n_found + n_spared) / (n_spasms + n_negatives)
    area = counts[:, chosen, 4].mean(axis=2)
    return 100 * np.stack([accuracy, n_spared / n_negatives, n_found / n_spasms, area], axis=-1)


def resampled_patients(runs: Runs) -> NDArray[np.intp]:
    """Draw patients with replacement, (draws, patients); the same draws for every row."""
    n_patients = len(next(iter(runs.values()))["patients"])
    return np.random.default_rng(0).integers(n_patients, size=(N_RESAMPLES, n_patients))


def interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Give the 95 % interval of the mean over seeds, from (seeds, draws)."""
    low, high = np.percentile(draws.mean(axis=0), [2.5, 97.5])
    return float(low), float(high)


def summarise(runs: Runs) -> dict[str, dict[str, Any]]:
    """Give mean and standard deviation over seeds and the interval across patients of every figure."""
    seeds, draws = figures_of(runs)[:, 0], figures_of(runs, resampled_patients(runs))
    return {
        name: {
            "mean": float(seeds[:, index].mean()),
            "sd": float(seeds[:, index].std(ddof=1)) if len(seeds) > 1 else None,
            "interval_patients": list(interval(draws[..., index])),
            "seeds": [round(float(value), 2) for value in seeds[:, index]],
        }
        for index, name in enumerate(FIGURES)
    }


def gain_of_full(full: Runs, other: Runs) -> dict[str, Any]:
    """Give by how much the full network is more accurate than a row on the same patients, and whether that is sure."""
    common = [seed for seed in full if seed in other]
    pair = [{seed: runs[seed] for seed in common} for runs in (full, other)]
    seeds = figures_of(pair[0])[:, 0, 0] - figures_of(pair[1])[:, 0, 0]
    chosen = resampled_patients(pair[0])
    low, high = interval(figures_of(pair[0], chosen)[..., 0] - figures_of(pair[1], chosen)[..., 0])
    sure = (low > 0 and bool((seeds > 0).all())) or (high < 0 and bool((seeds < 0).all()))
    return {
        "mean": float(seeds.mean()),
        "interval_patients": [low, high],
        "seeds": seeds.round(2).tolist(),
        "sure": sure,
    }


def write_tables(content: dict[str, Any], path: Path) -> None:
    """Write the tables, and their figures into the content."""
    content["summary"] = {
        test: {row: summarise(runs) for row, runs in of_test.items()} for test, of_test in content["runs"].items()
    }
    content["full_less_row"] = {
        test: {row: gain_of_full(of_test[FULL], runs) for row, runs in of_test.items() if row != FULL}
        for test, of_test in content["runs"].items()
    }
    lines = ["# IESS-FusionNet's tables on simulated patients", "", *_head(content), ""]
    for title, rows in TABLES.items():
        lines += [f"## {title}", "", *_table(content, rows), ""]
    lines += ["## Parts (the paper's table 5; both streams, full size)", "", *_parts(content), ""]
    lines += ["## Which of the paper's orderings hold", "", *_orderings(content), ""]
    lines += ["## On the second generator", "", *_second_generator(content), ""]
    lines += ["## What is taken for a spasm", "", *_kinds(content), ""]
    lines += ["Commands, in order:", "", *(f"    {command}" for command in content["commands"]), ""]
    write_above_reading(path, lines)


def _head(content: Mapping[str, Any]) -> list[str]:
    settings, of_full = content["settings"], content["runs"][HELD_OUT][FULL]
    first = next(iter(of_full.values()))["patients"].values()
    minutes, n_runs = sum(content["cpu_s"].values()) / 60, len(content["cpu_s"])
    return [
        "Simulated throughout: no recording of a person was used. Each figure is the mean of "
        f"{len(of_full)} seed(s) (weights, batches and training patients all differ) ± their standard deviation, as "
        "the paper gives it, and in brackets the 95 % interval across held-out patients (bootstrap, "
        f"{N_RESAMPLES} draws). A window is called a spasm at a probability of one half or more.",
        "",
        "**Every row was trained at one smaller size**, not at that of the shipped network: "
        f"{settings['size']} {settings['n_steps']} steps of {settings['batch_size']} windows, the same windows in the "
        f"same order for every row, AdamW with one peak rate ({settings['peak_rate']:g}) for all. Parameters and "
        "operations are those of the full size (one window of 4 s at 256 Hz, operations as PyTorch counts them: two "
        "for a multiplication with its addition, nothing for what works element by element, such as the recurrence of "
        "a scan).",
        "",
        f"Held out: {len(first)} patients whom no training has seen, {sum(p['spasms'] for p in first)} spasms and as "
        "many windows without one; three of four of those are centred on something that looks like a spasm or disturbs "
        f"like one. {n_runs} runs took {minutes:.0f} minutes of one processor core. {content['software']}",
    ]


def _table(content: Mapping[str, Any], rows: tuple[str, ...]) -> list[str]:
    lines = [
        "| | Acc % | paper | Spe % | paper | Sen % | paper | AUC % | parameters, M | operations, G |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures, paper, cost = content["summary"][HELD_OUT].get(row), PAPER.get(row), content["costs"].get(row)
        cells = [f"**{row}**" if row == FULL else row]
        for name, known in zip(FIGURES, _paper_cells(paper), strict=True):
            cells += [_measured(figures[name]) if figures else "not run", *([known] if name != "AUC" else [])]
        cells += [f"{cost[0] / 1e6:.3f}", f"{cost[1] / 1e9:.3f}"] if cost else ["", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _measured(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval_patients"]
    spread = "" if figure["sd"] is None else f" ± {figure['sd']:.1f}"
    return f"{figure['mean']:.1f}{spread} ({low:.1f}-{high:.1f})"


def _paper_cells(paper: Any) -> list[str]:
    if paper is None:
        return [""] * len(FIGURES)
    pairs = (paper.accuracy, paper.specificity, paper.sensitivity)
    return [*(f"{mean:.1f} ± {sd:.1f}" for mean, sd in pairs), ""]


def _parts(content: Mapping[str, Any]) -> list[str]:
    lines = ["| | parameters, M | paper | operations, G | paper |", "|---|---|---|---|---|"]
    for part, (millions, billions) in PAPER_COST.items():
        n_parameters, n_flops = content["costs"][f"part: {part}"]
        lines.append(f"| {part} | {n_parameters / 1e6:.3f} | {millions} | {n_flops / 1e9:.3f} | {billions} |")
    return lines


def _orderings(content: Mapping[str, Any]) -> list[str]:
    lines = [
        "By how many points of accuracy the full network is ahead; sure where the interval across patients and all "
        "seeds lie on one side of 0.",
        "",
        "| ahead of | here, 95 % across patients | by seed | paper | the paper's ordering |",
        "|---|---|---|---|---|",
    ]
    for row, gain in content["full_less_row"][HELD_OUT].items():
        low, high = gain["interval_patients"]
        paper = PAPER[FULL].accuracy[0] - PAPER[row].accuracy[0] if row in PAPER else None
        here = f"{gain['mean']:+.1f} ({low:+.1f} to {high:+.1f})"
        seeds = ", ".join(f"{value:+.1f}" for value in gain["seeds"])
        claimed = "" if paper is None else f"{paper:+.1f}"
        lines.append(f"| {row} | {here} | {seeds} | {claimed} | {_verdict(gain, paper)} |")
    return lines


def _verdict(gain: Mapping[str, Any], paper: float | None) -> str:
    if not gain["sure"]:
        return "no row is surely ahead"
    ahead = "full network ahead" if gain["mean"] > 0 else "**full network behind**"
    if paper is None:
        return f"{ahead}; the paper gives none"
    return "holds" if gain["mean"] * paper > 0 else "**reversed**"


def _second_generator(content: Mapping[str, Any]) -> list[str]:
    of_full = next(iter(content["runs"][INDEPENDENT][FULL].values()))["patients"].values()
    lines = [
        f"The same networks on {len(of_full)} infants of the generator that shares no code with the one they were "
        f"trained on: {sum(p['spasms'] for p in of_full)} spasms and as many other windows.",
        "",
        "| | Acc % | Spe % | Sen % | AUC % | full network ahead by, points of Acc |",
        "|---|---|---|---|---|---|",
    ]
    for row, figures in content["summary"][INDEPENDENT].items():
        cells = [f"**{row}**" if row == FULL else row, *(_measured(figures[name]) for name in FIGURES)]
        gain = content["full_less_row"][INDEPENDENT].get(row)
        low, high = gain["interval_patients"] if gain else (0.0, 0.0)
        sure = " sure" if gain and gain["sure"] else ""
        cells.append(f"{gain['mean']:+.1f} ({low:+.1f} to {high:+.1f}){sure}" if gain else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _kinds(content: Mapping[str, Any]) -> list[str]:
    rows = [row for row in (FULL, "EEG-only", "EMG-only", "w/o CWT", "EEGNet") if row in content["runs"][HELD_OUT]]
    lines = [
        "Windows judged rightly, in per cent over all seeds, by what lies at their centre.",
        "",
        f"| | windows | {' | '.join(rows)} |",
        f"|---|---|{'---|' * len(rows)}",
    ]
    kinds = next(iter(content["runs"][HELD_OUT][FULL].values()))["kinds"]
    for kind, (n_windows, _) in sorted(kinds.items(), key=lambda item: -item[1][0]):
        shares = [
            sum(run["kinds"][kind][1] for run in content["runs"][HELD_OUT][row].values())
            / (n_windows * len(content["runs"][HELD_OUT][row]))
            for row in rows
        ]
        lines.append(f"| {kind} | {n_windows} | {' | '.join(f'{100 * share:.0f}' for share in shares)} |")
    return lines
