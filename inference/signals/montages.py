"""Montages: what is subtracted from what before an EEG is read; ``resources/montages/`` defines them."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.recordings.recording import Channel, ChannelKind

RECORDED = "recorded"
#: Every montage by name, in the order in which a reader is offered them.
MONTAGE_NAMES = ("longitudinal", "transverse", "average", "laplacian", RECORDED)

# Fewer electrodes than these against one reference make no meaningful average or mean of neighbours.
_FEWEST_FOR_AVERAGE = 4
_FEWEST_NEIGHBOURS = 2
_OFF_SCALP = frozenset({"A1", "A2", "M1", "M2"})

Terms = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """One line of a page: the weighted sum of recorded channels of one rate.

    ``terms`` are (channel index, weight). ``unit`` is that of its channels.
    """

    label: str
    kind: ChannelKind
    terms: Terms
    rate_hz: float
    unit: str = "uV"


@dataclass(frozen=True, slots=True)
class Montage:
    """The lines of a page, EEG first and every other channel as recorded after it.

    ``name`` is the montage that is shown: ``"recorded"`` where the one asked for cannot be built, and then the first
    of ``notes`` says why. The other notes say what a reader would otherwise miss: electrodes that are not there,
    channels that are not shown.
    """

    name: str
    derivations: tuple[Derivation, ...]
    notes: tuple[str, ...] = ()


def build_montage(name: str, channels: Sequence[Channel]) -> Montage:
    """Build a montage from the electrodes that a recording has.

    Channels are combined only where they share rate and reference, so that the reference cancels; the reference
    electrode itself counts as a channel of zeros, so that a file of bipolar channels gives what it holds. A chain
    spans an electrode that was not recorded, as readers of reduced infant arrays expect.

    Raises
    ------
    KeyError
        There is no montage of this name.
    """
    if name == RECORDED:
        return Montage(RECORDED, tuple(_as_recorded(channels, ChannelKind.EEG) + _others(channels)))
    definition = _definition(name)
    derivations, notes = _METHODS[definition["method"]](definition, _Electrodes(channels))
    if not derivations:
        recorded = build_montage(RECORDED, channels)
        if not any(channel.kind is ChannelKind.EEG for channel in channels):
            return recorded
        return Montage(
            RECORDED, recorded.derivations, (f"{definition['title']} cannot be shown: {notes[0]}", *notes[1:])
        )
    used = {index for derivation in derivations for index, _ in derivation.terms}
    unused = [c.name for i, c in enumerate(channels) if c.kind is ChannelKind.EEG and i not in used]
    if unused:
        notes.append(f"Not part of this montage: {', '.join(unused)}.")
    return Montage(name, tuple(derivations + _others(channels)), tuple(notes))


def montage_title(name: str) -> str:
    """Give the name under which readers know a montage."""
    return "As recorded" if name == RECORDED else str(_definition(name)["title"])


def apply_derivations(
    derivations: Sequence[Derivation], signals: Mapping[int, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Compute derivations of one rate from the channels they name.

    Parameters
    ----------
    signals : channel index -> (n,) samples.

    Returns
    -------
    (derivations, n); NaN where one of a derivation's own channels is NaN.
    """
    n_samples = len(next(iter(signals.values())))
    derived = np.zeros((len(derivations), n_samples), np.float32)
    for row, derivation in enumerate(derivations):
        for index, weight in derivation.terms:
            derived[row] += np.float32(weight) * signals[index]
    return derived


@cache
def _definition(name: str) -> dict[str, Any]:
    if name not in MONTAGE_NAMES:
        raise KeyError(f"there is no montage called {name!r}")
    text = files("resources").joinpath("montages", f"{name}.json").read_text(encoding="utf-8")
    definition: dict[str, Any] = json.loads(text)
    return definition


