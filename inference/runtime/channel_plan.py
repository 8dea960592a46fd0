"""Which of a recording's channels a network sees, and how they become the electrodes that it knows."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelPackageError
from inference.recordings.electrodes import canonical_electrode, electrode_position, parse_electrode_label
from inference.recordings.recording import Channel, ChannelKind
from inference.runtime.cards import MontageInputs
from inference.runtime.interpolation import MIN_ELECTRODES, is_surrounded, spline_weights, unit_positions

#: From this many scalp electrodes on their mean is a reference; below it, the mean is mostly the electrode itself.
MIN_FOR_AVERAGE = 8
_EARS = frozenset({"A1", "A2", "M1", "M2"})
#: Every reference that is neither on the scalp nor recorded itself, taken as one quiet place.
_FAR = "reference"
_LIMB = re.compile(r"delt|bicep|tricep|tib|quad|leg|arm|hand|foot|limb|neck|trap|nuch|abd|para", re.IGNORECASE)
_CHIN = re.compile(r"chin|ment|mylo", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class ChannelPlan:
    """How a recording's channels become a network's inputs.

    Attributes
    ----------
    eeg_channels, emg_channels : indices of the recording's channels that are read.
    eeg_weights : (n_electrodes, len(eeg_channels)); times the recorded EEG it gives the network's electrodes,
        re-referenced, with the interpolated ones filled in and the masked ones 0.
    eeg_present : (n_electrodes,) 1 where there is a signal, 0 where the network is told that there is none.
    emg_present : (n_emg,) the same for EMG; channels fill the first slots in file order.
    used : names of the recording's channels that the network sees, EEG before EMG.
    missing : electrodes that are masked, and ``"EMG"`` where there is none at all.
    interpolated : electrodes estimated from their neighbours.
    excluded : names of channels that were not to be used.
    problems : plain sentences on what is not as the network knows it.
    """

    eeg_channels: tuple[int, ...]
    eeg_weights: NDArray[np.float32]
    eeg_present: NDArray[np.float32]
    emg_channels: tuple[int, ...]
    emg_present: NDArray[np.float32]
    used: tuple[str, ...]
    missing: tuple[str, ...]
    interpolated: tuple[str, ...]
    excluded: frozenset[str]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    index: int
    electrode: str
    reference: str
    #: The reference as the file names it, for sentences; None where it does not.
    stated: str | None


def plan_channels(channels: Sequence[Channel], spec: MontageInputs, exclude: Collection[str] = ()) -> ChannelPlan:
    """Choose the channels that a network sees and say what it will not see.

    EEG is mapped by electrode name. Each channel is a difference between two places; the potentials of all places,
    each connected group relative to its own mean, are the least-squares solution of these differences. For recordings
    with one common reference, that is the average reference; for bipolar chains, it recovers the potentials up to a
    constant. Electrodes that were not recorded are interpolated where neighbours surround them, and masked otherwise.

    Parameters
    ----------
    channels : the recording's channels.
    spec : what the network wants to be shown.
    exclude : names of channels not to use, such as disconnected ones.

    Raises
    ------
    ModelPackageError
        The network asks for a reference or a scale that this version does not know.
    """
    if (spec.reference, spec.scale) != ("average", "robust"):
        raise ModelPackageError(
            f"The network asks for the reference {spec.reference!r} and the scale {spec.scale!r}, "
            "which this version of Spasmlens does not know."
        )
    problems: list[str] = []
    candidates = [(i, channel) for i, channel in enumerate(channels) if channel.name not in exclude]
    leads = _choose_leads(candidates, spec, problems)
    potentials, one_group = _solve_potentials(leads, problems)
    weights, interpolated = _fill_electrodes(potentials, len(leads), spec, interpolate=one_group)
    eeg_present = np.array([row is not None for row in weights], dtype=np.float32)
    emg = _choose_emg(candidates, spec, problems)
    missing = [name for name, row in zip(spec.eeg_electrodes, weights, strict=True) if row is None]
    if 0 < eeg_present.sum() < len(weights) / 2:
        problems.append(f"Only {eeg_present.sum():.0f} of the network's {len(weights)} electrodes: expect less of it.")
    if not emg and spec.n_emg:
        missing.append("EMG")
        problems.append("No usable EMG: the network works from the EEG alone.")
    problems.extend(tell_narrow_bands([channels[lead.index] for lead in leads], spec.hff_hz, "EEG"))
    problems.extend(tell_narrow_bands([channels[i] for i in emg], spec.emg_hff_hz, "EMG"))
    empty = np.zeros(len(leads))
    return ChannelPlan(
        eeg_channels=tuple(lead.index for lead in leads),
        eeg_weights=np.array([empty if row is None else row for row in weights], dtype=np.float32),
        eeg_present=eeg_present,
        emg_channels=emg,
        emg_present=(np.arange(spec.n_emg) < len(emg)).astype(np.float32),
        used=tuple(channels[i].name for i in (*(lead.index for lead in leads), *emg)),
        missing=tuple(missing),
        interpolated=interpolated,
        excluded=frozenset(exclude),
        problems=tuple(problems),
    )


def _choose_leads(candidates: Iterable[tuple[int, Channel]], spec: MontageInputs, problems: list[str]) -> list[_Lead]:
    leads = [lead for i, channel in candidates if channel.kind is ChannelKind.EEG and (lead := _read_lead(i, channel))]
    wanted = frozenset(spec.eeg_electrodes)
    referential = [lead for lead in leads if lead.stated is None or not _is_scalp(lead.reference)]
    bipolar = [lead for lead in leads if lead not in referential]
    covered = {lead.electrode for lead in referential} & wanted
    reachable = {place for lead in bipolar for place in (lead.electrode, lead.reference)} & wanted
    if len(reachable) > len(covered):
        if len({lead.reference for lead in bipolar}) > 1:
            problems.append("The EEG was recorded bipolar: potentials were recovered from it by least squares.")
        return _drop_duplicates(bipolar)
    return _choose_referential(referential, wanted, problems)


def _choose_referential(leads: Iterable[_Lead], wanted: Collection[str], problems: list[str]) -> list[_Lead]:
    groups: dict[str | None, list[_Lead]] = defaultdict(list)
    for lead in leads:
        groups[lead.stated].append(lead)
    # The reference that most electrodes share comes first; others only fill in what it does not cover.
    ordered = sorted(groups.items(), key=lambda item: -len({lead.electrode for lead in item[1]} & frozenset(wanted)))
    chosen: dict[str, _Lead] = {}
    references: list[str | None] = []
    for reference, group in ordered:
        added = {lead.electrode: lead for lead in reversed(group) if lead.electrode not in chosen}
        if not references or any(name in wanted for name in added):
            references.append(reference)
            chosen.update(added)
    kept = [lead for name, lead in chosen.items() if name in wanted]
    if len(references) > 1:
        names = ", ".join(reference or "an unnamed one" for reference in references)
        problems.append(f"The EEG has different references ({names}): they are taken as one.")
    if len(kept) < MIN_FOR_AVERAGE:
        # Ears, mastoids and electrodes that the network does not know still make a better mean than so few alone.
        kept = list(chosen.values())
    recorded = {lead.electrode for lead in kept}
    return sorted(
        (_Lead(x.index, x.electrode, x.reference if x.reference in recorded else _FAR, x.stated) for x in kept),
        key=lambda lead: lead.index,
    )


def _read_lead(index: int, channel: Channel) -> _Lead | None:
    electrode, reference = channel.electrode, channel.reference
    pair = parse_electrode_label(channel.name).pair
    if electrode is None and pair is not None:
        electrode, reference = pair
    if electrode is None or electrode == reference:
        return None
    return _Lead(index, electrode, reference or _FAR, reference)


def _drop_duplicates(leads: Iterable[_Lead]) -> list[_Lead]:
    pairs: dict[frozenset[str], _Lead] = {}
    for lead in leads:
        pairs.setdefault(frozenset((lead.electrode, lead.reference)), lead)
    return list(pairs.values())


def _is_scalp(name: str) -> bool:
    return name not in _EARS and canonical_electrode(name) is not None


def _solve_potentials(leads: Sequence[_Lead], problems: list[str]) -> tuple[dict[str, NDArray[np.float64]], bool]:
    """Give each place's weights on the channels, and whether all places hang together."""
    places = sorted({place for lead in leads for place in (lead.electrode, lead.reference)})
    row_of = {place: row for row, place in enumerate(places)}
    differences = np.zeros((len(leads), len(places)))
    for row, lead in enumerate(leads):
        differences[row, row_of[lead.electrode]] = 1.0
        differences[row, row_of[lead.reference]] = -1.0
    # The pseudo-inverse gives every connected group a mean of zero over all its places, the reference among them.
    weights = np.linalg.pinv(differences)
    groups = _connected_groups(leads)
    for group in groups:
        scalp = [row_of[place] for place in group if _is_scalp(place)]
        if len(scalp) >= MIN_FOR_AVERAGE:
            rows = [row_of[place] for place in group]
            weights[rows] -= weights[scalp].mean(axis=0)
        elif len(groups) == 1:
            problems.append(
                f"With {len(scalp)} scalp electrodes, the average reference includes what they were recorded against."
            )
    if len(groups) > 1:
        problems.append(
            f"The EEG falls into {len(groups)} unconnected groups of electrodes, each with a reference of its own."
        )
    return {place: weights[row_of[place]] for place in places if place != _FAR}, len(groups) == 1


