"""Signal quality by channel and second: what is no signal of the body, or hides it.

Nothing here judges physiology: a spasm's contraction is muscle on the EEG, and hypsarrhythmia is of high voltage. Where
no source is given, a threshold is this project's choice, tried on simulated defects and on the recordings of its tests.
"""

from enum import IntFlag
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray


class Fault(IntFlag):
    """What is wrong with a second of a channel; `ABSENT` is a second that was not recorded whole."""

    FLAT = 1
    CLIPPED = 2
    POP = 4
    LINE = 8
    MUSCLE = 16
    ABSENT = 128


#: Faults under which there is no signal of the brain: only these may keep a channel from a network. Mains hum is
#: filtered out, and muscle is what spasms are known by.
DISABLING: Final = Fault.FLAT | Fault.CLIPPED | Fault.POP
FAULT_NAMES: Final = {
    Fault.FLAT: "flat",
    Fault.CLIPPED: "clipped",
    Fault.POP: "electrode pop",
    Fault.LINE: "mains hum",
    Fault.MUSCLE: "muscle",
}

#: An EEG amplifier's own noise may reach 1.5 uV peak to peak (IFCN standard, Nuwer et al. 1998): less than a third of
#: it is no electrode on a scalp. A muscle at rest may be as quiet; of EMG only what does not move at all is flat.
FLAT_EEG_UV: Final = 0.5
FLAT_EMG_UV: Final = 1e-3
#: An amplifier at its limit stays at exactly the same value; the crest of a slow wave, rounded to the file's steps,
#: does so for some 30 ms at the most.
CLIPPED_S: Final = 0.05
CLIPPED_FROM_UV: Final = 200.0
#: A pop leaps within 10 ms, by far more than the channel otherwise moves, stays away for longer than a spike lasts
#: (70 ms), and is seen at one electrode: in two channels of a bipolar chain.
POP_UV: Final = 150.0
POP_TIMES_USUAL: Final = 8.0
POP_LEAP_S: Final = 0.01
POP_LASTS_S: Final = 0.15
POP_MOST_CHANNELS: Final = 2
#: Two millimetres at 10 uV/mm, and as much above its neighbourhood as a line must be to be taken for mains.
LINE_UV: Final = 20.0
LINE_RATIO: Final = 10.0
LINES_HZ: Final = (50.0, 60.0)
#: What a scalp shows above 30 Hz is mostly muscle (Whitham et al. 2007, paralysed volunteers); brain alone stays below
#: a few microvolts there.
MUSCLE_UV: Final = 10.0
MUSCLE_HZ: Final = (30.0, 100.0)

_MAD_TO_SD = 1.4826


def find_faults(
    signals: NDArray[np.float32], rate_hz: float, is_eeg: NDArray[np.bool_], *, spectral: bool = True
) -> NDArray[np.uint8]:
    """Judge every second of some channels.

    Parameters
    ----------
    signals : (channels, samples) in microvolts as recorded, NaN where nothing was.
    rate_hz : their rate.
    is_eeg : (channels,) False for EMG, in which muscle and quiet are no faults.
    spectral : whether to look for mains hum and muscle, which take most of the time.

    Returns
    -------
    (channels, seconds) of `Fault` flags; a last second that is not whole is left out.
    """
    n_seconds = int(signals.shape[1] / rate_hz + 1e-9)
    n_samples = int(rate_hz)
    starts = np.round(np.arange(n_seconds) * rate_hz).astype(int)
    seconds = signals[:, starts[:, None] + np.arange(n_samples)] if rate_hz % 1 else signals[:, : n_seconds * n_samples]
    seconds = seconds.reshape(len(signals), n_seconds, n_samples)
    high, low = seconds.max(axis=2, initial=-np.inf), seconds.min(axis=2, initial=np.inf)
    is_absent = ~np.isfinite(high) | ~np.isfinite(low)
    # Seconds with gaps are judged no further; zeros keep them from spoiling anything else.
    whole = np.where(is_absent[:, :, None], np.float32(0), seconds) if is_absent.any() else seconds
    faults = np.where(high - low < np.where(is_eeg, FLAT_EEG_UV, FLAT_EMG_UV)[:, None], Fault.FLAT, 0)
    faults |= np.where(_is_clipped(whole, high, low, rate_hz), Fault.CLIPPED, 0)
    faults |= np.where(_has_pop(signals, starts, rate_hz, is_eeg), Fault.POP, 0)
    if spectral:
        faults |= _find_spectral(whole, rate_hz, is_eeg)
    return np.where(is_absent, Fault.ABSENT, faults).astype(np.uint8)


def name_faults(faults: int) -> str:
    """Name the faults of a set of flags."""
    return ", ".join(name for fault, name in FAULT_NAMES.items() if faults & fault)


