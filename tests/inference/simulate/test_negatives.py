import numpy as np
import pytest

from inference.simulate import Role, Scenario, Term, draw_patient, simulate_infant
from inference.simulate.negatives import CLEARANCE_S, KINDS
from inference.simulate.sheet import Sheet

MUSCLE_ONLY = {Term.MOVEMENT, Term.MYOCLONUS}
BRAIN_ONLY = {
    *(Term.VERTEX_WAVE, Term.K_COMPLEX, Term.SLOW_WAVE, Term.SPIKE_RUN, Term.DECREMENT),
    *(Term.DELTA_RUN, Term.HYPERSYNCHRONY),
}


def written(kind, seed: int, duration_s: float) -> Sheet:
    sheet = Sheet(draw_patient(seed), 30 * 512, 512.0)
    sheet.emg_envelope[:] = 0.0
    kind.write(sheet, np.random.default_rng(seed), 5.0, duration_s)
    return sheet


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.write.__name__)
def test_each_kind_writes_what_its_truth_says(kind):
    sheet = written(kind, 3, float(np.mean(kind.duration_s)))
    (event,) = sheet.truth
    assert event.role is Role.NEGATIVE
    assert event.label != Term.SPASM
    assert set(event.channels) <= set(sheet.patient.channel_names)
    if event.label in MUSCLE_ONLY:
        assert not sheet.eeg.any()
        assert sheet.emg_envelope.max() > 5.0
    elif event.label in BRAIN_ONLY:
        assert not sheet.emg_envelope.any()
        assert sheet.eeg.any() or sheet.suppression.min() < 0.7
    before, _ = sheet.span(0.0, 4.9)
    assert not sheet.eeg[:, before].any()
    assert not sheet.emg_envelope[:, before].any()


def test_movement_moves_muscle_and_a_few_electrodes_together():
    kind = next(k for k in KINDS if k.write.__name__ == "_write_movement_with_eeg")
    for seed in range(10):
        sheet = written(kind, seed, 2.0)
        during, _ = sheet.span(5.0, 2.0)
        assert sheet.emg_envelope[:, during].max() > 5.0
        assert np.abs(sheet.eeg[:, during]).max() > 10.0


def test_myoclonus_is_shorter_than_any_spasm():
    kind = next(k for k in KINDS if k.write.__name__ == "_write_myoclonus")
    assert kind.duration_s == (0.010, 0.100)


def test_every_kind_happens_and_none_blurs_a_spasm():
    labels: set[str] = set()
    for seed in range(3):
        case = simulate_infant(
            seed, 400.0, 128.0, scenario=Scenario(calm_s=(100.0, 200.0), nap_s=(60.0, 120.0), negatives=2.0)
        )
        spasms = [event for event in case.truth if event.role is Role.SPASM]
        for event in (e for e in case.truth if e.role is Role.NEGATIVE):
            labels.add(event.label)
            if event.label in {Term.MOVEMENT, Term.MOVEMENT_WITH_EEG, Term.STARTLE, Term.MYOCLONUS}:
                assert all(
                    event.end_s <= s.onset_s - CLEARANCE_S + 1e-9 or event.onset_s >= s.end_s + CLEARANCE_S - 1e-9
                    for s in spasms
                )
    assert len(labels) >= 14


def test_a_scenario_can_leave_them_out():
    case = simulate_infant(2, 120.0, 128.0, scenario=Scenario(negatives=0.0))
    assert not [event for event in case.truth if event.role is Role.NEGATIVE]
