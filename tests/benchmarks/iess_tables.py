"""Compare IESS-FusionNet with its ablations and with other networks, as its paper's tables do, on simulated patients.

``python -m tests.benchmarks.iess_tables --seeds 3 [--rows ...] [--peers FOLDER]`` trains what is still missing, run by
run, and writes ``results/iess_tables.json`` and the tables beside it. A full-size run costs an hour, so every row is
trained at one smaller size: the same windows in the same order, the same number of steps and the same rate for all.
"""

import argparse
import json
import shlex
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from inference.training.loop import LoopSettings, descend
from inference.training.repeatable import make_repeatable
from tests.benchmarks.iess_report import write_tables
from tests.benchmarks.iess_rows import ON_SIGNALS, PEERS, ROWS, build, component_costs, find_peers, full_size_cost
from tests.benchmarks.iess_windows import (
    N_TRAINING,
    PATIENT_S,
    SMALLER,
    Batch,
    Windows,
    draw_batch,
    held_out_windows,
    independent_windows,
    take,
    training_windows,
)

RESULTS = Path(__file__).parent / "results" / "iess_tables.json"
LOOP = LoopSettings(n_steps=300, batch_size=32, peak_rate=1.5e-3, warm_up_steps=30, averaging=0.98, precision="float32")
#: The one size, in words, for the head of the tables.
SIZE = (
    f"{SMALLER.rate_hz:g} Hz, {SMALLER.eeg_wavelets.n_frequencies} wavelet frequencies up to "
    f"{SMALLER.eeg_wavelets.highest_hz:g} Hz and the EEG's slow wave below {SMALLER.eeg_wavelets.slow_hz:g} Hz, frames "
    f"of {1000 * SMALLER.frame_samples / SMALLER.rate_hz:g} ms, width {SMALLER.width}, {SMALLER.n_states} states, "
    f"{SMALLER.n_heads} heads; {N_TRAINING} patients of {PATIENT_S / 60:g} minutes a seed;"
)
_TEST_BATCH = 64


def train(row: str, windows: Windows, seed: int) -> nn.Module:
    """Train what a row stands for."""
    torch.manual_seed(seed)
    network = build(row, windows)

    def batch_at(step: int) -> Batch:
        return draw_batch(windows, seed, step, LOOP.batch_size, as_signals=row in ON_SIGNALS)

    for report in descend(network, batch_at, _loss, LOOP, seed=seed):
        if report.step % 100 == 0:
            print(f"{row}, seed {seed}: step {report.step}, loss {report.loss:.3f}", flush=True)
    return network.eval()


def _loss(network: nn.Module, batch: Batch) -> Tensor:
    *inputs, target = batch
    return functional.cross_entropy(network(*inputs), target)