def _is_clipped(
    seconds: NDArray[np.float32], high: NDArray[np.float32], low: NDArray[np.float32], rate_hz: float
) -> NDArray[np.bool_]:
    is_clipped = np.zeros(high.shape, dtype=bool)
    # Few seconds swing so far; the others need no second look.
    rows = np.nonzero(high - low >= CLIPPED_FROM_UV)
    chosen = seconds[rows]
    middle = chosen.mean(axis=1)
    for extreme in (high[rows], low[rows]):
        n_at = np.count_nonzero(chosen == extreme[:, None], axis=1)
        is_clipped[rows] |= (n_at >= CLIPPED_S * rate_hz) & (np.abs(extreme - middle) >= CLIPPED_FROM_UV)
    return is_clipped


def _has_pop(
    signals: NDArray[np.float32], starts: NDArray[np.intp], rate_hz: float, is_eeg: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find seconds in which one electrode leaps and stays away."""
    has_pop = np.zeros((len(signals), len(starts)), dtype=bool)
    leap, stay = max(1, round(POP_LEAP_S * rate_hz)), max(1, round(POP_LASTS_S * rate_hz))
    eeg = np.flatnonzero(is_eeg)
    if not len(eeg) or signals.shape[1] <= 2 * (leap + stay) or not len(starts):
        return has_pop
    # Looked at so often that every leap lies within one look.
    stride = max(1, leap // 2)
    earlier, later = signals[:, :-leap:stride], signals[:, leap::stride]
    steps = np.abs(np.nan_to_num(later[eeg] - earlier[eeg]))
    limits = np.maximum(POP_UV, POP_TIMES_USUAL * _MAD_TO_SD * np.median(steps, axis=1))
    edges = np.append(starts, starts[-1] + int(rate_hz)) // stride
    for row, place in zip(*np.nonzero(steps >= limits[:, None]), strict=True):
        second = int(np.searchsorted(edges, place, side="right")) - 1
        if second < len(starts) and not has_pop[eeg[row], second]:
            near = steps[:, max(0, place - 2) : place + 3]
            is_alone = (near.max(axis=1) >= 0.5 * steps[row, place]).sum() <= POP_MOST_CHANNELS
            has_pop[eeg[row], second] = is_alone and _stays_away(
                signals[eeg[row]], place * stride, leap, stay, 0.3 * float(steps[row, place])
            )
    return has_pop


def _stays_away(signal: NDArray[np.float32], at: int, leap: int, stay: int, least_uv: float) -> bool:
    """Tell whether a channel stays as far as that from where it was for as long as a pop lasts."""
    before, after = signal[max(0, at - stay) : at + 1], signal[at + leap : at + leap + stay]
    return bool(after.size and np.abs(after - np.median(before)).min() >= least_uv)


def _find_spectral(seconds: NDArray[np.float32], rate_hz: float, is_eeg: NDArray[np.bool_]) -> NDArray[np.int64]:
    n_samples = seconds.shape[2]
    faults = np.zeros(seconds.shape[:2], dtype=np.int64)
    if rate_hz < 2.0 * LINES_HZ[0]:
        return faults
    # A second difference over some 8 ms passes what is sought more than doubled and slow waves hardly at all: most
    # seconds show so little of it that neither hum nor muscle can be in them.
    lag = max(1, round(0.008 * rate_hz))
    stride = max(1, lag // 2)
    bent = seconds[..., : -2 * lag : stride] - 2 * seconds[..., lag:-lag:stride] + seconds[..., 2 * lag :: stride]
    rows = np.nonzero(np.einsum("cst,cst->cs", bent, bent) >= MUSCLE_UV**2 * bent.shape[2])
    chosen = seconds[rows]
    window = np.hanning(n_samples).astype(np.float32)
    spectrum = scipy.fft.rfft((chosen - chosen.mean(axis=1, keepdims=True)) * window, axis=1)
    # Mean square of what a bin stands for, so that a sum over bins is the square of their root mean square.
    power = (spectrum.real**2 + spectrum.imag**2) * np.float32(2.0 / (n_samples * np.square(window).sum()))
    hz = np.fft.rfftfreq(n_samples, 1.0 / rate_hz)
    found = np.zeros(len(chosen), dtype=np.int64)
    in_line = np.zeros(len(hz), dtype=bool)
    for line_hz in LINES_HZ:
        distance_hz = np.abs(hz - line_hz)
        in_line |= distance_hz <= 1.5
        if rate_hz / 2 >= line_hz + 6.0:
            line, beside = distance_hz <= 1.0, (distance_hz >= 3.0) & (distance_hz <= 6.0)
            is_strong = 2.0 * np.sqrt(2.0 * power[:, line].sum(axis=1)) >= LINE_UV
            stands_out = power[:, line].mean(axis=1) >= LINE_RATIO * power[:, beside].mean(axis=1)
            found |= np.where(is_strong & stands_out, Fault.LINE, 0)
    band = (hz >= MUSCLE_HZ[0]) & (hz <= MUSCLE_HZ[1]) & ~in_line
    is_muscle = (np.sqrt(power[:, band].sum(axis=1)) >= MUSCLE_UV) & is_eeg[rows[0]]
    faults[rows] = found | np.where(is_muscle, Fault.MUSCLE, 0)
    return faults
