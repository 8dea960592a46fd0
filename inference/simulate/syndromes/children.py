"""Who a simulated child with an epilepsy syndrome is: everything that stays the same throughout a recording."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from inference.recordings.electrodes import electrode_position
from inference.simulate.course import State
from inference.simulate.head import Dipole
from inference.simulate.patients import (
    CORTEX_DEPTH,
    EMG_SITES,
    Background,
    Hypsarrhythmia,
    InfantPatient,
    SpasmMorphology,
    Technical,
    draw_patient,
)
from inference.simulate.streams import Stream, generator

#: The 21 electrodes of Cao et al. 2023 (section III-A) in their order, T3 to T6 by their present names.
ELECTRODES = (
    *("Fp1", "Fp2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "F7"),
    *("F8", "T7", "T8", "P7", "P8", "A1", "A2", "Fz", "Cz", "Pz"),
)
#: What involves wide parts of both hemispheres looks like sources this deep (in radii); this project's choice.
WIDE_DEPTH = 0.6
#: A third of the recorders use each, whatever the syndrome.
_REFERENCES = ("FCz", "CPz", "A1A2")
#: Posterior rhythm in Hz over age in months: 4 at 3, 6.5 at 12 (Stroganova et al. 1999), 8 at 3 years, 9 at 8, 10 at 12
#: (Petersen and Eeg-Olofsson 1971, Neuropadiatrie 2:247).
_POSTERIOR_HZ = ((3.0, 12.0, 36.0, 96.0, 144.0), (4.0, 6.5, 8.0, 9.0, 10.0))


class Syndrome(StrEnum):
    """The six syndromes of Cao et al. 2023, in its order."""

    EIEE = "EIEE"
    WEST = "WEST"
    CAE = "CAE"
    FS_PLUS = "FS+"
    BECT = "BECT"
    CSWS = "CSWS"


#: Youngest, most usual and oldest age in months; the means are near those of the paper's table I.
AGE_MONTHS: Mapping[Syndrome, tuple[float, float, float]] = {
    Syndrome.EIEE: (0.3, 1.0, 3.5),
    Syndrome.WEST: (4.0, 8.0, 24.0),
    Syndrome.CAE: (48.0, 84.0, 144.0),
    Syndrome.FS_PLUS: (10.0, 36.0, 110.0),
    Syndrome.BECT: (60.0, 114.0, 160.0),
    Syndrome.CSWS: (48.0, 90.0, 144.0),
}


@dataclass(frozen=True, slots=True)
class SpikeWave:
    """Spikes each followed by a slow wave, over much of the head.

    A seizure begins at ``start_hz`` complexes a second and has slowed by ``fall_hz`` at its end. ``wave_uv`` is the
    peak of the slow wave, ``spike_share`` the spike's against it. ``fragments_per_min`` counts short runs between
    seizures.
    """

    start_hz: float
    fall_hz: float
    wave_uv: float
    spike_share: float
    n_spikes: int
    sources: tuple[Dipole, ...]
    fragments_per_min: Mapping[State, float]


@dataclass(frozen=True, slots=True)
class RolandicSpikes:
    """Triphasic sharp waves of the lower central region: ``sharp_s`` is how long their main phase lasts.

    The dipole points forwards: negative over centre and temple, positive over the front. ``other_side`` is the share
    of sharp waves that come from the homologous place.
    """

    source: Dipole
    sharp_s: float
    sharp_uv: float
    wave_share: float
    other_side: float
    per_min: Mapping[State, float]


@dataclass(frozen=True, slots=True)
class BurstSuppression:
    """High-voltage bursts on a nearly flat EEG: mean durations, and by how much the EEG falls in between, per state."""

    burst_s: float
    suppression_s: float
    depth: Mapping[State, float]


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of children do what may be mistaken for epilepsy; counts are per minute of the state it belongs to."""

    hypersynchrony_per_min: float
    hyperventilation_per_min: float
    occipital_delta_per_min: float
    occipital_delta_hz: float
    chewing_per_min: float
    rocking_per_min: float
    strain_per_min: float


@dataclass(frozen=True, slots=True)
class Child:
    """A simulated child with a syndrome.

    ``base`` is what the first generator knows of a patient: age, electrodes, recorder, muscles, and, for the syndromes
    of infancy, hypsarrhythmia and spasms. ``sleep_index`` is the share of NREM sleep that spike-waves fill;
    ``has_seizures`` says whether the recordings of this child show any.
    """

    syndrome: Syndrome
    base: InfantPatient
    spike_wave: SpikeWave
    rolandic: RolandicSpikes
    burst_suppression: BurstSuppression
    sleep_index: float
    has_seizures: bool
    habits: Habits


