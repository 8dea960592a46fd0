"""Who is simulated: everything that stays the same in one infant, drawn within published ranges."""

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

#: Keeps these infants apart from any other simulation that starts from the same seeds.
_FAMILY: Final = 0x5EC0

#: Four muscles as laboratories choose them.
_MUSCLES: Final = (
    ("Deltoid L", "Deltoid R", "Quadriceps L", "Quadriceps R"),
    ("Deltoid L", "Deltoid R", "Neck", "Rectus abdominis"),
    ("Biceps L", "Biceps R", "Neck", "Quadriceps R"),
)

#: Towards front and vertex: positive in front, negative behind; the others are negative over the vertex or one side.
_FRONT_POSITIVE: Final = (0.0, 0.85, 0.5)
_OTHERS: Final = ((0.0, 0.1, -1.0), (0.6, 0.2, -0.75), (-0.6, 0.2, -0.75))


class Hypsarrhythmia(StrEnum):
    """The interictal pattern; 70 % of these infants have one of the two chaotic ones (this project's choice)."""

    NONE = "none"
    MODIFIED = "modified"
    CLASSIC = "classic"


class Reference(StrEnum):
    """What the EEG channels are recorded against."""

    LINKED_EARS = "A1+A2"
    LEFT_MASTOID = "M1"
    FRONTOCENTRAL = "FCz"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class SpasmStyle:
    """What the spasms of one infant look like; they are stereotyped within a patient.

    Attributes
    ----------
    clustered : whether spasms come in clusters (78 %; Kellaway et al. 1979, Ann Neurol 6:214) or one by one.
    interval_s : median interval at the height of a cluster, 5 to 10 s.
    fast_hz, fast_uv : frequency and peak of the focal fast burst that leads (PMC5429878); 0 uV where there is none.
    fast_s : its length.
    lead_place : index into the lead places, mostly parietal; ``lead_side`` -1 left, 1 right.
    slow_uv, slow_s : peak and length of the slow wave, which is always there.
    slow_direction : direction of its dipole (x right, y front, z up); negative behind, positive in front in 11/14.
    slow_shift : how far to one side it lies; 0 where it is symmetric.
    slow_skew, slow_swing : shape: where the peak lies, and how much of an opposite phase there is.
    side_lag_s : by how much one hemisphere follows the other.
    remaining, decrement_s : share of the background that remains in the electrodecrement, and its median length.
    beta_uv : low-voltage fast activity riding on the electrodecrement.
    contraction_s : median length of the contraction; ``tonic_share`` of spasms last 3 to 7 s.
    lag_s : mean of contraction onset after the slow wave's onset; it is never constant.
    silent_share : share of spasms without a visible contraction.
    """

    clustered: bool
    interval_s: float
    fast_hz: float
    fast_uv: float
    fast_s: float
    lead_place: int
    lead_side: int
    slow_uv: float
    slow_s: float
    slow_direction: tuple[float, float, float]
    slow_shift: float
    slow_skew: float
    slow_swing: float
    side_lag_s: float
    remaining: float
    decrement_s: float
    beta_uv: float
    contraction_s: float
    tonic_share: float
    lag_s: float
    silent_share: float


