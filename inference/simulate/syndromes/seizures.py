"""Seizures of children: absences, tonic-clonic seizures, focal seizures of the lower central region."""

from collections.abc import Callable
from functools import partial

import numpy as np

from inference.simulate.course import State
from inference.simulate.head import Dipole
from inference.simulate.sheet import Samples, Sheet
from inference.simulate.streams import Stream, generator
from inference.simulate.syndromes.children import WIDE_DEPTH, Child, Syndrome
from inference.simulate.syndromes.interictal import write_spike_waves
from inference.simulate.syndromes.terms import SyndromeTerm
from inference.simulate.syndromes.timetable import SeizureTime, Timetable
from inference.simulate.syndromes.waves import Times, rhythm, swelling
from inference.simulate.truth import Role

#: Stream number that the first generator's spasms do not use.
_OURS = 1_000_000
#: Sources of what is generalised: all over the convexity, most in front.
EVERYWHERE = tuple(
    Dipole.radial(place, WIDE_DEPTH)
    for place in ((-0.5, 0.6, 0.6), (0.5, 0.6, 0.6), (-0.6, -0.1, 0.7), (0.6, -0.1, 0.7), (0.0, -0.6, 0.7))
)


def add_seizures(sheet: Sheet, child: Child, timetable: Timetable, seed: int) -> None:
    """Write every seizure of a timetable, but for spasms, and what is true of it."""
    for index, seizure in enumerate(timetable.seizures):
        random = generator(seed, Stream.SPASM, _OURS, index)
        asleep = timetable.course.state_at(seizure.onset_s) is State.NREM
        label, shown = _writer_of(child.syndrome, asleep=asleep)(sheet, random, child, seizure)
        sheet.note(label, seizure.onset_s, seizure.duration_s, shown, role=Role.SEIZURE)


_Writer = Callable[[Sheet, np.random.Generator, Child, SeizureTime], tuple[SyndromeTerm, tuple[str, ...]]]


def _writer_of(syndrome: Syndrome, *, asleep: bool) -> _Writer:
    if syndrome is Syndrome.CSWS and asleep:
        return _write_focal
    return {
        Syndrome.CAE: _write_absence,
        Syndrome.CSWS: _write_atypical_absence,
        Syndrome.FS_PLUS: _write_tonic_clonic,
        Syndrome.BECT: _write_focal,
    }[syndrome]


def _write_absence(
    sheet: Sheet, random: np.random.Generator, child: Child, time: SeizureTime
) -> tuple[SyndromeTerm, tuple[str, ...]]:
    """Write a typical absence: generalised spike-waves that begin at once and slow down towards the end (FACTS)."""
    look = child.spike_wave
    start_hz = float(np.clip(look.start_hz + random.normal(0.0, 0.15), 2.9, 4.0))
    end_hz = max(2.5, start_hz - look.fall_hz)
    shown = write_spike_waves(
        sheet, random, look, time.onset_s, time.duration_s, start_hz=start_hz, end_hz=end_hz, strength=1.15
    )
    return SyndromeTerm.TYPICAL_ABSENCE, shown


def _write_atypical_absence(
    sheet: Sheet, random: np.random.Generator, child: Child, time: SeizureTime
) -> tuple[SyndromeTerm, tuple[str, ...]]:
    """Write an atypical absence: slow spike-waves, below 2.5 Hz."""
    look = child.spike_wave
    shown = write_spike_waves(
        sheet,
        random,
        look,
        time.onset_s,
        time.duration_s,
        start_hz=look.start_hz,
        end_hz=max(1.5, look.start_hz - look.fall_hz),
        strength=1.1,
    )
    return SyndromeTerm.ATYPICAL_ABSENCE, shown


