"""Who a simulated infant is: everything that stays the same from the first to the last sample of a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.simulate.head import REFERENCES, TEN_TWENTY_ELECTRODES, Dipole
from inference.simulate.slow_waves import Topography, draw_phases, draw_sources
from inference.simulate.streams import Stream, generator

ChannelSet = Literal["full", "drawn"]
#: Muscles that are recorded, in channel order; the paper records 25 EEG and 4 EMG electrodes.
EMG_SITES = ("Delt L", "Delt R", "Quad L", "Quad R")
#: A cortical source lies this deep (in radii) in the homogeneous sphere that stands for an infant's head: deeper than
#: the cortex because of the skull (Berg and Scherg 1994), less deep than in adults, whose skull conducts worse. The
#: value is this project's choice.
CORTEX_DEPTH = 0.28
#: Electrodes near which fast bursts and interictal foci lie; parietal ones three times as often (PMC5429878).
_FOCUS_SITES: Mapping[str, float] = {
    **{"P3": 3, "P4": 3, "P7": 3, "P8": 3, "Pz": 2, "C3": 1, "C4": 1, "O1": 1, "O2": 1},
    **{"T7": 1, "T8": 1, "F3": 1, "F4": 1, "F7": 0.5, "F8": 0.5, "Fz": 0.5},
}
#: Shares of an infant's spasms of which the EMG shows the contraction: nearly all, most, few. Ranges and how many
#: infants have each are this project's choice.
_EMG_SEEN = ((0.85, 1.0), (0.4, 0.85), (0.0, 0.4))


@dataclass(frozen=True, slots=True)
class RegionalRhythm:
    """A peaked rhythm of one region; ``uv`` is its amplitude over all channels, ``in_state`` awake, in NREM, in REM."""

    site: str
    rate_hz: float
    width_hz: float
    uv: float
    in_state: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Background:
    """What the EEG looks like between events.

    ``gain`` multiplies every rhythm; ``exponent`` is that of the 1 / f power law; rates are in hertz. ``depth`` is
    that of the cortical sources, ``wide_share`` the share of the power that comes from sources seen all over the head.
    ``delta_grouping`` is the standard deviation of the logarithm by which NREM delta swells and ebbs.
    """

    gain: float
    exponent: float
    posterior_hz: float
    spindle_hz: float
    asymmetry: float
    depth: float = CORTEX_DEPTH
    wide_share: float = 0.0
    delta_gain: float = 1.0
    delta_hz: tuple[float, float] = (0.6, 3.0)
    delta_grouping: float = 0.0
    theta_gain: float = 1.0
    beta_gain: float = 1.0
    regional: tuple[RegionalRhythm, ...] = ()


@dataclass(frozen=True, slots=True)
class Hypsarrhythmia:
    """Chaotic slow waves and multifocal spikes; ``degree`` 0 is none, 1 is the full classic picture.

    ``slow_uv`` is the root mean square of the slow waves at full degree, ``slow_hz`` their band; ``spikes_per_s``
    counts all foci together.
    """

    degree: float
    slow_uv: float
    slow_hz: tuple[float, float]
    slow_sources: tuple[Dipole, ...]
    foci: tuple[Dipole, ...]
    focus_weights: tuple[float, ...]
    spikes_per_s: float
    spike_uv: float
    grouping: float


@dataclass(frozen=True, slots=True)
class SpasmMorphology:
    """What this infant's spasms look like at full intensity: stereotyped within a patient, different between patients.

    Probabilities say how often a component appears; ``emg_lag_s`` is the mean of contraction onset less slow-wave
    onset. The slow wave has one phase, two or three: ``slow_wave_prelude`` and ``slow_wave_undershoot`` are the peaks
    of what goes before and after it the other way; ``slow_wave_warp`` is below 1 where it rises fast and falls slowly.
    ``emg_shape`` bends the diamond: below 1 it is fuller.
    """

    topography: Topography
    slow_wave: tuple[Dipole, ...]
    slow_wave_uv: float
    slow_wave_s: float
    slow_wave_prelude: float
    slow_wave_undershoot: float
    slow_wave_warp: float
    notched: bool
    fast_probability: float
    fast_hz: tuple[float, float]
    fast_uv: float
    fast_s: float
    fast_focus: Dipole
    fast_neighbour: Dipole
    fast_neighbour_lag_s: float
    fast_contralateral_lag_s: float
    decrement_probability: float
    decrement_s: float
    decrement_depth: float
    decrement_fast_uv: float
    emg_probability: float
    emg_uv: tuple[float, ...]
    emg_median_s: float
    emg_long_probability: float
    emg_rise: float
    emg_shape: float
    emg_lag_s: float
    emg_lag_sd_s: float
    neck_uv: float
    motion_uv: float


@dataclass(frozen=True, slots=True)
class MuscleSetup:
    """Resting muscle activity and what else the EMG electrodes pick up.

    ``tone_uv`` and ``scalp_uv`` are the resting tone of the limbs and of the muscles under the scalp electrodes when
    awake, ``asleep`` the share of it that is left in NREM and in REM. EMG lies between the frequencies ``band_hz``;
    ``sparseness`` is the standard deviation of the logarithm by which it flickers at a weak contraction, when few motor
    units fire, each now and then.
    """

    tone_uv: tuple[float, ...]
    scalp_uv: tuple[float, ...]
    asleep: tuple[float, float]
    band_hz: tuple[float, float]
    sparseness: float
    movement_uv: tuple[float, ...]
    heart_uv: tuple[float, ...]
    heart_rate_hz: float


@dataclass(frozen=True, slots=True)
class Technical:
    """Electrodes and amplifier; one value for each channel, EEG before EMG."""

    line_hz: float
    line_uv: tuple[float, ...]
    noise_uv: tuple[float, ...]
    gain: tuple[float, ...]
    drift_uv: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class InfantPatient:
    """A simulated infant with epileptic spasms and the recorder that it is connected to.

    ``electrodes`` are canonical 10-20 names; ``reference`` is a key of :data:`inference.simulate.head.REFERENCES`.
    """

    seed: int
    age_months: float
    electrodes: tuple[str, ...]
    emg_sites: tuple[str, ...]
    reference: str
    background: Background
    hypsarrhythmia: Hypsarrhythmia
    spasm: SpasmMorphology
    muscle: MuscleSetup
    technical: Technical

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Labels as a recorder writes them, EEG before EMG."""
        eeg = tuple(f"EEG {electrode}-Ref" for electrode in self.electrodes)
        return eeg + tuple(f"EMG {site}" for site in self.emg_sites)


