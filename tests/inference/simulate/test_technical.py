from dataclasses import replace

import numpy as np
from scipy.stats import kurtosis

from inference.simulate import draw_patient
from inference.simulate.course import Course, Spell, State
from inference.simulate.sheet import Sheet
from inference.simulate.technical import muscle_activity, set_tone

RATE_HZ = 512.0


def muscles(state: State, sparseness: float = 0.0, envelope_uv: float | None = None) -> np.ndarray:
    """Give thirty seconds of EMG, (4, n), of an infant who keeps a third of her tone asleep."""
    patient = draw_patient(5)
    muscle = replace(patient.muscle, tone_uv=(3.0,) * 4, asleep=(0.3, 0.0), sparseness=sparseness)
    sheet = Sheet(replace(patient, muscle=muscle), round(30 * RATE_HZ), RATE_HZ)
    set_tone(sheet, Course((Spell(state, 0.0, 30.0),), ()))
    if envelope_uv is not None:
        sheet.emg_envelope[:] = envelope_uv
    return muscle_activity(sheet, 5, lambda share: None)


def test_tone_follows_sleep_and_waking():
    awake, nrem, rem = (muscles(state).std() for state in (State.AWAKE, State.NREM, State.REM))
    assert 2.0 < awake < 4.0
    assert 0.2 < nrem / awake < 0.4
    assert rem == 0.0


def test_a_weak_contraction_flickers_and_a_strong_one_interferes():
    weak, strong = (muscles(State.AWAKE, 1.0, uv) for uv in (5.0, 300.0))
    assert kurtosis(weak, axis=1).min() > 3.0
    assert kurtosis(strong, axis=1).max() < 1.0
    np.testing.assert_allclose(weak.std(axis=1), 5.0, rtol=0.3)
