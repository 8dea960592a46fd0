"""Values that run along a recording, and which of them hold at a moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Values (n, columns) at times (n,), each of the ``window_s`` around its time, and of the whole recording.

    ``overall`` is (columns,); NaN stands for what is not known.
    """

    time_s: NDArray[np.float64]
    values: NDArray[np.float32]
    overall: NDArray[np.float32]
    window_s: float

    def row_at(self, moment_s: float) -> int | None:
        """Find the values whose window holds a moment most nearly in its middle; None where none does."""
        if not len(self.time_s):
            return None
        row = int(np.argmin(np.abs(self.time_s - moment_s)))
        is_near = abs(float(self.time_s[row]) - moment_s) <= self.window_s / 2
        return row if is_near and np.isfinite(self.values[row]).any() else None
