"""What the scanner and the heart add to EEG recorded in it, estimated as an average and subtracted.

Average-artefact subtraction: Allen et al. 2000 (NeuroImage 12:230) for the gradients, Allen et al. 1998 (NeuroImage
8:229) for the pulse. Pure functions of a signal and its triggers, for display and analysis; a recording is never
changed by them. Sums are taken over the neighbours of an epoch without the epoch itself, so that its own EEG is not
subtracted with the artefact.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import ImagingError

#: Volumes (or slices) and heart beats whose average is the template of one.
GRADIENT_NEIGHBOURS: Final = 24
PULSE_NEIGHBOURS: Final = 20
#: The pulse reaches the head this long after the R peak (Allen et al. 1998).
PULSE_DELAY_S: Final = 0.21
_LEAST_NEIGHBOURS: Final = 4
#: Samples beyond each end of an epoch while it is moved by a fraction of a sample.
_GUARD: Final = 32
#: Starts closer than this to a sample lie on it, whatever rounding makes of them.
_SAME_SAMPLE: Final = 1e-6
#: A beat's template reaches this share of the usual distance between beats to each side.
_PULSE_REACH: Final = 0.75


def gradient_guard_s(step_s: float) -> float:
    """Give the seconds to read beyond each end of a span so that the templates in it do not depend on where it ends."""
    return (GRADIENT_NEIGHBOURS + 2) * step_s


def subtract_gradient(
    signals: NDArray[np.floating],
    rate_hz: float,
    onsets_s: Sequence[float] | NDArray[np.floating],
    n_neighbours: int = GRADIENT_NEIGHBOURS,
) -> NDArray[np.float32]:
    """Subtract from each volume the average of its neighbours.

    Amplifier and scanner need not share a clock: epochs are brought to the same phase by interpolation before they are
    averaged, which needs onsets better than a sample: those of a fitted :class:`TriggerTrain`, not of single triggers.
    Each epoch's mean is kept. Time outside the volumes stays as it is; an epoch with NaN stays as it is and is not
    averaged.

    Parameters
    ----------
    signals : (channels, samples) in any unit.
    onsets_s : starts of the volumes or slices, evenly spaced, in seconds from the first sample; those outside count
        not.

    Raises
    ------
    ImagingError
        There are fewer than six whole volumes.
    """
    onsets = np.sort(np.asarray(onsets_s, dtype=np.float64)) * rate_hz
    step = float(np.median(np.diff(onsets))) if len(onsets) > 1 else 0.0
    whole = onsets[(onsets >= 0) & (onsets + step <= signals.shape[-1])]
    if len(whole) < _LEAST_NEIGHBOURS + 2:
        raise ImagingError(f"The gradient artefact cannot be averaged over {len(whole)} volumes; it takes 6 or more.")
    ends = np.minimum(np.append(whole[1:], np.inf), whole + step)
    return _subtract(signals, whole, _next_sample(whole), _next_sample(ends), n_neighbours)


def subtract_pulse(
    signals: NDArray[np.floating],
    rate_hz: float,
    beats_s: Sequence[float] | NDArray[np.floating],
    n_neighbours: int = PULSE_NEIGHBOURS,
) -> NDArray[np.float32]:
    """Subtract from the time around each heart beat the average of its neighbours, after the gradients are gone.

    Parameters
    ----------
    signals : (channels, samples) in any unit.
    beats_s : R peaks in seconds from the first sample, as :func:`find_beats` gives them.

    Raises
    ------
    ImagingError
        There are fewer than six whole beats.
    """
    centres = (np.sort(np.asarray(beats_s, dtype=np.float64)) + PULSE_DELAY_S) * rate_hz
    usual = float(np.median(np.diff(centres))) if len(centres) > 1 else 0.0
    reach = _PULSE_REACH * usual
    whole = centres[(centres - reach >= 0) & (centres + reach <= signals.shape[-1])]
    if len(whole) < _LEAST_NEIGHBOURS + 2:
        raise ImagingError(f"The pulse artefact cannot be averaged over {len(whole)} beats; it takes 6 or more.")
    # Every sample belongs to the beat whose centre is nearest.
    middles = (whole[1:] + whole[:-1]) / 2
    firsts = np.maximum(np.concatenate([[-np.inf], middles]), whole - reach)
    stops = np.minimum(np.concatenate([middles, [np.inf]]), whole + reach)
    return _subtract(signals, whole - reach, _next_sample(firsts), _next_sample(stops), n_neighbours)


def find_beats(ecg: NDArray[np.floating], rate_hz: float) -> NDArray[np.float64]:
    """Find the R peaks of an ECG, in seconds from its first sample, with MNE's detector.

    Parameters
    ----------
    ecg : (samples,) in microvolts, without the gradient artefact; NaN counts as 0.
    """
    import mne

    info = mne.create_info(["ECG"], rate_hz, ["ecg"])
    raw = mne.io.RawArray(np.nan_to_num(np.asarray(ecg, dtype=np.float64))[None] * 1e-6, info, verbose="ERROR")
    events, _, _ = mne.preprocessing.find_ecg_events(raw, ch_name="ECG", verbose="ERROR")
    return np.asarray(events[:, 0] / rate_hz, dtype=np.float64)


def _subtract(
    signals: NDArray[np.floating],
    starts: NDArray[np.float64],
    firsts: NDArray[np.float64],
    stops: NDArray[np.float64],
    n_neighbours: int,
) -> NDArray[np.float32]:
    """Subtract from samples firsts to stops of each epoch its template, on a grid that begins at ``starts``."""
    n_samples = signals.shape[-1]
    length = int(np.ceil(np.max(stops - starts))) + 1
    wholes = np.floor(starts + _SAME_SAMPLE).astype(np.int64)
    fractions = starts - wholes
    # One guard is spent when an epoch is moved onto the common phase, one when the template is moved back.
    padded = np.pad(np.asarray(signals, dtype=np.float64), ((0, 0), (2 * _GUARD, 2 * _GUARD + length)), mode="edge")
    spans = [padded[:, at : at + length + 4 * _GUARD] for at in wholes]
    epochs = np.stack([_move(span, by) for span, by in zip(spans, fractions, strict=True)])
    epochs -= epochs[:, :, _GUARD:-_GUARD].mean(axis=-1, keepdims=True)
    usable = np.asarray(np.isfinite(epochs).all(axis=(1, 2)))
    cleaned = np.array(signals, dtype=np.float32)
    for index in np.flatnonzero(usable):
        neighbours = _neighbours(usable, int(index), n_neighbours)
        if len(neighbours) < _LEAST_NEIGHBOURS:
            continue
        template = _move(epochs[neighbours].mean(axis=0), -fractions[index])
        first, stop = max(0, int(firsts[index])), min(n_samples, int(stops[index]))
        cleaned[:, first:stop] -= template[:, first - wholes[index] : stop - wholes[index]].astype(np.float32)
    return cleaned


def _next_sample(places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.ceil(places - _SAME_SAMPLE))


def _neighbours(usable: NDArray[np.bool_], index: int, n_neighbours: int) -> NDArray[np.intp]:
    """Give the nearest usable epochs, as many before as after but at the ends, without the epoch itself."""
    others = np.flatnonzero(usable)
    place = int(np.searchsorted(others, index))
    first = min(max(0, place - n_neighbours // 2), max(0, len(others) - n_neighbours - 1))
    near = others[first : first + n_neighbours + 1]
    return np.asarray(near[near != index])


def _move(samples: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
    """Read signals (channels, samples) a fraction of a sample later, and cut off the guard at both ends."""
    if abs(fraction) < _SAME_SAMPLE:
        return samples[:, _GUARD:-_GUARD]
    from scipy import fft

    # The guards fade to the mean, so that the ends meet each other without a step.
    n_samples = samples.shape[-1]
    fade = np.ones(n_samples)
    fade[:_GUARD] = np.sin(np.linspace(0, np.pi / 2, _GUARD)) ** 2
    fade[-_GUARD:] = fade[:_GUARD][::-1]
    mean = samples.mean(axis=-1, keepdims=True)
    spectrum = fft.rfft((samples - mean) * fade, axis=-1) * np.exp(2j * np.pi * fraction * fft.rfftfreq(n_samples))
    return np.asarray(fft.irfft(spectrum, n_samples, axis=-1)[:, _GUARD:-_GUARD] + mean)
