"""Measure sleep staging from EEG, fMRI and both, across and within subjects, with the paper's figures beside it.

Run it as ``python -m tests.benchmarks.sleep_tables --work DIR``. Every fold is kept as soon as it is done, so that the
command may be killed and started again; ``--minutes`` ends it by itself after a while.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from inference.imaging.parcels import NETWORKS, load_parcels
from inference.models.sleep_staging import CLASSES, SleepStagingNet
from inference.training.connectivity import connectivity_weights
from inference.training.loop import LoopSettings
from inference.training.repeatable import make_repeatable
from inference.training.sleep_scores import (
    StagedSubject,
    describe_counts,
    describe_fusion,
    describe_subjects,
    stage_session,
)
from inference.training.sleep_sessions import CONFIG, SleepSampler, SleepSession, gather
from inference.training.sleep_staging import fit
from tests.benchmarks.sleep_cohorts import COHORTS, GAP_EPOCHS, Split, cross_subject, within_subject

RESULTS = Path(__file__).parent / "results"
N_FOLDS = 3
#: The same for every row: what two shared processor cores allowed.
SETTINGS = LoopSettings(
    n_steps=320, batch_size=16, peak_rate=3e-3, warm_up_steps=20, averaging=0.97, precision="bfloat16"
)


@dataclass(frozen=True)
class Row:
    """One row of the table: what is shown to which network, and what the paper says of it, as balanced accuracy."""

    title: str
    eeg: bool = True
    bold: bool = True
    fusion: str = "gate"
    eeg_dropout: float = 0.5
    aligned: bool = True
    baseline: bool = False
    paper_cross: float | None = None
    paper_within: float | None = None


#: The poster's figures; of fusion across subjects it says 0.5830 and, two sentences on, 0.589.
ROWS = {
    "eeg": Row("EEG only", bold=False, paper_cross=0.5883, paper_within=0.7120),
    "fmri": Row("fMRI only", eeg=False, paper_cross=0.4851),
    "fused": Row("gated fusion", paper_cross=0.5830, paper_within=0.7200),
    "eeg-trees": Row("EEG, extra-trees on band power", bold=False, baseline=True, paper_cross=0.5883 - 0.128),
    "fmri-trees": Row("fMRI, extra-trees on connectivity", eeg=False, baseline=True, paper_cross=0.4851 - 0.117),
    "concatenation": Row("fusion by concatenation", fusion="concatenation"),
    "no-dropout": Row("gated fusion, without EEG dropout", eeg_dropout=0.0),
    "no-alignment": Row("gated fusion, without Euclidean alignment", aligned=False),
}
#: What is measured, in the order of what matters most.
PLAN = (
    *(("naps", "cross", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    *(("naps", "within", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    *(("nights", "cross", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    *(("nights", "cross", row) for row in ("concatenation", "no-alignment")),
    *(("nights", "within", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    ("nights", "cross", "no-dropout"),
)
COHORT_TITLES = {
    "naps": "Simulated signals on the real stages of 23 subjects of ds003768 (these sessions have W, N1 and N2 only)",
    "nights": "Simulated signals on stretches of simulated nights, 24 subjects (all five stages)",
}
#: A band's edges in Hz, for the baseline.
_BANDS_HZ = (0.5, 2.0, 4.0, 8.0, 11.0, 15.0, 20.0, 30.0)


def run_fold(row: Row, sessions: list[SleepSession], split: Split, seed: int) -> list[StagedSubject]:
    """Train on one side of a split and stage the other."""
    if row.baseline:
        return _run_trees(row, sessions, split, seed)
    make_repeatable(seed, "cpu", 1)
    network = SleepStagingNet(
        replace(CONFIG, fusion=row.fusion, eeg_dropout=row.eeg_dropout if row.bold else 0.0),
        connectivity_weights(_training_runs(sessions, split)),
    )
    sampler = SleepSampler(sessions, seed, chosen=split.train, eeg=row.eeg, bold=row.bold)
    for _ in fit(network, sampler, SETTINGS, seed):
        pass
    return [
        stage_session(network, session, epochs, eeg=row.eeg, bold=row.bold)
        for session, epochs in zip(sessions, split.test, strict=True)
        if len(epochs)
    ]


def _training_runs(sessions: list[SleepSession], split: Split) -> Iterator[NDArray[np.float32]]:
    """Yield the volumes that lie within what is trained on."""
    for session, epochs in zip(sessions, split.train, strict=True):
        if len(epochs) and session.bold is not None:
            first, stop = (int(epoch * CONFIG.epoch_s / session.bold.tr_s) for epoch in (epochs[0], epochs[-1] + 1))
            yield session.bold.series[first:stop]


def _run_trees(row: Row, sessions: list[SleepSession], split: Split, seed: int) -> list[StagedSubject]:
    def features(chosen: list[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
        return [
            _features(row, session, epochs) if len(epochs) else np.zeros((0, 0))
            for session, epochs in zip(sessions, chosen, strict=True)
        ]

    train = [rows for rows in features(split.train) if len(rows)]
    stage = np.concatenate([s.stage[epochs] for s, epochs in zip(sessions, split.train, strict=True)])
    trees = ExtraTreesClassifier(400, class_weight="balanced", min_samples_leaf=3, random_state=seed)
    trees.fit(np.concatenate(train), stage)
    staged = []
    for session, epochs, rows in zip(sessions, split.test, features(split.test), strict=True):
        if len(rows):
            scores = np.zeros((len(rows), len(CLASSES)))
            scores[:, trees.classes_] = trees.predict_proba(rows)
            none = np.zeros((len(rows), 1))
            staged.append(StagedSubject(session.subject, session.stage[epochs], scores, none[:, 0], none, none))
    return staged


def _features(row: Row, session: SleepSession, epochs: NDArray[np.int64]) -> NDArray[np.float64]:
    batch = gather(session, epochs.tolist())
    if row.eeg:
        spectrum = np.abs(np.fft.rfft(batch.eeg[:, 1].numpy().astype(np.float64), axis=-1)) ** 2
        hz = np.fft.rfftfreq(CONFIG.epoch_samples, 1 / CONFIG.rate_hz)
        bands = [spectrum[..., (hz >= low) & (hz < high)].mean(axis=-1) for low, high in itertools.pairwise(_BANDS_HZ)]
        power = np.log(np.stack(bands, axis=-1) + 1e-9)
        return np.concatenate([power.reshape(len(power), -1), power.mean(axis=1)], axis=1)
    bold = batch.bold.numpy().astype(np.float64)
    groups = [(network, side) for network in NETWORKS for side in ("left", "right")]
    member = np.array([[(p.network, p.hemisphere) == group for p in load_parcels()] for group in groups], dtype=float)
    member /= member.sum(axis=1, keepdims=True)
    upper = np.triu_indices(len(groups), 1)
    rows = []
    for context in bold:
        shared = member @ context
        correlation = np.nan_to_num(np.corrcoef(shared))[upper]
        rows.append(np.concatenate([context.mean(axis=1), context.std(axis=1), shared.std(axis=1), correlation]))
    return np.array(rows)


class Units:
    """Folds that are done, one JSON file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, cohort: str, protocol: str, row: str, fold: int, seed: int) -> Path:
        """Give the file of a fold."""
        return self.folder / f"{cohort}_{protocol}_{row}_{fold}_{seed}.json"

    def write(self, path: Path, staged: list[StagedSubject], seconds: float) -> None:
        """Keep a fold at once."""
        content = {
            "seconds": round(seconds, 1),
            "fusion": describe_fusion(staged),
            "subjects": [{"subject": s.subject, "confusion": s.confusion.tolist()} for s in staged],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(content) + "\n", encoding="utf-8")
        draft.replace(path)

    def read(self, cohort: str, protocol: str, row: str, seed: int) -> list[dict[str, Any]] | None:
        """Give all folds of a row, None where one is missing."""
        n_folds = N_FOLDS if protocol == "cross" else 2
        paths = [self.path(cohort, protocol, row, fold, seed) for fold in range(n_folds)]
        return [json.loads(p.read_text(encoding="utf-8")) for p in paths] if all(p.exists() for p in paths) else None


