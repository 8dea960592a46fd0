"""Which mains hum a recording has, so that a network is shown none of it whatever the country."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
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
            if not np.isfinite(span).all() or len(span) < _SHORTEST_S * rate_hz:
                continue
            spectrum = _power(span)
            for frequency_hz in FREQUENCIES_HZ:
                both = _line_and_beside(spectrum, rate_hz / len(span), frequency_hz)
                power[index, frequency_hz] = power.get((index, frequency_hz), np.zeros(2)) + both
    ratios = dict.fromkeys(FREQUENCIES_HZ, 0.0)
    for (_, frequency_hz), (line, beside) in power.items():
        if beside > 0:
            ratios[frequency_hz] = max(ratios[frequency_hz], float(line / beside))
    strongest_hz = max(ratios, key=lambda frequency_hz: ratios[frequency_hz])
    return strongest_hz if ratios[strongest_hz] >= LEAST_RATIO else None


def _power(span: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the power of a span at each frequency of a real transform."""
    from scipy import fft  # takes its time to load

    return np.square(np.abs(fft.rfft((span - span.mean()) * _window(len(span)))))


@lru_cache(maxsize=8)
def _window(n_samples: int) -> NDArray[np.float64]:
    return np.hanning(n_samples)


def _line_and_beside(power: NDArray[np.float64], step_hz: float, frequency_hz: float) -> NDArray[np.float64]:
    """Give the mean power within a line and on both sides of it, both 0 where the rate does not reach so far.

    Parameters
    ----------
    power : (n,) from 0 to half the rate, every ``step_hz``.
    """
    farthest_hz = frequency_hz + _BESIDE_HZ[1]
    if (len(power) - 1) * step_hz < farthest_hz:
        return np.zeros(2)
    first, stop = int((frequency_hz - _BESIDE_HZ[1]) / step_hz), int(farthest_hz / step_hz) + 2
    near = power[first:stop]
    distance_hz = np.abs(np.arange(first, first + len(near)) * step_hz - frequency_hz)
    line = near[distance_hz <= _LINE_HALF_WIDTH_HZ]
    beside = near[(distance_hz >= _BESIDE_HZ[0]) & (distance_hz <= _BESIDE_HZ[1])]
    return np.array([line.mean(), beside.mean()])
