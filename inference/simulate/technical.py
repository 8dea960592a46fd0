"""Muscle noise, heart, mains and amplifier: what the electrodes add to the events."""

import numpy as np
from numpy.typing import NDArray

from inference.simulate.course import Course, State
from inference.simulate.noise import Spectrum, blocks
from inference.simulate.patients import Technical
from inference.simulate.sheet import SCALP_MUSCLES, Page, Progress, Samples, Sheet
from inference.simulate.streams import Stream, generator

#: Surface EMG lies between 20 and 450 Hz, most of it at 50-150 Hz (Merletti and Parker 2004, Electromyography, ch. 4):
#: each patient's own band. A motor unit that has just been recruited fires 5-10 times a second, each potential some
#: 10 ms long (ibid.): below this amplitude they flicker one by one, above it they interfere.
FLICKER_SPECTRUM = Spectrum(3.0, 30.0, order=2)
INTERFERENCE_UV = 60.0
#: The same through scalp, where it begins to disturb the EEG.
SCALP_EMG_SPECTRUM = Spectrum(25.0, 120.0, order=2)
#: Drift of skin potentials, below the usual LFF of 0.5 Hz.
DRIFT_SPECTRUM = Spectrum(0.03, 0.25, 1.0, order=2)


def set_tone(sheet: Sheet, course: Course) -> None:
    """Let the resting tone of limbs and scalp follow sleep and waking."""
    time_s = np.arange(sheet.n_samples) / sheet.rate_hz
    muscle = sheet.patient.muscle
    shares = zip(State, (1.0, *muscle.asleep), strict=True)
    tone = sum((course.weights(state, time_s) * np.float32(share) for state, share in shares), np.float32(0))
    sheet.emg_envelope *= tone
    sheet.scalp_envelope += np.array(muscle.scalp_uv, dtype=np.float32)[:, None] * tone


def muscle_activity(sheet: Sheet, seed: int, on_progress: Progress) -> Samples:
    """Turn the envelopes into interference noise: add scalp muscle to the EEG, return the EMG as (n_emg, n)."""
    emg = np.zeros_like(sheet.emg_envelope)
    fields = np.stack([sheet.head.patch(site, width) for site, width in SCALP_MUSCLES.values()], axis=1)
    spectrum = Spectrum(*sheet.patient.muscle.band_hz, order=2)
    for block in blocks(sheet.n_samples, sheet.rate_hz):
        limbs, scalp_muscles, firing = (generator(seed, Stream.MUSCLE, block.index, part) for part in (0, 1, 2))
        span = slice(block.start, block.stop)
        envelope = sheet.emg_envelope[:, span]
        flicker = sheet.patient.muscle.sparseness * np.exp(-envelope / np.float32(INTERFERENCE_UV))
        # Less the square of its deviation, so that flickering changes no mean power.
        envelope = envelope * np.exp(flicker * block.noise(firing, FLICKER_SPECTRUM, len(emg)) - flicker**2)
        emg[:, span] += block.noise(limbs, spectrum, len(emg)) * envelope * block.fade
        scalp = block.noise(scalp_muscles, SCALP_EMG_SPECTRUM, len(SCALP_MUSCLES)) * sheet.scalp_envelope[:, span]
        sheet.eeg[:, span] += fields @ (scalp * block.fade)
        on_progress(block.stop / sheet.n_samples)
    return emg


def add_heart(sheet: Sheet, emg: Samples, seed: int) -> None:
    """Add the QRS complexes that some EMG electrodes pick up."""
    heart_uv = np.array(sheet.patient.muscle.heart_uv[: len(emg)], dtype=np.float32)
    if not heart_uv.any():
        return
    random = generator(seed, Stream.HEART)
    beat_s, at_s = 1.0 / sheet.patient.muscle.heart_rate_hz, 0.0
    while at_s < sheet.duration_s:
        samples, t = sheet.span(at_s, 0.12)
        qrs = np.exp(-0.5 * ((t - 0.05) / 0.008) ** 2) - 0.4 * np.exp(-0.5 * ((t - 0.072) / 0.012) ** 2)
        emg[:, samples] += heart_uv[:, None] * qrs.astype(np.float32)
        at_s += beat_s * float(random.normal(1.0, 0.03))


def record(sheet: Sheet, emg: Samples, seed: int, on_progress: Progress) -> Samples:
    """Give what the recorder stores, (n_eeg + n_emg, n): each channel's gain, drift, noise and mains."""
    return record_page(sheet, emg, sheet.patient.technical, seed, on_progress)


def record_page(page: Page, others: Samples, setup: Technical, seed: int, on_progress: Progress) -> Samples:
    """Give what the recorder stores, (n_eeg + n_others, n), of a page's EEG and other channels."""
    recorded = np.concatenate([page.eeg, others])
    recorded *= _column(setup.gain)
    n_channels = len(recorded)
    phases = generator(seed, Stream.TECHNICAL).uniform(0, 2 * np.pi, n_channels)
    line_uv = _column(setup.line_uv)
    in_phase, quadrature = line_uv * _column(np.cos(phases)), line_uv * _column(np.sin(phases))
    for block in blocks(page.n_samples, page.rate_hz):
        random = generator(seed, Stream.TECHNICAL, block.index)
        span = slice(block.start, block.stop)
        noise = block.noise(random, DRIFT_SPECTRUM, n_channels) * _column(setup.drift_uv) * block.fade
        # Sample by sample, so that a longer recording begins as a shorter one does.
        noise += random.standard_normal(noise.T.shape, dtype=np.float32).T * _column(setup.noise_uv)
        recorded[:, span] += noise
        on_progress(block.stop / page.n_samples)
    # The mains are one sine: computed once, given to each channel with its own phase.
    turn = 2 * np.pi * setup.line_hz * np.arange(page.n_samples) / page.rate_hz
    sine, cosine = np.sin(turn).astype(np.float32), np.cos(turn).astype(np.float32)
    for index in range(n_channels):
        recorded[index] += in_phase[index] * sine + quadrature[index] * cosine
    return recorded


def _column(values: tuple[float, ...] | NDArray[np.float64]) -> Samples:
    return np.asarray(values, dtype=np.float32)[:, None]
