"""Whether a provider may be trusted with a network: it must say what the processor says, and say it sooner."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

#: How far a provider's numbers may lie from the processor's, beside 1 and beside the number itself: sums are taken in
#: another order, and TensorFloat-32 keeps ten bits.
TOLERANCE: Final = 5e-3
_TEST_WINDOWS: Final = 16
_TEST_SAMPLES: Final = 4096
_N_TIMED: Final = 3


class Runnable(Protocol):
    """What of an ONNX Runtime session is needed here."""

    def run(self, names: None, feeds: Mapping[str, NDArray[np.float32]]) -> Sequence[Any]:
        """Give all outputs."""


def make_feeds(shapes: Mapping[str, Sequence[int | None]]) -> dict[str, NDArray[np.float32]]:
    """Make noise of the shapes that a graph takes, the same at every call.

    Parameters
    ----------
    shapes : by the name of the input, all axes; one of any length is None. The first is the windows.
    """
    random = np.random.default_rng(0)
    feeds = {}
    for name, (first, *rest) in shapes.items():
        shape = (_TEST_WINDOWS if first is None else first, *(_TEST_SAMPLES if n is None else n for n in rest))
        feeds[name] = np.ones(shape, np.float32) if name.endswith("_present") else random.normal(size=shape)
    return {name: np.asarray(values, np.float32) for name, values in feeds.items()}


def find_doubt(provider: Runnable, processor: Runnable, feeds: Mapping[str, NDArray[np.float32]]) -> str:
    """Say why a provider should not run a graph that the processor can run as well, empty where it should.

    Whatever the provider raises is a reason too.
    """
    try:
        found = [np.asarray(array) for array in provider.run(None, feeds)]
    except Exception as error:  # providers raise whatever they like
        first_line, *_ = str(error).strip().splitlines() or [type(error).__name__]
        return f"a test run on the GPU failed ({first_line})"
    expected = [np.asarray(array) for array in processor.run(None, feeds)]
    if [array.shape for array in found] != [array.shape for array in expected]:
        return "in a test run the GPU gave answers of another shape"
    apart = max(_distance(one, other) for one, other in zip(found, expected, strict=True))
    if not apart <= TOLERANCE:
        return f"in a test run the GPU's answers were off by {apart:.2g}"
    provider_s, processor_s = (_best_time_s(session, feeds) for session in (provider, processor))
    if provider_s > processor_s:
        return f"in a test run the GPU took {provider_s / processor_s:.1f} times as long"
    return ""


def _distance(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Give the largest difference in units of 1 or of the number itself, whichever is larger; NaN spoils it."""
    apart = np.abs(one - other) / np.maximum(1.0, np.abs(other))
    return float(apart.max(initial=0.0)) if np.isfinite(apart).all() else float("nan")


def _best_time_s(session: Runnable, feeds: Mapping[str, NDArray[np.float32]]) -> float:
    times_s = []
    for _ in range(_N_TIMED):
        began = time.perf_counter()
        session.run(None, feeds)
        times_s.append(time.perf_counter() - began)
    return min(times_s)