def _connected_groups(leads: Iterable[_Lead]) -> list[set[str]]:
    groups: list[set[str]] = []
    for lead in leads:
        joined = {lead.electrode, lead.reference}
        apart = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups


def _fill_electrodes(
    potentials: dict[str, NDArray[np.float64]], n_leads: int, spec: MontageInputs, *, interpolate: bool
) -> tuple[list[NDArray[np.float64] | None], tuple[str, ...]]:
    rows = [potentials.get(name) for name in spec.eeg_electrodes]
    known = [i for i, row in enumerate(rows) if row is not None]
    if not interpolate or len(known) < MIN_ELECTRODES or len(known) == len(rows):
        return rows, ()
    places = unit_positions([electrode_position(name) for name in spec.eeg_electrodes])
    recorded = np.array([rows[i] for i in known]).reshape(len(known), n_leads)
    interpolated = []
    for i, name in enumerate(spec.eeg_electrodes):
        if rows[i] is None and is_surrounded(places[i], places[known]):
            rows[i] = spline_weights(places[known], places[i : i + 1])[0] @ recorded
            interpolated.append(name)
    return rows, tuple(interpolated)


def _choose_emg(candidates: Iterable[tuple[int, Channel]], spec: MontageInputs, problems: list[str]) -> tuple[int, ...]:
    usable = []
    # A network that looks at no muscle is not told about them either.
    for i, channel in candidates if spec.n_emg else ():
        if channel.kind is not ChannelKind.EMG:
            continue
        # Half an octave above the lower edge of the band is the least that still shows a burst.
        if channel.rate_hz < 3.0 * spec.emg_lff_hz:
            problems.append(
                f"{channel.name} is not used: at {channel.rate_hz:g} Hz it is no EMG signal but a summary of one."
            )
        else:
            usable.append((i, channel))
    in_differences = {side for _, channel in usable for side in _sides(channel.name)}
    ranked = sorted(
        usable, key=lambda item: (_rank_emg(item[1].name), -min(item[1].rate_hz, 2 * spec.emg_hff_hz), item[0])
    )
    chosen: list[int] = []
    seen: set[str] = set()
    for i, channel in ranked:
        sides = set(_sides(channel.name))
        # A difference of two electrodes already seen, or one half of such a difference, adds nothing.
        is_repeat = (bool(sides) and sides <= seen) or _strip_emg(channel.name) in in_differences
        if not is_repeat and len(chosen) < spec.n_emg:
            chosen.append(i)
            seen |= sides
    return tuple(sorted(chosen))


