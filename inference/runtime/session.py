"""ONNX Runtime, behind the one door to it: sessions, providers and threads."""

import contextlib
import io
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inference.errors import AnalysisError, ModelPackageError
from inference.runtime.package import ModelPackage

#: What a user may ask for.
PROVIDERS = ("auto", "cpu", "cuda")
_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_FATAL = 4
#: Windows in one run. On a CPU more than one saves nothing, and a cancelled analysis ends the sooner.
_BATCH = {"cpu": 1, "cuda": 64}


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What of ONNX Runtime is here: its version, the providers it was built with, and whether CUDA truly starts."""

    version: str
    built_with: tuple[str, ...]
    cuda_missing: str


class NetworkSession:
    """One network, loaded and ready to run.

    Parameters
    ----------
    package : whose network to load.
    provider : ``"cpu"``, ``"cuda"``, or ``"auto"`` for CUDA where it works.

    Attributes
    ----------
    card : what the package says of the network.
    provider : ``"cpu"`` or ``"cuda"``: where it truly runs, not where it was asked to.
    batch_windows : how many windows to give it at once.
    problems : why it does not run where it was asked to.

    Raises
    ------
    ModelPackageError
        The network is damaged or was made for another runtime.
    """

    def __init__(self, package: ModelPackage, provider: str) -> None:
        self.card = package.card
        self._session, self.problems = _start(package, provider)
        self.provider = "cuda" if _CUDA in self._session.get_providers() else "cpu"
        self.batch_windows = _BATCH[self.provider]
        for node in self._session.get_inputs():
            shape = self.card.inputs.shapes[node.name]
            if tuple(node.shape[1:]) != shape or node.type != "tensor(float)":
                raise ModelPackageError(
                    f"{package.folder}: the network takes {node.name} as {node.type} of {node.shape}, where its card "
                    f"says float windows of {list(shape)}."
                )

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run the network over windows.

        Parameters
        ----------
        inputs : by name, (B, ...) each, with the shapes of the card's inputs.

        Returns
        -------
        The card's outputs by name, (B, n) each, all finite; answers have a column for each of their classes.

        Raises
        ------
        AnalysisError
            The network failed on this input.
        """
        outputs = self.card.outputs
        n_windows = len(next(iter(inputs.values())))
        try:
            arrays = self._session.run([output.name for output in outputs], dict(inputs))
        except Exception as error:  # ONNX Runtime raises classes of its own for every kind of failure
            raise AnalysisError(f"{self.card.title} failed while running: {_first_line(error)}.") from error
        for output, array in zip(outputs, arrays, strict=True):
            n_columns = len(output.classes) or array.shape[-1]
            if array.shape != (n_windows, n_columns) or not np.isfinite(array).all():
                raise AnalysisError(f"{self.card.title} gave {output.name} that is not {n_columns} numbers a window.")
        return {output.name: np.asarray(array, np.float32) for output, array in zip(outputs, arrays, strict=True)}


def report_providers() -> ProviderReport:
    """Say which providers ONNX Runtime was built with and why CUDA would not start."""
    return ProviderReport(onnxruntime.__version__, tuple(onnxruntime.get_available_providers()), _why_no_cuda())


def n_threads() -> int:
    """Give the threads that a network may use: all physical cores but the one that the window needs."""
    return max(1, _count_physical_cores() - 1)


def _start(package: ModelPackage, provider: str) -> tuple[onnxruntime.InferenceSession, tuple[str, ...]]:
    network = package.read_onnx()
    problem = _why_no_cuda() if provider != "cpu" else ""
    if provider != "cpu" and not problem:
        session = _load(package, network, [_CUDA, _CPU])
        if _CUDA in session.get_providers():
            return session, ()
        return session, (f"{package.card.title} runs on the CPU: ONNX Runtime could not start CUDA.",)
    told = (f"{package.card.title} runs on the CPU: {problem}.",) if provider == "cuda" else ()
    return _load(package, network, [_CPU]), told


def _load(package: ModelPackage, network: bytes, providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads()
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    # Threads that spin while they wait would take the core that draws the window.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(network, options, providers=providers)
    except Exception as error:  # ONNX Runtime raises classes of its own for every kind of failure
        raise ModelPackageError(f"{package.folder} cannot be run by ONNX Runtime: {_first_line(error)}.") from error


@lru_cache(maxsize=1)
def _why_no_cuda() -> str:
    """Say why CUDA cannot be used, empty where it can as far as one can tell without starting it."""
    if _CUDA not in onnxruntime.get_available_providers():
        return "this build of ONNX Runtime has no CUDA"
    if platform.system() == "Linux" and not Path("/dev/nvidiactl").exists() and not Path("/dev/dxg").exists():
        return "no NVIDIA GPU was found"
    onnxruntime.set_default_logger_severity(_FATAL)
    # It prints what it does not find, which is this program's to tell.
    with contextlib.redirect_stdout(io.StringIO()) as told:
        onnxruntime.preload_dlls()
    missing = [
        line.split(":")[0].removeprefix("Failed to load ") for line in told.getvalue().splitlines() if "Failed" in line
    ]
    return f"CUDA libraries are missing ({', '.join(missing[:3])})" if missing else ""


def _count_physical_cores() -> int:
    if platform.system() == "Linux":
        usable = os.sched_getaffinity(0)
        siblings = (Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") for cpu in usable)
        with contextlib.suppress(OSError):
            return len({path.read_text() for path in siblings})
        return len(usable)
    n_logical = os.cpu_count() or 1
    # Apple's cores have one thread each; elsewhere two is the rule, and too few threads hurt less than too many.
    return n_logical if platform.machine().lower() in {"arm64", "aarch64"} else max(1, n_logical // 2)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
