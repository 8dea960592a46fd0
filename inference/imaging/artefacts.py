"""What the scanner and the heart add to EEG recorded in it, estimated as an average and subtracted.

Average-artefact subtraction: Allen et al. 2000 (NeuroImage 12:230) for the gradients, Allen et al. 1998 (NeuroImage
8:229) for the pulse. Pure functions of a signal and its triggers; a recording is never changed by them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import ImagingError
from inference.imaging.average_subtraction import LEAST_NEIGHBOURS, AverageSubtraction, Epochs, next_sample

#: Volumes (or slices) and heart beats whose average is the template of one.
GRADIENT_NEIGHBOURS: Final = 24
PULSE_NEIGHBOURS: Final = 20
#: The pulse reaches the head this long after the R peak (Allen et al. 1998).
PULSE_DELAY_S: Final = 0.21
#: A beat's template reaches this share of the usual distance between beats to each side.
_PULSE_REACH: Final = 0.75


def subtract_gradient(
    signals: NDArray[np.floating], rate_hz: float, onsets_s: Sequence[float] | NDArray[np.floating]
) -> NDArray[np.float32]:
    """Subtract from each volume the average of its neighbours.

    Amplifier and scanner need not share a clock, which needs onsets better than a sample: those of a fitted
    :class:`TriggerTrain`, not of single triggers. See `AverageSubtraction` for what is left as it is.

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
    return _subtract(signals, gradient_epochs(onsets_s, rate_hz, signals.shape[-1]), GRADIENT_NEIGHBOURS)


def subtract_pulse(
    signals: NDArray[np.floating], rate_hz: float, beats_s: Sequence[float] | NDArray[np.floating]
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
    return _subtract(signals, pulse_epochs(beats_s, rate_hz, signals.shape[-1]), PULSE_NEIGHBOURS)


def gradient_epochs(onsets_s: Sequence[float] | NDArray[np.floating], rate_hz: float, n_samples: int) -> Epochs:
    """Give the volumes that lie whole in a signal; parameters and errors as `subtract_gradient`."""
    onsets = np.sort(np.asarray(onsets_s, dtype=np.float64)) * rate_hz
    step = float(np.median(np.diff(onsets))) if len(onsets) > 1 else 0.0
    whole = onsets[(onsets >= 0) & (onsets + step <= n_samples)]
    if len(whole) < LEAST_NEIGHBOURS + 2:
        raise ImagingError(f"The gradient artefact cannot be averaged over {len(whole)} volumes; it takes 6 or more.")
    ends = np.minimum(np.append(whole[1:], np.inf), whole + step)
    return Epochs(whole, next_sample(whole), next_sample(ends))


def pulse_epochs(beats_s: Sequence[float] | NDArray[np.floating], rate_hz: float, n_samples: int) -> Epochs:
    """Give the beats that lie whole in a signal; parameters and errors as `subtract_pulse`."""
    centres = (np.sort(np.asarray(beats_s, dtype=np.float64)) + PULSE_DELAY_S) * rate_hz
    usual = float(np.median(np.diff(centres))) if len(centres) > 1 else 0.0
    reach = _PULSE_REACH * usual
    whole = centres[(centres - reach >= 0) & (centres + reach <= n_samples)]
    if len(whole) < LEAST_NEIGHBOURS + 2:
        raise ImagingError(f"The pulse artefact cannot be averaged over {len(whole)} beats; it takes 6 or more.")
    # Every sample belongs to the beat whose centre is nearest.
    middles = (whole[1:] + whole[:-1]) / 2
    firsts = np.maximum(np.append(-np.inf, middles), whole - reach)
    stops = np.minimum(np.append(middles, np.inf), whole + reach)
    return Epochs(whole - reach, next_sample(firsts), next_sample(stops))


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


def _subtract(signals: NDArray[np.floating], epochs: Epochs, n_neighbours: int) -> NDArray[np.float32]:
    def source(rows: Sequence[int], first: int, stop: int) -> NDArray[np.floating]:
        return signals[list(rows), first:stop]

    n_channels, n_samples = signals.shape
    return AverageSubtraction(source, n_samples, epochs, n_neighbours).read(range(n_channels), 0, n_samples)