def draw_child(seed: int, syndrome: Syndrome | None = None) -> Child:
    """Draw a child; the same seed always gives the same one, with the same recorder whatever the syndrome.

    ``syndrome`` takes the place of the one that the seed would draw.
    """
    random = generator(seed, Stream.PATIENT, 1)
    drawn = list(Syndrome)[int(random.integers(len(Syndrome)))]
    syndrome = syndrome or drawn
    reference = str(random.choice(_REFERENCES))
    age_months = float(random.triangular(*AGE_MONTHS[syndrome]))
    base = _draw_base(seed, random, syndrome, age_months, reference)
    return Child(
        syndrome=syndrome,
        base=base,
        spike_wave=_draw_spike_wave(random, syndrome),
        rolandic=_draw_rolandic(random, syndrome),
        burst_suppression=_draw_burst_suppression(random, syndrome),
        sleep_index=_draw_sleep_index(random, syndrome),
        has_seizures=bool(random.random() < 0.85),
        habits=_draw_habits(random, syndrome, age_months),
    )


def _draw_base(
    seed: int, random: np.random.Generator, syndrome: Syndrome, age_months: float, reference: str
) -> InfantPatient:
    """Give the first generator's patient of this seed another age, cap and recorder, and what the syndrome asks for."""
    infant = draw_patient(seed)
    background = Background(
        gain=infant.background.gain,
        exponent=infant.background.exponent,
        posterior_hz=float(np.interp(age_months, *_POSTERIOR_HZ) + random.normal(0.0, 0.4)),
        spindle_hz=float(random.normal(12.7, 0.6)),
        asymmetry=infant.background.asymmetry,
    )
    base = replace(
        infant,
        age_months=age_months,
        electrodes=ELECTRODES,
        emg_sites=EMG_SITES,
        reference=reference,
        background=background,
        technical=_rewired(infant.technical),
    )
    if syndrome is Syndrome.WEST:
        return base
    chaos, spasm = base.hypsarrhythmia, base.spasm
    if syndrome is Syndrome.EIEE:
        return replace(base, hypsarrhythmia=_within_bursts(random, chaos), spasm=_tonic(random, spasm))
    return replace(base, hypsarrhythmia=replace(chaos, degree=0.0))


