"""What may be mistaken for a spasm: muscle without brain, brain without muscle, and both moving for another reason."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.recordings.electrodes import electrode_position
from inference.simulate.background import spike_and_wave
from inference.simulate.course import Course, State
from inference.simulate.head import Dipole
from inference.simulate.patients import CORTEX_DEPTH
from inference.simulate.sheet import Samples, Sheet, Waveform
from inference.simulate.slow_waves import draw_phases
from inference.simulate.spasms import diamond, slow_wave
from inference.simulate.streams import Stream, generator
from inference.simulate.truth import Term

#: Nothing of these begins this long before a spasm or ends this long after it, save what is said to overlap.
CLEARANCE_S = 0.7


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: how often a minute it happens in each state, how long it lasts, and how it is written.

    Rates are this project's choice: enough of each for a network to learn from within minutes. Durations are
    physiological and named with their source at each writer. Children of ``until_months`` and more do it no longer.
    """

    per_min: Mapping[State, float]
    duration_s: tuple[float, float]
    write: Callable[[Sheet, np.random.Generator, float, float], None]
    overlaps: bool = False
    until_months: float = math.inf


def add_negatives(sheet: Sheet, course: Course, seed: int, rate: float, spasms_s: NDArray[np.float64]) -> None:
    """Write every kind of event that is no spasm, at random times that leave the spasms readable.

    ``rate`` multiplies how often each comes; ``spasms_s`` is where spasms begin and end, (n, 2).
    """
    if rate <= 0.0:
        return
    for number, kind in enumerate(KINDS):
        if sheet.patient.age_months >= kind.until_months:
            continue
        times = generator(seed, Stream.NEGATIVE_TIMES, number)
        top_per_min = max(kind.per_min.values())
        at_s, index = 0.0, 0
        while (at_s := at_s + float(times.exponential(60.0 / (top_per_min * rate)))) < sheet.duration_s:
            index += 1
            chance, share = times.random(2)
            shortest_s, longest_s = kind.duration_s
            duration_s = float(shortest_s * (longest_s / shortest_s) ** share)
            if chance * top_per_min >= kind.per_min[course.state_at(at_s)]:
                continue
            if not kind.overlaps:
                duration_s = min(duration_s, _free_s(spasms_s, at_s))
            if duration_s >= shortest_s:
                kind.write(sheet, generator(seed, Stream.NEGATIVE, number, index), at_s, duration_s)


def _free_s(spasms_s: NDArray[np.float64], onset_s: float) -> float:
    """Tell how much time there is from a moment until shortly before the next spasm; negative during a spasm."""
    ahead = spasms_s[spasms_s[:, 1] + CLEARANCE_S > onset_s, 0]
    return float(ahead.min()) - CLEARANCE_S - onset_s if ahead.size else float("inf")


def _rates(awake: float, nrem: float, rem: float) -> Mapping[State, float]:
    return {State.AWAKE: awake, State.NREM: nrem, State.REM: rem}


def _emg_uv(sheet: Sheet, random: np.random.Generator, low: float, high: float) -> Samples:
    """Draw each muscle's amplitude; some muscles take no part."""
    n_muscles = len(sheet.patient.muscle.movement_uv)
    share = np.where(
        random.random(n_muscles) < 0.65, random.uniform(0.4, 1.0, n_muscles), random.uniform(0.0, 0.15, n_muscles)
    )
    share[random.integers(len(sheet.patient.emg_sites))] = 1.0
    strength = float(random.uniform(low, high))
    return (np.array(sheet.patient.muscle.movement_uv) * share * strength).astype(np.float32)


def _restless(random: np.random.Generator, duration_s: float) -> Waveform:
    """Give the envelope of a voluntary movement: several pushes of uneven strength rather than one diamond."""
    n_pushes = max(2, round(duration_s * float(random.uniform(1.0, 3.0))))
    knots = np.concatenate([[0.0], np.sort(random.uniform(0.05, 0.95, 2 * n_pushes)), [1.0]]) * duration_s
    heights = np.concatenate([[0.0], random.uniform(0.1, 1.0, 2 * n_pushes), [0.0]])
    return lambda t: np.interp(t, knots, heights)


def _movement_shape(random: np.random.Generator, duration_s: float) -> Waveform:
    # One movement in three swells and fades like a spasm: EMG alone must not be enough.
    if random.random() < 1 / 3:
        rise = float(random.uniform(0.2, 0.7))
        return partial(diamond, duration_s=duration_s, rise=rise)
    return _restless(random, duration_s)


