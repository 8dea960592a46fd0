"""Times the networks from a file to its events, and one of them against preparing every window by itself."""

import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.errors import AnalysisError
from inference.recordings import open_recording
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.cards import MontageInputs
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.runtime.package import ModelPackage
from inference.runtime.plan import WindowPlan
from inference.runtime.registry import shipped_packages
from inference.runtime.session import NetworkSession, n_cores
from inference.signals.filters import FilterSettings, filter_signal, guard_s
from inference.signals.resampling import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ = 1024
HOP_S = 1.0
_SPASMS = "iess-fusionnet"
_CHANNELS = (
    *(f"EEG {name}-Ref" for name in IFCN_ELECTRODES),
    *(f"EMG {name}" for name in ("DelL", "DelR", "QuL", "QuR")),
)
_BLOCK_S = 60
_PHYSICAL_UV = 3200
_DIGITAL = 32767
#: So many windows are prepared each by itself; what they take is taken for what all of them would.
_N_COMPARED = 60


@dataclass(frozen=True, slots=True)
class Spent:
    """What a piece of work took: seconds on the clock, and of all the processor's cores together."""

    seconds: float
    cpu_seconds: float


def measure_inference(minutes: float, *, workers: int | None = None, path: Path | None = None) -> dict[str, Any]:
    """Analyse a recording from its file to events, with each network by itself and with all of them at once.

    Without ``path`` the recording is made: 25 EEG and 4 EMG channels at 1024 Hz in an EDF file. The spasm network looks
    at a window every second. ``workers`` is None for all cores.

    Raises
    ------
    AnalysisError
        The spasm network is not installed.
    RecordingError
        The recording cannot be opened.
    """
    packages = [_look_every_second(package) for package in shipped_packages()]
    spasms = next((package for package in packages if package.card.name == _SPASMS), None)
    if spasms is None:
        raise AnalysisError(f"{_SPASMS} is not installed: there is nothing to measure.")
    workers = workers or n_cores()
    with TemporaryDirectory() as folder:
        if path is None:
            path = Path(folder) / "bench.edf"
            write_recording(path, minutes)
        from scipy import fft, signal  # noqa: F401 - what is loaded once is not to be counted

        per_model = {package.card.name: _run(path, [package], workers) for package in packages}
        memory_mb = peak_memory_mb()
        together = _run(path, packages, workers)
        one = _run(path, [spasms], 1)
        recording = open_recording(path)
        recorded_s, comparison = recording.duration_s, _compare_with_single_windows(recording, spasms, one)
    first = per_model[_SPASMS]
    return {
        "realtime_factor": first["realtime_factor"],
        "seconds": first["seconds"],
        "provider": first["provider"],
        "memory_mb": memory_mb,
        "per_model": per_model,
        "all": together,
        "per_window": comparison,
        "minutes": round(recorded_s / 60, 2),
        "hop_s": HOP_S,
        "workers": workers,
        "cores": n_cores(),
        "load": [round(value, 1) for value in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }


def write_recording(path: Path, minutes: float) -> None:
    """Write 25 EEG and 4 EMG channels at 1024 Hz as EDF, a minute at a time; every minute is the same noise."""
    n_minutes = max(1, math.ceil(minutes))
    block = _make_block()
    with path.open("wb") as stream:
        stream.write(_edf_header(n_minutes * _BLOCK_S))
        for _ in range(n_minutes):
            stream.write(block)


def peak_memory_mb() -> float | None:
    """Give the most memory that this process has had so far, None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


@contextmanager
def spend() -> Iterator[list[Spent]]:
    """Time what is done within; the list holds the result afterwards."""
    result: list[Spent] = []
    began_s, before = time.perf_counter(), os.times()
    yield result
    after = os.times()
    cpu_s = after.user + after.system - before.user - before.system
    result.append(Spent(time.perf_counter() - began_s, cpu_s))


def _look_every_second(package: ModelPackage) -> ModelPackage:
    inputs = package.card.inputs
    if package.card.name != _SPASMS or not isinstance(inputs, MontageInputs):
        return package
    return replace(package, card=replace(package.card, inputs=replace(inputs, hop_s=HOP_S)))


def _run(path: Path, packages: Sequence[ModelPackage], workers: int) -> dict[str, Any]:
    """Go from a file to events."""
    with spend() as spent:
        recording = open_recording(path)
        request = AnalysisRequest(recording, tuple(packages), workers=workers)
        results = [update.result for update in analyze(request, lambda: False) if update.result is not None]
    took = spent[0]
    return {
        "realtime_factor": round(recording.duration_s / took.seconds, 1),
        "seconds": round(took.seconds, 2),
        "cpu_seconds": round(took.cpu_seconds, 2),
        "provider": "/".join(sorted({result.provider for result in results})),
        "events": sum(len(result.detections) for result in results),
    }


def _compare_with_single_windows(recording: Recording, package: ModelPackage, one: dict[str, Any]) -> dict[str, Any]:
    """Set what one worker spent on a window beside three ways of working on every window by itself.

    The first filters and resamples one after the other, as most programs do; the second uses this program's faster way;
    the third prepares signals once and only computes the wavelets of every window by itself.
    """
    spec = package.card.inputs
    assert isinstance(spec, MontageInputs)
    session = NetworkSession(package, "cpu", threads=1)
    preparer = InputPreparer(recording, plan_channels(recording.channels, spec), spec)
    plan = WindowPlan(recording.duration_s, spec)
    middle = [index for index, time_s in enumerate(plan.time_s) if 15 < time_s < recording.duration_s - 15]
    chosen = middle[:: max(1, len(middle) // _N_COMPARED)][:_N_COMPARED]
    present = {"eeg_present": preparer.plan.eeg_present[None], "emg_present": preparer.plan.emg_present[None]}
    windows: list[dict[str, NDArray[np.float32]]] = []
    with spend() as preparing:
        for index in chosen:
            signals = preparer.prepare(plan.first_sample(index), plan.window_samples)
            windows.append({"eeg": signals.eeg[None], "emg": signals.emg[None], **present})
    with spend() as usual:
        for index in chosen:
            _prepare_as_usual(recording, preparer, spec, float(plan.time_s[index]))
    with spend() as running:
        for window in windows:
            session.run(window)
    streamed_ms = 1000 * one["cpu_seconds"] / len(plan.time_s)
    usual_ms, fast_ms, network_ms = (1000 * spent[0].cpu_seconds / len(chosen) for spent in (usual, preparing, running))
    return {
        "windows": len(chosen),
        "streamed_cpu_ms": round(streamed_ms, 2),
        "single_cpu_ms": round(usual_ms + network_ms, 2),
        "single_fast_filters_cpu_ms": round(fast_ms + network_ms, 2),
        "single_wavelets_cpu_ms": round(network_ms, 2),
        "ratio": round((usual_ms + network_ms) / streamed_ms, 2),
        "ratio_fast_filters": round((fast_ms + network_ms) / streamed_ms, 2),
        "ratio_wavelets": round(network_ms / streamed_ms, 2),
    }


def _prepare_as_usual(recording: Recording, preparer: InputPreparer, spec: MontageInputs, time_s: float) -> None:
    """Filter and resample what one window needs, with the same margins, by SciPy's filters run both ways."""
    muscles = FilterSettings(spec.emg_lff_hz, spec.emg_hff_hz, preparer.notch_hz)
    brain = FilterSettings(spec.lff_hz, spec.hff_hz, preparer.notch_hz)
    for channels, settings in ((preparer.plan.eeg_channels, brain), (preparer.plan.emg_channels, muscles)):
        edge_s = math.ceil(max(guard_s(settings), 1.0)) + spec.window_s / 2
        spans = recording.read(channels, time_s - edge_s, 2 * edge_s)
        resample(filter_signal(np.stack(spans), RATE_HZ, settings), RATE_HZ, spec.rate_hz)


def _make_block() -> bytes:
    """Make a minute of noise with the spectrum of an EEG, and muscles that contract now and then."""
    random = np.random.default_rng(0)
    n_samples = _BLOCK_S * RATE_HZ
    frequencies_hz = np.fft.rfftfreq(n_samples, 1 / RATE_HZ)
    digital = np.empty((_BLOCK_S, len(_CHANNELS), RATE_HZ), dtype="<i2")
    for row, name in enumerate(_CHANNELS):
        white = random.normal(size=n_samples)
        signal_uv = np.fft.irfft(np.fft.rfft(white) / np.maximum(frequencies_hz, 0.5), n_samples)
        signal_uv *= 50 / signal_uv.std()
        if name.startswith("EMG"):
            signal_uv = white * np.where(np.arange(n_samples) % (20 * RATE_HZ) < RATE_HZ, 80, 8)
        digital[:, row] = np.round(signal_uv / _PHYSICAL_UV * _DIGITAL).reshape(_BLOCK_S, RATE_HZ)
    return digital.tobytes()


def _edf_header(n_records: int) -> bytes:
    """Write the header of an EDF file with records of a second (https://www.edfplus.info/specs/edf.html)."""
    n_channels = len(_CHANNELS)
    fixed = (
        "0",
        "X",
        "X",
        "01.01.25",
        "00.00.00",
        str(256 * (n_channels + 1)),
        "",
        str(n_records),
        "1",
        str(n_channels),
    )
    widths = (8, 80, 80, 8, 8, 8, 44, 8, 8, 4)
    each = (
        (_CHANNELS, 16),
        (("",) * n_channels, 80),
        (("uV",) * n_channels, 8),
        ((str(-_PHYSICAL_UV),) * n_channels, 8),
        ((str(_PHYSICAL_UV),) * n_channels, 8),
        ((str(-_DIGITAL),) * n_channels, 8),
        ((str(_DIGITAL),) * n_channels, 8),
        (("",) * n_channels, 80),
        ((str(RATE_HZ),) * n_channels, 8),
        (("",) * n_channels, 32),
    )
    fields = [value.ljust(width) for value, width in zip(fixed, widths, strict=True)]
    fields += [value.ljust(width) for values, width in each for value in values]
    return "".join(fields).encode("ascii")
