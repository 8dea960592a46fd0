"""Measure focus localisation on the public corpora: same folds for every method, resumable fold by fold.

Run it as ``python -m tests.benchmarks.focus_localisation --corpus bonn --draws 5``.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tests.benchmarks.focus_folds import folds_of, gain_over_files, interval_over_files
from tests.benchmarks.focus_methods import HYBRID_PARTS, METHODS, TITLES
from tests.benchmarks.focus_units import CORPORA, PROTOCOLS, Units

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results"
#: Accuracies in per cent as the paper prints them (tables 3, 2, 7 and 6).
PAPER = {
    "bonn": {
        "dwt-svm": 88.0,
        "network": 97.5,
        "network-no-style": 92.5,
        "network-no-dann": 92.0,
        "network-neither": 90.0,
    },
    "bern-barcelona": {
        "dwt-svm": 83.07,
        "network": 94.5,
        "network-no-style": 92.6,
        "network-no-dann": 92.4,
        "network-neither": 91.8,
    },
}
BASELINE = "extra-trees"
PROTOCOL_TITLES = {
    "file": "folds by file: the paper's protocol, no file's windows on both sides",
    "simultaneous": "folds by moment: files recorded at the same time stay on one side",
    "windows": "random folds over quarters of files: one file's windows on both sides",
}

Scores = dict[str, dict[str, dict[str, list[float | None]]]]


class Results:
    """Scores of every unit, by protocol, method and draw, kept in one JSON file after every fold."""

    def __init__(self, path: Path, corpus: str) -> None:
        self.path, self.corpus = path, corpus
        self.content = {"corpus": corpus, "commands": [], "seconds": {}, "labels": {}, "scores": {}}
        if path.exists():
            self.content = json.loads(path.read_text(encoding="utf-8"))
        self.scores: Scores = self.content["scores"]

    def of(self, protocol: str, method: str, draw: int, n_units: int) -> list[float | None]:
        """Give the scores of one draw, None where a fold is still to be run."""
        draws = self.scores.setdefault(protocol, {}).setdefault(method, {})
        return draws.setdefault(str(draw), [None] * n_units)

    def add_seconds(self, protocol: str, method: str, seconds: float) -> None:
        """Count processor time."""
        key = f"{protocol}/{method}"
        self.content["seconds"][key] = round(self.content["seconds"].get(key, 0.0) + seconds, 1)

    def save(self) -> None:
        """Write the file in one step, so that a kill leaves the last whole one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(self.content) + "\n", encoding="utf-8")
        draft.replace(self.path)


def measure(results: Results, units: Units, method: str, draw: int, seed: int) -> None:
    """Run what is missing of one draw of the folds."""
    scores = results.of(units.protocol, method, draw, len(units.label))
    for fold, (train, test) in enumerate(folds_of(units.label, units.group, seed + draw)):
        if all(scores[i] is not None for i in test):
            continue
        started = time.process_time()
        fold_seed = 1000 * (seed + draw) + fold
        for index, score in zip(test, METHODS[method](units, train, test, fold_seed), strict=True):
            scores[index] = round(float(score), 4)
        results.add_seconds(units.protocol, method, time.process_time() - started)
        results.save()
    print(f"{units.protocol} {method} draw {draw}: {accuracy(scores, units.label):.3f}", flush=True)


def accuracy(scores: list[float | None], label: NDArray[np.int64]) -> float:
    """Give the share of units whose score has the sign of their class."""
    return float(((np.array(scores, dtype=float) > 0) == (label == 1)).mean())


def complete_draws(results: Results, protocol: str, method: str) -> NDArray[np.float64] | None:
    """Give the scores of a method's complete draws, (draws, units); the hybrid's are made from its parts'."""
    if method == "hybrid":
        parts = [complete_draws(results, protocol, part) for part in HYBRID_PARTS[results.corpus]]
        if any(part is None for part in parts):
            return None
        n_draws = min(len(part) for part in parts if part is not None)
        return np.mean([part[:n_draws] for part in parts if part is not None], axis=0)
    draws = results.scores.get(protocol, {}).get(method, {})
    whole = [draws[key] for key in sorted(draws, key=int) if all(score is not None for score in draws[key])]
    return np.array(whole, dtype=float) if whole else None


