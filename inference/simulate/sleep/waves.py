"""What sleep is scored by: slow waves, K-complexes, spindles, vertex waves, sawtooth waves and arousals.

Shapes and stages follow the AASM Manual for the Scoring of Sleep and Associated Events 2.6, sections IV and V.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inference.labels.hypnograms import EPOCH_S
from inference.recordings.electrodes import electrode_position
from inference.simulate.head import Dipole
from inference.simulate.sheet import Page, Samples
from inference.simulate.sleep.course import SleepCourse
from inference.simulate.sleep.patients import SleepPatient
from inference.simulate.sleep.rhythms import below
from inference.simulate.streams import Stream, generator
from inference.simulate.truth import Role, Term

SAWTOOTH = "Saw-tooth-waves"
#: Share of an epoch that slow waves of 75 µV or more fill: 20 % makes it N3 (AASM, section IV.7).
N3_COVERAGE = (0.35, 0.9)
N2_COVERAGE = (0.0, 0.1)
#: Half the vault away from the frontal source, slow waves come from deeper than what they travel over.
_SLOW_WAVE_DEEPER = 0.22
_SLOW_WAVE_S = (0.75, 1.5)


def add_waves(page: Page, patient: SleepPatient, course: SleepCourse, seed: int) -> None:
    """Add all of them, and write down where they are."""
    add_slow_waves(page, patient, course, seed)
    for index, add in enumerate((_add_complexes, _add_spindles, _add_vertex_waves, _add_sawtooth, _add_arousals)):
        add(page, patient, course, seed, index)


def add_slow_waves(page: Page, patient: SleepPatient, course: SleepCourse, seed: int) -> None:
    """Add the slow waves of N3, and the few of N2: of 0.5-2 Hz and at least 75 µV from peak to peak over the front."""
    for epoch, onset_s in course.epochs_in("N2", "N3"):
        random = generator(seed, Stream.SLEEP_EVENT, 100, epoch)
        deep = course.stages[epoch] == "N3"
        coverage = float(random.uniform(*(N3_COVERAGE if deep else N2_COVERAGE)))
        n_waves = round(coverage * EPOCH_S / float(np.mean(_SLOW_WAVE_S)))
        for at_s in np.sort(random.uniform(0.0, EPOCH_S, n_waves)) if not deep else _even(random, n_waves):
            if course.stage_at(onset_s + at_s) in ("N2", "N3"):
                _add_slow_wave(page, patient, random, onset_s + float(at_s))


def _even(random: np.random.Generator, n_waves: int) -> NDArray[np.float64]:
    """Give onsets that do not overlap: waves follow each other, with what is left of the epoch between them."""
    gaps = random.dirichlet(np.ones(n_waves + 1)) * max(0.0, EPOCH_S - n_waves * float(np.mean(_SLOW_WAVE_S)))
    onsets: NDArray[np.float64] = np.cumsum(gaps[:-1]) + np.arange(n_waves) * float(np.mean(_SLOW_WAVE_S))
    return onsets


def _add_slow_wave(page: Page, patient: SleepPatient, random: np.random.Generator, onset_s: float) -> None:
    duration_s = float(random.uniform(*_SLOW_WAVE_S))
    uv = max(92.0, patient.rhythms.slow_wave_uv * float(random.lognormal(0.0, 0.2)))
    x, y = np.array(patient.rhythms.slow_wave_site) + random.normal(0.0, 0.15, 2)
    field = _unit_front(page, below((x, y, 0.85), _SLOW_WAVE_DEEPER))

    def wave(t: NDArray[np.float64]) -> NDArray[np.float64]:
        # A steeper negative half before a flatter positive one.
        turn = 2 * np.pi * t / duration_s
        shape: NDArray[np.float64] = -0.5 * uv * (np.sin(turn) + 0.15 * np.sin(2 * turn))
        return shape

    page.add_wave(onset_s, duration_s, wave, field)
    page.note(Term.SLOW_WAVE, onset_s, duration_s, role=Role.STATE)


def _unit_front(page: Page, source: Dipole) -> Samples:
    """Give a source's field, scaled so that the frontal derivation that sleep is scored in sees it with 1."""
    field = page.head.field(source)
    front, mastoid = _first(page, "F4", "F3"), _first(page, "M1", "TP9")
    return field / np.float32(abs(field[front] - field[mastoid]))


