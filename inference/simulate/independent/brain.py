"""What an infant's brain does between spasms: background, spikes, spindles, vertex waves, arousals."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from inference.simulate.independent.conduction import Shells
from inference.simulate.independent.cortex import (
    MASS_RATE_HZ,
    Cortex,
    grow_cortex,
    integrate_masses,
    scale_free,
    shared_input,
)
from inference.simulate.independent.infant import Hypsarrhythmia, Infant, stream
from inference.simulate.independent.muscles import DRIVE_RATE_HZ
from inference.simulate.independent.sheet import (
    N_EEG,
    SHEET_RATE_HZ,
    Scalp,
    Sheet,
    drive_share,
    sheet_time_s,
)
from inference.simulate.independent.timetable import Period, PlannedEvent
from inference.simulate.truth import Term

_N_SOURCES = 56
_WARM_UP_S = 4.0


def make_background(infant: Infant, periods: tuple[Period, ...], scalp: Scalp, shells: Shells, sheet: Sheet) -> None:
    """Add the ongoing activity to the sheet, at the level that the sheet says."""
    rng = stream(infant.seed, "background")
    cortex = grow_cortex(rng, scalp.places, shells, _N_SOURCES)
    n_steps = int(np.ceil((sheet.duration_s + _WARM_UP_S) * MASS_RATE_HZ))
    mixing = shared_input(cortex.places, infant.reach)
    delta = integrate_masses(
        rng,
        infant.delta_hz * np.exp(rng.normal(0.0, 0.4, _N_SOURCES)),
        infant.excitability * np.exp(rng.normal(0.0, 0.06, _N_SOURCES)),
        mixing,
        n_steps,
    )
    theta = integrate_masses(
        rng, infant.theta_hz * np.exp(rng.normal(0.0, 0.08, _N_SOURCES)), np.ones(_N_SOURCES), mixing, n_steps
    )
    # The faster rhythm of the waking infant is strongest behind.
    theta *= (0.6 + 0.4 * np.clip(-cortex.places[:, 1:2], -0.5, 1.0)).astype(np.float32)
    rest = (mixing @ scale_free(rng, delta.shape, MASS_RATE_HZ)).astype(np.float32)
    sleep = _sleep_depth(periods, n_steps)
    shift = round(_WARM_UP_S * MASS_RATE_HZ)
    gain = 1.0 + (infant.sleep_gain - 1.0) * sleep
    waves = delta / delta.std() * (0.75 + 0.45 * sleep) + theta / theta.std() * (0.6 - 0.35 * sleep)
    waves *= gain * _waxing(rng, delta.shape, 0.5 if infant.pattern is Hypsarrhythmia.CLASSIC else 0.3)
    rest *= np.float32(0.6) * gain
    gains = _scale(infant, cortex, waves[:, shift:] + rest[:, shift:], sleep[shift:])
    _project(gains, waves[:, shift:], rest[:, shift:], sheet)


def _waxing(rng: np.random.Generator, shape: tuple[int, int], spread: float) -> NDArray[np.float32]:
    """Let each source wax and wane by itself over a second or so."""
    memory = np.exp(-1.0 / (1.0 * MASS_RATE_HZ))
    wander = lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], rng.standard_normal(shape, dtype=np.float32), axis=1)
    waxing: NDArray[np.float32] = np.exp(spread * wander.astype(np.float32))
    return waxing


def _sleep_depth(periods: tuple[Period, ...], n_steps: int) -> NDArray[np.float32]:
    """Give 0 awake, 1 in NREM, a little in REM, with transitions over some seconds."""
    depth = np.zeros(n_steps)
    shift = round(_WARM_UP_S * MASS_RATE_HZ)
    value = {Term.AWAKE: 0.0, Term.NREM: 1.0, Term.REM: 0.15}
    depth[: shift + 1] = value[periods[0].state]
    for period in periods:
        depth[shift + round(period.onset_s * MASS_RATE_HZ) :] = value[period.state]
    kernel = np.hanning(round(6.0 * MASS_RATE_HZ))
    padded = np.pad(depth, len(kernel) // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")[:n_steps].astype(np.float32)


def _scale(
    infant: Infant, cortex: Cortex, sources: NDArray[np.float32], sleep: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give the gains that bring the sources to the infant's microvolts when awake."""
    scalp = cortex.gains[:N_EEG] - cortex.gains[:N_EEG].mean(axis=0)
    # A recording all asleep is scaled by its sleep gain.
    awake = sleep < 0.5
    sources = sources[:, awake] if awake.mean() > 0.05 else sources / infant.sleep_gain
    # Every second sample is enough for a standard deviation.
    level = float((scalp @ sources[:, ::2]).std())
    return (cortex.gains * infant.background_uv / level).astype(np.float32)


