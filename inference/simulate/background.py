"""The EEG between events: rhythms of waking and sleep, hypsarrhythmia, spindles, interictal spikes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.recordings.electrodes import electrode_position
from inference.simulate.course import Course, State
from inference.simulate.head import Dipole
from inference.simulate.noise import Block, Spectrum, blocks
from inference.simulate.patients import CORTEX_DEPTH, RegionalRhythm
from inference.simulate.sheet import Progress, Samples, Sheet
from inference.simulate.streams import Stream, generator
from inference.simulate.truth import Role, Term

#: How strong hypsarrhythmia is in each state: grouped and stronger in NREM, often absent in REM (FACTS).
HYPSARRHYTHMIA_GAIN: Mapping[State, float] = {State.AWAKE: 0.8, State.NREM: 1.0, State.REM: 0.15}
#: Infant spindles last 2.9 s, come 6.6 times a minute, and 60 % are synchronous over both hemispheres (FACTS).
SPINDLE_S, SPINDLES_PER_MIN, SPINDLE_SYNCHRONY = 2.9, 6.6, 0.6
#: Depth of sources that are seen all over the head; this project's choice.
WIDE_DEPTH = 0.65
#: Degrees of hypsarrhythmia from which it is called modified and classic; this project's choice.
MODIFIED_DEGREE, CLASSIC_DEGREE = 0.25, 0.6


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One part of the background: independent sources that share a spectrum.

    ``mix`` is (n_eeg, n_sources); ``rms_uv`` the mean amplitude over channels in each state; ``waxing`` the standard
    deviation of the slow modulation's logarithm, common to all sources or (``local``) each source's own; ``grouping``
    that of a further modulation of all sources together in NREM.
    """

    spectrum: Spectrum
    mix: Samples
    rms_uv: Mapping[State, float]
    waxing: float = 0.3
    local: bool = False
    grouping: float = 0.0


#: Waxing and waning takes some seconds; hypsarrhythmia comes in groups of some seconds in NREM.
_WAXING = Spectrum(0.02, 0.25)
_GROUPING = Spectrum(0.1, 0.3)


def add_background(
    sheet: Sheet, course: Course, seed: int, on_progress: Progress, rhythms: Sequence[Rhythm] | None = None
) -> None:
    """Add the ongoing EEG, suppressed where events suppress it; an infant's rhythms if none are given."""
    rhythms = _rhythms(sheet) if rhythms is None else rhythms
    for block in blocks(sheet.n_samples, sheet.rate_hz):
        states = {state: course.weights(state, block.time_s) for state in State}
        total = np.zeros((len(sheet.eeg), block.stop - block.start), dtype=np.float32)
        for index, rhythm in enumerate(rhythms):
            random = generator(seed, Stream.BACKGROUND, index, block.index)
            level = sum((weight * np.float32(rhythm.rms_uv[state]) for state, weight in states.items()), np.float32(0))
            if np.any(level):
                total += _rhythm(block, random, rhythm, states[State.NREM]) * level
        total *= block.fade * sheet.suppression[block.start : block.stop]
        sheet.eeg[:, block.start : block.stop] += total
        on_progress(block.stop / sheet.n_samples)


def _rhythm(block: Block, random: np.random.Generator, rhythm: Rhythm, nrem: Samples) -> Samples:
    n_sources = rhythm.mix.shape[1]
    waxing = np.float32(rhythm.waxing)
    # Less the square of its deviation, so that the modulation changes no mean power.
    modulation = np.exp(waxing * block.noise(random, _WAXING, n_sources if rhythm.local else 1) - waxing**2)
    if rhythm.grouping:
        grouping = np.float32(rhythm.grouping) * nrem
        modulation = modulation * np.exp(grouping * block.noise(random, _GROUPING, 1) - grouping**2)
    if rhythm.local:
        mixed: Samples = rhythm.mix @ (block.noise(random, rhythm.spectrum, n_sources) * modulation)
    else:
        mixed = block.noise(random, rhythm.spectrum, n_sources, rhythm.mix) * modulation
    return mixed