def draw_patient(seed: int, *, channel_set: ChannelSet = "full") -> InfantPatient:
    """Draw an infant; the same seed always gives the same one.

    ``channel_set`` ``"full"`` is 25 EEG and 4 EMG channels for everybody; with ``"drawn"`` a third have the 19
    electrodes of the 10-20 system, and a fifth EMG from the deltoids alone.
    """
    random = generator(seed, Stream.PATIENT)
    small_cap, few_muscles = random.random() < 1 / 3, random.random() < 1 / 5
    full = channel_set == "full"
    electrodes = TEN_TWENTY_ELECTRODES if small_cap and not full else IFCN_ELECTRODES
    emg_sites = EMG_SITES[:2] if few_muscles and not full else EMG_SITES
    n_channels = len(electrodes) + len(emg_sites)
    # Spasms begin mostly between 3 and 12 months (Zuberi et al. 2022, Epilepsia 63:1349).
    age_months = float(random.uniform(3, 12))
    hypsarrhythmia = _draw_hypsarrhythmia(random)
    muscle_gain = _muscle_gains(random)
    return InfantPatient(
        seed=seed,
        age_months=age_months,
        electrodes=electrodes,
        emg_sites=emg_sites,
        reference=str(random.choice(list(REFERENCES))),
        background=_draw_background(random, age_months),
        hypsarrhythmia=hypsarrhythmia,
        spasm=_draw_spasm(random, hypsarrhythmia, muscle_gain),
        muscle=_draw_muscle(random, muscle_gain),
        technical=_draw_technical(random, n_channels, len(electrodes)),
    )


def _near(random: np.random.Generator, electrode: str, spread: float = 0.15) -> NDArray[np.float64]:
    place: NDArray[np.float64] = np.asarray(electrode_position(electrode)) + random.normal(0.0, spread, 3)
    return place


def _focus(random: np.random.Generator) -> Dipole:
    weights = np.array(list(_FOCUS_SITES.values()))
    electrode = str(random.choice(list(_FOCUS_SITES), p=weights / weights.sum()))
    return Dipole.radial(_near(random, electrode), CORTEX_DEPTH)