def _write_focal(
    sheet: Sheet, random: np.random.Generator, child: Child, time: SeizureTime
) -> tuple[SyndromeTerm, tuple[str, ...]]:
    """Write a focal seizure: fast and low at first, then slower, higher, sharper, and perhaps on both sides."""
    source = child.rolandic.source
    here, there = sheet.head.field(source), sheet.head.field(source.mirrored())
    duration_s = time.duration_s
    start_hz, end_hz = float(random.uniform(9, 14)), float(random.uniform(2, 4))
    last_uv, first_uv = float(random.uniform(90, 200)), float(random.uniform(20, 45))
    spread_s = float(random.uniform(0.3, 0.6)) * duration_s
    spread_share = float(random.choice([0.0, 0.5]))

    def wave(t: Times, delay_s: float) -> Times:
        growth = first_uv + (last_uv - first_uv) * np.clip((t - delay_s) / (0.6 * duration_s), 0.0, 1.0)
        # The frequency falls by a constant share each second.
        rate_hz = start_hz * (end_hz / start_hz) ** (t / duration_s)
        cycles = (start_hz * duration_s / np.log(end_hz / start_hz)) * ((end_hz / start_hz) ** (t / duration_s) - 1.0)
        swing = np.sin(2 * np.pi * cycles)
        sharp = 2.0 * np.clip(swing, 0.0, 1.0) ** 3 - 0.8
        share = np.clip((8.0 - rate_hz) / 6.0, 0.0, 1.0)
        edge = swelling(t - delay_s, duration_s - delay_s, 2.0, 1.0) * (t >= delay_s)
        result: Times = growth * edge * ((1.0 - share) * swing + share * sharp)
        return result

    sheet.add_wave(time.onset_s, duration_s, partial(wave, delay_s=0.0), here)
    sheet.add_wave(time.onset_s, duration_s, partial(wave, delay_s=spread_s), spread_share * there)
    return SyndromeTerm.FOCAL, sheet.eeg_names(here)


def _write_tonic_clonic(
    sheet: Sheet, random: np.random.Generator, child: Child, time: SeizureTime
) -> tuple[SyndromeTerm, tuple[str, ...]]:
    """Write a generalised tonic-clonic seizure: flattening, a recruiting rhythm, rarer and rarer jerks, exhaustion."""
    field = sheet.head.field(*EVERYWHERE)
    tonic_s = float(random.uniform(0.3, 0.45)) * time.duration_s
    muscle_uv = (random.uniform(25, 110) * random.uniform(0.5, 1.0, 4)).astype(np.float32)
    sheet.suppress(time.onset_s, tonic_s, float(random.uniform(0.5, 0.85)))
    start_hz, end_hz = float(random.uniform(14, 20)), float(random.uniform(8, 11))
    tonic_uv = float(random.uniform(40, 110))

    def recruit(t: Times) -> Times:
        growth = 0.2 + 0.8 * np.clip(t / tonic_s, 0.0, 1.0)
        return tonic_uv * growth * swelling(t, tonic_s, 0.5, 0.4) * rhythm(t, tonic_s, start_hz, end_hz, 0.5)

    sheet.add_wave(time.onset_s, tonic_s, recruit, field)
    tense = partial(swelling, duration_s=tonic_s, rise_s=min(3.0, 0.5 * tonic_s), fall_s=0.4)
    sheet.add_scalp_muscle(time.onset_s, tonic_s, tense, muscle_uv)
    _write_jerks(sheet, random, child, SeizureTime(time.onset_s + tonic_s, time.duration_s - tonic_s), muscle_uv)
    # Exhaustion after the seizure belongs to it no longer.
    sheet.suppress(time.end_s, float(random.uniform(5, 20)), float(random.uniform(0.4, 0.85)))
    return SyndromeTerm.TONIC_CLONIC, sheet.eeg_names(field)


def _write_jerks(
    sheet: Sheet, random: np.random.Generator, child: Child, time: SeizureTime, muscle_uv: Samples
) -> None:
    """Write the clonic phase: each jerk is spikes with muscle, then a slow wave without; from 4 to 1 a second."""
    field = sheet.head.field(*EVERYWHERE)
    uv, at_s = float(random.uniform(100, 250)), 0.0
    while at_s < time.duration_s - 0.2:
        interval_s = float(np.interp(at_s / time.duration_s, (0.0, 1.0), (0.25, 0.9)) * random.lognormal(0.0, 0.08))
        interval_s = min(interval_s, time.duration_s - at_s)
        wave = partial(_jerk_wave, interval_s=interval_s, spike_share=child.spike_wave.spike_share)
        sheet.add_wave(time.onset_s + at_s, interval_s, wave, uv * float(random.normal(1.0, 0.12)) * field)
        jerk = partial(swelling, duration_s=0.4 * interval_s, rise_s=0.05, fall_s=0.2 * interval_s)
        sheet.add_scalp_muscle(time.onset_s + at_s, 0.4 * interval_s, jerk, muscle_uv)
        at_s += interval_s


def _jerk_wave(time_s: Times, interval_s: float, spike_share: float) -> Times:
    spikes = np.exp(-0.5 * ((time_s - 0.04) / 0.015) ** 2) + np.exp(-0.5 * ((time_s - 0.09) / 0.015) ** 2)
    slow = np.sin(np.pi * np.clip((time_s - 0.3 * interval_s) / (0.7 * interval_s), 0.0, 1.0))
    result: Times = -(spike_share * spikes + slow)
    return result
