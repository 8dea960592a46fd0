"""Measure what judging signal quality costs beside the networks, and which channels it would wrongly take from them.

Run it as ``python -m tests.benchmarks.signal_quality``. Times are processor seconds of one thread.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from inference.recordings.recording import ChannelKind, Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.registry import shipped_packages
from inference.signals.quality import DISABLING, Fault, find_faults
from inference.simulate import simulate_infant
from inference.simulate.truth import Role, TruthEvent

RESULTS = Path(__file__).parent / "results"
SEEDS = (31, 32, 33)
MINUTES = 2.0
RATE_HZ = 1024.0
_CHUNK_S = 60.0


def judge(recording: Recording) -> np.ndarray:
    """Judge a recording as the window does, a minute at a time; all channels have one rate."""
    channels = recording.of_kind(ChannelKind.EEG, ChannelKind.EMG)
    is_eeg = np.array([recording.channels[index].kind is ChannelKind.EEG for index in channels])
    chunks = np.arange(0.0, recording.duration_s, _CHUNK_S)
    return np.concatenate(
        [find_faults(np.stack(recording.read(channels, float(at), _CHUNK_S)), RATE_HZ, is_eeg) for at in chunks], axis=1
    )


def analyse(recording: Recording, names: tuple[str, ...]) -> None:
    """Run some of the shipped networks over a recording."""
    packages = tuple(package for package in shipped_packages() if package.card.name in names)
    for _ in analyze(AnalysisRequest(recording, packages, "cpu"), lambda: False):
        pass


def measure(seed: int) -> dict[str, float]:
    """Time both on one simulated infants, and count the seconds of its spasms that would be called unusable."""
    case = simulate_infant(seed, 60.0 * MINUTES, RATE_HZ)
    times = [time.process_time()]
    faults = judge(case.recording)
    times.append(time.process_time())
    analyse(case.recording, ("iess-fusionnet",))
    times.append(time.process_time())
    judged_s, analysed_s = np.diff(times)
    eeg = faults[: len(case.recording.of_kind(ChannelKind.EEG))]
    ictal = seconds_of(case.truth, eeg.shape[1])
    return {
        "seed": seed,
        "judging_s_per_hour": round(float(judged_s) * 60 / MINUTES, 2),
        "spasm_network_s_per_hour": round(float(analysed_s) * 60 / MINUTES, 1),
        "share_of_spasm_network": round(float(judged_s / analysed_s), 4),
        "ictal_channel_seconds": int(ictal.sum()) * len(eeg),
        "ictal_disabled": int(((eeg[:, ictal] & DISABLING) > 0).sum()),
        "ictal_muscle": int(((eeg[:, ictal] & Fault.MUSCLE) > 0).sum()),
    }


def seconds_of(truth: tuple[TruthEvent, ...], n_seconds: int) -> np.ndarray:
    """Tell in which seconds there is a spasm."""
    seconds = np.zeros(n_seconds, dtype=bool)
    for event in truth:
        if event.role is Role.SPASM:
            seconds[int(event.onset_s) : int(event.end_s) + 1] = True
    return seconds


def main() -> None:
    """Measure and write ``results/signal_quality.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    rows = [measure(seed) for seed in SEEDS]
    result = {
        "command": "python -m tests.benchmarks.signal_quality",
        "recordings": f"{len(SEEDS)} simulated infants, {MINUTES:g} min each at {RATE_HZ:g} Hz, 25 EEG + 4 EMG",
        "share_of_spasm_network": round(float(np.mean([row["share_of_spasm_network"] for row in rows])), 4),
        "patients": rows,
    }
    (RESULTS / "signal_quality.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
