"""Who a simulated patient with a focus is: everything that stays the same throughout a recording."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.simulate.foci.arrays import CORTEX_DEPTH, HEAD_MM, DepthArray, ElectrodeArray, Place, ScalpArray, Source
from inference.simulate.head import REFERENCES, TEN_TWENTY_ELECTRODES
from inference.simulate.patients import Technical
from inference.simulate.streams import Stream, generator

Site = Literal["depth", "scalp"]
#: A channel lies over the focus when it is this near to it, 1 being its centre: on the scalp one to three electrodes,
#: in the depth the contacts within the reach of the focus.
FOCAL_NEARNESS = {"depth": 0.5, "scalp": 0.7}
#: Names of shafts, left ones with an L: amygdala, hippocampus head and tail, temporal pole, insula, cingulum and so on.
_SHAFTS = ("AM", "HA", "HP", "TP", "IN", "CG", "OF", "PT", "OL", "SM")


@dataclass(frozen=True, slots=True)
class Discharges:
    """What a patch of cortex does between seizures; how much of each is the patient's own.

    Rates are per minute; a rate of 0 is a sign that this patient does not show. ``fast_share`` is the share of spikes
    that carry fast activity. Amplitudes are at the patch, in microvolts.
    """

    spikes_per_min: float
    spike_uv: float
    spike_s: float
    wave: float
    fast_share: float
    fast_per_min: float
    fast_hz: float
    fast_uv: float
    slowing_per_min: float
    slowing_hz: float
    slowing_uv: float
    rhythm_per_min: float
    rhythm_hz: float
    rhythm_uv: float


@dataclass(frozen=True, slots=True)
class Zone:
    """A patch of cortex with its discharges.

    ``spread`` are patches that its spikes reach, with the delay in seconds, the share of the amplitude and how often.
    """

    source: Source
    discharges: Discharges
    spread: tuple[tuple[Source, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Tissue:
    """The background between discharges; one value of ``level`` and ``fast_level`` for each channel.

    ``exponent`` is that of the 1 / f power law; ``rhythms`` are places with a rhythm of their own: source, frequency in
    hertz and amplitude in microvolts. Over the focus slow activity is ``slow_gain`` times and fast activity
    ``fast_gain`` times as strong as elsewhere.
    """

    rms_uv: float
    exponent: float
    level: tuple[float, ...]
    fast_level: tuple[float, ...]
    rhythms: tuple[tuple[Source, float, float], ...]
    common_share: float
    slow_gain: float
    fast_gain: float


@dataclass(frozen=True, slots=True, eq=False)
class FocusPatient:
    """A simulated patient with one focus, with electrodes in the depth or on the scalp."""

    seed: int
    site: Site
    array: ElectrodeArray
    focus: Zone
    irritative: tuple[Zone, ...]
    tissue: Tissue
    transients_per_min: float
    technical: Technical

    @property
    def focal(self) -> NDArray[np.bool_]:
        """Which channels lie over the focus."""
        near = self.array.nearness(self.focus.source)
        # The nearest one always does, however far away.
        return near >= min(FOCAL_NEARNESS[self.site], float(near.max()))


def draw_focus_patient(seed: int, site: Site | None = None) -> FocusPatient:
    """Draw a patient; the same seed always gives the same one. Three in five have depth electrodes if not asked for."""
    random = generator(seed, Stream.FOCUS_PATIENT)
    drawn: Site = "depth" if random.random() < 0.6 else "scalp"
    site = site or drawn
    array, places = _draw_depth(random) if site == "depth" else _draw_scalp(random)
    n_channels = len(array.names)
    tissue = _draw_tissue(random, site, n_channels, places)
    return FocusPatient(
        seed=seed,
        site=site,
        array=array,
        focus=_draw_focus(random, site, places),
        irritative=tuple(_draw_irritative(random, site, places) for _ in range(int(random.integers(0, 4)))),
        tissue=tissue,
        transients_per_min=float(random.lognormal(np.log(2.0), 0.8)),
        technical=_draw_technical(random, n_channels),
    )


def _place(array: NDArray[np.floating]) -> Place:
    return (float(array[0]), float(array[1]), float(array[2]))


def _draw_depth(random: np.random.Generator) -> tuple[DepthArray, NDArray[np.float64]]:
    n_shafts = int(random.integers(4, 9))
    left = random.random() < 0.5
    chosen = random.permutation(len(_SHAFTS))[:n_shafts]
    shafts = []
    for index in chosen:
        side = -1.0 if left == (random.random() < 0.8) else 1.0
        # From the side inwards: the entry lies on the convexity, the tip near the midline.
        entry = np.array([side * random.uniform(55, 68), random.uniform(-55, 45), random.uniform(-25, 40)])
        tip = np.array([side * random.uniform(8, 25), entry[1] + random.normal(0, 8), entry[2] + random.normal(0, 8)])
        n_contacts, spacing_mm = int(random.integers(6, 11)), float(random.choice([3.5, 5.0]))
        inward = (entry - tip) / np.linalg.norm(entry - tip)
        places = tip + spacing_mm * np.arange(n_contacts)[:, None] * inward
        shafts.append((f"{'L' if side < 0 else 'R'}{_SHAFTS[index]}", places))
    array = DepthArray(shafts, bipolar=bool(random.random() < 0.4))
    return array, array.places_mm


def _draw_scalp(random: np.random.Generator) -> tuple[ScalpArray, NDArray[np.float64]]:
    electrodes = TEN_TWENTY_ELECTRODES if random.random() < 0.6 else IFCN_ELECTRODES
    array = ScalpArray(electrodes, str(random.choice(list(REFERENCES))))
    directions = np.array([electrode_position(electrode) for electrode in electrodes])
    return array, directions * HEAD_MM * (1.0 - CORTEX_DEPTH)


def _near(random: np.random.Generator, places: NDArray[np.float64], apart_mm: float, reach_mm: float) -> Source:
    place = places[random.integers(len(places))] + random.normal(0.0, apart_mm, 3)
    direction = random.normal(0.0, 1.0, 3)
    return Source(_place(place), _place(direction / np.linalg.norm(direction)), reach_mm)


def _draw_focus(random: np.random.Generator, site: Site, places: NDArray[np.float64]) -> Zone:
    depth = site == "depth"
    source = _near(random, places, 2.0 if depth else 8.0, float(random.uniform(5.0, 11.0)))
    n_spread = int(random.integers(0, 3))
    spread = tuple(
        (
            _near(random, places, 4.0, float(random.uniform(4.0, 8.0))),
            # Spikes travel within and between lobes in some 10 to 60 ms.
            float(random.uniform(0.010, 0.060)),
            float(random.uniform(0.2, 0.6)),
            float(random.uniform(0.2, 0.7)),
        )
        for _ in range(n_spread)
    )
    return Zone(source, _draw_discharges(random, site), spread)


def _draw_discharges(random: np.random.Generator, site: Site) -> Discharges:
    # Which signs a focus shows differs between patients: at least one of spikes and slowing, the others by chance.
    shows_spikes, shows_slowing = random.random() < 0.85, random.random() < 0.65
    shows_spikes = shows_spikes or not shows_slowing
    shows_fast, shows_rhythm = random.random() < 0.6, random.random() < 0.35
    scale = 1.0 if site == "depth" else 0.22
    return Discharges(
        spikes_per_min=float(random.lognormal(np.log(9.0), 0.8)) if shows_spikes else 0.0,
        spike_uv=scale * float(random.lognormal(np.log(320.0), 0.45)),
        spike_s=float(random.uniform(0.022, 0.065)),
        wave=float(random.uniform(0.2, 0.9)),
        fast_share=float(random.uniform(0.2, 0.8)) if shows_fast else 0.0,
        fast_per_min=float(random.lognormal(np.log(5.0), 0.7)) if shows_fast else 0.0,
        fast_hz=float(random.uniform(75.0, 180.0)),
        # The skull lets hardly any fast activity through.
        fast_uv=(scale if site == "depth" else 0.04) * float(random.lognormal(np.log(45.0), 0.5)),
        slowing_per_min=float(random.lognormal(np.log(3.0), 0.6)) if shows_slowing else 0.0,
        slowing_hz=float(random.uniform(0.8, 3.0)),
        slowing_uv=scale * float(random.lognormal(np.log(130.0), 0.4)),
        rhythm_per_min=float(random.lognormal(np.log(1.5), 0.6)) if shows_rhythm else 0.0,
        rhythm_hz=float(random.choice([random.uniform(4.0, 9.0), random.uniform(12.0, 28.0)])),
        rhythm_uv=scale * float(random.lognormal(np.log(110.0), 0.4)),
    )


def _draw_irritative(random: np.random.Generator, site: Site, places: NDArray[np.float64]) -> Zone:
    """Draw cortex that spikes now and then and is no focus: spikes alone do not make one."""
    scale = 1.0 if site == "depth" else 0.22
    discharges = Discharges(
        spikes_per_min=float(random.lognormal(np.log(1.5), 0.8)),
        spike_uv=scale * float(random.lognormal(np.log(180.0), 0.4)),
        spike_s=float(random.uniform(0.03, 0.08)),
        wave=float(random.uniform(0.0, 0.7)),
        fast_share=0.0,
        # Healthy hippocampus and cortex have fast oscillations too.
        fast_per_min=float(random.choice([0.0, random.uniform(0.5, 3.0)])),
        fast_hz=float(random.uniform(75.0, 120.0)),
        fast_uv=(scale if site == "depth" else 0.04) * float(random.lognormal(np.log(20.0), 0.4)),
        slowing_per_min=float(random.choice([0.0, random.uniform(0.2, 1.0)])),
        slowing_hz=float(random.uniform(1.0, 3.5)),
        slowing_uv=scale * float(random.lognormal(np.log(80.0), 0.4)),
        rhythm_per_min=0.0,
        rhythm_hz=6.0,
        rhythm_uv=0.0,
    )
    return Zone(_near(random, places, 4.0, float(random.uniform(4.0, 9.0))), discharges)


def _draw_tissue(random: np.random.Generator, site: Site, n_channels: int, places: NDArray[np.float64]) -> Tissue:
    depth = site == "depth"
    # Contacts in white matter see less; how much differs from contact to contact.
    spread = 0.5 if depth else 0.1
    rhythms = tuple(
        (
            _near(random, places, 6.0, float(random.uniform(6.0, 18.0))),
            float(random.choice([random.uniform(4.5, 8.0), random.uniform(8.0, 12.0), random.uniform(14.0, 28.0)])),
            (1.0 if depth else 0.5) * float(random.lognormal(np.log(22.0), 0.5)),
        )
        for _ in range(int(random.integers(2, 7)))
    )
    return Tissue(
        rms_uv=float(random.lognormal(np.log(38.0 if depth else 14.0), 0.35)),
        exponent=float(random.uniform(1.6, 2.8) if depth else random.uniform(1.2, 2.2)),
        level=tuple(float(value) for value in random.lognormal(0.0, spread, n_channels)),
        fast_level=tuple(float(value) for value in random.lognormal(-1.6, 1.2 * spread, n_channels)),
        rhythms=rhythms,
        common_share=float(random.uniform(0.0, 0.5)) if depth else 0.0,
        slow_gain=float(random.lognormal(np.log(1.35), 0.3)),
        fast_gain=float(random.lognormal(np.log(0.8), 0.35)),
    )


def _draw_technical(random: np.random.Generator, n_channels: int) -> Technical:
    line_uv = random.lognormal(np.log(0.8), 0.8, n_channels)
    line_uv[random.integers(n_channels)] *= random.uniform(1, 12)
    return Technical(
        line_hz=float(random.choice([50.0, 60.0])),
        line_uv=tuple(float(u) for u in line_uv),
        noise_uv=tuple(float(u) for u in random.uniform(0.4, 1.5, n_channels)),
        gain=tuple(float(g) for g in random.normal(1.0, 0.03, n_channels)),
        drift_uv=tuple(float(u) for u in random.lognormal(np.log(6.0), 0.5, n_channels)),
    )
