"""The regions of the Schaefer atlas of 100 parcels and 7 networks, by name (Schaefer et al. 2018)."""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from resources import FOLDER

N_PARCELS: Final = 100

#: The networks of Yeo et al. 2011 as the atlas abbreviates them, in its order, with their plain names.
NETWORKS: Final = {
    "Vis": "visual",
    "SomMot": "somatomotor",
    "DorsAttn": "dorsal attention",
    "SalVentAttn": "salience / ventral attention",
    "Limbic": "limbic",
    "Cont": "control",
    "Default": "default mode",
}

_TABLE: Final = FOLDER / "atlas" / "schaefer2018_100parcels_7networks.tsv"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One region of the cortex.

    ``label`` is its value in an atlas image, 1 to 100. ``name`` is the atlas's own, such as ``7Networks_LH_Vis_1``.
    ``network`` is a key of :data:`NETWORKS`. ``hemisphere`` is the patient's own side. ``centroid_mm`` is the published
    centroid in MNI space: right, anterior, superior.
    """

    label: int
    name: str
    network: str
    hemisphere: Literal["left", "right"]
    centroid_mm: tuple[float, float, float]

    @property
    def short_name(self) -> str:
        """The name without the part that all parcels share, such as ``LH_Vis_1``."""
        return self.name.removeprefix("7Networks_")


@cache
def load_parcels() -> tuple[Parcel, ...]:
    """Load the 100 parcels in the order of their labels."""
    with _TABLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return tuple(_parcel(row) for row in rows)


def _parcel(row: dict[str, str]) -> Parcel:
    _, side, network, *_ = row["name"].split("_")
    return Parcel(
        label=int(row["label"]),
        name=row["name"],
        network=network,
        hemisphere="left" if side == "LH" else "right",
        centroid_mm=(float(row["x_mm"]), float(row["y_mm"]), float(row["z_mm"])),
    )
