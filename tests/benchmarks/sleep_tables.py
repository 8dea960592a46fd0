"""Measure sleep staging from EEG, fMRI and both, across and within subjects, with the paper's figures beside it.

Run it as ``python -m tests.benchmarks.sleep_tables --work DIR``. Every fold is kept as soon as it is done, so that the
command may be killed and started again; ``--minutes`` ends it by itself after a while.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
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
from inference.training.sleep_scores import StagedSubject, describe_fusion, describe_subjects, stage_session
from inference.training.sleep_sessions import CONFIG, SleepSampler, SleepSession, gather
from inference.training.sleep_staging import fit
from tests.benchmarks.sleep_cohorts import COHORTS, Split, cross_subject, within_subject
from tests.benchmarks.sleep_report import write_tables
from tests.benchmarks.sleep_rows import N_FOLDS, PLAN, ROWS, Row

RESULTS = Path(__file__).parent / "results" / "sleep_tables"
#: The same for every row: what two shared processor cores allowed.
SETTINGS = LoopSettings(
    n_steps=320, batch_size=16, peak_rate=3e-3, warm_up_steps=20, averaging=0.97, precision="bfloat16"
)
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
        paths = [self.path(cohort, protocol, row, fold, seed) for fold in range(N_FOLDS[protocol])]
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
            splits = (
                cross_subject(sessions, N_FOLDS["cross"], seed) if protocol == "cross" else within_subject(sessions)
            )
            for fold, split in enumerate(splits):
                path = units.path(cohort, protocol, name, fold, seed)
                if is_over():
                    return
                if not path.exists():
                    began = time.process_time()
                    staged = run_fold(row, sessions, split, 1000 * seed + fold)
                    units.write(path, staged, time.process_time() - began)
                    print(path.stem, describe_subjects(staged)["balanced_accuracy"], flush=True)


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
    command = f"python -m tests.benchmarks.sleep_tables --work DIR --seeds {args.seeds}"
    write_tables(RESULTS, units.read, seeds, command, SETTINGS)


if __name__ == "__main__":
    main()
