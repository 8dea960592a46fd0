"""The EEG of children between events: how its rhythms change from birth to school age, and the spindles of sleep."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.simulate.background import (
    Rhythm,
    add_spindles,
    below,
    everywhere,
    hypsarrhythmia_rhythms,
    mixture,
    scaled,
)
from inference.simulate.course import Course, State
from inference.simulate.noise import Spectrum
from inference.simulate.sheet import Sheet
from inference.simulate.syndromes.occurrences import occurrences
from inference.simulate.syndromes.waves import rhythm, swelling
from inference.simulate.truth import Role, Term

_AGES_MONTHS = (0.0, 3.0, 12.0, 36.0, 96.0, 144.0)
#: Amplitude (root mean square, uV) over age, awake, in NREM and in REM sleep. At 3 and 12 months as the first generator
#: has it; afterwards waking delta falls away, theta gives way to alpha, and deep sleep stays the highest, as textbooks
#: of paediatric EEG have it. The numbers are this project's choice.
_BROAD_UV: Mapping[State, tuple[float, ...]] = {
    State.AWAKE: (9, 11, 11, 10, 8, 7),
    State.NREM: (10, 14, 14, 14, 13, 12),
    State.REM: (8, 9, 9, 9, 8, 7),
}
_DELTA_UV: Mapping[State, tuple[float, ...]] = {
    State.AWAKE: (12, 10, 10, 8, 5, 4),
    State.NREM: (16, 30, 30, 32, 30, 26),
    State.REM: (12, 11, 11, 9, 7, 6),
}
_THETA_UV: Mapping[State, tuple[float, ...]] = {
    State.AWAKE: (5, 8, 8, 9, 6, 4),
    State.NREM: (6, 10, 10, 11, 9, 7),
    State.REM: (5, 8, 8, 8, 7, 6),
}
_POSTERIOR_UV: Mapping[State, tuple[float, ...]] = {
    State.AWAKE: (0, 8, 8, 11, 13, 13),
    State.NREM: (0, 0, 0, 0, 0, 0),
    State.REM: (0, 2, 2, 2, 2, 2),
}
_FAST_UV: Mapping[State, tuple[float, ...]] = {
    State.AWAKE: (1, 2, 2, 2.5, 3, 3),
    State.NREM: (1.5, 2.5, 2.5, 2.5, 2.5, 2.5),
    State.REM: (1, 1.5, 1.5, 2, 2, 2),
}
#: Spindles appear at six to eight weeks; those of infants are long, those of children short (1 s) and synchronous.
_SPINDLES_FROM_MONTHS, _INFANT_SPINDLES_UNTIL_MONTHS = 1.75, 18.0
_SPINDLES_PER_MIN = 4.0


def rhythms_of(sheet: Sheet) -> list[Rhythm]:
    """Give the rhythms of a child of this age, with hypsarrhythmia where the child has it."""
    base = sheet.patient
    body, age_months = base.background, base.age_months
    cortex = everywhere(sheet, body.asymmetry)
    posterior = mixture(sheet, [below(site, 0.42) for site in ("O1", "O2", "P3", "P4", "P7", "P8")])
    central = mixture(sheet, [below("C3"), below("C4"), below("Fz"), below("Cz")])
    alpha = Spectrum(body.posterior_hz - 0.7, body.posterior_hz + 0.7, order=8)

    def at_age(table: Mapping[State, tuple[float, ...]]) -> Mapping[State, float]:
        return {state: float(np.interp(age_months, _AGES_MONTHS, values)) for state, values in table.items()}

    parts = [
        Rhythm(Spectrum(0.6, 60.0, body.exponent), cortex, at_age(_BROAD_UV)),
        Rhythm(Spectrum(0.6, 3.0, order=2), cortex, at_age(_DELTA_UV), 0.4),
        Rhythm(Spectrum(3.5, 7.0, order=2), cortex, at_age(_THETA_UV), 0.3),
        Rhythm(alpha, posterior, at_age(_POSTERIOR_UV), 0.45),
        Rhythm(Spectrum(15.0, 25.0, order=2), central, at_age(_FAST_UV), 0.5),
    ]
    return [*(scaled(part, body.gain) for part in parts), *hypsarrhythmia_rhythms(sheet)]


def add_spindles_of_age(sheet: Sheet, course: Course, seed: int) -> None:
    """Add the spindles of NREM sleep."""
    age_months = sheet.patient.age_months
    if age_months < _SPINDLES_FROM_MONTHS:
        return
    if age_months < _INFANT_SPINDLES_UNTIL_MONTHS:
        add_spindles(sheet, course, seed)
        return
    fields = {site: sheet.head.field(below(site)) for site in ("Fz", "C3", "C4")}
    for onset_s, random in occurrences(seed, "spindle", {State.NREM: _SPINDLES_PER_MIN}, course, sheet.duration_s):
        duration_s = float(random.uniform(0.5, 1.8))
        # Slower over the front than over the centre.
        sites, rate_hz = (
            (("Fz",), 11.8) if random.random() < 0.3 else (("C3", "C4"), sheet.patient.background.spindle_hz)
        )
        uv = float(random.uniform(15, 40)) * sheet.patient.background.gain
        for site in sites:
            wave = partial(_spindle, duration_s=duration_s, start_hz=rate_hz + float(random.normal(0.2, 0.2)))
            sheet.add_wave(onset_s, duration_s, wave, uv * fields[site])
        shown = tuple(dict.fromkeys(name for site in sites for name in sheet.eeg_names(fields[site])))
        sheet.note(Term.SPINDLE, onset_s, duration_s, shown, role=Role.STATE)


def _spindle(time_s: NDArray[np.float64], duration_s: float, start_hz: float) -> NDArray[np.float64]:
    edge = swelling(time_s, duration_s, 0.5 * duration_s, 0.5 * duration_s)
    return edge * rhythm(time_s, duration_s, start_hz, start_hz - 0.6)