def log_odds(network: nn.Module, windows: Windows, *, as_signals: bool) -> NDArray[np.float64]:
    """Give the log odds of a spasm in every window."""
    parts = []
    with torch.no_grad():
        for chosen in np.array_split(np.arange(len(windows.patient)), -(-len(windows.patient) // _TEST_BATCH)):
            logits = network(*take(windows, chosen, as_signals=as_signals)[:-1])
            parts.append((logits[:, 1] - logits[:, 0]).double().numpy())
    return np.concatenate(parts)


def judge(scores: NDArray[np.float64], windows: Windows) -> dict[str, Any]:
    """Count what is right at a probability of one half, patient by patient and by what lies at the centre."""
    right = (scores > 0) == windows.is_spasm
    patients = {}
    for patient in np.unique(windows.patient):
        own = windows.patient == patient
        spasms, rest = own & windows.is_spasm, own & ~windows.is_spasm
        patients[str(patient)] = {
            "spasms": int(spasms.sum()),
            "found": int(right[spasms].sum()),
            "negatives": int(rest.sum()),
            "spared": int(right[rest].sum()),
            "auc": round(float(roc_auc_score(windows.is_spasm[own], scores[own])), 4),
        }
    kinds = {
        str(kind): [int((windows.kind == kind).sum()), int(right[windows.kind == kind].sum())]
        for kind in np.unique(windows.kind)
    }
    return {"patients": patients, "kinds": kinds}


class Results:
    """What was measured, kept in one JSON file after every run."""

    def __init__(self, path: Path, windows: Mapping[str, Windows]) -> None:
        self.path = path
        digests = {name: values.digest() for name, values in windows.items()}
        settings = {name: getattr(LOOP, name) for name in ("n_steps", "batch_size", "peak_rate", "averaging")}
        settings["size"] = SIZE
        self.content: dict[str, Any] = {
            "settings": settings,
            "windows": {},
            "commands": [],
            "costs": {},
            "cpu_s": {},
            "runs": {},
        }
        if path.exists():
            self.content = json.loads(path.read_text(encoding="utf-8"))
        known = self.content["windows"]
        if self.content["settings"] != settings or any(
            known.get(name, found) != found for name, found in digests.items()
        ):
            raise SystemExit(f"{path} holds results of other windows or settings: move it away to start afresh")
        known.update(digests)

    def runs(self, test: str) -> dict[str, Any]:
        """Give what was measured on a test set, by row and seed."""
        return self.content["runs"].setdefault(test, {})

    def note_command(self, arguments: argparse.Namespace) -> None:
        """Keep how the benchmark was called, without the folders of this machine."""
        command = f"python -m tests.benchmarks.iess_tables --seeds {arguments.seeds}"
        command += f" --first-seed {arguments.first_seed}" if arguments.first_seed else ""
        command += f" --rows {shlex.quote(arguments.rows)}" if arguments.rows != ",".join(ROWS) else ""
        command += " --peers PEERS" if arguments.peers else ""
        if command not in self.content["commands"]:
            self.content["commands"].append(command)

    def save(self) -> None:
        """Write the file in one step, so that a kill leaves the last whole one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(self.content) + "\n", encoding="utf-8")
        draft.replace(self.path)


def measure(results: Results, row: str, seed: int, training: Windows, tests: Mapping[str, Windows]) -> None:
    """Train a row with a seed and judge it on every test set."""
    started = time.process_time()
    network = train(row, training, seed)
    for name, test in tests.items():
        scores = log_odds(network, test, as_signals=row in ON_SIGNALS)
        results.runs(name).setdefault(row, {})[str(seed)] = judge(scores, test)
        print(f"{row}, seed {seed}, {name}: {np.mean((scores > 0) == test.is_spasm):.3f} right", flush=True)
    results.content["cpu_s"][f"{row} {seed}"] = round(time.process_time() - started, 1)
    results.save()


def main() -> None:
    """Train what is missing, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--peers", type=Path, default=None, help="where braindecode was installed, if apart")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "spasmlens-iess-tables",
        help="where windows are kept from call to call; take another one when a generator has changed",
    )
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = arguments.rows.split(",")
    software = f"torch {torch.__version__}"
    if set(rows) & set(PEERS):
        software += f", braindecode {find_peers(arguments.peers)} with its defaults for both peers"
    tests = {"held out": held_out_windows(arguments.work), "second generator": independent_windows(arguments.work)}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        training = training_windows(arguments.work, seed)
        results = Results(arguments.out, {f"training {seed}": training, **tests})
        results.note_command(arguments)
        for row in rows:
            if f"{row} {seed}" not in results.content["cpu_s"]:
                make_repeatable(seed, "cpu", n_threads=1)
                measure(results, row, seed, training, tests)
    results.content["software"] = f"Software: {software}."
    write_costs(results, rows)
    write_tables(results.content, arguments.out.with_suffix(".md"))
    results.save()


def write_costs(results: Results, rows: list[str]) -> None:
    """Keep what rows and components cost at full size."""
    costs = {**{row: full_size_cost(row) for row in rows}, **{f"part: {k}": v for k, v in component_costs().items()}}
    results.content["costs"].update({name: [cost.n_parameters, cost.n_flops] for name, cost in costs.items()})
    results.save()


if __name__ == "__main__":
    main()
