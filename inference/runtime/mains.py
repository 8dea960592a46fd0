"""Which mains hum a recording has, so that a network is shown none of it whatever the country."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.recordings.recording import Recording
from inference.runtime.cards import MAINS

#: The world's mains frequencies.
FREQUENCIES_HZ: Final = (50.0, 60.0)
#: A line is this much stronger, as mean power, than what lies beside it. Without a line, chance reaches a fifth of it.
LEAST_RATIO: Final = 10.0
_LINE_HALF_WIDTH_HZ = 0.5
_BESIDE_HZ = (2.0, 6.0)
#: Shorter stretches do not tell a line from its neighbourhood.
_SHORTEST_S = 2.0


def resolve_notch(
    notch_hz: float | str | None,
    recording: Recording,
    channels: Sequence[int],
    blocks: tuple[Iterable[float], float],
    checkpoint: Callable[[], None],
) -> float | None:
    """Give the frequency to take out: the card's own, or, where it says `MAINS`, the one found in some blocks.

    Parameters
    ----------
    notch_hz : as a card says it.
    channels : indices of the recording's channels in which to look for hum.
    blocks : onsets of where to look, and for how long each time, in s.
    checkpoint : called between blocks; an exception that it raises ends the work.
    """
    if notch_hz is None or isinstance(notch_hz, int | float):
        return notch_hz
    if notch_hz != MAINS:
        raise ValueError(f"no such notch: {notch_hz}")
    onsets_s, block_s = blocks
    power: dict[tuple[int, float], NDArray[np.float64]] = {}
    for onset_s in onsets_s:
        checkpoint()
        for index, span in zip(channels, recording.read(channels, float(onset_s), block_s), strict=True):
            rate_hz = recording.channels[index].rate_hz
            for frequency_hz in FREQUENCIES_HZ:
                if np.isfinite(span).all() and len(span) >= _SHORTEST_S * rate_hz:
                    both = _line_and_beside(span, rate_hz, frequency_hz)
                    power[index, frequency_hz] = power.get((index, frequency_hz), np.zeros(2)) + both
    ratios = dict.fromkeys(FREQUENCIES_HZ, 0.0)
    for (_, frequency_hz), (line, beside) in power.items():
        if beside > 0:
            ratios[frequency_hz] = max(ratios[frequency_hz], float(line / beside))
    strongest_hz = max(ratios, key=lambda frequency_hz: ratios[frequency_hz])
    return strongest_hz if ratios[strongest_hz] >= LEAST_RATIO else None


def _line_and_beside(span: NDArray[np.floating], rate_hz: float, frequency_hz: float) -> NDArray[np.float64]:
    """Give the mean power within a line and on both sides of it, both 0 where the rate does not reach so far."""
    if rate_hz / 2 < frequency_hz + _BESIDE_HZ[1]:
        return np.zeros(2)
    window = np.hanning(len(span))
    power = np.square(np.abs(np.fft.rfft((span - span.mean()) * window)))
    distance_hz = np.abs(np.fft.rfftfreq(len(span), 1 / rate_hz) - frequency_hz)
    line = power[distance_hz <= _LINE_HALF_WIDTH_HZ]
    beside = power[(distance_hz >= _BESIDE_HZ[0]) & (distance_hz <= _BESIDE_HZ[1])]
    return np.array([line.mean(), beside.mean()])