def _first(page: Page, *names: str) -> int:
    return next(page.head.electrodes.index(name) for name in names if name in page.head.electrodes)


def _times(course: SleepCourse, seed: int, kind: int, per_min: float, *stages: str) -> Iterator[tuple[int, float]]:
    """Yield number and time of events that come by chance, so many a minute of these stages."""
    times = generator(seed, Stream.SLEEP_EVENT_TIMES, kind)
    at_s, index = float(times.exponential(60.0 / per_min)), 0
    while at_s < course.duration_s:
        if course.stage_at(at_s) in stages:
            yield index, at_s
        at_s += float(times.exponential(60.0 / per_min))
        index += 1


def _add_complexes(page: Page, patient: SleepPatient, course: SleepCourse, seed: int, kind: int) -> None:
    """K-complexes: a negative sharp wave, a positive component, at least 0.5 s in all, largest frontally."""
    for index, at_s in _times(course, seed, kind, patient.rhythms.complexes_per_min, "N2"):
        random = generator(seed, Stream.SLEEP_EVENT, kind, index)
        uv = patient.rhythms.complex_uv * float(random.lognormal(0.0, 0.25))
        stretch = float(random.uniform(0.8, 1.3))
        field = _unit_front(page, below((float(random.normal(0, 0.1)), 0.4, 0.9), 0.18))

        def wave(t: NDArray[np.float64], uv: float = uv, stretch: float = stretch) -> NDArray[np.float64]:
            u = t / stretch
            negative = np.exp(-0.5 * ((u - 0.25) / 0.085) ** 2)
            positive = np.exp(-0.5 * ((u - 0.58) / 0.16) ** 2)
            shape: NDArray[np.float64] = uv * (-0.6 * negative + 0.4 * positive)
            return shape

        page.add_wave(at_s, 1.1 * stretch, wave, field)
        page.note(Term.K_COMPLEX, at_s, stretch, role=Role.STATE)


def _add_spindles(page: Page, patient: SleepPatient, course: SleepCourse, seed: int, kind: int) -> None:
    """Spindles of N2 and, fewer, of N3: 0.5-2 s of 11-16 Hz, fast ones over the vertex and slow ones in front."""
    traits = patient.rhythms
    for index, at_s in _times(course, seed, kind, traits.spindles_per_min, "N2", "N3"):
        random = generator(seed, Stream.SLEEP_EVENT, kind, index)
        if course.stage_at(at_s) == "N3" and random.random() < 0.6:
            continue
        fast = random.random() < 0.65
        centre = electrode_position("CPz" if fast else "Fz")
        field = page.head.field(below(np.asarray(centre) + random.normal(0.0, 0.12, 3), 0.08))
        rate_hz = (traits.spindle_hz if fast else traits.slow_spindle_hz) + float(random.normal(0.0, 0.3))
        duration_s = float(np.clip(random.lognormal(np.log(0.85), 0.3), 0.5, 2.5))
        uv, phase = traits.spindle_uv * float(random.lognormal(0.0, 0.25)), float(random.uniform(0, 2 * np.pi))

        def wave(
            t: NDArray[np.float64], uv: float = uv, s: float = duration_s, hz: float = rate_hz, phase: float = phase
        ) -> NDArray[np.float64]:
            shape: NDArray[np.float64] = 0.5 * uv * np.sin(np.pi * t / s) * np.sin(2 * np.pi * hz * t + phase)
            return shape

        page.add_wave(at_s, duration_s, wave, field)
        page.note(Term.SPINDLE, at_s, duration_s, page.eeg_names(field), role=Role.STATE)


