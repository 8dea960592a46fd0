import numpy as np
import pytest
from scipy.signal import resample_poly

from inference.recordings.recording import ChannelKind
from inference.simulate import Role, Scenario, Term, simulate_infant


def signals(case, duration_s: float) -> np.ndarray:
    return np.array(case.recording.read(range(len(case.recording.channels)), 0.0, duration_s))


def test_a_seed_is_one_recording():
    first, second = simulate_infant(6, 40.0, 128.0), simulate_infant(6, 40.0, 128.0)
    np.testing.assert_array_equal(signals(first, 40.0), signals(second, 40.0))
    assert first.truth == second.truth
    assert not np.array_equal(signals(first, 40.0), signals(simulate_infant(7, 40.0, 128.0), 40.0))


def test_a_longer_recording_begins_as_a_shorter_one():
    short, long = simulate_infant(4, 61.0, 128.0), simulate_infant(4, 130.0, 128.0)
    np.testing.assert_array_equal(signals(short, 61.0), signals(long, 61.0))


def test_another_rate_shows_the_same_recording():
    slow, fast = simulate_infant(4, 40.0, 256.0), simulate_infant(4, 40.0, 1024.0)
    assert [(e.label, e.channels) for e in slow.truth] == [(e.label, e.channels) for e in fast.truth]
    down = resample_poly(signals(fast, 40.0), 1, 4, axis=-1)
    for row in range(25):
        assert np.corrcoef(down[row], signals(slow, 40.0)[row])[0, 1] > 0.98


def test_the_recording_has_the_papers_channels(case):
    channels = case.recording.channels
    assert [channel.kind for channel in channels] == [ChannelKind.EEG] * 25 + [ChannelKind.EMG] * 4
    assert {channel.unit for channel in channels} == {"uV"}
    assert case.recording.duration_s == 240.0
    assert case.recording.annotations == ()


def test_voltages_are_those_of_a_body(case):
    recorded = signals(case, 240.0)
    assert np.isfinite(recorded).all()
    eeg, emg = recorded[:25], recorded[25:]
    assert 10.0 < np.median(eeg.std(axis=1)) < 150.0
    assert np.abs(eeg).max() < 3000.0
    assert np.abs(emg).max() < 3000.0


def test_muscles_are_louder_during_spasms_than_at_rest(case):
    emg = signals(case, 240.0)[25:]
    time_s = np.arange(emg.shape[1]) / 256.0
    quiet = np.ones(time_s.size, bool)
    for event in case.truth:
        if event.role is not Role.STATE:
            quiet &= (time_s < event.onset_s) | (time_s > event.end_s)
    louder = []
    for event in (e for e in case.truth if e.label == Term.CONTRACTION):
        during = (time_s >= event.onset_s) & (time_s <= event.end_s)
        louder.append(emg[:, during].std(axis=1).max() / emg[:, quiet].std(axis=1).mean())
    assert np.median(louder) > 3.0


def test_an_infants_gains_stay_the_same_over_time(case):
    # The share of each muscle in the contractions is the infant's own: early and late spasms agree.
    emg = signals(case, 240.0)[25:]
    shares = []
    for event in (e for e in case.truth if e.label == Term.CONTRACTION and e.duration_s > 0.5):
        span = slice(round(event.onset_s * 256), round(event.end_s * 256))
        level = emg[:, span].std(axis=1)
        shares.append(np.log(level / level.sum()))
    early, late = np.array_split(np.array(shares), 2)
    np.testing.assert_allclose(early.mean(axis=0), late.mean(axis=0), atol=0.35)


def test_truth_is_in_order_and_within_the_recording(case):
    onsets_s = [event.onset_s for event in case.truth]
    assert onsets_s == sorted(onsets_s)
    assert all(0.0 <= event.onset_s < event.end_s <= 240.0 + 1e-9 for event in case.truth)
    assert {event.role for event in case.truth} == set(Role) - {Role.SEIZURE}


def test_states_cover_the_whole_recording(case):
    states = [event for event in case.truth if event.label in {Term.AWAKE, Term.NREM, Term.REM}]
    assert sum(event.duration_s for event in states) == pytest.approx(240.0)


def test_another_recording_of_the_same_infant_has_the_same_infant():
    first = simulate_infant(1, 20.0, 128.0)
    second = simulate_infant(2, 20.0, 128.0, patient=first.patient)
    assert second.patient == first.patient
    assert not np.array_equal(signals(first, 20.0), signals(second, 20.0))


def test_progress_is_told_until_the_end():
    told: list[float] = []
    simulate_infant(1, 40.0, 128.0, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(("duration_s", "rate_hz"), [(0.0, 256.0), (-1.0, 256.0), (10.0, 50.0)])
def test_impossible_wishes_are_refused(duration_s, rate_hz):
    with pytest.raises(ValueError, match=r"cannot be simulated|too slow"):
        simulate_infant(1, duration_s, rate_hz)


def test_a_spasm_free_infant_has_no_spasm():
    case = simulate_infant(3, 120.0, 128.0, scenario=Scenario(with_spasms=False))
    assert not [event for event in case.truth if event.role in {Role.SPASM, Role.PART}]