@dataclass(frozen=True, slots=True)
class Infant:
    """One infant, electrodes and amplifier included.

    Attributes
    ----------
    seed : where everything comes from.
    age_months : 3 to 11, the age of onset (Lux and Osborne 2004).
    skull_conductivity : siemens per metre.
    pattern : hypsarrhythmia or not.
    background_uv : standard deviation of the awake EEG over the scalp.
    sleep_gain : what NREM does to it.
    delta_hz, theta_hz : rhythms of the slow and the faster masses.
    excitability : excitatory gain of the slow masses.
    reach : distance over which input is shared, in head radii: small is asynchronous.
    spikes_per_min, spike_uv : rate over all foci together and median height of interictal spikes.
    n_foci : number of foci that discharge.
    has_spasms : False for the infants whose recording holds nothing but what mimics a spasm.
    spasms : their style.
    muscles : the four that are recorded.
    muscle_uv : standard deviation of each at full contraction; ``weakness`` scales the drive of each in a spasm.
    scalp_muscle_uv : the same for muscles of face and neck under the EEG electrodes.
    restlessness : number of movements per awake minute.
    reference, mains_hz, mains_uv, noise_uv : recorder and its disturbances.
    heart_hz, heart_uv : ECG picked up by the trunk's and limbs' electrodes.
    """

    seed: int
    age_months: float
    skull_conductivity: float
    pattern: Hypsarrhythmia
    background_uv: float
    sleep_gain: float
    delta_hz: float
    theta_hz: float
    excitability: float
    reach: float
    spikes_per_min: float
    spike_uv: float
    n_foci: int
    has_spasms: bool
    spasms: SpasmStyle
    muscles: tuple[str, ...]
    muscle_uv: tuple[float, ...]
    weakness: tuple[float, ...]
    scalp_muscle_uv: float
    restlessness: float
    reference: Reference
    mains_hz: float
    mains_uv: float
    noise_uv: float
    heart_hz: float
    heart_uv: float


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Give the random numbers of one purpose, so that changing one part leaves the others as they were."""
    return np.random.default_rng([_FAMILY, seed, zlib.crc32(purpose.encode())])


def draw_infant(seed: int) -> Infant:
    """Draw an infant from a seed."""
    rng = stream(seed, "infant")
    pattern = Hypsarrhythmia(rng.choice(list(Hypsarrhythmia), p=[0.3, 0.3, 0.4]))
    chaotic = pattern is not Hypsarrhythmia.NONE
    background_uv = _spread(rng, 65.0, 0.3) if chaotic else _spread(rng, 20.0, 0.25)
    return Infant(
        seed=seed,
        age_months=float(rng.uniform(3.0, 11.0)),
        skull_conductivity=float(np.exp(rng.uniform(np.log(0.012), np.log(0.06)))),
        pattern=pattern,
        background_uv=background_uv,
        sleep_gain=float(rng.uniform(1.15, 1.7)),
        delta_hz=float(rng.uniform(1.2, 2.6)),
        theta_hz=float(rng.uniform(3.8, 6.5)),
        excitability=float(rng.uniform(1.1, 1.45) if chaotic else rng.uniform(0.9, 1.05)),
        reach=float(rng.uniform(0.25, 0.6) if chaotic else rng.uniform(0.5, 1.1)),
        spikes_per_min=float(_spread(rng, 45.0, 0.5) if chaotic else _spread(rng, 3.0, 0.8)),
        spike_uv=float(_spread(rng, 170.0, 0.25) if chaotic else _spread(rng, 90.0, 0.25)),
        n_foci=int(rng.integers(4, 9) if chaotic else rng.integers(1, 3)),
        has_spasms=bool(rng.random() < 0.9),
        spasms=_draw_style(rng, background_uv),
        muscles=_MUSCLES[rng.integers(len(_MUSCLES))],
        muscle_uv=tuple(float(_spread(rng, 110.0, 0.5)) for _ in range(4)),
        weakness=tuple(float(rng.uniform(0.35, 1.0)) for _ in range(4)),
        scalp_muscle_uv=_spread(rng, 30.0, 0.6),
        restlessness=float(_spread(rng, 1.6, 0.5)),
        reference=Reference(rng.choice(list(Reference), p=[0.35, 0.15, 0.25, 0.25])),
        mains_hz=float(rng.choice([50.0, 60.0])),
        mains_uv=float(_spread(rng, 2.0, 0.8)),
        noise_uv=float(rng.uniform(0.6, 2.0)),
        heart_hz=float(rng.uniform(1.8, 2.6)),
        heart_uv=float(_spread(rng, 25.0, 0.8)),
    )


def _draw_style(rng: np.random.Generator, background_uv: float) -> SpasmStyle:
    direction = np.array(_FRONT_POSITIVE if rng.random() < 11 / 14 else _OTHERS[rng.integers(3)])
    direction = direction + rng.normal(0.0, 0.2, 3)
    leads = rng.random() < 0.7
    is_gamma = rng.random() < 0.45
    return SpasmStyle(
        clustered=bool(rng.random() < 0.78),
        interval_s=float(rng.uniform(5.0, 10.0)),
        fast_hz=float(rng.uniform(35.0, 90.0) if is_gamma else rng.uniform(15.0, 30.0)),
        fast_uv=float(_spread(rng, 14.0 if is_gamma else 35.0, 0.4) if leads else 0.0),
        fast_s=float(rng.uniform(0.25, 0.9)),
        lead_place=int(rng.choice(4, p=[0.5, 0.2, 0.15, 0.15])),
        lead_side=int(rng.choice([-1, 1])),
        # It stands out of whatever background there is.
        slow_uv=_spread(rng, 110.0 + 2.5 * background_uv, 0.3),
        slow_s=float(rng.uniform(0.6, 1.8)),
        slow_direction=(float(direction[0]), float(direction[1]), float(direction[2])),
        slow_shift=float(rng.uniform(0.15, 0.35) * rng.choice([-1, 1]) if rng.random() < 4 / 14 else 0.0),
        slow_skew=float(rng.uniform(0.65, 1.3)),
        slow_swing=float(rng.uniform(-0.8, 0.8)),
        side_lag_s=float(rng.uniform(0.0, 0.08)),
        remaining=float(rng.uniform(0.1, 0.5) if rng.random() < 0.85 else 1.0),
        decrement_s=float(rng.uniform(1.2, 4.0)),
        beta_uv=float(rng.uniform(3.0, 10.0) if rng.random() < 0.6 else 0.0),
        contraction_s=float(rng.uniform(0.6, 1.8)),
        tonic_share=float(rng.uniform(0.0, 0.3)),
        lag_s=float(rng.uniform(-0.1, 0.4)),
        silent_share=float(rng.uniform(0.0, 0.25) if rng.random() < 0.5 else 0.0),
    )


def _spread(rng: np.random.Generator, median: float, sigma: float) -> float:
    """Draw from a log-normal distribution cut at two standard deviations."""
    return median * float(np.exp(sigma * np.clip(rng.standard_normal(), -2.0, 2.0)))