def _draw_background(random: np.random.Generator, age_months: float) -> Background:
    # Ranges without a source are this project's choice: as wide as a hospital's infants and amplifiers may differ.
    return Background(
        gain=float(random.lognormal(0.0, 0.3)),
        exponent=float(random.uniform(0.8, 2.4)),
        depth=float(random.uniform(0.18, 0.42)),
        wide_share=float(random.uniform(0.0, 0.6)),
        delta_gain=float(random.lognormal(0.0, 0.35)),
        delta_hz=(float(random.uniform(0.4, 0.9)), float(random.uniform(1.6, 3.5))),
        delta_grouping=float(random.choice([0.0, 1.0]) * random.uniform(0.2, 0.7)),
        theta_gain=float(random.lognormal(0.0, 0.4)),
        beta_gain=float(random.lognormal(0.0, 0.5)),
        # 4 Hz at 3 months to 6-7 Hz at 12 (Stroganova et al. 1999, Clin Neurophysiol 110:997, for the latter).
        posterior_hz=float(4.0 + 2.5 * (age_months - 3.0) / 9.0 + random.normal(0.0, 0.3)),
        # 13.0 Hz at 4-5 months (FACTS).
        spindle_hz=float(random.normal(13.0, 0.5)),
        asymmetry=float(random.normal(0.0, 0.2)),
        regional=tuple(_draw_regional(random) for _ in range(int(random.integers(0, 5)))),
    )


def _draw_regional(random: np.random.Generator) -> RegionalRhythm:
    return RegionalRhythm(
        site=str(random.choice(IFCN_ELECTRODES)),
        rate_hz=float(np.exp(random.uniform(np.log(2.0), np.log(22.0)))),
        width_hz=float(random.uniform(0.3, 1.5)),
        uv=float(random.uniform(1.0, 7.0)),
        in_state=tuple(float(share) for share in random.uniform(0.0, 1.0, 3)),  # type: ignore[arg-type]
    )


def _draw_hypsarrhythmia(random: np.random.Generator) -> Hypsarrhythmia:
    # Hypsarrhythmia is not always there: absent in a quarter, else of any degree; the share is this project's choice.
    degree = 0.0 if random.random() < 0.25 else float(random.uniform(0.25, 1.0))
    n_foci = int(random.integers(4, 9))
    weights = random.dirichlet(np.full(n_foci, 2.0))
    # Slow waves come from all over the convexity, independently: that is what makes them chaotic.
    sites = random.permutation(IFCN_ELECTRODES)[: int(random.integers(8, 21))]
    deeper = float(random.uniform(0.0, 0.16))
    return Hypsarrhythmia(
        degree=degree,
        # Waxing to five times this from peak to peak: 200-400 microvolts and more, not always (FACTS).
        slow_uv=float(random.uniform(40, 90)),
        slow_hz=(float(random.uniform(0.5, 1.0)), float(random.uniform(2.0, 3.5))),
        slow_sources=tuple(Dipole.radial(_near(random, site, 0.2), CORTEX_DEPTH + deeper) for site in sites),
        foci=tuple(_focus(random) for _ in range(n_foci)),
        focus_weights=tuple(float(weight) for weight in weights),
        spikes_per_s=float(random.uniform(0.5, 2.5)),
        spike_uv=float(random.uniform(80, 220)),
        grouping=float(random.uniform(0.1, 0.9)),
    )


def _draw_spasm(
    random: np.random.Generator, hypsarrhythmia: Hypsarrhythmia, muscle_gain: tuple[float, ...]
) -> SpasmMorphology:
    # Posterior negative and frontal positive in 11 of 14 infants, asymmetric in 4 of 14 (PMC5429878).
    focus = _focus(random)
    topography, sources = draw_sources(random, random.random(), focus, asymmetric=random.random() < 4 / 14)
    towards = np.asarray(focus.position) + random.normal(0.0, 0.25, 3)
    emg_uv = float(np.clip(random.lognormal(np.log(80), 0.6), 30, 400))
    prelude, undershoot = draw_phases(random)
    return SpasmMorphology(
        topography=topography,
        slow_wave=sources,
        slow_wave_uv=float(random.uniform(100, 320) + hypsarrhythmia.degree * random.uniform(80, 260)),
        slow_wave_s=float(np.clip(random.lognormal(np.log(1.1), 0.4), 0.5, 2.5)),
        slow_wave_prelude=prelude,
        slow_wave_undershoot=undershoot,
        slow_wave_warp=float(np.exp(random.uniform(-0.35, 0.3))),
        notched=bool(random.random() < 0.3),
        # At least 11 ictal patterns exist (FACTS): which components appear differs between patients and spasms.
        fast_probability=float(random.choice([0.0, 0.5, 0.9], p=[0.3, 0.3, 0.4])),
        fast_hz=(15.0, 30.0) if random.random() < 0.6 else (35.0, 90.0),
        fast_uv=float(random.uniform(12, 40)),
        fast_s=float(random.uniform(0.3, 1.0)),
        fast_focus=focus,
        fast_neighbour=Dipole.radial(towards, CORTEX_DEPTH),
        # To neighbours in 65-170 ms, to the other side in 100-170 ms (PMC5429878).
        fast_neighbour_lag_s=float(random.uniform(0.065, 0.170)),
        fast_contralateral_lag_s=float(random.uniform(0.100, 0.170)),
        # A decrement and a contraction that is seen are the rule in some infants and the exception in others.
        decrement_probability=float(random.choice([0.0, 0.15, 0.55, 0.92], p=[0.2, 0.2, 0.25, 0.35])),
        # One to several seconds (FACTS).
        decrement_s=float(random.uniform(1.0, 4.0)),
        decrement_depth=float(random.uniform(0.5, 0.9)),
        decrement_fast_uv=float(random.choice([0.0, 1.0]) * random.uniform(4, 12)),
        emg_probability=float(random.uniform(*_EMG_SEEN[random.choice(len(_EMG_SEEN), p=[0.7, 0.2, 0.1])])),
        emg_uv=tuple(emg_uv * gain for gain in muscle_gain),
        emg_median_s=float(random.uniform(0.7, 1.6)),
        # One in seven contractions is longer than 3 s (14.3 %, FACTS): Beta(1, 6) has that mean.
        emg_long_probability=float(random.beta(1, 6)),
        emg_rise=float(random.uniform(0.25, 0.6)),
        emg_shape=float(random.uniform(0.5, 1.5)),
        # No constant lag (FACTS): drawn around a patient's own mean.
        emg_lag_s=float(random.uniform(-0.15, 0.55)),
        emg_lag_sd_s=float(random.uniform(0.04, 0.15)),
        neck_uv=float(random.choice([0.0, 1.0]) * random.uniform(3, 15)),
        motion_uv=float(random.choice([0.0, 1.0]) * random.uniform(20, 80)),
    )


