import numpy as np
import pytest

from inference.simulate.sleep.balloon import Balloon

STEP_S = 0.05


def response(stimulus_s: float, strength: float = 0.1, duration_s: float = 40.0) -> np.ndarray:
    neural = np.zeros(round(duration_s / STEP_S))
    neural[: round(stimulus_s / STEP_S)] = strength
    return Balloon().respond(neural, STEP_S)


def test_the_constants_are_those_of_the_design():
    balloon = Balloon()
    assert (balloon.rho, balloon.alpha, balloon.v0) == (0.34, 0.32, 0.02)
    assert (balloon.gamma_per_s, balloon.kappa_per_s, balloon.tau_s) == (0.41, 0.65, 0.98)


def test_a_stimulus_of_some_seconds_is_answered_after_four_to_six_and_followed_by_an_undershoot():
    for stimulus_s in (2.0, 3.0, 4.0):
        signal = response(stimulus_s)
        peak_s, dip_s = signal.argmax() * STEP_S, signal.argmin() * STEP_S
        assert 4.0 <= peak_s <= 6.0
        assert peak_s < dip_s < 20.0
        assert -0.5 * signal.max() < signal.min() < -0.05 * signal.max()
        assert abs(signal[-1]) < 0.01 * signal.max()


def test_at_rest_nothing_happens():
    np.testing.assert_allclose(Balloon().respond(np.zeros((200, 3)), STEP_S), 0.0, atol=1e-12)


def test_a_lasting_activity_ends_in_the_steady_state_that_can_be_written_down():
    balloon, activity = Balloon(), 0.1
    flow = 1.0 + activity / balloon.gamma_per_s
    volume = flow**balloon.alpha
    deoxy = volume * (1.0 - (1.0 - balloon.rho) ** (1.0 / flow)) / balloon.rho
    k1, k2, k3 = 7 * balloon.rho, 2.0, 2 * balloon.rho - 0.2
    expected = balloon.v0 * (k1 * (1 - deoxy) + k2 * (1 - deoxy / volume) + k3 * (1 - volume))
    assert response(120.0, activity, 120.0)[-1] == pytest.approx(expected, rel=1e-4)
    assert 0.005 < expected < 0.03


def test_twice_the_activity_gives_less_than_twice_the_signal():
    weak, strong = response(120.0, 0.1, 120.0)[-1], response(120.0, 0.2, 120.0)[-1]
    assert weak < strong < 2 * weak


def test_a_volume_s_seventh_is_short_enough_a_step():
    random = np.random.default_rng(4)
    slow = np.interp(np.arange(0, 120, 0.03), np.arange(0, 124, 4.0), random.normal(0, 0.1, 31))
    fine = Balloon().respond(slow, 0.03)[::10]
    coarse = Balloon().respond(slow[::10], 0.3)
    assert np.abs(coarse - fine).max() < 0.1 * np.abs(fine).max()
    assert np.corrcoef(coarse, fine)[0, 1] > 0.995


def test_regions_do_not_touch_each_other():
    neural = np.random.default_rng(5).normal(0, 0.05, (200, 3))
    together = Balloon().respond(neural, 0.3)
    np.testing.assert_allclose(together[:, 1], Balloon().respond(neural[:, 1], 0.3))