def _drift_wave(random: np.random.Generator, duration_s: float) -> Waveform:
    """Give the potential of an electrode that is moved: a few slow swings of uneven size, peak about 1."""
    rates_hz, phases = random.uniform(0.4, 3.0, 4), random.uniform(0, 2 * np.pi, 4)
    weights = random.normal(0.0, 0.6, 4)

    def wave(t: NDArray[np.float64]) -> NDArray[np.float64]:
        swings = np.sin(2 * np.pi * rates_hz[:, None] * t + phases[:, None])
        result: NDArray[np.float64] = (weights @ swings) * np.sin(np.pi * np.clip(t / duration_s, 0, 1)) ** 0.7
        return result

    return wave


def _write_movement(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    emg_uv = _emg_uv(sheet, random, 0.4, 1.3)
    sheet.add_contraction(onset_s, duration_s, _movement_shape(random, duration_s), emg_uv)
    sheet.note(Term.MOVEMENT, onset_s, duration_s, sheet.emg_names(emg_uv))


def _write_movement_with_eeg(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write the hard one: a contraction with slow waves of the same time on the EEG that are no field of any brain.

    Now some electrodes are pulled, now the whole cable sways, now the head turns on the electrodes that it lies on.
    """
    emg_uv, shape = _emg_uv(sheet, random, 0.5, 1.4), _movement_shape(random, duration_s)
    sheet.add_contraction(onset_s, duration_s, shape, emg_uv)
    muscle_uv = (random.uniform(0, 1, 4) ** 2 * 25.0).astype(np.float32)
    sheet.add_scalp_muscle(onset_s, duration_s, shape, muscle_uv)
    moved = np.zeros(len(sheet.eeg), dtype=np.float32)
    for field in _moved_electrodes(sheet, random):
        uv = float(random.lognormal(np.log(110), 0.5))
        wave = _drift_wave(random, duration_s) if random.random() < 0.6 else _single_wave(random, duration_s)
        sheet.add_wave(onset_s, duration_s, wave, uv * field)
        moved = np.maximum(moved, uv * np.abs(field))
    sheet.note(Term.MOVEMENT_WITH_EEG, onset_s, duration_s, sheet.eeg_names(moved) + sheet.emg_names(emg_uv))


def _moved_electrodes(sheet: Sheet, random: np.random.Generator) -> list[Samples]:
    """Draw the fields of electrodes that move: one for each group of them that moves on its own."""
    chance, head = random.random(), sheet.head
    if chance < 0.5:
        centres = random.choice(sheet.patient.electrodes, int(random.integers(1, 4)))
        return [head.patch(str(centre), float(random.uniform(0.15, 0.5))) for centre in centres]
    if chance < 0.8:
        # A swaying cable pulls at every electrode, each in its own way: neighbours have nothing in common.
        sway = random.normal(0.0, 0.5, len(sheet.eeg)) * random.lognormal(-0.3, 0.5, len(sheet.eeg))
        return [sway.astype(np.float32)]
    pressed = str(random.choice(["Oz", "P9", "P10", "T9", "T10"]))
    return [head.patch(pressed, float(random.uniform(0.3, 0.6)))]


def _single_wave(random: np.random.Generator, duration_s: float) -> Waveform:
    """Give one wave of the shape that a spasm's has, in either direction."""
    wave_s = min(duration_s, float(np.clip(random.lognormal(np.log(1.1), 0.4), 0.5, 2.5)))
    sign, (prelude, undershoot) = float(random.choice([-1.0, 1.0])), draw_phases(random)
    warp = float(np.exp(random.uniform(-0.35, 0.3)))
    return lambda t: sign * slow_wave(t, wave_s, undershoot, notched=False, prelude=prelude, warp=warp)


def _write_startle(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write a startle: every muscle at once, abrupt, sometimes with a vertex response."""
    emg_uv = np.array(sheet.patient.muscle.movement_uv, dtype=np.float32) * np.float32(random.uniform(0.7, 1.8))
    jerk = partial(diamond, duration_s=duration_s, rise=0.06)
    sheet.add_contraction(onset_s, duration_s, jerk, emg_uv)
    sheet.add_scalp_muscle(onset_s, duration_s, jerk, np.full(4, 10.0, np.float32))
    if random.random() < 0.5:
        _add_vertex_wave(sheet, onset_s + 0.08, float(random.uniform(50, 140)), min(0.45, duration_s - 0.08))
    sheet.note(Term.STARTLE, onset_s, duration_s, sheet.emg_names(emg_uv))


def _write_sucking(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write sucking: about two a second without milk, one a second with (Wolff 1968, Pediatrics 42:943)."""
    rate_hz = float(random.choice([1.0, 2.0])) * float(random.uniform(0.85, 1.15))

    def shape(t: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(np.sin(2 * np.pi * rate_hz * t), 0.0, 1.0) ** 2

    sheet.add_scalp_muscle(
        onset_s, duration_s, shape, (random.uniform(4, 20) * np.array([0.4, 1, 1, 0.5])).astype(np.float32)
    )
    emg_uv = _emg_uv(sheet, random, 0.05, 0.35)
    sheet.add_contraction(onset_s, duration_s, shape, emg_uv)
    uv = float(random.uniform(5, 40))
    tongue = sheet.head.patch("Nz", 0.8)
    sheet.add_wave(onset_s, duration_s, lambda t: np.sin(2 * np.pi * rate_hz * t), uv * tongue)
    sheet.note(Term.SUCKING, onset_s, duration_s, sheet.eeg_names(tongue) + sheet.emg_names(emg_uv))


def _write_cry(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write crying: strained muscles that swell with each breath out, 0.7-1 a second, and restless limbs."""
    rate_hz = float(random.uniform(0.7, 1.0))
    restless = _restless(random, duration_s)

    def shape(t: NDArray[np.float64]) -> NDArray[np.float64]:
        edge = np.clip(np.minimum(t, duration_s - t) / 1.0, 0.0, 1.0)
        result: NDArray[np.float64] = edge * (0.45 + 0.55 * np.clip(np.sin(2 * np.pi * rate_hz * t), 0.0, 1.0))
        return result

    sheet.add_scalp_muscle(onset_s, duration_s, shape, random.uniform(15, 45, 4).astype(np.float32))
    emg_uv = _emg_uv(sheet, random, 0.4, 1.0)
    sheet.add_contraction(onset_s, duration_s, lambda t: 0.4 * shape(t) + 0.6 * restless(t), emg_uv)
    for _ in range(3):
        field = sheet.head.patch(str(random.choice(sheet.patient.electrodes)), 0.4)
        sheet.add_wave(onset_s, duration_s, _drift_wave(random, duration_s), 70.0 * field)
    sheet.note(Term.CRY, onset_s, duration_s, ())


def _write_myoclonus(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write myoclonus: 10-100 ms (FACTS)."""
    emg_uv = _emg_uv(sheet, random, 0.8, 2.5)
    sheet.add_contraction(onset_s, duration_s, np.ones_like, emg_uv)
    sheet.note(Term.MYOCLONUS, onset_s, duration_s, sheet.emg_names(emg_uv))


def _add_vertex_wave(sheet: Sheet, onset_s: float, uv: float, duration_s: float) -> Samples:
    field = sheet.head.field(Dipole.radial(electrode_position("Cz"), CORTEX_DEPTH))
    sheet.add_wave(onset_s, duration_s, partial(spike_and_wave, spike_s=duration_s / 4, wave=-0.3), uv * field)
    return field


def _write_vertex_wave(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    field = _add_vertex_wave(sheet, onset_s, float(random.uniform(60, 160)), duration_s)
    sheet.note(Term.VERTEX_WAVE, onset_s, duration_s, sheet.eeg_names(field))


def _add_big_wave(sheet: Sheet, onset_s: float, duration_s: float, uv: float, field: Samples) -> None:
    def wave(t: NDArray[np.float64]) -> NDArray[np.float64]:
        phase = np.clip(t / duration_s, 0.0, 1.0)
        result: NDArray[np.float64] = -uv * np.sin(2 * np.pi * phase**0.8) * np.sin(np.pi * phase) ** 0.5
        return result

    sheet.add_wave(onset_s, duration_s, wave, field)


def _write_k_complex(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write a K-complex: at least 0.5 s, largest over the frontal midline (AASM)."""
    field = sheet.head.field(Dipole.radial(np.asarray(electrode_position("Fz")) + random.normal(0, 0.1, 3), 0.4))
    _add_big_wave(sheet, onset_s, duration_s, float(random.uniform(100, 260)), field)
    sheet.note(Term.K_COMPLEX, onset_s, duration_s, sheet.eeg_names(field))


def _write_slow_wave(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write a slow wave of a spasm's size that comes alone, with a field of its own."""
    place = np.asarray(electrode_position(str(random.choice(sheet.patient.electrodes)))) + random.normal(0, 0.2, 3)
    field = sheet.head.field(Dipole.radial(place, float(random.uniform(0.3, 0.85))))
    uv = float(random.uniform(100, 260)) + 150.0 * sheet.patient.hypsarrhythmia.degree
    if random.random() < 0.5:
        sheet.add_wave(onset_s, duration_s, _single_wave(random, duration_s), uv * field)
    else:
        _add_big_wave(sheet, onset_s, duration_s, uv * float(random.choice([-1.0, 1.0])), field)
    sheet.note(Term.SLOW_WAVE, onset_s, duration_s, sheet.eeg_names(field))


def _write_decrement(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    sheet.suppress(onset_s, duration_s, float(random.uniform(0.4, 0.85)))
    sheet.note(Term.DECREMENT, onset_s, duration_s)


def _write_arousal(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write an arousal: perhaps one K-complex or some, a flatter EEG, in half of them a movement after some seconds."""
    if random.random() < 0.6:
        field = sheet.head.field(Dipole.radial(electrode_position("Fz"), 0.4))
        n_waves = min(int(random.choice([1, 2, 3], p=[0.6, 0.2, 0.2])), int((duration_s - 0.4) / 0.8))
        for number in range(n_waves):
            _add_big_wave(sheet, onset_s + 0.8 * number, 0.9, float(random.uniform(80, 200)), field)
    sheet.suppress(onset_s + 0.5, duration_s, float(random.uniform(0.3, 0.6)))
    channels: tuple[str, ...] = ()
    if random.random() < 0.5:
        delay_s, emg_uv = float(random.uniform(0.6, 1.2)), _emg_uv(sheet, random, 0.2, 0.8)
        moving_s = duration_s + 0.5 - delay_s
        sheet.add_contraction(onset_s + delay_s, moving_s, _restless(random, moving_s), emg_uv)
        channels = sheet.emg_names(emg_uv)
    sheet.note(Term.AROUSAL, onset_s, duration_s + 0.5, channels)


def _write_spike_run(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    chaos = sheet.patient.hypsarrhythmia
    field = sheet.head.field(chaos.foci[int(random.integers(len(chaos.foci)))])
    spike = partial(spike_and_wave, spike_s=0.035, wave=0.0)
    rate_hz, uv = float(random.uniform(5, 10)), chaos.spike_uv * float(random.uniform(0.3, 0.8))
    for at_s in np.arange(0.0, duration_s - 0.2, 1.0 / rate_hz):
        jitter_s, height = float(random.normal(0.0, 0.01)), uv * float(random.uniform(0.6, 1.2))
        sheet.add_wave(onset_s + float(at_s) + jitter_s, 0.2, spike, height * field)
    sheet.note(Term.SPIKE_RUN, onset_s, duration_s, sheet.eeg_names(field))


def _write_blink(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    field, uv = sheet.head.patch("Fpz", 0.45), float(random.uniform(50, 150))
    sheet.add_wave(onset_s, duration_s, lambda t: np.sin(np.pi * (t / duration_s) ** 0.7) ** 2, uv * field)
    sheet.note(Term.BLINK, onset_s, duration_s, sheet.eeg_names(field))


def _one_electrode(sheet: Sheet, random: np.random.Generator) -> Samples:
    field = np.zeros(len(sheet.eeg), dtype=np.float32)
    field[random.integers(field.size)] = 1.0
    return field


def _write_electrode_pop(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write a pop: a step on one electrode that the amplifier's high-pass lets decay."""
    field, uv = _one_electrode(sheet, random), float(random.choice([-1.0, 1.0]) * random.uniform(60, 300))
    sheet.add_wave(onset_s, duration_s, lambda t: np.exp(-5.0 * t / duration_s), uv * field)
    sheet.note(Term.ELECTRODE_POP, onset_s, duration_s, sheet.eeg_names(field))


def _write_electrode_movement(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    field, wave = _one_electrode(sheet, random), _drift_wave(random, duration_s)
    uv = float(random.uniform(60, 250))
    sheet.add_wave(onset_s, duration_s, wave, uv * field)
    sheet.note(Term.ELECTRODE_MOVEMENT, onset_s, duration_s, sheet.eeg_names(field))


def _write_delta_run(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write a run of high delta waves of NREM, of one field or wandering: 0.5-2 Hz, 75 uV and more (AASM)."""
    place = np.asarray(electrode_position(str(random.choice(sheet.patient.electrodes)))) + random.normal(0, 0.2, 3)
    field = sheet.head.field(Dipole.radial(place, float(random.uniform(0.3, 0.85))))
    uv = float(random.uniform(75, 250)) + 120.0 * sheet.patient.hypsarrhythmia.degree
    at_s, sign = 0.0, float(random.choice([-1.0, 1.0]))
    while at_s < duration_s - 0.4:
        wave_s = min(float(random.uniform(0.45, 1.6)), duration_s - at_s)
        height = sign * uv * float(random.lognormal(-0.2, 0.4))
        _add_big_wave(sheet, onset_s + at_s, wave_s, height, field)
        at_s += wave_s * float(random.uniform(0.8, 1.5))
    sheet.note(Term.DELTA_RUN, onset_s, duration_s, sheet.eeg_names(field))


def _write_hypersynchrony(sheet: Sheet, random: np.random.Generator, onset_s: float, duration_s: float) -> None:
    """Write hypnagogic hypersynchrony: bursts of 3-4.5 Hz, 75-350 uV, widest over centre and front (AASM)."""
    place = np.asarray(electrode_position("Cz")) + random.normal(0.0, 0.3, 3)
    field = sheet.head.field(Dipole.radial(place, float(random.uniform(0.4, 0.7))))
    rate_hz, uv = float(random.uniform(3.0, 4.5)), float(random.uniform(40, 130))

    def wave(t: NDArray[np.float64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = uv * np.sin(np.pi * t / duration_s) ** 0.7 * np.sin(2 * np.pi * rate_hz * t)
        return result

    sheet.add_wave(onset_s, duration_s, wave, field)
    sheet.note(Term.HYPERSYNCHRONY, onset_s, duration_s, sheet.eeg_names(field))


#: Every kind. A kind's place in this list is part of what a seed means: new ones go to the end.
KINDS: tuple[Kind, ...] = (
    Kind(_rates(3.0, 0.5, 0.5), (0.3, 6.0), _write_movement),
    Kind(_rates(1.2, 0.3, 0.2), (0.5, 5.0), _write_movement_with_eeg),
    Kind(_rates(0.25, 0.2, 0.0), (0.3, 1.2), _write_startle, until_months=24.0),
    Kind(_rates(0.25, 0.05, 0.15), (4.0, 15.0), _write_sucking, until_months=24.0),
    Kind(_rates(0.15, 0.0, 0.0), (5.0, 20.0), _write_cry, until_months=24.0),
    Kind(_rates(0.1, 1.2, 2.0), (0.010, 0.100), _write_myoclonus),
    Kind(_rates(0.0, 1.5, 0.0), (0.3, 0.5), _write_vertex_wave),
    Kind(_rates(0.0, 0.8, 0.0), (0.6, 1.3), _write_k_complex),
    Kind(_rates(0.6, 0.8, 0.2), (0.5, 1.5), _write_slow_wave),
    Kind(_rates(0.3, 0.5, 0.1), (1.0, 4.0), _write_decrement, until_months=24.0),
    Kind(_rates(0.0, 0.4, 0.3), (1.5, 5.0), _write_arousal),
    Kind(_rates(0.3, 0.6, 0.1), (0.6, 2.5), _write_spike_run, overlaps=True, until_months=24.0),
    Kind(_rates(6.0, 0.0, 0.0), (0.25, 0.4), _write_blink, overlaps=True),
    Kind(_rates(0.3, 0.1, 0.1), (0.2, 1.0), _write_electrode_pop, overlaps=True),
    Kind(_rates(0.4, 0.1, 0.1), (0.8, 4.0), _write_electrode_movement, overlaps=True),
    Kind(_rates(0.1, 1.2, 0.1), (1.5, 12.0), _write_delta_run),
    Kind(_rates(0.1, 0.5, 0.0), (1.0, 4.0), _write_hypersynchrony),
)
