"""Who sleeps: everything about a simulated sleeper that stays the same from the first to the last sample."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from inference.imaging.parcels import NETWORKS
from inference.simulate.head import REFERENCES, TEN_TWENTY_ELECTRODES
from inference.simulate.patients import Technical
from inference.simulate.streams import Stream, generator

#: The 19 electrodes of the 10-20 system and both mastoids, which the AASM's derivations need.
SLEEP_ELECTRODES: Final = (*TEN_TWENTY_ELECTRODES, "M1", "M2")
#: The usual cap of 31 electrodes for the scanner, recorded against FCz; ds003768 was recorded with one of its kind.
SCANNER_ELECTRODES: Final = (
    *("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "F7", "F8", "T7", "T8", "P7", "P8"),
    *("Fz", "Cz", "Pz", "Oz", "FC1", "FC2", "CP1", "CP2", "FC5", "FC6", "CP5", "CP6", "TP9", "TP10", "POz"),
)
EOG_NAMES: Final = ("E1", "E2")
CHIN: Final = "Chin"
#: Sources lie deeper in this sphere than an infant's (0.28), because older skulls conduct worse; the value is this
#: project's choice.
CORTEX_DEPTH: Final = 0.34


class Setting(StrEnum):
    """Where the sleeper lies: a night in a sleep laboratory, or a nap in a scanner."""

    NIGHT = "night"
    SCANNER = "scanner"


@dataclass(frozen=True, slots=True)
class Rhythms:
    """The sleeper's EEG; amplitudes are root mean squares over the scalp, in microvolts, where not said otherwise.

    ``gain`` multiplies everything; ``alpha_reach`` is how much alpha is left when the eyes are open. ``spindle_uv``,
    ``slow_wave_uv`` and ``complex_uv`` (of K-complexes) are amplitudes from peak to peak, rates are per minute of N2.
    """

    gain: float
    exponent: float
    asymmetry: float
    alpha_hz: float
    alpha_uv: float
    alpha_reach: float
    theta_uv: float
    beta_uv: float
    spindle_hz: float
    slow_spindle_hz: float
    spindle_uv: float
    spindles_per_min: float
    slow_wave_uv: float
    slow_wave_site: tuple[float, float]
    complex_uv: float
    complexes_per_min: float
    vertex_uv: float


@dataclass(frozen=True, slots=True)
class Body:
    """Eyes, muscles and heart. ``eyes_closed`` is the share of quiet waking with the eyes closed."""

    blink_uv: float
    eye_movement_uv: float
    slow_eye_movement_uv: float
    eyes_closed: float
    chin_uv: float
    scalp_muscle_uv: float
    heart_rate_hz: float


@dataclass(frozen=True, slots=True)
class ScannerResidue:
    """What is left in the EEG of gradients and of the ballistocardiogram after the usual corrections, in microvolts."""

    gradient_uv: float
    slices_per_volume: int
    ballistocardiogram_uv: float
    ballistocardiogram_lag_s: float


@dataclass(frozen=True, slots=True)
class Haemodynamics:
    """How the sleeper's brain shows in BOLD.

    Attributes
    ----------
    amplitude : multiplies every drive.
    network_gain : of each of the seven networks, how strongly its regions share their drive.
    global_gain : how strongly all regions share one.
    state_gain : how strongly all of this depends on the stage; 0 would be a brain that sleeps as it wakes.
    eeg_gain : how strongly alpha, spindles and slow waves drive BOLD.
    transit_s : mean transit time of the balloon; 0.98 s on average.
    noise_percent, drift_percent : thermal noise and scanner drift of a region, in percent of the mean signal.
    motion_per_min : head movements a minute of waking.
    """

    amplitude: float
    network_gain: tuple[float, ...]
    global_gain: float
    state_gain: float
    eeg_gain: float
    transit_s: float
    noise_percent: float
    drift_percent: float
    motion_per_min: float


@dataclass(frozen=True, slots=True)
class SleepPatient:
    """A simulated sleeper, and the recorder and scanner around them."""

    seed: int
    setting: Setting
    age_years: float
    electrodes: tuple[str, ...]
    reference: str
    rhythms: Rhythms
    body: Body
    scanner: ScannerResidue | None
    haemodynamics: Haemodynamics
    technical: Technical

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Labels as a recorder writes them: EEG, EOG, chin EMG."""
        eeg = tuple(f"EEG {electrode}-Ref" for electrode in self.electrodes)
        return (*eeg, *(f"EOG {name}" for name in EOG_NAMES), f"EMG {CHIN}")


def draw_sleeper(seed: int, setting: Setting = Setting.NIGHT, *, age_years: float | None = None) -> SleepPatient:
    """Draw a sleeper; the same seed always gives the same one.

    Half of those who are recorded at night are children from 3 to 17 years, the others adults up to 75; in the scanner
    lie adults from 18 to 40. ``age_years`` takes the place of the age that the seed would draw.
    """
    random = generator(seed, Stream.SLEEP_PATIENT)
    is_child, child_age, adult_age, young_age = (
        random.random() < 0.5,
        float(random.uniform(3, 18)),
        float(random.uniform(18, 75)),
        float(random.uniform(18, 40)),
    )
    in_scanner = setting is Setting.SCANNER
    drawn_age = young_age if in_scanner else child_age if is_child else adult_age
    age = drawn_age if age_years is None else age_years
    references = sorted(REFERENCES)
    reference = "FCz" if in_scanner else str(random.choice(references))
    electrodes = SCANNER_ELECTRODES if in_scanner else SLEEP_ELECTRODES
    return SleepPatient(
        seed=seed,
        setting=setting,
        age_years=age,
        electrodes=electrodes,
        reference=reference,
        rhythms=_draw_rhythms(random, age),
        body=_draw_body(random),
        scanner=_draw_residue(random) if in_scanner else None,
        haemodynamics=_draw_haemodynamics(random),
        technical=_draw_technical(random, len(electrodes)),
    )


