"""Lower confidence where a network sees fewer electrodes than it knows, by as much as was measured.

A network that has lost electrodes is wrong more often without being less sure. Its card may say at which temperature
its probabilities fit again for how many electrodes, as ``tests/benchmarks/few_electrodes.py`` measures it on sleepers
that training never saw.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelPackageError

#: Under which a card's calibration keeps the pairs of electrodes and temperature.
FEW_ELECTRODES: Final = "few_electrodes"


def find_temperature(calibration: Mapping[str, Any], n_electrodes: int) -> float:
    """Give the temperature for a number of electrodes, never below 1, between two that were measured by its logarithm.

    Below the fewest that were measured it is that of the fewest; a card without figures says 1.

    Raises
    ------
    ModelPackageError
        What stands in the card are no pairs of electrodes and temperature.
    """
    pairs = calibration.get(FEW_ELECTRODES, ())
    if not pairs or n_electrodes < 1:
        return 1.0
    try:
        known = sorted((float(electrodes), float(temperature)) for electrodes, temperature in pairs)
        counts, temperatures = np.log(np.array(known)).T
    except (TypeError, ValueError) as error:
        raise ModelPackageError(f"The card's temperatures for few electrodes cannot be read ({error}).") from error
    return max(1.0, float(np.exp(np.interp(np.log(n_electrodes), counts, temperatures))))


def temper(probability: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Flatten probabilities, (n, classes), as a temperature above 1 does; the most probable class stays the same."""
    powers = probability.astype(np.float64) ** (1.0 / temperature)
    flattened: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return flattened