def _rhythms(sheet: Sheet) -> list[Rhythm]:
    patient = sheet.patient
    body, gain = patient.background, patient.background.gain
    cortex = everywhere(sheet, body.asymmetry, body.depth)
    # Short and long distances share their input: part of the slow activity comes from sources seen all over the head.
    wide = everywhere(sheet, body.asymmetry, WIDE_DEPTH)
    slow = _scaled_to_one(np.hstack([np.sqrt(1 - body.wide_share) * cortex, np.sqrt(body.wide_share) * wide]))
    awake, nrem, rem = State.AWAKE, State.NREM, State.REM
    posterior = mixture(sheet, [below(site, 0.42) for site in ("O1", "O2", "P3", "P4", "P7", "P8")])
    central = mixture(sheet, [below("C3"), below("C4"), below("Fz"), below("Cz")])
    # 40-100 uV from peak to peak awake, 100-200 uV in NREM sleep, as textbooks of infant EEG have it; how that is
    # split over the rhythms is this project's choice.
    parts = [
        Rhythm(Spectrum(0.6, 60.0, body.exponent), cortex, {awake: 11, nrem: 14, rem: 9}),
        Rhythm(
            Spectrum(*body.delta_hz, order=2),
            slow,
            {awake: 10, nrem: 30 * body.delta_gain, rem: 11},
            0.4,
            grouping=body.delta_grouping,
        ),
        scaled(Rhythm(Spectrum(3.5, 7.0, order=2), cortex, {awake: 8, nrem: 10, rem: 8}), body.theta_gain),
        Rhythm(
            Spectrum(body.posterior_hz - 0.7, body.posterior_hz + 0.7, order=8),
            posterior,
            {awake: 8, nrem: 0, rem: 2},
            0.45,
        ),
        scaled(Rhythm(Spectrum(15.0, 25.0, order=2), central, {awake: 2, nrem: 2.5, rem: 1.5}, 0.5), body.beta_gain),
        *(_regional(sheet, rhythm) for rhythm in body.regional),
    ]
    parts = [scaled(part, gain) for part in parts]
    return [*parts, *hypsarrhythmia_rhythms(sheet)]


def scaled(rhythm: Rhythm, gain: float) -> Rhythm:
    """Give a rhythm with another amplitude."""
    rms_uv = {state: gain * uv for state, uv in rhythm.rms_uv.items()}
    return replace(rhythm, rms_uv=rms_uv)


def _regional(sheet: Sheet, rhythm: RegionalRhythm) -> Rhythm:
    low_hz, high_hz = max(0.5, rhythm.rate_hz - rhythm.width_hz), rhythm.rate_hz + rhythm.width_hz
    rms_uv = {state: rhythm.uv * share for state, share in zip(State, rhythm.in_state, strict=True)}
    return Rhythm(Spectrum(low_hz, high_hz, order=6), mixture(sheet, [below(rhythm.site)]), rms_uv, 0.5)


def hypsarrhythmia_rhythms(sheet: Sheet) -> list[Rhythm]:
    """Give the slow waves of hypsarrhythmia, if the patient has it."""
    chaos = sheet.patient.hypsarrhythmia
    if not chaos.degree:
        return []
    rms_uv = {state: chaos.degree * chaos.slow_uv * gain for state, gain in HYPSARRHYTHMIA_GAIN.items()}
    mix = mixture(sheet, list(chaos.slow_sources))
    # Slow waves of 1-3 Hz that wax and wane at each place on their own.
    return [Rhythm(Spectrum(*chaos.slow_hz, 0.5, order=3), mix, rms_uv, 0.5, local=True, grouping=chaos.grouping)]


def below(electrode: str, depth: float = CORTEX_DEPTH) -> Dipole:
    """Give a source that points outwards below an electrode."""
    return Dipole.radial(electrode_position(electrode), depth)


def mixture(sheet: Sheet, sources: list[Dipole]) -> Samples:
    """Give the mixing matrix of independent sources of which channels see a variance of 1 on average."""
    mix = np.stack([sheet.head.field(source) for source in sources], axis=1)
    return _scaled_to_one(mix)


def everywhere(sheet: Sheet, asymmetry: float, depth: float = CORTEX_DEPTH) -> Samples:
    """Give a square root of the covariance of many sources all over the convexity."""
    n_points = 120
    z = np.linspace(1.0, -0.55, n_points)
    angle = np.pi * (1.0 + np.sqrt(5.0)) * np.arange(n_points)
    ring = np.sqrt(1.0 - z**2)
    points = np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)
    strength = np.exp(asymmetry * points[:, 0]).astype(np.float32)
    fields = np.stack([sheet.head.field(Dipole.radial(point, depth)) for point in points], axis=1) * strength
    values, vectors = np.linalg.eigh(fields @ fields.T)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    return _scaled_to_one(root)


def _scaled_to_one(mix: NDArray[np.floating]) -> Samples:
    scaled: Samples = (mix / np.sqrt((mix**2).sum(axis=1).mean())).astype(np.float32)
    return scaled


