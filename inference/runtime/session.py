"""ONNX Runtime, behind the one door to it: sessions, providers and threads."""

import contextlib
import io
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inference.errors import AnalysisError, ModelPackageError
from inference.runtime.cards import WHOLE, ModelCard, NetworkCost
from inference.runtime.package import ONNX_NAME, ModelPackage
from inference.runtime.self_test import find_doubt, make_feeds

#: What a user may ask for.
PROVIDERS = ("auto", "cpu", "cuda")
_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_FATAL = 4
_BATCH_CUDA, _BATCH_CPU = 64, 8
_FLOPS_AT_ONCE = 1.4e9
#: What ONNX Runtime, CUDA and its libraries say when memory has run out.
_OUT_OF_MEMORY = ("Failed to allocate memory", "out of memory", "CUDA failure 2:", "STATUS_ALLOC_FAILED")

#: What the self-test said of a graph on CUDA, by its digest and the processor's threads: asked once in a process.
_doubts: dict[tuple[str, int], str] = {}


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What of ONNX Runtime is here: its version, the providers it was built with, and whether CUDA truly starts."""

    version: str
    built_with: tuple[str, ...]
    cuda_missing: str


class Graph:
    """One graph of a package, loaded and ready to run from any thread.

    Parameters
    ----------
    package : whose graph to load.
    provider : ``"cpu"``, ``"cuda"``, or ``"auto"`` for CUDA where it works.
    name : which of the package's graphs.
    threads : how many of the processor's threads one run may use, None for all but the one that the window needs.

    Attributes
    ----------
    provider : ``"cpu"`` or ``"cuda"``: where it truly runs, not where it was asked to.
    problems : why it does not run where it was asked to.
    inputs : name, and shape behind the first axis, of each input; an axis of any length is None.
    outputs : names of the outputs.

    Raises
    ------
    ModelPackageError
        The graph is damaged or was made for another runtime.
    """

    def __init__(self, package: ModelPackage, provider: str, name: str = ONNX_NAME, threads: int | None = None) -> None:
        self._package, self._name, self._threads = package, name, threads or n_threads()
        self._session, self.problems = _start(package, provider, name, self._threads)
        self.provider = "cuda" if _CUDA in self._session.get_providers() else "cpu"
        nodes = self._session.get_inputs()
        for node in nodes:
            if node.type != "tensor(float)":
                raise ModelPackageError(f"{package.folder / name}: the network takes {node.name} as {node.type}.")
        self.inputs = {
            node.name: tuple(size if isinstance(size, int) else None for size in node.shape[1:]) for node in nodes
        }
        self.outputs = tuple(node.name for node in self._session.get_outputs())

    def run(self, names: Sequence[str], inputs: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Give outputs by name for some windows; the first axis of everything is the windows.

        Where a GPU has too little memory the windows are run in halves, and if one alone is too much, the processor
        takes over for good.

        Raises
        ------
        AnalysisError
            The network failed on this input.
        """
        session = self._session
        try:
            return [np.asarray(array, np.float32) for array in session.run(list(names), dict(inputs))]
        except Exception as error:  # ONNX Runtime raises classes of its own for every kind of failure
            if not (self.provider == "cuda" and _is_out_of_memory(error)):
                reason = f"{self._package.card.title} failed while running: {_first_line(error)}."
                raise AnalysisError(reason) from error
        n_windows = len(next(iter(inputs.values())))
        if n_windows > 1:
            middle = n_windows // 2
            halves = (slice(0, middle), slice(middle, n_windows))
            parts = [self.run(names, {name: array[half] for name, array in inputs.items()}) for half in halves]
            return [np.concatenate(pair) for pair in zip(*parts, strict=True)]
        self._go_on_without_gpu(session)
        return self.run(names, inputs)

    def _go_on_without_gpu(self, session: Any) -> None:
        # Of several threads that meet the same failure, the first one changes over.
        if session is self._session:
            self._session, _ = _start(self._package, "cpu", self._name, self._threads)
            self.provider = "cpu"
            self.problems += (f"{self._package.card.title} went on on the CPU: the GPU's memory did not suffice.",)


