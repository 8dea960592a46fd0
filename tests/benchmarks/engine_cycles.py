"""Prints whether an engine that is started, cancelled and closed at random moments leaves anything behind.

``python -m tests.benchmarks.engine_cycles [--cycles N] [--seed S]`` runs the shipped networks in the window's engine on
a made recording of ten minutes, with one to four requests, cancellations and page turns in each cycle, and writes
``results/engine_cycles.json``. What it prints: threads and memory before and after, and how long cancelling took.
"""

import argparse
import gc
import json
import os
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from app.commands._inferring import write_recording
from app.engine import InferenceEngine
from inference.recordings import open_recording
from inference.runtime.analysis import AnalysisRequest
from inference.runtime.registry import shipped_packages

RESULTS = Path(__file__).parent / "results" / "engine_cycles.json"
#: Memory is compared with that after the first cycles, by when everything has been loaded.
_WARM_UP = 10


def n_threads() -> int:
    """Count the threads that this process has now, of whatever kind (Linux)."""
    return len(list(Path("/proc/self/task").iterdir()))


def memory_mb() -> float:
    """Give the memory that this process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def wait(application: QCoreApplication, milliseconds: int) -> None:
    """Let the application live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
    application.processEvents()


def run_cycle(application: QCoreApplication, request: AnalysisRequest, draw: random.Random) -> list[float]:
    """Start, cancel, turn pages and close at random moments; give how long each cancellation took to be heard."""
    engine = InferenceEngine()
    heard: list[float] = []
    engine.cancelled.connect(lambda: heard.append(time.perf_counter()))
    asked: list[float] = []
    for _ in range(draw.randint(1, 4)):
        choice = draw.random()
        if choice < 0.5:
            engine.submit(request)
        elif choice < 0.75:
            engine.look_at(draw.uniform(0, 600), 10.0)
        elif engine.is_busy:
            began, n_heard = time.perf_counter(), len(heard)
            engine.cancel()
            while len(heard) == n_heard and engine.is_busy:
                wait(application, 2)
            asked.append(time.perf_counter() - began)
        wait(application, draw.choice([0, 1, 20, 200, 700]))
    began = time.perf_counter()
    was_busy = engine.is_busy
    engine.close()
    if was_busy:
        asked.append(time.perf_counter() - began)
    engine.deleteLater()
    application.processEvents()
    return asked


def main() -> None:
    """Run the cycles, print and write what they left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    application = QCoreApplication.instance() or QCoreApplication(sys.argv[:1])
    draw = random.Random(args.seed)
    waits_s: list[float] = []
    with TemporaryDirectory() as folder:
        write_recording(Path(folder) / "cycles.edf", 10.0)
        request = AnalysisRequest(open_recording(Path(folder) / "cycles.edf"), tuple(shipped_packages()), "cpu")
        threads, memory, course = 0, 0.0, []
        for cycle in range(args.cycles):
            waits_s += run_cycle(application, request, draw)
            if cycle + 1 == _WARM_UP:
                gc.collect()
                threads, memory = n_threads(), memory_mb()
            if (cycle + 1) % 10 == 0:
                course.append(round(memory_mb(), 1))
    gc.collect()
    result = {
        "command": f"python -m tests.benchmarks.engine_cycles --cycles {args.cycles} --seed {args.seed}",
        "cycles": args.cycles,
        "threads_more": n_threads() - threads,
        "memory_mb": round(memory_mb(), 1),
        "memory_mb_more": round(memory_mb() - memory, 1),
        "memory_mb_every_ten_cycles": course,
        "endings": len(waits_s),
        "ending_ms_median": round(1000 * float(np.median(waits_s)), 1),
        "ending_ms_95th": round(1000 * float(np.percentile(waits_s, 95)), 1),
        "ending_ms_longest": round(1000 * max(waits_s), 1),
        "load": [round(value, 1) for value in os.getloadavg()],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