def summary(scores: NDArray[np.float64], label: NDArray[np.int64]) -> dict[str, float | list[float]]:
    """Give the paper's five figures over all draws, the area under the curve, the interval and the range of draws."""
    called, focal = scores > 0, label == 1
    correct = called == focal
    low, high = interval_over_files(correct)
    per_draw = correct.mean(axis=1)
    return {
        "ACC": float(correct.mean()),
        "SN": float(called[:, focal].mean()),
        "SP": float((~called[:, ~focal]).mean()),
        "PPV": float(np.broadcast_to(focal, called.shape)[called].mean()),
        "NPV": float((~np.broadcast_to(focal, called.shape))[~called].mean()),
        "AUC": float(np.mean([roc_auc_score(label, draw) for draw in scores])),
        "interval_files": [low, high],
        "draws": [round(float(value), 4) for value in per_draw],
    }


def write_table(results: Results) -> None:
    """Write the summary into the JSON file and as a table beside it."""
    lines = [f"# Focus localisation: {results.corpus}", ""]
    results.content["summary"] = {}
    for protocol in PROTOCOLS:
        label = np.array(results.content["labels"].get(protocol, []))
        rows = []
        for method in TITLES:
            scores = complete_draws(results, protocol, method)
            if scores is None:
                continue
            figures = summary(scores, label)
            baseline = complete_draws(results, protocol, BASELINE)
            if baseline is not None and method != BASELINE:
                n_draws = min(len(scores), len(baseline))
                right = [(part[:n_draws] > 0) == (label == 1) for part in (scores, baseline)]
                figures["gain_over_baseline"] = list(gain_over_files(*right))
            results.content["summary"][f"{protocol}/{method}"] = figures
            rows.append(_row(method, figures, PAPER[results.corpus].get(method) if protocol == "file" else None))
        if rows:
            lines += [f"## {PROTOCOL_TITLES[protocol]}", ""]
            lines += [
                "| method | ACC % | 95 % across files | across draws | gain over the baseline, 95 % across files "
                "| SN | SP | PPV | NPV | paper's ACC |"
            ]
            lines += ["|---|---|---|---|---|---|---|---|---|---|", *rows, ""]
    lines += ["Commands, in order:", "", *(f"    {command}" for command in results.content["commands"]), ""]
    results.save()
    results.path.with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")


def _row(method: str, figures: dict, paper: float | None) -> str:
    low, high = (100 * value for value in figures["interval_files"])
    draws = figures["draws"]
    cells = [TITLES[method], f"{100 * figures['ACC']:.1f}", f"{low:.1f} to {high:.1f}"]
    cells.append(f"{100 * min(draws):.1f} to {100 * max(draws):.1f} ({len(draws)})")
    gain = [100 * value for value in figures.get("gain_over_baseline", ())]
    cells.append(f"{gain[0]:+.1f} ({gain[1]:+.1f} to {gain[2]:+.1f})" if gain else "")
    cells += [f"{100 * figures[name]:.1f}" for name in ("SN", "SP", "PPV", "NPV")]
    cells.append(f"{paper:.2f}" if paper else "")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run methods over draws of folds, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", choices=CORPORA, required=True)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="file")
    parser.add_argument("--methods", default="extra-trees,svm,dwt-svm,nearest-moment,kernels,network")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "spasmlens-focus")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    data = arguments.data or Path(os.environ.get("SPASMLENS_TEST_DATA", ROOT.parent / "shared" / "data"))
    units = Units(arguments.corpus, arguments.protocol, data, arguments.cache)
    results = Results(arguments.out / f"focus_localisation_{arguments.corpus}.json", arguments.corpus)
    results.content["labels"][arguments.protocol] = units.label.tolist()
    shown = [word for word in sys.argv[1:] if word]
    command = shlex.join(["python", "-m", "tests.benchmarks.focus_localisation", *shown])
    if command not in results.content["commands"]:
        results.content["commands"].append(command)
    for draw in range(arguments.draws):
        for method in arguments.methods.split(","):
            measure(results, units, method, draw, arguments.seed)
    write_table(results)


if __name__ == "__main__":
    main()