class NetworkSession:
    """One network, loaded as a whole and ready to run.

    Parameters
    ----------
    package, provider, threads : as `Graph` takes them.

    Attributes
    ----------
    card : what the package says of the network.

    Raises
    ------
    ModelPackageError
        The network is damaged or was made for another runtime.
    """

    def __init__(self, package: ModelPackage, provider: str, threads: int | None = None) -> None:
        self.card = package.card
        self._graph = Graph(package, provider, threads=threads)
        for name, shape in self._graph.inputs.items():
            stated = self.card.inputs.shapes[name]
            if shape != stated:
                raise ModelPackageError(
                    f"{package.folder}: the network takes {name} as windows of {list(shape)}, "
                    f"where its card says float windows of {list(stated)}."
                )

    @property
    def provider(self) -> str:
        """Where it truly runs, ``"cpu"`` or ``"cuda"``."""
        return self._graph.provider

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it does not run where it was asked to."""
        return self._graph.problems

    @property
    def batch_windows(self) -> int:
        """How many windows to give it at once."""
        return choose_batch(self.card, self.provider)

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
        return run_to_outputs(self._graph, self.card, inputs)


def run_to_outputs(
    graph: Graph, card: ModelCard, inputs: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Give a card's outputs by name, having checked that they are numbers and as many as the card says.

    Raises
    ------
    AnalysisError
        They are not.
    """
    n_windows = len(next(iter(inputs.values())))
    arrays = graph.run([output.name for output in card.outputs], inputs)
    for output, array in zip(card.outputs, arrays, strict=True):
        n_columns = len(output.classes) or array.shape[-1]
        if array.shape != (n_windows, n_columns) or not np.isfinite(array).all():
            raise AnalysisError(f"{card.title} gave {output.name} that is not {n_columns} numbers a window.")
    return {output.name: array for output, array in zip(card.outputs, arrays, strict=True)}


def choose_batch(card: ModelCard, provider: str) -> int:
    """Say how many windows to give a network at once.

    On the CPU so few that a run takes a twentieth of a second or so, after which a cancelled analysis ends; the scan of
    a Bi-Mamba gains a third from four at a time, other networks nothing. It depends on the card alone, because windows
    that share a run may change each other's last digit.
    """
    if provider == "cuda":
        return _BATCH_CUDA
    flops = card.cost.get(WHOLE, NetworkCost()).flops
    return int(np.clip(_FLOPS_AT_ONCE / flops, 1, _BATCH_CPU)) if flops else 1


def report_providers() -> ProviderReport:
    """Say which providers ONNX Runtime was built with and why CUDA would not start."""
    return ProviderReport(onnxruntime.__version__, tuple(onnxruntime.get_available_providers()), _why_no_cuda())


def n_threads() -> int:
    """Give the threads that networks may use beside a window: all physical cores but the one that it needs."""
    return max(1, n_cores() - 1)


def _start(
    package: ModelPackage, provider: str, name: str, threads: int
) -> tuple[onnxruntime.InferenceSession, tuple[str, ...]]:
    network = package.read_onnx(name)
    problem = _why_no_cuda() if provider != "cpu" else ""
    if provider != "cpu" and not problem:
        session = _load(package, network, [_CUDA, _CPU], threads)
        if _CUDA not in session.get_providers():
            return session, (f"{package.card.title} runs on the CPU: ONNX Runtime could not start CUDA.",)
        processor = _load(package, network, [_CPU], threads)
        doubt = _doubts.get((package.card.files[name], threads))
        if doubt is None:
            doubt = _doubts[package.card.files[name], threads] = find_doubt(session, processor, _test_feeds(session))
        return (processor, (f"{package.card.title} runs on the CPU: {doubt}.",)) if doubt else (session, ())
    told = (f"{package.card.title} runs on the CPU: {problem}.",) if provider == "cuda" else ()
    return _load(package, network, [_CPU], threads), told


def _test_feeds(session: onnxruntime.InferenceSession) -> dict[str, NDArray[np.float32]]:
    return make_feeds(
        {node.name: [size if isinstance(size, int) else None for size in node.shape] for node in session.get_inputs()}
    )


def _load(package: ModelPackage, network: bytes, providers: list[str], threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL
    # Threads that spin while they wait would take the core that draws the window.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(network, options, providers=providers)
    except Exception as error:  # ONNX Runtime raises classes of its own for every kind of failure
        raise ModelPackageError(f"{package.folder} cannot be run by ONNX Runtime: {_first_line(error)}.") from error


def _is_out_of_memory(error: Exception) -> bool:
    return any(words in str(error) for words in _OUT_OF_MEMORY)


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


def n_cores() -> int:
    """Count the physical cores that this process may use."""
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