class _Electrodes:
    """The EEG electrodes of a recording, grouped by what can be subtracted: one reference, one rate."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        groups: dict[tuple[str | None, float], dict[str, Terms]] = defaultdict(dict)
        for index, channel in enumerate(channels):
            if channel.kind is ChannelKind.EEG and channel.electrode is not None:
                groups[channel.reference, channel.rate_hz].setdefault(channel.electrode, ((index, 1.0),))
        for (reference, _), group in groups.items():
            if reference is not None:
                group.setdefault(reference, ())
        by_size = sorted(groups.items(), key=lambda item: -len(item[1]))
        self.groups: list[tuple[float, dict[str, Terms]]] = [(rate_hz, group) for (_, rate_hz), group in by_size]
        self.names = {name for _, group in self.groups for name in group}

    def subtract(self, first: str, second: str) -> Derivation | None:
        """Derive first minus second, where one group holds both."""
        for rate_hz, group in self.groups:
            if first in group and second in group:
                terms = _sum_terms([(group[first], 1.0), (group[second], -1.0)])
                return Derivation(f"{first}-{second}", ChannelKind.EEG, terms, rate_hz)
        return None

    def largest(self) -> tuple[float, dict[str, Terms]]:
        """Give rate and scalp electrodes of the largest group."""
        if not self.groups:
            return 1.0, {}
        rate_hz, group = self.groups[0]
        return rate_hz, {name: terms for name, terms in group.items() if name not in _OFF_SCALP}


def _build_bipolar(definition: Mapping[str, Any], electrodes: _Electrodes) -> tuple[list[Derivation], list[str]]:
    derivations: list[Derivation] = []
    spanned: list[str] = []
    for chain in definition["chains"]:
        present = [name for name in chain if name in electrodes.names]
        for first, second in pairwise(present):
            derivation = electrodes.subtract(first, second)
            if derivation is not None:
                derivations.append(derivation)
                between = chain[chain.index(first) + 1 : chain.index(second)]
                spanned += [name for name in between if name not in spanned]
    if not derivations:
        return [], ["no two neighbouring electrodes were recorded against one reference."]
    return derivations, [f"Chains span electrodes that were not recorded: {', '.join(spanned)}."] if spanned else []


def _build_average(definition: Mapping[str, Any], electrodes: _Electrodes) -> tuple[list[Derivation], list[str]]:
    rate_hz, group = electrodes.largest()
    if len(group) < _FEWEST_FOR_AVERAGE:
        return [], [f"it needs at least {_FEWEST_FOR_AVERAGE} scalp electrodes recorded against one reference."]
    order = [name for name in definition["order"] if name in group]
    order += [name for name in group if name not in order]
    mean = [(terms, -1.0 / len(group)) for terms in group.values()]
    return [
        Derivation(f"{name}-Avg", ChannelKind.EEG, _sum_terms([(group[name], 1.0), *mean]), rate_hz) for name in order
    ], []


def _build_laplacian(definition: Mapping[str, Any], electrodes: _Electrodes) -> tuple[list[Derivation], list[str]]:
    rate_hz, group = electrodes.largest()
    derivations = []
    for name, neighbours in definition["neighbours"].items():
        present = [neighbour for neighbour in neighbours if neighbour in group]
        if name in group and len(present) >= _FEWEST_NEIGHBOURS:
            mean = [(group[neighbour], -1.0 / len(present)) for neighbour in present]
            terms = _sum_terms([(group[name], 1.0), *mean])
            derivations.append(Derivation(f"{name}-Lap", ChannelKind.EEG, terms, rate_hz))
    if not derivations:
        return [], ["no electrode has two recorded neighbours against one reference."]
    return derivations, []


_Builder = Callable[[Mapping[str, Any], _Electrodes], tuple[list[Derivation], list[str]]]
_METHODS: dict[str, _Builder] = {
    "bipolar": _build_bipolar,
    "average": _build_average,
    "laplacian": _build_laplacian,
}


def _sum_terms(weighted: Sequence[tuple[Terms, float]]) -> Terms:
    weights: dict[int, float] = defaultdict(float)
    for terms, factor in weighted:
        for index, weight in terms:
            weights[index] += factor * weight
    return tuple(weights.items())


def _as_recorded(channels: Sequence[Channel], kind: ChannelKind) -> list[Derivation]:
    return [
        Derivation(channel.name, kind, ((index, 1.0),), channel.rate_hz, channel.unit)
        for index, channel in enumerate(channels)
        if channel.kind is kind
    ]


def _others(channels: Sequence[Channel]) -> list[Derivation]:
    return [d for kind in ChannelKind if kind is not ChannelKind.EEG for d in _as_recorded(channels, kind)]