def measure(units: Units, work: Path, seeds: list[int], rows: Collection[str], is_over: Callable[[], bool]) -> None:
    """Run what is missing of some rows of the plan, one seed after the other."""
    cohorts: dict[tuple[str, bool], list[SleepSession]] = {}
    for seed in seeds:
        for cohort, protocol, name in (planned for planned in PLAN if planned[2] in rows):
            row = ROWS[name]
            if (cohort, row.aligned) not in cohorts:
                cohorts[cohort, row.aligned] = COHORTS[cohort](work / "sessions", aligned=row.aligned)
            sessions = cohorts[cohort, row.aligned]
            splits = cross_subject(sessions, N_FOLDS, seed) if protocol == "cross" else within_subject(sessions)
            for fold, split in enumerate(splits):
                path = units.path(cohort, protocol, name, fold, seed)
                if is_over():
                    return
                if not path.exists():
                    began = time.process_time()
                    staged = run_fold(row, sessions, split, 1000 * seed + fold)
                    units.write(path, staged, time.process_time() - began)
                    print(path.stem, describe_subjects(staged)["balanced_accuracy"], flush=True)


def summarise(units: Units, cohort: str, protocol: str, name: str, seeds: list[int]) -> dict[str, Any] | None:
    """Give a row's scores over its complete seeds, None where there is none."""
    runs = {seed: folds for seed in seeds if (folds := units.read(cohort, protocol, name, seed)) is not None}
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
    seconds = sum(fold["seconds"] for folds in runs.values() for fold in folds)
    return {**figures, "seeds": {str(s): b for s, b in zip(by_seed, balanced, strict=True)}, "cpu_s": seconds}


