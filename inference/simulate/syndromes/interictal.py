"""What the EEG shows between seizures: sharp waves, spike-waves, and the burst suppression of the youngest."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.simulate.course import Course, State
from inference.simulate.sheet import Samples, Sheet
from inference.simulate.streams import Stream, generator
from inference.simulate.syndromes.children import BurstSuppression, Child, SpikeWave
from inference.simulate.syndromes.occurrences import is_free, occurrences
from inference.simulate.syndromes.terms import SyndromeTerm
from inference.simulate.syndromes.waves import count_complexes, rolandic_sharp_s, rolandic_sharp_wave, spike_waves
from inference.simulate.truth import Role

#: Shorter than this, a run of spike-waves shows on the EEG alone and is no absence.
FRAGMENT_S = (0.5, 2.5)
#: Stream numbers that the first generator does not use.
_SUPPRESSION, _SLEEP_RUNS = 110, 111
#: A burst begins and ends within this time.
_EDGE_S = 0.15
_SHORTEST_BURST_S, _LONGEST_BURST_S = 1.0, 3.0
_SHORTEST_SUPPRESSION_S, _LONGEST_SUPPRESSION_S = 3.0, 4.0
#: Spike-waves of sleep come in runs of this length on average; the pauses between them follow from the index.
_SLEEP_RUN_S = 14.0


def write_spike_waves(
    sheet: Sheet,
    random: np.random.Generator,
    look: SpikeWave,
    onset_s: float,
    duration_s: float,
    *,
    start_hz: float,
    end_hz: float,
    strength: float = 1.0,
) -> tuple[str, ...]:
    """Write a run of spike-waves as this child has them, and name the channels that show it."""
    field = sheet.head.field(*look.sources)
    # Stereotyped, not identical: sides and electrodes vary a little from run to run.
    field = field * random.normal(1.0, 0.06, field.size).astype(np.float32)
    heights = random.normal(1.0, 0.12, count_complexes(duration_s, start_hz, end_hz)).clip(0.5, 1.5)
    wave = partial(
        spike_waves,
        duration_s=duration_s,
        start_hz=start_hz,
        end_hz=end_hz,
        spike_share=look.spike_share,
        n_spikes=look.n_spikes,
        heights=heights,
    )
    sheet.add_wave(onset_s, duration_s, wave, look.wave_uv * strength * field)
    return sheet.eeg_names(field)


def add_rolandic_sharp_waves(
    sheet: Sheet, child: Child, course: Course, seed: int, busy_s: NDArray[np.float64]
) -> None:
    """Add the sharp waves of the lower central region, more in sleep."""
    look = child.rolandic
    fields: dict[bool, Samples] = {
        False: sheet.head.field(look.source),
        True: sheet.head.field(look.source.mirrored()),
    }
    for onset_s, random in occurrences(seed, "rolandic", look.per_min, course, sheet.duration_s):
        sharp_s = look.sharp_s * float(random.lognormal(0.0, 0.08))
        duration_s = rolandic_sharp_s(sharp_s)
        field = fields[bool(random.random() < look.other_side)]
        uv = look.sharp_uv * float(random.lognormal(-0.1, 0.3))
        if not is_free(busy_s, onset_s, duration_s):
            continue
        wave = partial(rolandic_sharp_wave, sharp_s=sharp_s, wave_share=look.wave_share)
        sheet.add_wave(onset_s, duration_s, wave, uv * field)
        sheet.note(SyndromeTerm.SHARP_WAVE, onset_s, duration_s, sheet.eeg_names(field))


def add_spike_wave_fragments(
    sheet: Sheet, child: Child, course: Course, seed: int, busy_s: NDArray[np.float64]
) -> None:
    """Add short runs of spike-waves, too short to be seizures."""
    look = child.spike_wave
    for onset_s, random in occurrences(seed, "fragment", look.fragments_per_min, course, sheet.duration_s):
        duration_s = float(random.uniform(*FRAGMENT_S))
        rate_hz = look.start_hz + float(random.normal(0.0, 0.2))
        if is_free(busy_s, onset_s, duration_s):
            shown = write_spike_waves(
                sheet, random, look, onset_s, duration_s, start_hz=rate_hz, end_hz=rate_hz, strength=0.8
            )
            sheet.note(SyndromeTerm.SPIKE_WAVE, onset_s, duration_s, shown)


def add_sleep_spike_waves(sheet: Sheet, child: Child, course: Course, seed: int, busy_s: NDArray[np.float64]) -> None:
    """Fill NREM sleep with spike-waves up to the child's index: long runs with short pauses."""
    if not child.sleep_index:
        return
    look, pause_s = child.spike_wave, _SLEEP_RUN_S * (1.0 / child.sleep_index - 1.0)
    for number, spell in enumerate(course.spells):
        random = generator(seed, Stream.INTERICTAL_TIMES, _SLEEP_RUNS, number)
        at_s = spell.onset_s
        while spell.state is State.NREM and at_s < min(spell.end_s, sheet.duration_s):
            run_s = min(max(1.0, float(random.gamma(2.0, _SLEEP_RUN_S / 2.0))), spell.end_s - at_s)
            rate_hz = look.start_hz + float(random.normal(0.0, 0.15))
            strength, silence_s = float(random.lognormal(-0.1, 0.2)), float(random.gamma(2.0, pause_s / 2.0))
            for onset_s, piece_s in _around(busy_s, at_s, run_s):
                shown = write_spike_waves(
                    sheet, random, look, onset_s, piece_s, start_hz=rate_hz, end_hz=rate_hz, strength=strength
                )
                sheet.note(SyndromeTerm.SPIKE_WAVE, onset_s, piece_s, shown)
            at_s += run_s + silence_s


