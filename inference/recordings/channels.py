"""From what a file's header says about its signals to channels with unique names, kinds, units and electrodes."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from inference.recordings.electrodes import ElectrodeLabel, find_common_reference, parse_electrode_label
from inference.recordings.kinds import infer_kind
from inference.recordings.recording import POTENTIALS, Channel, ChannelKind
from inference.recordings.units import MICROVOLTS, microvolts_per

_GRID = re.compile(r"^(?:EEG|POL)?\s*[AB]'?0*[3-9]\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignalHeader:
    """What a file says about one signal.

    ``declared`` is a kind that the file states outright, ``fallback`` the kind where neither the file nor the label
    tells. ``unit`` is the file's own, empty where there is none.
    """

    label: str
    unit: str
    rate_hz: float
    transducer: str = ""
    declared: ChannelKind | None = None
    fallback: ChannelKind = ChannelKind.OTHER


def build_channels(headers: Sequence[SignalHeader]) -> tuple[tuple[Channel, ...], tuple[str, ...]]:
    """Build a recording's channels from its signal headers; also give sentences about what had to be assumed."""
    labels = [header.label for header in headers]
    distinct = frozenset(labels)
    kinds = [
        header.declared or infer_kind(header.label, header.unit, header.transducer, labels=distinct) or header.fallback
        for header in headers
    ]
    electrodes = _find_electrodes(labels, kinds)
    channels, unitless = [], []
    for header, name, kind, electrode in zip(headers, unique_names(labels), kinds, electrodes, strict=True):
        if kind in POTENTIALS and not header.unit.strip():
            unitless.append(name)
        unit = MICROVOLTS if kind in POTENTIALS else header.unit.strip()
        channels.append(Channel(name, kind, unit, header.rate_hz, electrode.electrode, electrode.reference))
    problems = (f"No unit is given for {_enumerate(unitless)}; microvolts are assumed.",) if unitless else ()
    return tuple(channels), problems


def gain_to_unit(header: SignalHeader, channel: Channel) -> float:
    """Give the factor from the file's own unit to the channel's: other than 1 for potentials not in microvolts."""
    return (microvolts_per(header.unit) or 1.0) if channel.kind in POTENTIALS else 1.0


def unique_names(labels: Iterable[str]) -> list[str]:
    """Make names of labels: repeated ones are numbered (``C3``, ``C3 (2)``), empty ones named after their place."""
    counts: Counter[str] = Counter()
    names: dict[str, None] = {}
    for position, label in enumerate(labels, start=1):
        base = name = label.strip() or f"Channel {position}"
        while name in names:
            counts[base] += 1
            name = f"{base} ({counts[base] + 1})"
        names[name] = None
    return list(names)


def _find_electrodes(labels: Sequence[str], kinds: Sequence[ChannelKind]) -> list[ElectrodeLabel]:
    # Amplifier sockets and depth electrodes are lettered too: among A3, A4 ... and B3, a C3 is not the 10-20 one.
    if _is_grid(labels):
        return [ElectrodeLabel()] * len(labels)
    eeg = [label for label, kind in zip(labels, kinds, strict=True) if kind is ChannelKind.EEG]
    common = find_common_reference(eeg)
    return [
        parse_electrode_label(label, common_reference=common) if kind is not ChannelKind.IMPEDANCE else ElectrodeLabel()
        for label, kind in zip(labels, kinds, strict=True)
    ]


def _is_grid(labels: Collection[str]) -> bool:
    return len({label.strip().upper() for label in labels if _GRID.match(label)}) > 1


def _enumerate(names: Sequence[str], shown: int = 5) -> str:
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")