def _draw_rhythms(random: np.random.Generator, age: float) -> Rhythms:
    youth = float(np.clip((18.0 - age) / 15.0, 0.0, 1.0))
    old = float(np.clip((age - 30.0) / 45.0, 0.0, 1.0))
    # 8 Hz at 3 years, 9 at 7, 10 from about 12 on (Eeg-Olofsson 1971, Neuropadiatrie 2:405), slower again in old age.
    alpha_hz = float(np.interp(age, [3, 7, 12, 60, 80], [8.0, 9.0, 10.0, 9.8, 9.2]))
    # One in ten healthy adults shows hardly any alpha (Niedermeyer 1997, Int. J. Psychophysiol. 26:31).
    alpha_uv = 1.5 if random.random() < 0.1 else float(random.lognormal(np.log(9.0), 0.35))
    # Slow waves are largest before puberty, 200 µV and more, and shrink from middle age on (Campbell and Feinberg 2009,
    # PNAS 106:5177; Carrier et al. 2011, Eur. J. Neurosci. 33:758).
    slow_wave_uv = float(random.lognormal(np.log(135.0 + 110.0 * youth - 30.0 * old), 0.18))
    return Rhythms(
        gain=float(random.lognormal(0.0, 0.2) * (1.0 + 0.5 * youth)),
        exponent=float(random.uniform(1.2, 1.9)),
        asymmetry=float(random.normal(0.0, 0.1)),
        alpha_hz=alpha_hz + float(random.normal(0.0, 0.6)),
        alpha_uv=alpha_uv,
        alpha_reach=float(random.uniform(0.1, 0.5)),
        theta_uv=float(random.lognormal(np.log(4.0), 0.25)),
        beta_uv=float(random.lognormal(np.log(1.8), 0.4)),
        # Fast centroparietal and slow frontal spindles; both slower in young children (Purcell et al. 2017, Nat.
        # Commun. 8:15930).
        spindle_hz=float(random.normal(13.4 - 0.9 * youth, 0.5)),
        slow_spindle_hz=float(random.normal(11.6 - 0.4 * youth, 0.4)),
        spindle_uv=float(random.lognormal(np.log(34.0 * (1.0 - 0.3 * old)), 0.3)),
        spindles_per_min=float(random.uniform(2.0, 7.0) * (1.0 - 0.4 * old)),
        slow_wave_uv=max(98.0, slow_wave_uv),
        slow_wave_site=(float(random.normal(0.0, 0.1)), float(random.normal(0.45, 0.15))),
        complex_uv=float(random.lognormal(np.log(150.0 + 60.0 * youth), 0.2)),
        complexes_per_min=float(random.uniform(0.4, 2.0)),
        vertex_uv=float(random.lognormal(np.log(70.0 + 50.0 * youth), 0.25)),
    )


def _draw_body(random: np.random.Generator) -> Body:
    return Body(
        blink_uv=float(random.uniform(80, 220)),
        eye_movement_uv=float(random.uniform(60, 180)),
        slow_eye_movement_uv=float(random.uniform(40, 110)),
        eyes_closed=float(random.uniform(0.4, 0.95)),
        chin_uv=float(random.lognormal(np.log(14.0), 0.5)),
        scalp_muscle_uv=float(random.lognormal(np.log(2.5), 0.6)),
        heart_rate_hz=float(random.uniform(0.9, 1.3)),
    )


def _draw_residue(random: np.random.Generator) -> ScannerResidue:
    # Some microvolts of gradients and 10-20 µV of the heart remain after average artefact subtraction (Allen et al.
    # 2000, NeuroImage 12:230; Debener et al. 2008, Int. J. Psychophysiol. 67:189).
    return ScannerResidue(
        gradient_uv=float(random.lognormal(np.log(2.5), 0.7)),
        slices_per_volume=35,
        ballistocardiogram_uv=float(random.lognormal(np.log(18.0), 0.6)),
        ballistocardiogram_lag_s=float(random.normal(0.21, 0.02)),
    )


def _draw_haemodynamics(random: np.random.Generator) -> Haemodynamics:
    return Haemodynamics(
        amplitude=float(random.lognormal(0.0, 0.25)),
        network_gain=tuple(float(g) for g in random.lognormal(0.0, 0.2, len(NETWORKS))),
        global_gain=float(random.lognormal(0.0, 0.35)),
        state_gain=float(random.lognormal(-0.05, 0.3)),
        eeg_gain=float(random.lognormal(0.0, 0.4)),
        transit_s=float(0.98 * random.lognormal(0.0, 0.08)),
        noise_percent=float(random.lognormal(np.log(0.5), 0.3)),
        drift_percent=float(random.lognormal(np.log(0.5), 0.4)),
        motion_per_min=float(random.lognormal(np.log(0.25), 0.8)),
    )


def _draw_technical(random: np.random.Generator, n_eeg: int) -> Technical:
    n_channels = n_eeg + len(EOG_NAMES) + 1
    line_uv = random.lognormal(np.log(0.8), 0.8, n_channels)
    line_uv[random.integers(n_eeg)] *= random.uniform(1, 12)
    return Technical(
        line_hz=float(random.choice([50.0, 60.0])),
        line_uv=tuple(float(u) for u in line_uv),
        noise_uv=tuple(float(u) for u in random.uniform(0.4, 1.5, n_channels)),
        gain=tuple(float(g) for g in random.normal(1.0, 0.03, n_channels)),
        drift_uv=tuple(float(u) for u in random.lognormal(np.log(6.0), 0.5, n_channels)),
    )
