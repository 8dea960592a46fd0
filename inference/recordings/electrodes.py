"""Scalp electrodes by their canonical names, from the labels that recorders and exporters write."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from inference.recordings.tables import read_table

#: The array of 25 electrodes that the IFCN recommends, front to back and left to right
#: (Seeck et al. 2017, Clin Neurophysiol 128:2070).
IFCN_ELECTRODES: Final = (
    *("Fp1", "Fp2", "F9", "F7", "F3", "Fz", "F4", "F8", "F10", "T9", "T7", "C3", "Cz"),
    *("C4", "T8", "T10", "P9", "P7", "P3", "Pz", "P4", "P8", "P10", "O1", "O2"),
)

_OFF_SCALP: Final = frozenset({"A1", "A2", "M1", "M2"})
_SUFFIX = re.compile(r"\s\(\d+\)$")
_PREFIX = re.compile(r"^(?:EEG|POL)(?:[\s_:.-]+|(?=[A-Z]+\d|[A-Z]+Z))")
_SEPARATOR = re.compile(r"\s*[-–/:_]\s*")
_COUNTER = re.compile(r"(?<=[-–/:_]..)-\d+$|(?<=[-–/:_]...)-\d+$")
_JOINED_REFERENCES: Final = ("A1", "A2", "M1", "M2", "REF", "AVG", "LE")
_MIN_COMMON_REFERENCE: Final = 6


@dataclass(frozen=True, slots=True)
class ElectrodeLabel:
    """What a channel label says about where the signal was picked up.

    ``electrode`` is the canonical active electrode, None for a derivation between two scalp electrodes and for
    anything that is no electrode. ``reference`` is the canonical reference electrode, ``"A1+A2"`` for linked ears,
    ``"M1+M2"`` for linked mastoids, ``"average"`` for an average, None where the label does not tell. ``pair`` holds
    both electrodes of a bipolar derivation.
    """

    electrode: str | None = None
    reference: str | None = None
    pair: tuple[str, str] | None = None


def canonical_electrode(label: str) -> str | None:
    """Give the canonical 10-20 or 10-10 name of a label's active electrode, such as T7 for ``EEG T3-Ref``.

    None for a derivation between two scalp electrodes and for anything that names no electrode.
    """
    return parse_electrode_label(label).electrode


def electrode_position(name: str) -> tuple[float, float, float]:
    """Give an electrode's place on the unit sphere: x to the right ear, y to the nose, z upwards.

    Positions are those of MNE's ``standard_1005`` montage, projected from the centre of the sphere that fits them best.

    Raises
    ------
    KeyError
        ``name`` is not a canonical electrode name.
    """
    return _positions()[name]


def electrode_names() -> tuple[str, ...]:
    """Give every canonical electrode name that has a position."""
    return tuple(_positions())


def parse_electrode_label(label: str, *, common_reference: str | None = None) -> ElectrodeLabel:
    """Tell active electrode and reference from a label such as ``EEG Fp1-Ref``, ``C3-M2``, ``T3`` or ``Fp1-F7``.

    ``common_reference`` is a second part that counts as the reference of the whole recording although it is a scalp
    electrode or an unknown word, as :func:`find_common_reference` finds it.
    """
    text = _strip(label)
    if (electrode := _electrodes().get(text)) is not None:
        return ElectrodeLabel(electrode)
    first, second = _split(text)
    active, other = _electrodes().get(first), _electrodes().get(second)
    if active is None:
        return ElectrodeLabel()
    if second == common_reference:
        return ElectrodeLabel(active, other or _references().get(second))
    if other is not None and (other not in _OFF_SCALP or active in _OFF_SCALP):
        return ElectrodeLabel(pair=(active, other))
    if second in _references():
        return ElectrodeLabel(active, _references()[second])
    return ElectrodeLabel()


def find_common_reference(labels: Iterable[str]) -> str | None:
    """Find the second part that so many labels share (``Fp1-Cz``, ``F3-Cz`` ...) that it is the common reference."""
    pairs = {_split(_strip(label)) for label in labels}
    counts = Counter(second for first, second in pairs if first in _electrodes() and second)
    second, count = counts.most_common(1)[0] if counts else ("", 0)
    return second if count >= _MIN_COMMON_REFERENCE else None


def _strip(label: str) -> str:
    text = _SUFFIX.sub("", label.strip()).strip(".").upper()
    return _COUNTER.sub("", _PREFIX.sub("", text)).strip()


def _split(text: str) -> tuple[str, str]:
    parts = _SEPARATOR.split(text, maxsplit=1)
    if len(parts) == 2:
        return parts[0], parts[1]
    for reference in _JOINED_REFERENCES:
        active = text.removesuffix(reference).rstrip()
        if active != text and active in _electrodes():
            return active, reference
    return text, ""


@cache
def _positions() -> dict[str, tuple[float, float, float]]:
    return {row["name"]: (float(row["x"]), float(row["y"]), float(row["z"])) for row in read_table("electrodes.tsv")}


@cache
def _electrodes() -> dict[str, str]:
    names = {name.upper(): name for name in _positions()}
    return names | {row["alias"]: row["name"] for row in read_table("electrode_aliases.tsv")}


@cache
def _references() -> dict[str, str | None]:
    return {row["label"]: row["reference"] or None for row in read_table("references.tsv")}