def _add_vertex_waves(page: Page, patient: SleepPatient, course: SleepCourse, seed: int, kind: int) -> None:
    """Vertex sharp waves of N1, sharp and shorter than 0.5 s, largest at Cz."""
    field = page.head.field(below("Cz", 0.05))
    for index, at_s in _times(course, seed, kind, 2.5, "N1"):
        random = generator(seed, Stream.SLEEP_EVENT, kind, index)
        uv, width_s = patient.rhythms.vertex_uv * float(random.lognormal(0.0, 0.3)), float(random.uniform(0.03, 0.06))

        def wave(t: NDArray[np.float64], uv: float = uv, width_s: float = width_s) -> NDArray[np.float64]:
            sharp = np.exp(-0.5 * ((t - 0.12) / width_s) ** 2)
            after = 0.35 * np.exp(-0.5 * ((t - 0.28) / (1.6 * width_s)) ** 2)
            shape: NDArray[np.float64] = uv * (after - sharp)
            return shape

        page.add_wave(at_s, 0.5, wave, field)
        page.note(Term.VERTEX_WAVE, at_s, 0.4, page.eeg_names(field), role=Role.STATE)


def _add_sawtooth(page: Page, patient: SleepPatient, course: SleepCourse, seed: int, kind: int) -> None:
    """Trains of sawtooth waves of R: triangular, 2-6 Hz, largest over the vertex, often before rapid eye movements."""
    field = page.head.field(below("Cz", 0.1))
    for index, at_s in _times(course, seed, kind, 0.9, "R"):
        random = generator(seed, Stream.SLEEP_EVENT, kind, index)
        rate_hz, duration_s = float(random.uniform(2.2, 5.0)), float(random.uniform(2.0, 7.0))
        uv = patient.rhythms.gain * float(random.uniform(18, 40))

        def wave(
            t: NDArray[np.float64], uv: float = uv, hz: float = rate_hz, s: float = duration_s
        ) -> NDArray[np.float64]:
            edge = np.clip(np.minimum(t, s - t) / 0.4, 0.0, 1.0)
            tooth = 2.0 * (hz * t - np.floor(hz * t + 0.5))
            shape: NDArray[np.float64] = 0.5 * uv * edge * tooth
            return shape

        page.add_wave(at_s, duration_s, wave, field)
        page.note(SAWTOOTH, at_s, duration_s, page.eeg_names(field), role=Role.STATE)


def _add_arousals(page: Page, patient: SleepPatient, course: SleepCourse, seed: int, kind: int) -> None:
    """Arousals: alpha for 3-12 s in the midst of sleep, with more muscle tone (AASM, section V)."""
    field = page.head.field(below("O1", 0.08)) + page.head.field(below("O2", 0.08))
    for index, at_s in _times(course, seed, kind, 0.25, "N1", "N2", "R"):
        random = generator(seed, Stream.SLEEP_EVENT, kind, index)
        duration_s = float(random.uniform(3.0, 12.0))
        hz, uv = patient.rhythms.alpha_hz + float(random.normal(0, 0.3)), 12.0 + patient.rhythms.alpha_uv

        def wave(t: NDArray[np.float64], uv: float = uv, hz: float = hz, s: float = duration_s) -> NDArray[np.float64]:
            edge = np.clip(np.minimum(t, s - t), 0.0, 1.0)
            beat = 1.0 + 0.4 * np.sin(2 * np.pi * 0.7 * t)
            shape: NDArray[np.float64] = uv * edge * beat * np.sin(2 * np.pi * hz * t)
            return shape

        page.add_wave(at_s, duration_s, wave, field)
        tone_uv = np.full(1, 1.5 * patient.body.chin_uv, dtype=np.float32)
        page.add_contraction(at_s, duration_s, np.ones_like, tone_uv)
        page.note(Term.AROUSAL, at_s, duration_s, role=Role.STATE)
