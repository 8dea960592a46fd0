"""The wavelet power of a stretch of a recording, as a network is shown it, for the eye."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.explain.subject import Subject
from inference.recordings.recording import Recording
from inference.runtime.package import ModelPackage

#: The wavelets of IESS-FusionNet: five cycles of a complex Morlet.
N_CYCLES: Final = 5.0
LOWEST_HZ: Final = 1.5
HIGHEST_HZ: Final = 100.0
N_FREQUENCIES: Final = 48
#: A fast burst shows, and a page is no wider than a screen.
FRAME_S: Final = 1 / 32
#: Beyond so many standard deviations a wavelet has died away.
_REACH_SD: Final = 3.0
#: Of the Nyquist frequency: above it the wavelet's own width would be cut.
_HIGHEST_SHARE: Final = 0.8
_POWER_FLOOR: Final = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Scalogram:
    """Wavelet power over time and frequency.

    Attributes
    ----------
    channels : as the network was shown them, EEG before EMG.
    time_s : (T,) centres of the frames, on the recording's clock.
    hz : (F,) frequencies, ascending and evenly spaced on a logarithmic scale.
    log_power : (channels, F, T) float32, natural logarithm of the power of signals in the network's units; NaN in gaps
        and outside the recording.
    """

    channels: tuple[str, ...]
    time_s: NDArray[np.float64]
    hz: NDArray[np.float64]
    log_power: NDArray[np.float32]


def scalogram(recording: Recording, package: ModelPackage, onset_s: float, duration_s: float) -> Scalogram:
    """Open a recording and give the scalogram of a stretch; `show_scalogram` asks one that is open already.

    Raises
    ------
    AnalysisError
        The network does not look at a montage, or sees no electrode of this recording.
    """
    return show_scalogram(Subject(recording, package), onset_s, duration_s)


def show_scalogram(subject: Subject, onset_s: float, duration_s: float) -> Scalogram:
    """Give the scalogram of a stretch, in whole frames from the first that begins within it."""
    rate_hz = subject.spec.rate_hz
    hz = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, _HIGHEST_SHARE * rate_hz / 2), N_FREQUENCIES)
    frame = round(FRAME_S * rate_hz)
    first, n_frames = -(-round(onset_s * rate_hz) // frame), max(1, round(duration_s * rate_hz) // frame)
    reach = -(-round(_REACH_SD * N_CYCLES / (2 * np.pi * LOWEST_HZ) * rate_hz) // frame)
    signals = subject.read((first - reach) * frame / rate_hz, (n_frames + 2 * reach) * frame / rate_hz)
    shown = np.concatenate([signals.eeg[subject.eeg_rows], signals.emg[subject.emg_rows]])
    inside = slice(reach * frame, (reach + n_frames) * frame)
    power = _wavelet_power(shown, hz, rate_hz)[..., inside]
    log_power = np.log(power.reshape(*power.shape[:2], n_frames, frame).mean(axis=-1) + _POWER_FLOOR)
    log_power[..., ~signals.valid[inside].reshape(n_frames, frame).all(axis=-1)] = np.nan
    time_s = (first + np.arange(n_frames, dtype=np.float64) + 0.5) * np.float64(frame / rate_hz)
    return Scalogram(subject.channels, time_s, hz, log_power.astype(np.float32))


def _wavelet_power(signals: NDArray[np.float32], hz: NDArray[np.float64], rate_hz: float) -> NDArray[np.float32]:
    """Give the power of unit-gain Morlet filters, (channels, frequencies, samples); beyond the ends all is 0."""
    from scipy import fft

    n_samples = signals.shape[-1]
    n_padded = fft.next_fast_len(n_samples + round(2 * rate_hz))
    spectrum = fft.fft(signals, n_padded, axis=-1)
    bins_hz = fft.fftfreq(n_padded, 1 / rate_hz)
    power = np.empty((len(signals), len(hz), n_samples), dtype=np.float32)
    for row, centre_hz in enumerate(hz):
        answer = 2 * np.exp(-0.5 * ((bins_hz - centre_hz) / (centre_hz / N_CYCLES)) ** 2)
        answer[bins_hz <= 0] = 0  # the analytic signal: neither negative frequencies nor a constant
        filtered = fft.ifft(spectrum * answer.astype(np.float32), axis=-1)[:, :n_samples]
        power[:, row] = filtered.real**2 + filtered.imag**2
    return power
