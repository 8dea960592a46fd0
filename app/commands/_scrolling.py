"""Times the frames of the trace view while it scrolls, and those of the same traces drawn by pyqtgraph."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from app.traces.display import DisplaySettings
from app.traces.view import TraceView
from inference.errors import AnalysisError
from inference.recordings import open_recording
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, Recording

_SIZE_PX = (1600, 900)
_FRAME_S = 1 / 60
_RATE_HZ = 1024.0
_RECORDING_S = 300.0
_PAGES_PER_S = 1.0
_PAGE_TURNS = 20
_PEER_FRAMES = 60
_EEG = (
    *("Fp1", "Fp2", "F9", "F7", "F3", "Fz", "F4", "F8", "F10", "T9", "T7", "C3", "Cz", "C4", "T8", "T10"),
    *("P9", "P7", "P3", "Pz", "P4", "P8", "P10", "O1", "O2"),
)
_N_EMG = 4


def measure_scrolling(path: Path | None, *, seconds: float, with_engine: bool) -> dict[str, Any]:
    """Scroll at one page a second, 60 frames a second, and give the times that the frames took.

    A frame's time is all that the GUI thread does for it: taking the tiles that have come, moving, and painting. A
    tile that is not there yet does not hold its frame up; ``missing_tiles`` is the share of visible ones that were not.

    Raises
    ------
    SpasmlensError
        The recording cannot be opened, or there is no network to run beside the scrolling.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication.instance() or QApplication([])
    recording = open_recording(path) if path is not None else _make_recording()
    stop_engine = _start_engine(recording) if with_engine else None
    view = TraceView()
    try:
        view.resize(*_SIZE_PX)
        view.set_display(DisplaySettings(montage="average" if path is None else "longitudinal"))
        view.set_recording(recording)
        view.show()
        view.settle()
        frames_s, missing = _scroll(view, seconds)
        page_turns_s = [_turn_page(view) for _ in range(_PAGE_TURNS)]
    finally:
        view.close_feed()
        view.close()
        if stop_engine is not None:
            stop_engine()
    peer_s = _measure_peer(recording, [index for d in view.montage.derivations for index, _ in d.terms])
    application.processEvents()
    return {
        "median_ms": _milliseconds(np.median(frames_s)),
        "p99_ms": _milliseconds(np.percentile(frames_s, 99)),
        "frames": len(frames_s),
        "with_engine": with_engine,
        "peer_median_ms": _milliseconds(np.median(peer_s)),
        "missing_tiles": round(float(np.mean(missing)), 4),
        "page_turn_ms": _milliseconds(np.median(page_turns_s)),
    }


def _scroll(view: TraceView, seconds: float) -> tuple[list[float], list[float]]:
    frames_s: list[float] = []
    missing: list[float] = []
    begun = time.perf_counter()
    direction = 1.0
    for number in range(round(seconds / _FRAME_S)):
        # What is left of a frame belongs to the other threads, as on a screen that waits for its refresh.
        time.sleep(max(0.0, begun + number * _FRAME_S - time.perf_counter()))
        start = time.perf_counter()
        before = view.position_s
        view.go_to(before + direction * _PAGES_PER_S * view.page_s * _FRAME_S)
        # Takes the tiles that have come, and paints.
        QCoreApplication.processEvents()
        frames_s.append(time.perf_counter() - start)
        missing.append(view.missing_share)
        if view.position_s == before:
            direction = -direction
    return frames_s, missing


def _turn_page(view: TraceView) -> float:
    start = time.perf_counter()
    before = view.position_s
    view.page_forward()
    if view.position_s == before:
        view.go_to(0.0)
    view.settle()
    QCoreApplication.processEvents()
    return time.perf_counter() - start


def _measure_peer(recording: Recording, indices: list[int]) -> list[float]:
    """Scroll the same channels, unfiltered and already in memory, with one pyqtgraph item per channel."""
    import pyqtgraph

    plot = pyqtgraph.PlotWidget(background="w")
    plot.resize(*_SIZE_PX)
    shown = sorted(set(indices))
    duration_s = min(recording.duration_s, 60.0)
    for row, (index, samples) in enumerate(zip(shown, recording.read(shown, 0.0, duration_s), strict=True)):
        times_s = np.arange(samples.size) / recording.channels[index].rate_hz
        item = plot.plot(times_s, samples - 200.0 * row, pen=pyqtgraph.mkPen("k", width=1))
        item.setDownsampling(auto=True, method="peak")
        item.setClipToView(True)
    plot.setYRange(-200.0 * len(shown), 200.0, padding=0)
    plot.show()
    frames_s = []
    for number in range(_PEER_FRAMES):
        start = time.perf_counter()
        onset_s = number * 10.0 * _PAGES_PER_S * _FRAME_S
        plot.setXRange(onset_s, onset_s + 10.0, padding=0)
        QCoreApplication.processEvents()
        frames_s.append(time.perf_counter() - start)
    plot.close()
    return frames_s


def _start_engine(recording: Recording) -> Any:
    from app.engine.engine import InferenceEngine
    from inference.runtime.analysis import AnalysisRequest
    from inference.runtime.registry import shipped_packages

    packages = shipped_packages()
    if not packages:
        raise AnalysisError("No network is installed that could run beside the scrolling.")
    engine = InferenceEngine()
    engine.submit(AnalysisRequest(recording, tuple(packages)))
    return engine.close


def _make_recording() -> Recording:
    """Make five minutes of 25 EEG and 4 EMG channels with the spectrum of an EEG: what is drawn decides the cost."""
    random = np.random.default_rng(0)
    n_samples = round(_RECORDING_S * _RATE_HZ)
    frequencies_hz = np.fft.rfftfreq(n_samples, 1 / _RATE_HZ)
    channels, signals = [], []
    for name in (*_EEG, *(f"EMG{n + 1}" for n in range(_N_EMG))):
        is_emg = name.startswith("EMG")
        white = random.normal(size=n_samples)
        pink = np.fft.irfft(np.fft.rfft(white) / np.maximum(frequencies_hz, 0.5), n_samples)
        signals.append((white * 20 if is_emg else pink / pink.std() * 50).astype(np.float32))
        kind = ChannelKind.EMG if is_emg else ChannelKind.EEG
        channels.append(Channel(name, kind, "uV", _RATE_HZ, None if is_emg else name))
    return ArrayRecording(channels, signals)


def _milliseconds(time_s: Any) -> float:
    return round(1000 * float(time_s), 2)
