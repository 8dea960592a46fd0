"""The ongoing EEG of sleep and waking: one power law and five rhythms, each as strong as the stage wants it.

What each stage looks like follows the AASM Manual for the Scoring of Sleep and Associated Events 2.6, sections IV and
V; how its amplitude is shared out over the rhythms is this project's choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference.recordings.electrodes import electrode_position
from inference.simulate.head import Dipole
from inference.simulate.noise import Spectrum, blocks
from inference.simulate.sheet import Page, Progress, Samples
from inference.simulate.sleep.course import SleepCourse
from inference.simulate.sleep.patients import CORTEX_DEPTH, SleepPatient
from inference.simulate.streams import Stream, generator

#: Waxing and waning takes some seconds.
_WAXING = Spectrum(0.02, 0.25)
#: Whether the eyes are open, and how far drowsiness has come, changes over half a minute.
_VIGILANCE = Spectrum(0.004, 0.05)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Independent sources that share a spectrum.

    ``mix`` is (n_eeg, n_sources); ``level`` the mean amplitude over channels in W, N1, N2, N3 and R, in microvolts;
    ``waxing`` the standard deviation of the slow modulation's logarithm.
    """

    spectrum: Spectrum
    mix: Samples
    level: tuple[float, ...]
    waxing: float = 0.3


def eyes_closed(patient: SleepPatient, seed: int, time_s: NDArray[np.float64], rate_hz: float) -> Samples:
    """Tell how far the eyes are closed at each moment of a recording that starts at 0, from 0 to 1 (asleep: 1)."""
    drift = np.zeros(time_s.size, dtype=np.float32)
    for block in blocks(time_s.size, rate_hz):
        random = generator(seed, Stream.EYES, 0, block.index)
        drift[block.start : block.stop] += block.noise(random, _VIGILANCE, 1)[0] * block.fade
    # The threshold leaves the patient's share of a normal distribution above it.
    threshold = -np.sqrt(2.0) * _inverse_error(2.0 * patient.body.eyes_closed - 1.0)
    closed: Samples = 1.0 / (1.0 + np.exp(-12.0 * (drift - np.float32(threshold))))
    return closed


def _inverse_error(share: float) -> float:
    from scipy.special import erfinv

    return float(erfinv(share))


def add_rhythms(
    page: Page, patient: SleepPatient, course: SleepCourse, closed: Samples, *, seed: int, on_progress: Progress
) -> NDArray[np.float32]:
    """Add the ongoing EEG, and give the power of alpha, relative to closed eyes: (n,) with 1 at full alpha."""
    rhythms = _rhythms(page, patient)
    alpha = np.zeros(page.n_samples, dtype=np.float32)
    for block in blocks(page.n_samples, page.rate_hz):
        span = slice(block.start, block.stop)
        weights = course.weights(block.time_s)
        total = np.zeros((len(page.eeg), span.stop - span.start), dtype=np.float32)
        for index, (name, rhythm) in enumerate(rhythms.items()):
            random = generator(seed, Stream.SLEEP_RHYTHM, index, block.index)
            level = np.array(rhythm.level, dtype=np.float32) @ weights
            waxing = np.exp(np.float32(rhythm.waxing) * block.noise(random, _WAXING, 1)[0] - rhythm.waxing**2)
            if name == "alpha":
                reach = np.float32(patient.rhythms.alpha_reach)
                # Awake, alpha comes and goes with the eyes; an arousal in sleep brings it back by itself.
                waxing *= 1.0 - weights[0] * (1.0 - closed[span]) * (1.0 - reach)
                alpha[span] += (waxing * level / max(rhythm.level)) ** 2 * block.fade**2
            total += block.noise(random, rhythm.spectrum, rhythm.mix.shape[1], rhythm.mix) * (waxing * level)
        page.eeg[:, span] += total * block.fade
        on_progress(block.stop / page.n_samples)
    return alpha


def _rhythms(page: Page, patient: SleepPatient) -> Mapping[str, Rhythm]:
    traits = patient.rhythms
    cortex = page.head.everywhere(CORTEX_DEPTH, traits.asymmetry)
    posterior = page.head.mixture([below(site, 0.08) for site in ("O1", "O2", "P3", "P4", "P7", "P8")])
    central = page.head.mixture([below(site) for site in ("C3", "C4", "Fz", "Cz")])
    frontal = page.head.mixture([below(site, 0.12) for site in ("F3", "F4", "Fz", "Cz", "C3", "C4")])
    youth = float(np.clip((18.0 - patient.age_years) / 15.0, 0.0, 1.0))
    rhythms = {
        "power law": Rhythm(Spectrum(0.5, 60.0, traits.exponent), cortex, (5.0, 5.0, 6.0, 7.0, 5.0), 0.15),
        # AASM: alpha over more than half of an epoch of W with closed eyes, replaced by 4-7 Hz in N1; slower by
        # 1-2 Hz and weak in R, which the theta of R stands for.
        "alpha": Rhythm(_band(traits.alpha_hz, 0.9), posterior, _times(traits.alpha_uv, 1.0, 0.22, 0.1, 0.0, 0.2), 0.4),
        "theta": Rhythm(Spectrum(4.0, 7.0, order=3), central, _times(traits.theta_uv, 0.7, 1.5, 1.3, 1.2, 1.3), 0.35),
        "beta": Rhythm(Spectrum(15.0, 25.0, order=2), central, _times(traits.beta_uv, 1.2, 1.0, 0.8, 0.5, 0.9), 0.4),
        # What lies below the amplitude of a scored slow wave; children have more of it at every stage.
        "delta": Rhythm(
            Spectrum(0.6, 2.5, order=3), frontal, _times(1.0 + 0.15 * youth, 2.0, 2.5, 4.0, 9.0, 2.5), 0.35
        ),
        "sigma": Rhythm(Spectrum(11.0, 15.0, order=3), central, (0.6, 0.8, 1.8, 1.2, 0.6), 0.5),
    }
    return {name: Rhythm(r.spectrum, r.mix, _times(traits.gain, *r.level), r.waxing) for name, r in rhythms.items()}


def _times(factor: float, *values: float) -> tuple[float, ...]:
    return tuple(factor * value for value in values)


def _band(centre_hz: float, half_width_hz: float) -> Spectrum:
    return Spectrum(centre_hz - half_width_hz, centre_hz + half_width_hz, order=8)


def below(site: str | ArrayLike, deeper: float = 0.0) -> Dipole:
    """Give a source that points outwards below an electrode, or below a place on the scalp."""
    place = electrode_position(site) if isinstance(site, str) else site
    return Dipole.radial(place, CORTEX_DEPTH + deeper)
