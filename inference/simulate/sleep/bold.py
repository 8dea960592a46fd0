"""BOLD signals of the 100 regions in sleep and waking: neural drives that depend on the stage, then the balloon.

What changes from stage to stage, and where it is from:

- The signal that all regions share swells on falling asleep, and so do slow oscillations of visual and sensorimotor
  cortex (Fukunaga et al. 2006, Magn. Reson. Imaging 24:979; Horovitz et al. 2008, Hum. Brain Mapp. 29:671; Wong et al.
  2013, NeuroImage 83:983), about once in 20 s (vasomotion).
- What regions of a network share holds through N1 and N2 and falls apart in N3 (Larson-Prior et al. 2009, PNAS
  106:4489; Horovitz et al. 2009, PNAS 106:11376; Spoormaker et al. 2010, J. Neurosci. 30:11379).
- Awake, default-mode and dorsal attention networks oppose each other; less so in N2 and not in N3 (Samann et al. 2011,
  Cereb. Cortex 21:2082).
- Alpha goes with less BOLD in occipital cortex (Goldman et al. 2002, NeuroReport 13:2487), spindles with more in
  superior temporal and sensorimotor cortex (Schabus et al. 2007, PNAS 104:13164), slow waves with more in medial
  prefrontal cortex and precuneus (Dang-Vu et al. 2008, PNAS 105:15160).
- Activity of prefrontal and parietal association cortex falls with depth; in R it returns in visual and limbic cortex
  only (Braun et al. 1997, Brain 120:1173; Kaufmann et al. 2006, Brain 129:655).

How much each of these weighs is this project's choice.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from inference.imaging.parcels import N_PARCELS, NETWORKS, load_parcels
from inference.simulate.sleep.balloon import Balloon
from inference.simulate.sleep.course import SleepCourse
from inference.simulate.sleep.patients import Haemodynamics
from inference.simulate.streams import Stream, generator

#: The repetition time of ds003768.
TR_S: Final = 2.1
#: The drive is integrated in seven steps a volume.
_STEPS: Final = 7
STEP_S: Final = TR_S / _STEPS
#: Before the first volume, the signal settles.
_LEAD_VOLUMES: Final = 20
_LEAD_STEPS: Final = _LEAD_VOLUMES * _STEPS
#: Mean level of the drive: a sixth of a unit moves BOLD by about one percent.
_UNIT: Final = 0.11
_LIMIT: Final = 0.22

#: By stage, W to R: how strong what regions of a network share is, what all regions share, vasomotion, and what a
#: region has to itself.
_NETWORK: Final = (1.0, 1.0, 0.9, 0.45, 0.85)
_GLOBAL: Final = (0.45, 1.1, 1.15, 0.55, 0.7)
_VASOMOTION: Final = (0.2, 1.0, 0.9, 0.3, 0.4)
_OWN: Final = (0.8, 0.8, 0.75, 0.85, 0.8)
#: How much the default-mode network mirrors the dorsal attention network.
_OPPOSITION: Final = (0.7, 0.5, 0.3, 0.02, 0.4)
#: Mean level of each network by stage, against slow fluctuations of 1.
_LEVEL: Final[Mapping[str, tuple[float, ...]]] = {
    "Vis": (0.0, 0.5, 0.4, 0.2, 0.9),
    "SomMot": (0.0, 0.4, 0.5, 0.1, 0.4),
    "DorsAttn": (0.3, -0.1, -0.4, -0.9, -0.6),
    "SalVentAttn": (0.2, -0.2, -0.3, -0.7, -0.3),
    "Limbic": (0.0, 0.0, 0.1, 0.2, 0.6),
    "Cont": (0.3, -0.2, -0.6, -1.1, -1.0),
    "Default": (0.2, -0.1, -0.4, -0.8, -0.2),
}
_LEVEL_GAIN: Final = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class EegDrive:
    """What of the EEG drives BOLD, (n,) each, at ``STEP_S`` from the start of the recording on.

    ``alpha`` is its relative power, ``spindles`` and ``slow_waves`` are shares of time.
    """

    alpha: NDArray[np.float32]
    spindles: NDArray[np.float32]
    slow_waves: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedBold:
    """The BOLD signals of a run.

    Attributes
    ----------
    series : (volumes, 100) percent of each region's mean.
    motion : (volumes, 6) translations in mm and rotations in rad of the head, as realignment estimates them.
    tr_s, onset_s : seconds from volume to volume, and from the start of the EEG to the first volume.
    """

    series: NDArray[np.float32]
    motion: NDArray[np.float32]
    tr_s: float = TR_S
    onset_s: float = 0.0


def simulate_bold(course: SleepCourse, eeg: EegDrive, traits: Haemodynamics, seed: int) -> SimulatedBold:
    """Simulate the BOLD signals of a whole recording; the scanner runs from its first to its last second."""
    n_volumes = math.ceil(course.duration_s / TR_S)
    drive = neural_drive(course, eeg, traits, seed, n_volumes)
    balloon = Balloon(tau_s=traits.transit_s)
    signal = 100.0 * balloon.respond(drive, STEP_S)[_LEAD_STEPS::_STEPS]
    random = generator(seed, Stream.BOLD, 2)
    motion, moved = _move(random, course, traits, n_volumes)
    drift = _noise(random, n_volumes, N_PARCELS, TR_S, band_hz=(0.0005, 0.004), exponent=2.0)
    signal += traits.drift_percent * drift
    signal += traits.noise_percent * random.standard_normal(signal.shape)
    signal += moved[:, None] * random.normal(0.0, 1.0, signal.shape[1])
    return SimulatedBold(signal.astype(np.float32), motion)


def neural_drive(
    course: SleepCourse, eeg: EegDrive, traits: Haemodynamics, seed: int, n_volumes: int
) -> NDArray[np.float64]:
    """Give the activity that drives each region, (steps, 100), beginning 42 s before the first volume."""
    n_steps = _LEAD_STEPS + n_volumes * _STEPS
    time_s = (np.arange(n_steps) - _LEAD_STEPS) * STEP_S
    weights = course.weights(np.clip(time_s, 0.0, course.duration_s)).astype(np.float64)
    random = generator(seed, Stream.BOLD, 0)
    parcels = load_parcels()
    names = list(NETWORKS)
    network_of = np.array([names.index(parcel.network) for parcel in parcels])
    slow = _noise(random, n_steps, len(NETWORKS) + 1, STEP_S, band_hz=(0.005, 0.09), exponent=1.0)
    vasomotion = _noise(random, n_steps, 1, STEP_S, band_hz=(0.035, 0.065), exponent=0.0)
    own = _noise(random, n_steps, N_PARCELS, STEP_S, band_hz=(0.005, 0.12), exponent=0.7)
    drive = own * _by_stage(_OWN, weights, 0.3 * traits.state_gain)[:, None]
    shared = slow[:, :-1] * _by_stage(_NETWORK, weights, traits.state_gain)[:, None]
    opposition = _by_stage(_OPPOSITION, weights, traits.state_gain)
    shared[:, names.index("Default")] -= opposition * shared[:, names.index("DorsAttn")]
    drive += (np.array(traits.network_gain) * shared)[:, network_of]
    reach = _reach(random)
    common = slow[:, -1:] * _by_stage(_GLOBAL, weights, traits.state_gain)[:, None]
    common = common + vasomotion * _by_stage(_VASOMOTION, weights, traits.state_gain)[:, None]
    drive += traits.global_gain * common * reach
    level = np.array([_LEVEL[name] for name in NETWORKS])
    drive += _LEVEL_GAIN * traits.state_gain * (weights.T @ level.T)[:, network_of]
    drive += traits.eeg_gain * _from_eeg(eeg, n_steps)
    # Vessels neither close nor widen without end: flow stays between half and one and a half times its mean.
    return np.asarray(_LIMIT * np.tanh(_UNIT * traits.amplitude * drive / _LIMIT))


def _by_stage(values: tuple[float, ...], weights: NDArray[np.float64], gain: float) -> NDArray[np.float64]:
    """Give a strength at each step; ``gain`` is how far it leaves what it is in waking."""
    relative = np.array(values) / values[0]
    return np.asarray((values[0] * relative ** min(gain, 1.5)) @ weights)


def _reach(random: np.random.Generator) -> NDArray[np.float64]:
    """Give how far the common signal reaches each region: most in visual and sensorimotor cortex."""
    strength = dict.fromkeys(NETWORKS, 0.9) | {"Vis": 1.4, "SomMot": 1.4, "Limbic": 0.5, "Cont": 0.6, "Default": 0.7}
    reach = np.array([strength[parcel.network] for parcel in load_parcels()])
    return reach * random.lognormal(0.0, 0.15, reach.size)


def _from_eeg(eeg: EegDrive, n_steps: int) -> NDArray[np.float64]:
    """Give what alpha, spindles and slow waves drive, (steps, 100)."""
    parcels = load_parcels()
    where = {
        "alpha": (-0.7, ("_Vis_",)),
        "spindles": (3.0, ("_SomMot_", "_Default_Temp_")),
        "slow_waves": (0.8, ("_Default_PFC_3", "_PFCdPFCm_1", "_pCun", "_Cing_")),
    }
    total = np.zeros((n_steps, N_PARCELS))
    for name, (weight, parts) in where.items():
        places = [weight * any(part in parcel.name for part in parts) for parcel in parcels]
        course = np.asarray(getattr(eeg, name), dtype=np.float64)[: n_steps - _LEAD_STEPS]
        total += np.outer(np.pad(course, (n_steps - course.size, 0), mode="edge"), places)
    return total


def _noise(
    random: np.random.Generator, n: int, n_signals: int, step_s: float, *, band_hz: tuple[float, float], exponent: float
) -> NDArray[np.float64]:
    """Give (n, n_signals) independent noises of unit variance between two soft edges, falling as 1 / f ** exponent."""
    n_fft = scipy.fft.next_fast_len(n, real=True)
    frequency_hz = np.fft.rfftfreq(n_fft, step_s)
    power = np.zeros(frequency_hz.size)
    above = frequency_hz[1:]
    power[1:] = above**-exponent / (1.0 + (band_hz[0] / above) ** 4) / (1.0 + (above / band_hz[1]) ** 4)
    scale = np.sqrt(power / power.sum())[:, None]
    real, imaginary = random.standard_normal((2, frequency_hz.size, n_signals))
    coefficients = scale * (real + 1j * imaginary)
    return np.asarray(scipy.fft.irfft(coefficients, n=n_fft, axis=0)[:n] * (n_fft / 2))


def _move(
    random: np.random.Generator, course: SleepCourse, traits: Haemodynamics, n_volumes: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Give six parameters of motion, and how much of the signal each volume loses: jerks awake, drift throughout."""
    scale = np.array([0.04, 0.04, 0.06, 0.0006, 0.0004, 0.0004])
    motion = np.cumsum(random.normal(0.0, 0.15, (n_volumes, 6)), axis=0) * scale
    moved = np.zeros(n_volumes)
    for volume in range(n_volumes):
        awake = course.stage_at(volume * TR_S) in ("W", "N1")
        if random.random() < traits.motion_per_min * TR_S / 60.0 * (1.0 if awake else 0.2):
            size = float(random.lognormal(0.0, 0.6))
            motion[volume:] += size * scale * random.normal(0.0, 4.0, 6)
            moved[volume] += size
            moved[volume + 1 : volume + 3] += 0.4 * size
    return motion.astype(np.float32), moved
