"""What may be mistaken for a seizure or for a syndrome's mark, in children of every syndrome alike."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.simulate.background import below
from inference.simulate.course import Course, State
from inference.simulate.sheet import Sheet
from inference.simulate.syndromes.children import Child
from inference.simulate.syndromes.occurrences import is_free, occurrences
from inference.simulate.syndromes.seizures import EVERYWHERE
from inference.simulate.syndromes.terms import SyndromeTerm
from inference.simulate.syndromes.waves import Times, rhythm, swelling

#: Each kind by the name of its stream: the state it belongs to, and how long it lasts.
_KINDS = {
    "hypersynchrony": (State.NREM, (1.0, 5.0)),
    "hyperventilation": (State.AWAKE, (10.0, 40.0)),
    "occipital delta": (State.AWAKE, (2.0, 8.0)),
    "chewing": (State.AWAKE, (4.0, 15.0)),
    "rocking": (State.AWAKE, (4.0, 20.0)),
    "strain": (State.AWAKE, (4.0, 25.0)),
}


def add_mimics(sheet: Sheet, child: Child, course: Course, seed: int, busy_s: NDArray[np.float64]) -> None:
    """Write what this child does of all that looks epileptic and is not."""
    habits = child.habits
    per_min = {
        "hypersynchrony": habits.hypersynchrony_per_min,
        "hyperventilation": habits.hyperventilation_per_min,
        "occipital delta": habits.occipital_delta_per_min,
        "chewing": habits.chewing_per_min,
        "rocking": habits.rocking_per_min,
        "strain": habits.strain_per_min,
    }
    for name, (state, (shortest_s, longest_s)) in _KINDS.items():
        for onset_s, random in occurrences(seed, name, {state: per_min[name]}, course, sheet.duration_s):
            duration_s = float(shortest_s * (longest_s / shortest_s) ** random.random())
            if is_free(busy_s, onset_s, duration_s):
                _WRITERS[name](sheet, random, child, onset_s, duration_s)


def _write_hypersynchrony(
    sheet: Sheet, random: np.random.Generator, child: Child, onset_s: float, duration_s: float
) -> None:
    """Write the waves of drowsiness: 3-5 Hz, high, all over the head, sometimes with a sharp contour but no spike."""
    _write_slow_rhythm(sheet, random, onset_s, duration_s, rate_hz=(3.0, 5.0), peak_uv=(60, 180))
    sheet.note(SyndromeTerm.HYPERSYNCHRONY, onset_s, duration_s)


def _write_hyperventilation(
    sheet: Sheet, random: np.random.Generator, child: Child, onset_s: float, duration_s: float
) -> None:
    """Write the slowing of a child who breathes hard: 2.5-4 Hz, building up, without spikes."""
    _write_slow_rhythm(sheet, random, onset_s, duration_s, rate_hz=(2.5, 4.0), peak_uv=(60, 200))
    sheet.note(SyndromeTerm.HYPERVENTILATION, onset_s, duration_s)


def _write_slow_rhythm(
    sheet: Sheet,
    random: np.random.Generator,
    onset_s: float,
    duration_s: float,
    *,
    rate_hz: tuple[float, float],
    peak_uv: tuple[float, float],
) -> None:
    field = sheet.head.field(*EVERYWHERE) * random.normal(1.0, 0.1, len(sheet.eeg)).astype(np.float32)
    start_hz, uv = float(random.uniform(*rate_hz)), float(random.uniform(*peak_uv))
    end_hz, sharpness = start_hz * float(random.uniform(0.85, 1.0)), float(random.uniform(0.0, 0.4))

    def wave(t: Times) -> Times:
        edge = swelling(t, duration_s, 0.4 * duration_s, 0.3 * duration_s)
        result: Times = uv * edge * rhythm(t, duration_s, start_hz, end_hz, sharpness)
        return result

    sheet.add_wave(onset_s, duration_s, wave, field)


def _write_occipital_delta(
    sheet: Sheet, random: np.random.Generator, child: Child, onset_s: float, duration_s: float
) -> None:
    field = sheet.head.field(below("O1", 0.4), below("O2", 0.4))
    uv, rate_hz = float(random.uniform(60, 160)), child.habits.occipital_delta_hz

    def wave(t: Times) -> Times:
        result: Times = uv * swelling(t, duration_s, 0.7, 0.7) * rhythm(t, duration_s, rate_hz, rate_hz)
        return result

    sheet.add_wave(onset_s, duration_s, wave, field)
    sheet.note(SyndromeTerm.OCCIPITAL_DELTA, onset_s, duration_s, sheet.eeg_names(field))


def _write_chewing(sheet: Sheet, random: np.random.Generator, child: Child, onset_s: float, duration_s: float) -> None:
    """Write chewing: bursts of both temporal muscles, one to two a second, with the movement of the jaw."""
    rate_hz = float(random.uniform(0.9, 2.2))

    def bite(t: Times) -> Times:
        result: Times = np.clip(np.sin(2 * np.pi * rate_hz * t), 0.0, 1.0) ** 2
        return result

    muscle_uv = (random.uniform(20, 80) * np.array([0.3, 1.0, 1.0, 0.1])).astype(np.float32)
    sheet.add_scalp_muscle(onset_s, duration_s, bite, muscle_uv)
    jaw, uv = sheet.head.patch("T9", 0.4) + sheet.head.patch("T10", 0.4), float(random.uniform(5, 40))
    sheet.add_wave(onset_s, duration_s, lambda t: uv * np.sin(2 * np.pi * rate_hz * t), jaw)
    sheet.note(SyndromeTerm.CHEWING, onset_s, duration_s, sheet.eeg_names(jaw))


def _write_rocking(sheet: Sheet, random: np.random.Generator, child: Child, onset_s: float, duration_s: float) -> None:
    """Write rocking or patting: the electrodes on one side of the head move, rhythmically and not as a brain would."""
    centre = str(random.choice(["Oz", "P7", "P8", "T9", "T10", "F7", "F8"]))
    field = sheet.head.patch(centre, float(random.uniform(0.2, 0.6)))
    start_hz, uv = float(random.uniform(0.8, 4.0)), float(random.uniform(40, 250))
    end_hz = start_hz * float(random.uniform(0.8, 1.25))

    def wave(t: Times) -> Times:
        result: Times = uv * swelling(t, duration_s, 0.8, 0.8) * rhythm(t, duration_s, start_hz, end_hz, 0.3)
        return result

    sheet.add_wave(onset_s, duration_s, wave, field)
    sheet.note(SyndromeTerm.ROCKING, onset_s, duration_s, sheet.eeg_names(field))


def _write_strain(sheet: Sheet, random: np.random.Generator, child: Child, onset_s: float, duration_s: float) -> None:
    """Write straining: all scalp muscles for seconds, as in a tonic phase, on an EEG that does not change."""
    muscle_uv = (random.uniform(15, 110) * random.uniform(0.3, 1.0, 4)).astype(np.float32)
    strain = partial(swelling, duration_s=duration_s, rise_s=0.2 * duration_s, fall_s=0.3 * duration_s)
    sheet.add_scalp_muscle(onset_s, duration_s, strain, muscle_uv)
    sheet.note(SyndromeTerm.STRAIN, onset_s, duration_s)


_WRITERS = {
    "hypersynchrony": _write_hypersynchrony,
    "hyperventilation": _write_hyperventilation,
    "occipital delta": _write_occipital_delta,
    "chewing": _write_chewing,
    "rocking": _write_rocking,
    "strain": _write_strain,
}