def _rewired(technical: Technical) -> Technical:
    """Take one channel of the recorder for each of our electrodes and muscles."""
    chosen = (*range(len(ELECTRODES)), *range(len(technical.gain) - len(EMG_SITES), len(technical.gain)))

    def pick(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(values[index] for index in chosen)

    return Technical(
        line_hz=technical.line_hz,
        line_uv=pick(technical.line_uv),
        noise_uv=pick(technical.noise_uv),
        gain=pick(technical.gain),
        drift_uv=pick(technical.drift_uv),
    )


def _within_bursts(random: np.random.Generator, chaos: Hypsarrhythmia) -> Hypsarrhythmia:
    """Make the bursts of EIEE: slow waves and spikes that reach 150-350 uV from peak to peak (FACTS)."""
    return replace(
        chaos,
        degree=1.0,
        slow_uv=float(random.uniform(34, 62)),
        spikes_per_s=float(random.uniform(1.5, 4.0)),
        spike_uv=float(random.uniform(50, 120)),
        grouping=0.0,
    )


def _tonic(random: np.random.Generator, spasm: SpasmMorphology) -> SpasmMorphology:
    """Make spasms tonic: held for some seconds, on an EEG that becomes low and fast (Ohtahara and Yamatogi 2006)."""
    return replace(
        spasm,
        slow_wave_uv=float(random.uniform(150, 320)),
        decrement_probability=0.9,
        decrement_s=float(random.uniform(3.0, 6.0)),
        decrement_fast_uv=float(random.uniform(5, 18)),
        emg_probability=1.0,
        emg_long_probability=float(random.uniform(0.5, 0.9)),
        neck_uv=float(random.uniform(4, 20)),
    )


def _draw_spike_wave(random: np.random.Generator, syndrome: Syndrome) -> SpikeWave:
    slow = syndrome is Syndrome.CSWS
    side = float(random.normal(0.0, 0.25))
    # Largest over the front in absence epilepsy; in CSWS over one central or frontal region, and spread from there.
    spread = ((-0.6, 0.6, 0.55), (0.6, 0.6, 0.55), (0.0, 0.7, 0.7), (-0.6, 0.0, 0.8), (0.6, 0.0, 0.8))
    diffuse = tuple(Dipole.radial((x + 0.4 * side, y, z), WIDE_DEPTH) for x, y, z in spread)
    focal = Dipole.radial(np.asarray(electrode_position(str(random.choice(["C3", "C4", "F3", "F4"])))), 0.4)
    never = dict.fromkeys(State, 0.0)
    fragments = {
        Syndrome.CAE: {State.AWAKE: random.uniform(0.3, 2.0), State.NREM: random.uniform(0.5, 3.0), State.REM: 0.2},
        Syndrome.FS_PLUS: {State.AWAKE: random.uniform(0.0, 0.5), State.NREM: random.uniform(0.0, 1.0), State.REM: 0.0},
        Syndrome.CSWS: {State.AWAKE: random.uniform(0.2, 2.0), State.NREM: 0.0, State.REM: 0.5},
    }.get(syndrome, never)
    return SpikeWave(
        # 2.5-4 Hz that slow down in absences (FACTS); 1.5-2.5 Hz in CSWS (Tassinari et al. 2000).
        start_hz=float(random.uniform(1.7, 2.5) if slow else random.uniform(3.0, 4.0)),
        fall_hz=float(random.uniform(0.0, 0.3) if slow else random.uniform(0.4, 0.9)),
        wave_uv=float(random.uniform(120, 280)),
        spike_share=float(random.uniform(0.4, 1.0)),
        n_spikes=int(random.choice([1, 2, 3], p=[0.7, 0.2, 0.1])),
        sources=(*diffuse, focal) if slow else diffuse,
        fragments_per_min={state: float(rate) for state, rate in fragments.items()},
    )


def _draw_rolandic(random: np.random.Generator, syndrome: Syndrome) -> RolandicSpikes:
    side = float(random.choice([-1.0, 1.0]))
    place = np.array([side * 0.82, 0.12, 0.5]) + random.normal(0.0, 0.07, 3)
    outward = place / np.linalg.norm(place)
    forward = np.array([0.0, 1.0, float(random.normal(0.0, 0.15))])
    inward_share = float(random.uniform(0.6, 1.0))
    orientation = forward - (forward @ outward) * outward - inward_share * outward
    source = Dipole(_triple(outward * (1.0 - CORTEX_DEPTH)), _triple(orientation / np.linalg.norm(orientation)))
    awake = float(random.uniform(0.3, 8.0))
    # A few children without the syndrome have such sharp waves as well (1-2 % of healthy ones; more here, so that they
    # are met), and some with it have few.
    has_some = syndrome in (Syndrome.BECT, Syndrome.CSWS) or (
        syndrome in (Syndrome.CAE, Syndrome.FS_PLUS) and random.random() < 0.12
    )
    strength = 1.0 if syndrome in (Syndrome.BECT, Syndrome.CSWS) else 0.3
    asleep = awake * float(random.uniform(2.0, 6.0)) if syndrome is not Syndrome.CSWS else awake
    return RolandicSpikes(
        source=source,
        # A mean of 88 ms (FACTS).
        sharp_s=float(random.normal(0.088, 0.008)),
        sharp_uv=float(random.uniform(90, 240)),
        wave_share=float(random.uniform(0.2, 0.6)),
        other_side=float(random.choice([0.0, 0.1, 0.4])),
        per_min={
            State.AWAKE: strength * awake if has_some else 0.0,
            State.NREM: strength * asleep if has_some else 0.0,
            State.REM: strength * awake if has_some else 0.0,
        },
    )


def _triple(vector: np.ndarray) -> tuple[float, float, float]:
    return (float(vector[0]), float(vector[1]), float(vector[2]))


def _draw_burst_suppression(random: np.random.Generator, syndrome: Syndrome) -> BurstSuppression:
    depth = float(random.uniform(0.90, 0.97))
    fragmented = float(random.uniform(0.4, 0.8)) if random.random() < 0.2 else 0.0
    depths = {
        # Awake and asleep alike in EIEE (FACTS); a fragmented form in the sleep of some infants with West syndrome.
        Syndrome.EIEE: dict.fromkeys(State, depth),
        Syndrome.WEST: {State.AWAKE: 0.0, State.NREM: fragmented, State.REM: 0.0},
    }.get(syndrome, dict.fromkeys(State, 0.0))
    # Bursts of 1-3 s, suppression of 3-4 s (FACTS).
    return BurstSuppression(float(random.uniform(1.4, 2.6)), float(random.uniform(3.1, 3.9)), depths)


def _draw_sleep_index(random: np.random.Generator, syndrome: Syndrome) -> float:
    typical, atypical = float(random.uniform(0.88, 0.98)), float(random.uniform(0.55, 0.85))
    chance = float(random.random())
    # At least 85 % of NREM sleep, 50-85 % in the atypical form (FACTS); that a fifth are atypical is our choice.
    return (typical if chance < 0.8 else atypical) if syndrome is Syndrome.CSWS else 0.0


def _draw_habits(random: np.random.Generator, syndrome: Syndrome, age_months: float) -> Habits:
    shares = random.random(3)
    occipital = 0.35 if syndrome is Syndrome.CAE else 0.08
    return Habits(
        # Paroxysmal 3-5 Hz waves of drowsiness, from some months to 8 years or so.
        hypersynchrony_per_min=float(random.uniform(0.5, 2.0)) * (shares[0] < 0.6 and 4 < age_months < 110),
        hyperventilation_per_min=float(random.uniform(0.2, 0.6)) * (shares[1] < 0.5 and age_months > 48),
        # 3 Hz over the back of the head: a third of children with absences, some others.
        occipital_delta_per_min=float(random.uniform(0.5, 2.0)) * (shares[2] < occipital and age_months > 36),
        occipital_delta_hz=float(random.uniform(2.5, 3.5)),
        chewing_per_min=float(random.uniform(0.0, 0.8)) * (age_months > 8),
        rocking_per_min=float(random.uniform(0.1, 0.8)),
        strain_per_min=float(random.uniform(0.1, 0.8)),
    )