def write_tables(units: Units, seeds: list[int], command: str) -> None:
    """Write what is done as JSON and as a page to read."""
    content: dict[str, Any] = {
        "command": command,
        "seeds": seeds,
        "settings": {k: v for k, v in asdict(SETTINGS).items() if k != "minutes_limit"},
        "rows": {},
    }
    lines = _head(seeds, command)
    for cohort, title in COHORT_TITLES.items():
        lines += [f"## {title}", ""]
        for protocol in ("cross", "within"):
            names = [name for c, p, name in PLAN if (c, p) == (cohort, protocol)]
            done = [(name, summarise(units, cohort, protocol, name, seeds)) for name in names]
            shown = {name: figures for name, figures in done if figures is not None}
            content["rows"] |= {f"{cohort}/{protocol}/{name}": figures for name, figures in shown.items()}
            missing = [ROWS[name].title for name, figures in done if figures is None]
            if shown:
                lines += _table(protocol, shown)
            if missing:
                lines += [f"Not run: {', '.join(missing)}.", ""]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "sleep_tables.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "sleep_tables.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _head(seeds: list[int], command: str) -> list[str]:
    steps, size = SETTINGS.n_steps, SETTINGS.batch_size
    return [
        "# Sleep staging: EEG, fMRI and both",
        "",
        "**All signals are simulated.** The paper (Umesh and Paul 2026) measured people, ds003768, whose signals are",
        "not to be had here; its figures stand beside for orientation, not as a comparison. It gives balanced accuracy",
        "only.",
        "",
        f"Every network row had the same small budget, {steps} steps of {size} epochs ({steps * size} examples); the",
        f"paper does not say its own. Across subjects: {N_FOLDS} folds by subject (the paper: 23, leave one out).",
        "Within subjects: one network for all subjects, two folds by time, "
        f"{GAP_EPOCHS} epochs (2 min) between what is trained",
        "on and what is tested. Euclidean alignment and the z-scores of BOLD use a whole recording, its unlabelled",
        "test epochs included. Intervals: 95 %, resampling subjects.",
        "",
        f"Seeds {', '.join(map(str, seeds))}; command: `{command}`.",
        "",
    ]


def _table(protocol: str, shown: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        f"### {'Across' if protocol == 'cross' else 'Within'} subjects",
        "",
        "| | balanced accuracy | the paper's | accuracy | macro F1 | kappa | seeds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, figures in shown.items():
        row = ROWS[name]
        paper = row.paper_cross if protocol == "cross" else row.paper_within
        cells = [row.title, _cell(figures, "balanced_accuracy"), "-" if paper is None else f"{paper:.3f}"]
        cells += [_cell(figures, score) for score in ("accuracy", "macro_f1", "kappa")]
        lines.append(f"| {' | '.join([*cells, str(len(figures['seeds']))])} |")
    lines.append("")
    for name, figures in shown.items():
        if "gate_mean_by_stage" in figures and ROWS[name].fusion == "gate":
            gate = ", ".join(f"{code} {value:.2f}" for code, value in figures["gate_mean_by_stage"].items())
            cka = figures["linear_cka_by_fold"]
            lines.append(
                f"{ROWS[name].title}: gate (share of the EEG) by stage {gate}; "
                f"linear CKA of the embeddings {min(cka):.2f} to {max(cka):.2f} over folds (the paper: near 0.05)."
            )
    return [*lines, ""]


def _cell(figures: dict[str, Any], score: str) -> str:
    low, high = figures["interval_95_by_subject"][score]
    return f"{figures[score]:.3f} ({low:.2f}-{high:.2f})"


def main() -> None:
    """Run what is missing and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="where sessions and finished folds are kept")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--rows", default=",".join(ROWS), help="which rows to run, joined by commas (default: all)")
    parser.add_argument("--minutes", type=float, default=np.inf, help="end after so long; start again to go on")
    args = parser.parse_args()
    began = time.monotonic()
    seeds = list(range(args.seeds))
    units = Units(args.work / "units")
    torch.set_num_threads(1)
    measure(units, args.work, seeds, args.rows.split(","), lambda: time.monotonic() - began > 60 * args.minutes)
    write_tables(units, seeds, f"python -m tests.benchmarks.sleep_tables --work DIR --seeds {args.seeds}")


if __name__ == "__main__":
    main()
