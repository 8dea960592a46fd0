"""Times the frames of the whole window while it scrolls: traces, lanes and the panels that are asked for."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from inference.errors import AnalysisError, SpasmlensError

_SIZE_PX = (1600, 900)
_FRAME_S = 1 / 60
_PAGES_PER_S = 1.0
#: What the first frames load is no matter of scrolling.
_N_FIRST = 30


def measure_window(path: Path, fmri: Path | None, panels: Sequence[str], *, seconds: float) -> dict[str, Any]:
    """Open a recording in a window of its own, let it be analysed, and scroll at one page a second.

    A frame's time is all that the GUI thread does for it. ``median_cpu_ms`` and ``p99_cpu_ms`` are what of that it was
    computing, without the time in which other programs had the processor.

    Raises
    ------
    SpasmlensError
        The recording cannot be opened or analysed, or there is no such panel.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication.instance() or QApplication([])
    from app.settings import Settings
    from app.window import MainWindow

    with TemporaryDirectory(prefix="spasmlens-") as folder:
        window = MainWindow(Settings.in_file(Path(folder) / "settings.ini"), Path(folder) / "study")
        try:
            window.resize(*_SIZE_PX)
            window.show()
            _open(window, path, fmri)
            for name in panels:
                _show(window, name)
            window.page.traces.settle()
            frames_s, computing_s = _scroll(window, seconds)
        finally:
            window.close()
    application.processEvents()
    median_ms, p99_ms = (round(1000 * float(value), 2) for value in np.percentile(frames_s, (50, 99)))
    return {
        "median_ms": median_ms,
        "p99_ms": p99_ms,
        "median_cpu_ms": round(1000 * float(np.median(computing_s)), 2),
        "p99_cpu_ms": round(1000 * float(np.percentile(computing_s, 99)), 2),
        "frames": len(frames_s),
        "with_engine": False,
        "peer_median_ms": None,
        "panels": list(panels),
    }


def _open(window: Any, path: Path, fmri: Path | None) -> None:
    session = window.session
    failures: list[str] = []
    session.open_failed.connect(failures.append)
    session.open_file(path, fmri)
    _wait(lambda: session.recording is not None or bool(failures))
    _wait(lambda: bool(failures) or not (session.fmri.phase == "opening" or session.analysis.is_running))
    if failures:
        raise SpasmlensError(failures[0])


def _show(window: Any, name: str) -> None:
    try:
        window.actions_by_id[f"{name}_panel"].setChecked(True)
    except KeyError as error:
        raise AnalysisError(f"There is no panel called {name}.") from error


def _scroll(window: Any, seconds: float) -> tuple[list[float], list[float]]:
    """Scroll to and fro, 60 frames a second; give what each frame took, and what of it was computing."""
    traces = window.page.traces
    frames_s: list[float] = []
    computing_s: list[float] = []
    begun, direction = time.perf_counter(), 1.0
    for number in range(_N_FIRST + round(seconds / _FRAME_S)):
        time.sleep(max(0.0, begun + number * _FRAME_S - time.perf_counter()))
        start, computed = time.perf_counter(), time.thread_time()
        before = traces.position_s
        traces.go_to(before + direction * _PAGES_PER_S * traces.page_s * _FRAME_S)
        QCoreApplication.processEvents()
        frames_s.append(time.perf_counter() - start)
        computing_s.append(time.thread_time() - computed)
        if traces.position_s == before:
            direction = -direction
    return frames_s[_N_FIRST:], computing_s[_N_FIRST:]


def _wait(is_there: Callable[[], bool]) -> None:
    while not is_there():
        QCoreApplication.processEvents()
        time.sleep(0.02)
