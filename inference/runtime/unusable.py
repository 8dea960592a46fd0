"""Which channels hold no signal for most of a recording, and are therefore shown to no network."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from inference.recordings.recording import ChannelKind, Recording
from inference.signals.quality import DISABLING, FAULT_NAMES, Fault, find_faults

#: A channel that never leaves its median by more than this was not connected.
_SILENT_UV: Final = 1e-3
_NOT_CONNECTED: Final = "not connected"
#: A channel is left out that holds no signal of the brain for more than this share of the seconds looked at.
MOST_OF_THE_TIME: Final = 0.5
_NAMED: Final = 4


def find_unusable(
    recording: Recording,
    channels: Sequence[int],
    blocks: tuple[Iterable[float], float],
    checkpoint: Callable[[], None],
) -> dict[str, str]:
    """Name the channels that are constant in every block, and the EEG channels that are bad in most seconds, and why.

    Neither hum nor muscle makes a channel unusable: see `DISABLING`. A muscle at rest is none of them either. Where all
    channels would go, none does.

    Parameters
    ----------
    channels : indices of the recording's channels to judge.
    blocks : onsets of where to look, and for how long each time, in s.
    checkpoint : called between blocks; an exception that it raises ends the work.
    """
    is_silent = dict.fromkeys(channels, True)
    faults: dict[int, list[np.ndarray]] = defaultdict(list)
    onsets_s, block_s = blocks
    for onset_s in onsets_s:
        checkpoint()
        spans = dict(zip(channels, recording.read(channels, float(onset_s), block_s), strict=True))
        for index, span in spans.items():
            finite = span[np.isfinite(span)]
            is_silent[index] &= finite.size == 0 or float(np.ptp(finite)) <= _SILENT_UV
        for rate_hz, together in _group_eeg(recording, channels):
            judged = find_faults(
                np.stack([spans[index] for index in together]), rate_hz, np.ones(len(together), bool), spectral=False
            )
            for index, row in zip(together, judged, strict=True):
                faults[index].append(row)
    reasons = {index: why for index, rows in faults.items() if (why := _judge(np.concatenate(rows)))}
    reasons |= {index: _NOT_CONNECTED for index, flag in is_silent.items() if flag}
    if len(reasons) == len(channels):
        return {}
    return {recording.channels[index].name: reasons[index] for index in channels if index in reasons}


def tell_unusable(reasons: Mapping[str, str]) -> tuple[str, ...]:
    """Say in a sentence for each reason which channels were left out."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, why in reasons.items():
        by_reason[why].append(name)
    return tuple(_tell(why, names) for why, names in by_reason.items())


def _tell(why: str, names: Sequence[str]) -> str:
    named = ", ".join(names) if len(names) <= _NAMED else f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return f"{named} {'is' if len(names) == 1 else 'are'} shown to no network: {why}."


def _group_eeg(recording: Recording, channels: Sequence[int]) -> Iterator[tuple[float, list[int]]]:
    by_rate: dict[float, list[int]] = defaultdict(list)
    for index in channels:
        if recording.channels[index].kind is ChannelKind.EEG:
            by_rate[recording.channels[index].rate_hz].append(index)
    yield from by_rate.items()


def _judge(faults: np.ndarray) -> str:
    """Give why a channel is unusable, from the faults of the seconds looked at; empty where it is not."""
    recorded = faults[(faults & Fault.ABSENT) == 0]
    counts = {fault: int(((recorded & fault) > 0).sum()) for fault in FAULT_NAMES if fault & DISABLING}
    n_bad = int(((recorded & DISABLING) > 0).sum())
    if not len(recorded) or n_bad <= MOST_OF_THE_TIME * len(recorded):
        return ""
    worst = max(counts, key=lambda fault: counts[fault])
    return f"{FAULT_NAMES[worst]} for most of the recording"