def _sides(name: str) -> tuple[str, ...]:
    first, dash, second = _strip_emg(name).rpartition("-")
    if not dash or not first.strip() or _is_common_reference(second):
        return ()
    return first.strip(), second.strip()


def _is_common_reference(side: str) -> bool:
    return not side.strip() or bool(re.fullmatch(r"ref|le|avg?|gnd|\+", side.strip(), re.IGNORECASE))


def _strip_emg(name: str) -> str:
    return re.sub(r"^\s*emg[\s_.:]*", "", name, flags=re.IGNORECASE).strip()


def _rank_emg(name: str) -> int:
    if _sides(name):
        return 0
    if _LIMB.search(name):
        return 1
    return 2 if _CHIN.search(name) else 3


def tell_narrow_bands(channels: Iterable[Channel], hff_hz: float, kind: str) -> list[str]:
    """Give a sentence where channels are too slow for the upper edge of a network's band."""
    slow = [channel for channel in channels if channel.rate_hz < 2 * hff_hz]
    if not slow:
        return []
    lowest_hz = min(channel.rate_hz for channel in slow)
    names = ", ".join(channel.name for channel in slow) if len(slow) <= 4 else f"{len(slow)} {kind} channels"
    return [
        f"{names} sampled at {lowest_hz:g} Hz: "
        f"the network misses what lies between {lowest_hz / 2:g} and {hff_hz:g} Hz."
    ]
