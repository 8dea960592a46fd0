"""Prints how fast the networks are from a file to events, and what a long recording costs in memory.

``python -m tests.benchmarks.infer [--minutes M] [--workers N]`` writes ``results/infer.json`` and ``results/infer.md``;
``python -m tests.benchmarks.infer --memory [--minutes M] [--hours H]`` writes ``results/infer_memory.json``: the most
memory that all networks need in the first M minutes of a file of H hours, whose tables are as long as the whole file.
The recording is made (noise of seed 0 with the spectrum of an EEG, 25 EEG and 4 EMG channels at 1024 Hz, an EDF file):
what the networks find in it means nothing. Seconds of the processor's cores tell what the work costs; those on the
clock also tell what else the machine was doing, which its load says.
"""

import argparse
import json
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.commands._inferring import measure_inference, peak_memory_mb, write_recording
from inference.recordings import open_recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.registry import shipped_packages
from inference.runtime.session import n_cores

RESULTS = Path(__file__).parent / "results"


def describe(result: dict[str, Any]) -> str:
    """Give the figures as a page of Markdown."""
    seconds = 60 * result["minutes"]
    cores = result["cores"]
    rows = [*result["per_model"].items(), ("all four together", result["all"])]
    compared = result["per_window"]
    lines = [
        "# Speed of the networks",
        "",
        f"`python -m tests.benchmarks.infer --minutes {result['minutes']:g} --workers {result['workers']}`, "
        f"{result['machine']}, {cores} cores, load {', '.join(map(str, result['load']))} (beside other work). "
        f"A recording of {result['minutes']:g} minutes, 25 EEG and 4 EMG channels at 1024 Hz, from its EDF file to "
        f"events; the spasm network looks at a window every {result['hop_s']:g} s.",
        "",
        "| network | seconds | times real time | seconds of all cores | times real time if both cores were free |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows:
        free = cores * seconds / row["cpu_seconds"]
        lines.append(
            f"| {name} | {row['seconds']:g} | {row['realtime_factor']:g} | {row['cpu_seconds']:g} | {free:.0f} |"
        )
    lines += [
        "",
        "The last column is the length of the recording over the seconds of all cores, times the cores: what the work "
        "would allow, not what was seen.",
        "",
        f"One window costs {compared['streamed_cpu_ms']:g} ms of one core, everything included. "
        f"Worked on by itself ({compared['windows']} windows, same process):",
        "",
        "| each window by itself | ms of one core | times as much |",
        "|---|---|---|",
        f"| filtered and resampled by SciPy, wavelets and network | {compared['single_cpu_ms']:g} "
        f"| {compared['ratio']:g} |",
        f"| filtered in the frequency domain, wavelets and network | {compared['single_fast_filters_cpu_ms']:g} "
        f"| {compared['ratio_fast_filters']:g} |",
        f"| wavelets and network alone, signals prepared once | {compared['single_wavelets_cpu_ms']:g} "
        f"| {compared['ratio_wavelets']:g} |",
        "",
        f"Most memory of the process: {result['memory_mb']} MB.",
        "",
    ]
    return "\n".join(lines)


def measure_memory(hours: float, minutes: float) -> dict[str, Any]:
    """Let all networks look at the first minutes of a long file, and at its end, and give the most memory in use."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "long.edf"
        write_recording(path, 60 * hours)
        began_mb = peak_memory_mb()
        recording = open_recording(path)
        n_seen = {package.card.name: 0.0 for package in shipped_packages()}
        for package in shipped_packages():
            request = AnalysisRequest(recording, (package,), "cpu", workers=n_cores())
            gaze = partial(next, iter([(recording.duration_s - 60, 10.0)]), None)
            for update in analyze(request, _enough(n_seen, package.card.name, minutes), gaze):
                n_seen[update.model_name] = update.done_s
        size_gb = path.stat().st_size / (1 << 30)
    return {
        "command": f"python -m tests.benchmarks.infer --memory --hours {hours:g} --minutes {minutes:g}",
        "hours": hours,
        "file_gb": round(size_gb, 2),
        "seconds_looked_at": n_seen,
        "memory_mb_before": began_mb,
        "memory_mb": peak_memory_mb(),
    }


def _enough(seen_s: dict[str, float], name: str, minutes: float) -> Callable[[], bool]:
    return lambda: seen_s[name] >= 60 * minutes


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--hours", type=float, default=24.0)
    args = parser.parse_args()
    if args.memory:
        needed = measure_memory(args.hours, args.minutes)
        (RESULTS / "infer_memory.json").write_text(json.dumps(needed, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(needed, indent=1))
        return
    result = measure_inference(args.minutes, workers=args.workers)
    result["machine"] = f"{platform.machine()} {platform.system()}, Python {platform.python_version()}"
    (RESULTS / "infer.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    page = describe(result)
    (RESULTS / "infer.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