def _around(busy_s: NDArray[np.float64], onset_s: float, duration_s: float) -> list[tuple[float, float]]:
    """Cut seizures out of a run: give the onset and the length of what is left, if it is worth a complex."""
    pieces, at_s, end_s = [], onset_s, onset_s + duration_s
    for first_s, last_s in busy_s[np.argsort(busy_s[:, 0])]:
        if first_s < end_s and last_s > at_s:
            pieces.append((at_s, float(first_s) - at_s))
            at_s = float(last_s)
    pieces.append((at_s, end_s - at_s))
    return [(piece_onset_s, length_s) for piece_onset_s, length_s in pieces if length_s >= 0.7]


def add_burst_suppression(sheet: Sheet, child: Child, course: Course, seed: int) -> None:
    """Suppress the ongoing EEG between bursts, in the states in which this child has it."""
    look = child.burst_suppression
    if not any(look.depth.values()):
        return
    random = generator(seed, Stream.INTERICTAL_TIMES, _SUPPRESSION)
    if all(look.depth.values()):
        sheet.note(SyndromeTerm.BURST_SUPPRESSION, 0.0, sheet.duration_s, role=Role.STATE)
    at_s = -float(random.uniform(0.0, 5.0))
    while at_s < sheet.duration_s:
        burst_s, suppression_s = _draw_burst(random, look)
        depth = look.depth[course.state_at(max(0.0, at_s + burst_s))]
        if depth:
            sheet.note(SyndromeTerm.BURST, at_s, burst_s, role=Role.STATE)
            _suppress(sheet, at_s + burst_s, suppression_s, depth)
        at_s += burst_s + suppression_s


def _draw_burst(random: np.random.Generator, look: BurstSuppression) -> tuple[float, float]:
    burst_s = float(np.clip(random.normal(look.burst_s, 0.4), _SHORTEST_BURST_S, _LONGEST_BURST_S))
    suppression_s = float(
        np.clip(random.normal(look.suppression_s, 0.3), _SHORTEST_SUPPRESSION_S, _LONGEST_SUPPRESSION_S)
    )
    return burst_s, suppression_s


def _suppress(sheet: Sheet, onset_s: float, duration_s: float, depth: float) -> None:
    samples, time_s = sheet.span(onset_s, duration_s)
    edge = np.clip(np.minimum(time_s, duration_s - time_s) / _EDGE_S, 0.0, 1.0)
    sheet.suppression[samples] *= (1.0 - depth * edge).astype(np.float32)
