"""Units of voltage, as the makers of recorders spell them."""

from functools import cache
from typing import Final

from inference.recordings.tables import read_table

#: How every electrical potential is read.
MICROVOLTS: Final = "uV"


def microvolts_per(unit: str) -> float | None:
    """Give the microvolts in one unit, such as 1000 for ``mV``; None where the unit is no voltage."""
    return _microvolts().get(unit.strip().lower())


@cache
def _microvolts() -> dict[str, float]:
    return {row["unit"]: float(row["microvolts"]) for row in read_table("units.tsv")}