def _muscle_gains(random: np.random.Generator) -> tuple[float, ...]:
    """Draw how well each of the four muscles is recorded: arms against legs, left against right, its electrode.

    Muscles differ severalfold, and one in ten takes no part or its electrode lies off the muscle; never all four.
    """
    legs, side = float(random.lognormal(-0.3, 0.6)), float(random.normal(0.0, 0.3))
    left_right = (np.exp(side), np.exp(-side))
    own = random.lognormal(0.0, 0.35, 4)
    absent = random.random(4) < 0.1
    absent[int(random.integers(4))] = False
    own = np.where(absent, 0.03, own)
    gains = [float(own[i] * left_right[i % 2] * (legs if i > 1 else 1.0)) for i in range(4)]
    best = max(gains)
    return tuple(gain / best for gain in gains)


def _draw_muscle(random: np.random.Generator, muscle_gain: tuple[float, ...]) -> MuscleSetup:
    movement_uv = float(random.lognormal(np.log(70), 0.4))
    heart = np.where(random.random(4) < 0.4, random.uniform(5, 40, 4), 0.0)
    # At rest a surface EMG shows some microvolts or nothing but the amplifier (Merletti and Parker 2004, ch. 4); in
    # sleep tone falls, and is lowest in REM (AASM). In every second infant it is gone as soon as she sleeps.
    tone_uv, asleep = float(random.lognormal(np.log(2.0), 0.6)), float(random.choice([0.0, 1.0]) * random.random())
    return MuscleSetup(
        tone_uv=tuple(float(u) for u in tone_uv * random.lognormal(0.0, 0.3, 4)),
        scalp_uv=tuple(float(u) for u in random.lognormal(np.log(1.2), 0.7, 4)),
        asleep=(asleep, asleep * float(random.random())),
        band_hz=(float(random.uniform(15, 45)), float(random.uniform(80, 220))),
        sparseness=float(random.uniform(0.0, 1.0)),
        movement_uv=tuple(movement_uv * gain for gain in muscle_gain),
        heart_uv=tuple(float(u) for u in heart),
        # 120-150 beats a minute at this age (Fleming et al. 2011, Lancet 377:1011).
        heart_rate_hz=float(random.uniform(2.0, 2.5)),
    )


def _draw_technical(random: np.random.Generator, n_channels: int, n_eeg: int) -> Technical:
    line_uv = random.lognormal(np.log(0.8), 0.8, n_channels)
    line_uv[random.integers(n_eeg)] *= random.uniform(1, 12)
    # Muscle electrodes hang on long leads, apart from the head box: they catch more hum.
    line_uv[n_eeg:] *= float(random.lognormal(np.log(3.0), 0.9))
    noise_uv = float(random.uniform(0.3, 1.5))
    return Technical(
        line_hz=float(random.choice([50.0, 60.0])),
        line_uv=tuple(float(u) for u in line_uv),
        noise_uv=tuple(float(u) for u in noise_uv * random.uniform(0.7, 1.4, n_channels)),
        gain=tuple(float(g) for g in random.normal(1.0, 0.03, n_channels)),
        drift_uv=tuple(float(u) for u in random.lognormal(np.log(6.0), 0.5, n_channels)),
    )