def add_spindles(sheet: Sheet, course: Course, seed: int) -> None:
    """Add the sleep spindles of NREM; hypsarrhythmia abolishes most of them."""
    per_s = SPINDLES_PER_MIN / 60.0 * (1.0 - 0.8 * sheet.patient.hypsarrhythmia.degree)
    times = generator(seed, Stream.INTERICTAL_TIMES, 0)
    fields = {"C3": sheet.head.field(below("C3")), "C4": sheet.head.field(below("C4"))}
    at_s, index = float(times.exponential(1.0 / per_s)), 0
    while at_s < sheet.duration_s:
        if course.state_at(at_s) is State.NREM:
            random = generator(seed, Stream.INTERICTAL, 0, index)
            synchronous = random.random() < SPINDLE_SYNCHRONY
            sides = ("C3", "C4") if synchronous else (str(random.choice(["C3", "C4"])),)
            _add_spindle(sheet, random, at_s, [fields[side] for side in sides])
        at_s += float(times.exponential(1.0 / per_s))
        index += 1


def _add_spindle(sheet: Sheet, random: np.random.Generator, onset_s: float, fields: list[Samples]) -> None:
    duration_s = float(np.clip(random.normal(SPINDLE_S, 0.7), 0.8, 6.0))
    rate_hz = sheet.patient.background.spindle_hz + float(random.normal(0.0, 0.3))
    uv = float(random.uniform(12, 28)) * sheet.patient.background.gain
    for field in fields:
        phase = float(random.uniform(0, 2 * np.pi))

        def wave(t: NDArray[np.float64], phase: float = phase) -> NDArray[np.float64]:
            # Infant spindles are comb-shaped: sharp on one side.
            swing = np.sin(2 * np.pi * rate_hz * t + phase)
            edge = np.clip(np.minimum(t, duration_s - t) / 0.5, 0.0, 1.0)
            result: NDArray[np.float64] = -uv * edge * (swing + 0.3 * swing**2 - 0.15)
            return result

        sheet.add_wave(onset_s, duration_s, wave, field)
    names = tuple(dict.fromkeys(name for field in fields for name in sheet.eeg_names(field)))
    sheet.note(Term.SPINDLE, onset_s, duration_s, names, role=Role.STATE)


def spike_and_wave(time_s: NDArray[np.float64], spike_s: float, wave: float) -> NDArray[np.float64]:
    """Give a spike with peak -1 (negative at the scalp) at time ``spike_s``, and the slow wave after it."""
    spike = np.exp(-0.5 * ((time_s - spike_s) / (0.28 * spike_s)) ** 2)
    after = 0.35 * np.exp(-0.5 * ((time_s - 2.1 * spike_s) / (0.5 * spike_s)) ** 2)
    slow = wave * np.exp(-0.5 * ((time_s - 2.5 * spike_s - 0.16) / 0.09) ** 2)
    result: NDArray[np.float64] = -(spike - after + slow) * np.clip(time_s / 0.01, 0.0, 1.0)
    return result


def add_interictal_spikes(sheet: Sheet, course: Course, seed: int) -> None:
    """Add multifocal spikes and spike-waves, as many as the degree of hypsarrhythmia asks for."""
    chaos = sheet.patient.hypsarrhythmia
    # A few foci fire now and then even without hypsarrhythmia.
    per_s = chaos.spikes_per_s * max(chaos.degree, 0.06)
    times = generator(seed, Stream.INTERICTAL_TIMES, 1)
    fields = [sheet.head.field(focus) for focus in chaos.foci]
    at_s = float(times.exponential(1.0 / per_s))
    while at_s < sheet.duration_s:
        chance, focus = times.random(), int(times.choice(len(fields), p=chaos.focus_weights))
        spike_s, wave = float(times.uniform(0.03, 0.08)), float(times.choice([0.0, 1.0]) * times.uniform(0.3, 0.9))
        uv = chaos.spike_uv * float(times.lognormal(-0.2, 0.4)) * float(sheet.suppression[int(at_s * sheet.rate_hz)])
        if chance < HYPSARRHYTHMIA_GAIN[course.state_at(at_s)]:
            sheet.add_wave(at_s, 0.7, partial(spike_and_wave, spike_s=spike_s, wave=wave), uv * fields[focus])
        at_s += float(times.exponential(1.0 / per_s))


def note_states(sheet: Sheet, course: Course) -> None:
    """Write down sleep and waking, and where there is hypsarrhythmia."""
    labels = {State.AWAKE: Term.AWAKE, State.NREM: Term.NREM, State.REM: Term.REM}
    degree = sheet.patient.hypsarrhythmia.degree
    for spell in course.spells:
        sheet.note(labels[spell.state], spell.onset_s, spell.duration_s, role=Role.STATE)
        if degree >= MODIFIED_DEGREE and spell.state is not State.REM:
            label = Term.HYPSARRHYTHMIA if degree >= CLASSIC_DEGREE else Term.HYPSARRHYTHMIA_MODIFIED
            sheet.note(label, spell.onset_s, spell.duration_s, role=Role.STATE)