def _project(gains: NDArray[np.float32], waves: NDArray[np.float32], rest: NDArray[np.float32], sheet: Sheet) -> None:
    """Bring sources to the sites; where the background sinks, waves sink more than what lies beneath them."""
    time_s = np.arange(sheet.n) / SHEET_RATE_HZ
    level = np.interp(time_s, np.arange(len(sheet.level)) / DRIVE_RATE_HZ, sheet.level).astype(np.float32)
    factor = round(SHEET_RATE_HZ / MASS_RATE_HZ)
    for site, weights in enumerate(gains):
        for share, part in ((level, waves), (np.sqrt(level), rest)):
            sheet.eeg[site] += resample_poly(weights @ part, factor, 1)[: sheet.n] * share


def group_in_sleep(infant: Infant, periods: tuple[Period, ...], sheet: Sheet) -> None:
    """Let hypsarrhythmia break up into groups in NREM: bursts with flatter stretches between, without any spasm."""
    if infant.pattern is Hypsarrhythmia.NONE:
        return
    rng = stream(infant.seed, "grouping")
    remaining = rng.uniform(0.35, 0.75)
    for period in (period for period in periods if period.state is Term.NREM):
        at_s = period.onset_s + rng.uniform(2.0, 10.0)
        while at_s < period.end_s - 3.0:
            length_s = rng.uniform(0.8, 2.5)
            sheet.attenuate(at_s, length_s, float(np.clip(remaining + rng.normal(0, 0.1), 0.3, 0.9)), 0.3, 0.3)
            at_s += length_s + rng.gamma(4.0, 2.5)


def add_spikes(infant: Infant, scalp: Scalp, sheet: Sheet) -> None:
    """Scatter interictal spikes over the infant's foci; they fall silent while the background is attenuated."""
    rng = stream(infant.seed, "spikes")
    fields = [_focus(rng, scalp) for _ in range(infant.n_foci)]
    preference = rng.dirichlet(np.full(infant.n_foci, 2.0))
    count = rng.poisson(infant.spikes_per_min * sheet.duration_s / 60.0)
    for onset_s in np.sort(rng.uniform(0.0, sheet.duration_s, count)):
        focus = fields[rng.choice(infant.n_foci, p=preference)]
        height_uv = infant.spike_uv * float(np.exp(rng.normal(0.0, 0.35)))
        if sheet.level[int(onset_s * DRIVE_RATE_HZ)] > 0.8:
            sheet.add(focus, float(onset_s), height_uv * _spike_and_wave(rng))


def _focus(rng: np.random.Generator, scalp: Scalp) -> NDArray[np.float64]:
    angle, height = rng.uniform(0.0, 2 * np.pi), rng.uniform(-0.1, 0.85)
    ring = np.sqrt(1 - height**2)
    outward = np.array([ring * np.cos(angle), ring * np.sin(angle), height])
    # Negative outside: the surface of an epileptic patch.
    return scalp.field(0.78 * outward, -(outward + rng.normal(0.0, 0.3, 3)))


def _spike_and_wave(rng: np.random.Generator) -> NDArray[np.float64]:
    """Make a spike or sharp wave (20 to 200 ms) with the slow wave behind it; surface negative is positive here."""
    time_s = sheet_time_s(1.1)
    rise_s = float(rng.uniform(0.012, 0.035))
    peak = _synaptic(time_s, rise_s) - 0.3 * _synaptic(time_s - 1.6 * rise_s, rise_s)
    after = float(rng.uniform(0.0, 0.7)) * _synaptic(time_s - 2.5 * rise_s, float(rng.uniform(0.07, 0.15)))
    fade = np.clip((1.1 - time_s) / 0.2, 0.0, 1.0)
    return (peak + after) * fade


