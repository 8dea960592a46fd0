"""Waveforms of children's discharges, over seconds from their onset."""

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

#: A spike of a spike-wave lasts about 70 ms: this many standard deviations of its bell.
_SPIKE_SD_S = 0.017
#: Spikes of a polyspike are this far apart.
_SPIKES_APART_S = 0.055
#: Where in a cycle the slow wave begins.
_WAVE_FROM = 0.35


def cycles_of(time_s: Times, duration_s: float, start_hz: float, end_hz: float) -> Times:
    """Count cycles of a rhythm whose frequency goes evenly from its start to its end."""
    result: Times = start_hz * time_s + (end_hz - start_hz) * time_s**2 / (2.0 * duration_s)
    return result


def spike_waves(
    time_s: Times,
    duration_s: float,
    start_hz: float,
    end_hz: float,
    *,
    spike_share: float,
    n_spikes: int = 1,
    heights: NDArray[np.float64],
) -> Times:
    """Give spike-and-slow-wave complexes that slow down; the peak of every slow wave is -1, negative at the scalp.

    ``heights`` is the height of each complex; there must be one for each that begins within the duration.
    """
    cycles = cycles_of(time_s, duration_s, start_hz, end_hz)
    number = np.clip(cycles.astype(int), 0, len(heights) - 1)
    phase = cycles - np.floor(cycles)
    rate_hz = start_hz + (end_hz - start_hz) * time_s / duration_s
    into_s = phase / rate_hz
    first_s = 0.05
    wave = np.zeros(time_s.shape)
    for index in range(n_spikes):
        wave -= spike_share * np.exp(-0.5 * ((into_s - first_s - index * _SPIKES_APART_S) / _SPIKE_SD_S) ** 2)
    slow = np.clip((phase - _WAVE_FROM) / (1.0 - _WAVE_FROM), 0.0, 1.0)
    wave -= np.sin(np.pi * slow) ** 1.5
    # The small positive trough between spike and wave.
    wave += 0.25 * np.exp(-0.5 * ((phase - _WAVE_FROM) / 0.05) ** 2)
    edge = np.clip(np.minimum(time_s / 0.05, (duration_s - time_s) / 0.15), 0.0, 1.0)
    result: Times = wave * edge * heights[number]
    return result


def count_complexes(duration_s: float, start_hz: float, end_hz: float) -> int:
    """Count the complexes that begin within a run."""
    return int(np.ceil(0.5 * (start_hz + end_hz) * duration_s)) + 1


def rolandic_sharp_s(sharp_s: float) -> float:
    """Tell how long a rolandic sharp wave is with all that belongs to it, from the length of its main phase."""
    return 2.5 * sharp_s + 0.32


def rolandic_sharp_wave(time_s: Times, sharp_s: float, wave_share: float) -> Times:
    """Give a triphasic sharp wave: a small step the other way, the main phase with peak 1, a return, a slow wave.

    The main phase lasts ``sharp_s`` from zero to zero and begins ``sharp_s / 2`` after the onset.
    """
    result: Times = (
        _lobe(time_s, 0.0, 0.5 * sharp_s, -0.15)
        + _lobe(time_s, 0.5 * sharp_s, sharp_s, 1.0)
        + _lobe(time_s, 1.5 * sharp_s, sharp_s, -0.4)
        + _lobe(time_s, 2.5 * sharp_s, 0.32, wave_share)
    )
    return result


def _lobe(time_s: Times, onset_s: float, duration_s: float, height: float) -> Times:
    result: Times = height * np.sin(np.pi * np.clip((time_s - onset_s) / duration_s, 0.0, 1.0))
    return result


def swelling(time_s: Times, duration_s: float, rise_s: float, fall_s: float) -> Times:
    """Give an envelope that rises from 0 to 1 and falls back within its duration."""
    rise = np.clip(time_s / rise_s, 0.0, 1.0)
    fall = np.clip((duration_s - time_s) / fall_s, 0.0, 1.0)
    result: Times = np.sin(0.5 * np.pi * np.minimum(rise, fall)) ** 2
    return result


def rhythm(time_s: Times, duration_s: float, start_hz: float, end_hz: float, sharpness: float = 0.0) -> Times:
    """Give a rhythm with peak 1 that changes its frequency evenly; ``sharpness``, 0 to 1, points its negative peaks."""
    swing = np.sin(2 * np.pi * cycles_of(time_s, duration_s, start_hz, end_hz))
    pointed = 2.0 * np.clip(-swing, 0.0, 1.0) ** 4 - 0.6
    result: Times = (1.0 - sharpness) * swing - sharpness * pointed
    return result
