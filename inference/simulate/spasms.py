"""Epileptic spasms: fast burst, high-voltage slow wave, electrodecrement, and a diamond-shaped contraction."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.simulate.course import Course
from inference.simulate.patients import SpasmMorphology
from inference.simulate.sheet import Samples, Sheet
from inference.simulate.streams import Stream, generator
from inference.simulate.truth import Role, Term

#: 85.7 % of contractions last 0.4-3.0 s, 14.3 % last 3-7 s (FACTS).
SHORT_CONTRACTION_S = (0.4, 3.0)
LONG_CONTRACTION_S = (3.0, 7.0)
#: Contraction onset less slow-wave onset never lies outside this range, or they would not look like one event; this
#: project's choice.
EMG_LAG_S = (-0.3, 0.8)
#: A spasm is over this long before the next begins.
PAUSE_S = 0.5


def add_spasms(sheet: Sheet, course: Course, seed: int) -> NDArray[np.float64]:
    """Write every spasm of a course and give where each begins and ends, in seconds, as (n, 2)."""
    clusters = {number: i for i, number in enumerate(_in_order(course), start=1)}
    extents = np.zeros((len(course.spasms), 2))
    for index, time in enumerate(course.spasms):
        until_s = course.spasms[index + 1].onset_s - PAUSE_S if index + 1 < len(course.spasms) else math.inf
        cluster = clusters.get(time.cluster) if time.cluster is not None else None
        random = generator(seed, Stream.SPASM, index)
        spasm = _Spasm(sheet, random, time.onset_s, until_s, time.intensity, index + 1, cluster)
        extents[index] = spasm.write()
    return extents


def _in_order(course: Course) -> list[int]:
    return list(dict.fromkeys(spasm.cluster for spasm in course.spasms if spasm.cluster is not None))


def diamond(time_s: NDArray[np.float64], duration_s: float, rise: float, shape: float = 1.0) -> NDArray[np.float64]:
    """Rise to 1 at the share ``rise`` of the duration, then fall: the contraction of a spasm.

    The sides are straight where ``shape`` is 1, bulge below and hollow above.
    """
    straight: NDArray[np.float64] = np.interp(time_s, [0.0, rise * duration_s, duration_s], [0.0, 1.0, 0.0])
    return straight**shape


def draw_contraction_s(random: np.random.Generator, median_s: float, long_probability: float) -> float:
    """Draw how long a contraction lasts."""
    if random.random() < long_probability:
        return float(random.uniform(*LONG_CONTRACTION_S))
    return float(np.clip(random.lognormal(np.log(median_s), 0.35), *SHORT_CONTRACTION_S))


def slow_wave(
    time_s: NDArray[np.float64],
    duration_s: float,
    undershoot: float,
    *,
    notched: bool,
    prelude: float = 0.18,
    warp: float = 1.0,
) -> NDArray[np.float64]:
    """Give a slow wave such as spasms have: the main wave with peak 1, before and after it one the other way, if any.

    ``warp`` below 1 brings the peak forward, above 1 it puts it off.
    """
    phase = np.clip(time_s / duration_s, 0.0, 1.0) ** warp

    def bell(centre: float, width: float) -> NDArray[np.float64]:
        return np.exp(-0.5 * ((phase - centre) / width) ** 2)

    wave = bell(0.36, 0.11) - prelude * bell(0.12, 0.05) - undershoot * bell(0.74, 0.13)
    if notched:
        wave -= 0.35 * bell(0.37, 0.03)
    edge = np.clip(np.minimum(phase, 1.0 - phase) / 0.06, 0.0, 1.0)
    result: NDArray[np.float64] = wave * edge
    return result


@dataclass
class _Spasm:
    """One spasm on its way to the sheet; ``until_s`` is when it must be over."""

    sheet: Sheet
    random: np.random.Generator
    onset_s: float
    until_s: float
    intensity: float
    number: int
    cluster: int | None

    @property
    def look(self) -> SpasmMorphology:
        """What this infant's spasms look like."""
        return self.sheet.patient.spasm

    def write(self) -> tuple[float, float]:
        """Write the components that this spasm has, and the truth; give where it begins and ends."""
        random, look = self.random, self.look
        # Drawn in one go, so that a component that is missing moves none of the others.
        has_fast, has_decrement, has_emg = random.random(3) < (
            look.fast_probability,
            look.decrement_probability,
            look.emg_probability,
        )
        lag_s = float(np.clip(random.normal(look.emg_lag_s, look.emg_lag_sd_s), *EMG_LAG_S))
        contraction_s = draw_contraction_s(random, look.emg_median_s, look.emg_long_probability)
        if not has_emg:
            # What is seen on neither side would be no spasm.
            self.intensity = max(self.intensity, 0.5)
        wave_s = self._write_slow_wave()
        start_s, end_s = self.onset_s, self.onset_s + wave_s
        if has_emg:
            contraction_s = min(contraction_s, self.until_s - self.onset_s - lag_s)
            self._write_contraction(self.onset_s + lag_s, contraction_s)
            start_s, end_s = min(start_s, start_s + lag_s), max(end_s, start_s + lag_s + contraction_s)
        if has_fast:
            self._write_fast_burst()
        if has_decrement:
            self._write_decrement(wave_s)
        self.sheet.note(
            Term.SPASM,
            start_s,
            end_s - start_s,
            role=Role.SPASM,
            cluster=self.cluster,
            spasm=self.number,
            intensity=round(self.intensity, 3),
        )
        return start_s, end_s

    def _note(self, label: Term, onset_s: float, duration_s: float, channels: tuple[str, ...]) -> None:
        self.sheet.note(label, onset_s, duration_s, channels, role=Role.PART, cluster=self.cluster, spasm=self.number)

    def _write_slow_wave(self) -> float:
        look, random = self.look, self.random
        duration_s = look.slow_wave_s * float(random.lognormal(0.0, 0.1))
        field: Samples = self.sheet.head.field(*look.slow_wave)
        # Stereotyped, not identical: each electrode's share varies by some per cent.
        field = field * random.normal(1.0, 0.08, field.size).astype(np.float32)
        amplitude_uv = look.slow_wave_uv * (0.4 + 0.6 * self.intensity) * float(random.lognormal(0.0, 0.15))
        self.sheet.add_wave(
            self.onset_s,
            duration_s,
            partial(
                slow_wave,
                duration_s=duration_s,
                undershoot=look.slow_wave_undershoot,
                notched=look.notched,
                prelude=look.slow_wave_prelude,
                warp=look.slow_wave_warp,
            ),
            amplitude_uv * field,
        )
        self._note(Term.SLOW_WAVE, self.onset_s, duration_s, self.sheet.eeg_names(field))
        return duration_s

    def _write_contraction(self, onset_s: float, duration_s: float) -> None:
        look, random = self.look, self.random
        strength = (0.25 + 0.75 * self.intensity) * float(random.lognormal(0.0, 0.25))
        emg_uv = np.array(look.emg_uv, dtype=np.float32) * strength
        emg_uv *= random.lognormal(0.0, 0.15, emg_uv.size).astype(np.float32)
        rise = float(np.clip(random.normal(look.emg_rise, 0.06), 0.2, 0.7))

        shape = partial(diamond, duration_s=duration_s, rise=rise, shape=look.emg_shape)
        self.sheet.add_contraction(onset_s, duration_s, shape, emg_uv)
        neck_uv = np.array([0.3, 0.6, 0.6, 1.0], dtype=np.float32) * np.float32(look.neck_uv * strength)
        self.sheet.add_scalp_muscle(onset_s, duration_s, shape, neck_uv)
        if look.motion_uv:
            self._write_nod(onset_s, min(duration_s, 2.0), look.motion_uv * strength)
        self._note(Term.CONTRACTION, onset_s, duration_s, self.sheet.emg_names(emg_uv))

    def _write_nod(self, onset_s: float, duration_s: float, motion_uv: float) -> None:
        """Add the artefact of the nodding head: the electrodes that the infant lies on move."""
        phase = float(self.random.uniform(0, 2 * np.pi))
        self.sheet.add_wave(
            onset_s,
            duration_s,
            lambda t: np.sin(np.pi * t / duration_s) * np.sin(2 * np.pi * 1.5 * t + phase),
            motion_uv * self.sheet.head.patch("Oz", 0.5),
        )

    def _write_fast_burst(self) -> None:
        look, random = self.look, self.random
        duration_s = look.fast_s * float(random.lognormal(0.0, 0.15))
        # The burst leads and dies away under the slow wave.
        onset_s = self.onset_s + 0.15 * look.slow_wave_s - duration_s
        low_hz, high_hz = look.fast_hz
        start_hz, end_hz = sorted(random.uniform(low_hz, high_hz, 2), reverse=True)
        amplitude_uv = look.fast_uv * (0.5 + 0.5 * self.intensity)
        places = (
            (look.fast_focus, 0.0, 1.0),
            (look.fast_neighbour, look.fast_neighbour_lag_s, 0.6),
            (look.fast_focus.mirrored(), look.fast_contralateral_lag_s, 0.35),
        )
        for source, lag_s, share in places:
            phase = float(random.uniform(0, 2 * np.pi))
            wave = partial(_chirp, duration_s=duration_s, start_hz=start_hz, end_hz=end_hz, phase=phase)
            self.sheet.add_wave(onset_s + lag_s, duration_s, wave, amplitude_uv * share * self.sheet.head.field(source))
        shown = self.sheet.eeg_names(self.sheet.head.field(look.fast_focus))
        self._note(Term.FAST_BURST, onset_s, duration_s + max(lag for _, lag, _ in places), shown)

    def _write_decrement(self, wave_s: float) -> None:
        look, random = self.look, self.random
        duration_s = look.decrement_s * float(random.lognormal(0.0, 0.2)) * (0.6 + 0.4 * self.intensity)
        onset_s = self.onset_s + 0.6 * wave_s
        duration_s = min(duration_s, self.until_s + PAUSE_S - onset_s)
        self.sheet.suppress(onset_s, duration_s, look.decrement_depth)
        # Low-voltage fast activity on the flat EEG.
        fast_hz = float(random.uniform(14, 24))
        wave = partial(_chirp, duration_s=duration_s, start_hz=fast_hz, end_hz=0.85 * fast_hz, phase=0.0)
        self.sheet.add_wave(onset_s, duration_s, wave, look.decrement_fast_uv * self.sheet.head.field(look.fast_focus))
        self._note(Term.DECREMENT, onset_s, duration_s, ())


def _chirp(
    time_s: NDArray[np.float64], duration_s: float, start_hz: float, end_hz: float, phase: float
) -> NDArray[np.float64]:
    cycles = start_hz * time_s + (end_hz - start_hz) * time_s**2 / (2 * duration_s)
    window = np.sin(np.pi * np.clip(time_s / duration_s, 0.0, 1.0)) ** 1.5
    result: NDArray[np.float64] = window * np.sin(2 * np.pi * cycles + phase)
    return result