def _synaptic(time_s: NDArray[np.float64], rise_s: float) -> NDArray[np.float64]:
    """Give a potential that peaks at 1 after ``rise_s`` and leaves smoothly."""
    u = np.clip(time_s / rise_s, 0.0, None)
    return u**3 * np.exp(3 * (1 - u))


def act_out_sleep(infant: Infant, events: tuple[PlannedEvent, ...], scalp: Scalp, sheet: Sheet) -> None:
    """Draw spindles, vertex waves, runs of spikes and arousals."""
    rng = stream(infant.seed, "sleep shapes")
    foci = [_focus(rng, scalp) for _ in range(3)]
    vertex = scalp.field(np.array([0.0, 0.05, 0.75]), np.array([0.0, 0.0, -1.0]))
    for event in events:
        if event.term is Term.SPINDLE:
            _spindle(rng, event, scalp, sheet)
        elif event.term is Term.VERTEX_WAVE:
            time_s = sheet_time_s(event.duration_s)
            height_uv = float(rng.uniform(60.0, 160.0))
            sheet.add(vertex, event.onset_s, height_uv * np.sin(2 * np.pi * time_s / event.duration_s) * _bell(time_s))
        elif event.term is Term.SPIKE_RUN:
            focus = foci[rng.integers(len(foci))]
            for at_s in _beats(rng, event, float(rng.uniform(0.12, 0.35)), 0.15):
                sheet.add(focus, at_s, 0.8 * infant.spike_uv * float(rng.uniform(0.6, 1.2)) * _spike_and_wave(rng))
        elif event.term is Term.AROUSAL:
            _arousal(rng, infant, event, scalp, sheet)


def _spindle(rng: np.random.Generator, event: PlannedEvent, scalp: Scalp, sheet: Sheet) -> None:
    """Draw a spindle near 13 Hz over one or both central regions: 60 % are synchronous at this age."""
    sides = (-1, 1) if rng.random() < 0.6 else (int(rng.choice([-1, 1])),)
    time_s = sheet_time_s(event.duration_s)
    frequency_hz, height_uv = float(rng.normal(13.0, 0.5)), float(rng.uniform(10.0, 28.0))
    for side in sides:
        place = np.array([0.42 * side, 0.05, 0.62])
        wave = np.sin(2 * np.pi * frequency_hz * time_s + rng.uniform(0, 6.28)) * _bell(time_s)
        sheet.add(scalp.field(place, place), event.onset_s, height_uv * wave)


def _arousal(rng: np.random.Generator, infant: Infant, event: PlannedEvent, scalp: Scalp, sheet: Sheet) -> None:
    """Draw a run of high delta to theta waves over the front, and let muscles stir."""
    time_s = sheet_time_s(event.duration_s)
    front = scalp.field(np.array([0.0, 0.35, 0.55]), np.array([0.0, 0.5, 1.0]))
    sweep = 2 * np.pi * np.cumsum(np.linspace(1.5, 3.5, len(time_s))) / SHEET_RATE_HZ
    height_uv = float(rng.uniform(1.0, 2.2)) * infant.background_uv
    sheet.add(front, event.onset_s, height_uv * np.sin(sweep) * _bell(time_s))
    for muscle in sheet.drives:
        course = 0.25 * float(rng.random()) * np.sin(np.pi * drive_share(event.duration_s)) ** 2
        sheet.drive(muscle, event.onset_s, course)


def _bell(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    bell: NDArray[np.float64] = np.sin(np.pi * time_s / time_s[-1]) ** 2
    return bell


def _beats(rng: np.random.Generator, event: PlannedEvent, interval_s: float, variation: float) -> Iterator[float]:
    at_s = event.onset_s
    while at_s < event.onset_s + event.duration_s:
        yield at_s
        at_s += interval_s * float(np.exp(rng.normal(0.0, variation)))
