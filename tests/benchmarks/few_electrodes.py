"""Measures how sure the shipped sleep staging is, and how right, when it sees few electrodes.

``python -m tests.benchmarks.few_electrodes --out results/few_electrodes.json [--into PACKAGE]`` simulates
sleepers that training never saw, hides electrodes from the preparation as a recording without them would, and stages
them through the runtime. For each layout it fits the temperature that makes the truth most likely, and tells what that
does on sleepers that it was not fitted on. The runtime lowers its confidence by these temperatures.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from tqdm import tqdm

from inference.labels.files import write_json
from inference.models.sleep_staging import ELECTRODES
from inference.recordings.recording import Recording
from inference.runtime.cards import read_card, write_card
from inference.runtime.few_electrodes import FEW_ELECTRODES
from inference.runtime.package import ModelPackage, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.runtime.session import NetworkSession
from inference.runtime.sleep_inputs import SleepPreparer
from inference.training.sleep_staging import NAME, PSG_ELECTRODES, TEST_SEEDS, VALIDATION_SEEDS, simulate_sleeper

LAYOUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "19, the whole 10-20 system": ELECTRODES,
    "10": ("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2"),
    "6, a routine night": PSG_ELECTRODES,
    "4": ("C3", "C4", "O1", "O2"),
    "2, as Sleep-EDF's": ("Cz", "Pz"),
}
RATE_HZ: Final = 128.0
#: Seeds before this one served the network's own recipe.
UNUSED: Final = 100


def stage(package: ModelPackage, recording: Recording, electrodes: Sequence[str], n_epochs: int) -> NDArray[np.float64]:
    """Give the log probabilities, (epochs, stages), of a recording of which only some electrodes are shown."""
    shown = {*electrodes, *(("M1", "M2") if len(electrodes) > 2 else ())}
    hidden = [channel.name for channel in recording.channels if channel.electrode and channel.electrode not in shown]
    preparer = SleepPreparer(recording, package.card.inputs, exclude=hidden)
    session = NetworkSession(package, "cpu")
    rows = [session.run(preparer.gather(i, i + 1))[package.card.answer.name][0] for i in range(n_epochs)]
    return np.log(np.maximum(np.array(rows, dtype=np.float64), 1e-7))


def fit(logs: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Give the temperature under which the truth is most likely."""

    def loss(log_temperature: float) -> float:
        scaled = logs * np.exp(-log_temperature)
        return float((logsumexp(scaled, axis=1) - scaled[np.arange(len(truth)), truth]).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded").x))


def describe(logs: NDArray[np.float64], truth: NDArray[np.int64]) -> dict[str, float]:
    """Tell how right the likeliest stage is, and how sure it is said to be."""
    probability = softmax(logs, axis=1)
    right = probability.argmax(axis=1) == truth
    return {
        "accuracy": round(float(right.mean()), 4),
        "confidence": round(float(probability.max(axis=1).mean()), 4),
        "log_loss": round(float(-np.log(probability[np.arange(len(truth)), truth]).mean()), 4),
    }


def measure(n_sleepers: int, n_epochs: int) -> dict[str, Any]:
    """Stage every sleeper by every layout; each half of the sleepers is told at what was fitted on the other."""
    package = open_package(SHIPPED_FOLDER / NAME)
    classes = package.card.classes
    halves = [range(first + UNUSED, first + UNUSED + n_sleepers) for first in (VALIDATION_SEEDS, TEST_SEEDS)]
    truth: list[list[NDArray[np.int64]]] = [[], []]
    said: dict[str, list[list[NDArray[np.float64]]]] = {name: [[], []] for name in LAYOUTS}
    for half, seeds in enumerate(halves):
        for seed in tqdm(seeds, desc="sleepers"):
            case = simulate_sleeper(seed, n_epochs, RATE_HZ)
            truth[half].append(np.array([classes.index(code) for code in case.hypnogram.stages]))
            for name, electrodes in LAYOUTS.items():
                said[name][half].append(stage(package, case.recording, electrodes, n_epochs))
    stages = [np.concatenate(rows) for rows in truth]
    layouts = {}
    for name, electrodes in LAYOUTS.items():
        logs = [np.concatenate(rows) for rows in said[name]]
        other = [fit(logs[1 - half], stages[1 - half]) for half in (0, 1)]
        tempered = np.concatenate([logs[half] / other[half] for half in (0, 1)])
        every, answers = np.concatenate(logs), np.concatenate(stages)
        layouts[name] = {
            "electrodes": len(electrodes),
            "temperature": round(fit(every, answers), 3),
            "temperature_of_halves": [round(value, 3) for value in reversed(other)],
            "as_it_is": describe(every, answers),
            "tempered": describe(tempered, answers),
        }
    return {
        "source": "simulated sleepers that nothing else was fitted or told on, EEG only",
        "seeds": [[half.start, half.stop] for half in halves],
        "epochs_each": n_epochs,
        "digest": package.reference.digest,
        "layouts": layouts,
    }


def tell_card(found: Mapping[str, Any], folder: Path) -> None:
    """Write the temperatures of fewer electrodes than the network knows into a package's card."""
    card = read_card(folder)
    pairs = sorted((row["electrodes"], row["temperature"]) for row in found["layouts"].values())
    fewer = [list(pair) for pair in pairs if pair[0] < len(ELECTRODES)]
    write_card(folder, replace(card, calibration={**card.calibration, FEW_ELECTRODES: fewer}))


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sleepers", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--into", type=Path, help="package whose card is told the temperatures")
    args = parser.parse_args()
    found = measure(args.sleepers, args.epochs)
    write_json(args.out, found)
    if args.into is not None:
        tell_card(found, args.into)
    print(json.dumps(found["layouts"], indent=1))


if __name__ == "__main__":
    main()
