import dataclasses
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter as butterworth
from scipy.signal import find_peaks, resample_poly, sosfiltfilt, welch

from inference.models.dsmn_ess import ELECTRODES, SYNDROMES
from inference.simulate.course import State
from inference.simulate.head import Head
from inference.simulate.syndromes import Schedule, Syndrome, SyndromeCase, SyndromeTerm, draw_child, simulate_syndrome
from inference.simulate.syndromes.children import AGE_MONTHS
from inference.simulate.syndromes.waves import rolandic_sharp_s, rolandic_sharp_wave
from inference.simulate.truth import Role, Term

RATE_HZ = 256.0
SEIZURE_ROLES = {Role.SEIZURE, Role.SPASM}


def recorded(case: SyndromeCase) -> np.ndarray:
    """Give the EEG against the average of the scalp, (electrodes, samples)."""
    eeg = np.array(case.recording.read(range(len(ELECTRODES)), 0.0, case.recording.duration_s))
    return eeg - eeg[[i for i, name in enumerate(ELECTRODES) if name not in ("A1", "A2")]].mean(axis=0)


def band(signal: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    return sosfiltfilt(butterworth(3, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos"), signal)


def piece(signal: np.ndarray, onset_s: float, duration_s: float) -> np.ndarray:
    return signal[..., round(onset_s * RATE_HZ) : round((onset_s + duration_s) * RATE_HZ)]


def row(electrode: str) -> int:
    return ELECTRODES.index(electrode)


def cases(syndrome: Syndrome, n: int = 4, duration_s: float = 150.0) -> list[SyndromeCase]:
    return [made(syndrome, seed, duration_s) for seed in range(40, 40 + n)]


@cache
def made(syndrome: Syndrome, seed: int, duration_s: float) -> SyndromeCase:
    return simulate_syndrome(seed, duration_s, RATE_HZ, syndrome=syndrome, schedule=Schedule.dense())


def spans(case: SyndromeCase, label: str) -> list[tuple[float, float]]:
    return [(event.onset_s, event.duration_s) for event in case.truth if event.label == label]


@pytest.fixture(scope="module")
def absences() -> list[SyndromeCase]:
    return cases(Syndrome.CAE, 9)


def test_the_syndromes_and_electrodes_are_the_networks():
    assert tuple(syndrome.value for syndrome in Syndrome) == SYNDROMES
    assert draw_child(0).base.electrodes == ELECTRODES


def test_a_seed_is_one_recording_and_draws_every_syndrome():
    first, again, other = (simulate_syndrome(seed, 20.0, 128.0) for seed in (5, 5, 6))
    np.testing.assert_array_equal(recorded(first), recorded(again))
    assert first.truth == again.truth
    assert not np.array_equal(recorded(first), recorded(other))
    assert {draw_child(seed).syndrome for seed in range(40)} == set(Syndrome)


@pytest.mark.parametrize("syndrome", Syndrome)
def test_a_longer_recording_begins_as_a_shorter_one(syndrome):
    short, long = (simulate_syndrome(3, s, 128.0, syndrome=syndrome, schedule=Schedule.dense()) for s in (61.0, 130.0))
    eeg = [np.array(case.recording.read(range(21), 0.0, 61.0)) for case in (short, long)]
    np.testing.assert_array_equal(*eeg)


@pytest.mark.parametrize("syndrome", Syndrome)
def test_another_rate_shows_the_same_recording(syndrome):
    slow, fast = (
        simulate_syndrome(8, 40.0, rate, syndrome=syndrome, schedule=Schedule.dense()) for rate in (256, 1024)
    )
    assert [(e.label, e.channels) for e in slow.truth] == [(e.label, e.channels) for e in fast.truth]
    down = resample_poly(recorded(fast), 1, 4, axis=-1)
    likeness = [np.corrcoef(a, b)[0, 1] for a, b in zip(down, recorded(slow), strict=True)]
    assert min(likeness) > 0.97


def test_the_recorder_is_the_same_whatever_the_syndrome():
    children = [draw_child(11, syndrome) for syndrome in Syndrome]
    assert len({child.base.technical for child in children}) == 1
    assert len({child.base.reference for child in children}) == 1
    assert len({child.base.background.gain for child in children}) == 1


def test_ages_are_those_of_the_syndromes_and_vary():
    for syndrome, (youngest, _, oldest) in AGE_MONTHS.items():
        ages = [draw_child(seed, syndrome).base.age_months for seed in range(20)]
        assert youngest <= min(ages) < max(ages) <= oldest
        assert np.std(ages) > 0.1 * (oldest - youngest)


@pytest.mark.parametrize("syndrome", Syndrome)
def test_truth_is_in_order_within_the_recording_and_names_its_channels(syndrome):
    case = cases(syndrome, 1)[0]
    names = {channel.name for channel in case.recording.channels}
    onsets_s = [event.onset_s for event in case.truth]
    assert onsets_s == sorted(onsets_s)
    assert all(0.0 <= event.onset_s < event.end_s <= 150.0 + 1e-9 for event in case.truth)
    assert all(set(event.channels) <= names for event in case.truth)
    states = [e for e in case.truth if e.label in {Term.AWAKE, Term.NREM}]
    assert sum(event.duration_s for event in states) == pytest.approx(150.0)


@pytest.mark.parametrize("syndrome", Syndrome)
def test_voltages_are_those_of_a_head(syndrome):
    for case in cases(syndrome, 2):
        eeg = recorded(case)
        assert np.isfinite(eeg).all()
        assert 4.0 < np.median(eeg.std(axis=1)) < 120.0
        assert np.abs(eeg).max() < 1500.0


def test_every_syndrome_has_seizures_and_most_time_is_between_them():
    for syndrome in Syndrome:
        share = np.mean(
            [
                sum(e.duration_s for e in case.truth if e.role in SEIZURE_ROLES) / case.recording.duration_s
                for case in cases(syndrome, 6)
            ]
        )
        assert 0.01 < share < 0.35, syndrome


def test_the_truth_names_the_syndrome():
    for syndrome in Syndrome:
        states = [event for event in cases(syndrome, 1)[0].truth if event.label == f"Syndrome-{syndrome}"]
        assert [(event.onset_s, event.duration_s) for event in states] == [(0.0, 150.0)]


def test_a_child_without_seizures_has_none_and_keeps_the_syndrome():
    calm = dataclasses.replace(Schedule.dense(), with_seizures=False)
    case = simulate_syndrome(2, 120.0, RATE_HZ, syndrome=Syndrome.CSWS, schedule=calm)
    assert not [event for event in case.truth if event.role in SEIZURE_ROLES]
    assert spans(case, SyndromeTerm.SPIKE_WAVE)


def test_the_spike_waves_of_absences_slow_down_from_3_to_4_hz(absences):
    falls = []
    for case in absences:
        for onset_s, duration_s in spans(case, SyndromeTerm.TYPICAL_ABSENCE):
            assert duration_s <= 20.0
            assert duration_s >= 4.0 or onset_s + duration_s == pytest.approx(150.0)  # cut by the end
            if duration_s < 8.0:
                continue
            frontal = recorded(case)[row("Fz")]
            rates_hz = []
            for at_s in (onset_s, onset_s + duration_s - 4.0):
                frequency_hz, power = welch(piece(frontal, at_s, 4.0), RATE_HZ, nperseg=1024, nfft=8192)
                near = (frequency_hz > 2.0) & (frequency_hz < 4.5)
                rates_hz.append(frequency_hz[near][power[near].argmax()])
            assert 2.4 < rates_hz[1] < rates_hz[0] < 4.1
            falls.append(rates_hz[0] - rates_hz[1])
    assert len(falls) >= 3
    assert np.mean(falls) > 0.2


def test_absences_are_negative_in_front_and_on_both_sides(absences):
    case = next(c for c in absences if spans(c, SyndromeTerm.TYPICAL_ABSENCE)[:1] > [(10.0, 0.0)])
    onset_s, duration_s = spans(case, SyndromeTerm.TYPICAL_ABSENCE)[0]
    waves = piece(band(recorded(case), 2.0, 5.0), onset_s, duration_s)
    at = waves[row("Fz")].argmin()
    assert waves[row("F3"), at] < 0
    assert waves[row("F4"), at] < 0
    assert waves[row("O1"), at] > waves[row("Fz"), at]
    before = piece(band(recorded(case), 2.0, 5.0), onset_s - 6.0, 5.0)
    assert waves[row("Fz")].std() > 4 * before[row("Fz")].std()


def test_eiee_alternates_bursts_with_suppression_awake_and_asleep():
    for case in cases(Syndrome.EIEE, 3):
        eeg = recorded(case)[:16]
        bursts = spans(case, SyndromeTerm.BURST)
        seizures = [e for e in case.truth if e.role is Role.SPASM or e.label == Term.DECREMENT]
        amplitudes, silences_s, quiet = [], [], []
        # The first and the last may be cut by the recording.
        for (onset_s, duration_s), (next_s, _) in pairwise(bursts[1:-1]):
            if any(e.onset_s < next_s and e.end_s > onset_s for e in seizures):
                continue
            amplitudes.append(np.ptp(piece(band(eeg, 1.0, 40.0), onset_s, duration_s), axis=1).max())
            silences_s.append(next_s - onset_s - duration_s)
            quiet.append(
                np.median(piece(band(eeg, 1.0, 40.0), onset_s + duration_s + 0.5, silences_s[-1] - 1.0).std(axis=1))
            )
            assert 1.0 <= duration_s <= 3.0
        assert 3.0 <= min(silences_s) <= max(silences_s) <= 4.0
        assert 130.0 < np.median(amplitudes) < 420.0
        assert np.median(quiet) < 8.0
    assert {State.AWAKE, State.NREM} <= set(draw_child(1, Syndrome.EIEE).burst_suppression.depth)


def test_rolandic_sharp_waves_last_88_ms_and_are_dipoles_negative_over_the_centre_positive_in_front():
    children = [draw_child(seed, Syndrome.BECT) for seed in range(30)]
    assert np.mean([child.rolandic.sharp_s for child in children]) == pytest.approx(0.088, abs=0.005)
    for child in children:
        field = Head(ELECTRODES, "A1A2").field(child.rolandic.source)
        lowest = ELECTRODES[int(field.argmin())]
        assert lowest in {"C3", "T7", "C4", "T8", "P7", "P8", "P3", "P4"}
        assert ELECTRODES[int(field.argmax())] in {"F3", "F4", "F7", "F8", "Fp1", "Fp2", "Fz"}
    assert (
        np.mean(
            [
                ELECTRODES[int(Head(ELECTRODES, "A1A2").field(c.rolandic.source).argmin())] in {"C3", "T7", "C4", "T8"}
                for c in children
            ]
        )
        > 0.8
    )


def test_a_rolandic_sharp_wave_has_three_phases_and_a_slow_wave():
    time_s = np.arange(0.0, rolandic_sharp_s(0.088), 1e-4)
    wave = rolandic_sharp_wave(time_s, 0.088, 0.4)
    main = time_s[wave > 0.02]
    main = main[main < 0.14]
    assert np.ptp(main) == pytest.approx(0.088, abs=0.004)
    turns = np.flatnonzero(np.diff(np.sign(wave[np.abs(wave) > 1e-6])))
    assert len(turns) == 3


def test_bect_has_more_sharp_waves_asleep_and_shows_them_where_it_says():
    per_min = {State.AWAKE: 0.0, State.NREM: 0.0}
    for case in cases(Syndrome.BECT, 5):
        for state, label in ((State.AWAKE, Term.AWAKE), (State.NREM, Term.NREM)):
            spells = spans(case, label)
            found = [s for s, _ in spans(case, SyndromeTerm.SHARP_WAVE) if any(o <= s < o + d for o, d in spells)]
            per_min[state] += len(found)
    assert per_min[State.NREM] > 1.5 * per_min[State.AWAKE] > 0


def test_spike_waves_fill_the_sleep_of_csws():
    shares, atypical = [], []
    for seed in range(60):
        index = draw_child(seed, Syndrome.CSWS).sleep_index
        assert 0.5 <= index <= 1.0
        atypical.append(index < 0.85)
    assert 0.05 < np.mean(atypical) < 0.4
    for case in cases(Syndrome.CSWS, 5, 300.0):
        seizures = [(e.onset_s, e.end_s) for e in case.truth if e.role in SEIZURE_ROLES]
        runs = spans(case, SyndromeTerm.SPIKE_WAVE)
        asleep_s = [
            at_s
            for onset_s, duration_s in spans(case, Term.NREM)
            for at_s in np.arange(np.ceil(onset_s), onset_s + duration_s - 1.0)
            if not any(o < at_s + 1 and e > at_s for o, e in seizures)
        ]
        # The spike-wave index: the share of seconds of NREM sleep with a spike-wave.
        index = np.mean([any(o < at_s + 1 and o + d > at_s for o, d in runs) for at_s in asleep_s])
        shares.append(index / case.child.sleep_index)
    assert np.mean(shares) == pytest.approx(1.0, abs=0.12)


def test_the_spike_waves_of_csws_are_seen_in_the_eeg_and_slower_than_those_of_absences():
    case = next(c for c in cases(Syndrome.CSWS, 3) if c.child.sleep_index > 0.85)
    onset_s, duration_s = max(spans(case, SyndromeTerm.SPIKE_WAVE), key=lambda span: span[1])
    signal = recorded(case)[row("Fz")]
    peaks, _ = find_peaks(-piece(band(signal, 1.0, 5.0), onset_s, duration_s), prominence=40)
    assert 1.4 < len(peaks) / duration_s < 2.8


def test_febrile_seizures_have_muscle_first_and_jerks_that_slow_down():
    case = next(c for c in cases(Syndrome.FS_PLUS, 8) if spans(c, SyndromeTerm.TONIC_CLONIC))
    onset_s, duration_s = spans(case, SyndromeTerm.TONIC_CLONIC)[0]
    muscle = np.abs(band(recorded(case)[row("Fp1")], 30.0, 100.0))
    assert piece(muscle, onset_s + 0.2 * duration_s, 4.0).mean() > 2 * piece(muscle, onset_s - 6.0, 4.0).mean()
    slow = band(recorded(case)[row("Cz")], 0.8, 6.0)

    def rate_hz(at_s: float) -> float:
        frequency_hz, power = welch(piece(slow, at_s, 6.0), RATE_HZ, nperseg=1024, nfft=4096)
        return float((frequency_hz * power).sum() / power.sum())

    assert rate_hz(onset_s + 0.5 * duration_s) > rate_hz(onset_s + duration_s - 6.0)


def test_focal_seizures_of_bect_slow_down_and_grow_at_the_focus():
    case = next(c for c in cases(Syndrome.BECT, 8) if spans(c, SyndromeTerm.FOCAL))
    onset_s, duration_s = spans(case, SyndromeTerm.FOCAL)[0]
    focus = int(np.abs(Head(ELECTRODES, "A1A2").field(case.child.rolandic.source)).argmax())
    signal = band(recorded(case)[focus], 1.0, 20.0)
    assert piece(signal, onset_s + 0.7 * duration_s, 4.0).std() > 1.5 * piece(signal, onset_s + 1.0, 4.0).std()


def test_the_posterior_rhythm_is_faster_in_older_children():
    rates_hz = []
    for syndrome in (Syndrome.WEST, Syndrome.FS_PLUS, Syndrome.BECT):
        rates_hz.append(np.mean([draw_child(seed, syndrome).base.background.posterior_hz for seed in range(20)]))
    assert rates_hz == sorted(rates_hz)
    assert rates_hz[0] < 7.0 < 8.8 < rates_hz[2]


def test_children_of_every_syndrome_do_what_may_be_mistaken_for_a_seizure():
    for syndrome in Syndrome:
        labels = {event.label for case in cases(syndrome, 6) for event in case.truth}
        assert Term.BLINK in labels
        assert labels & {SyndromeTerm.STRAIN, SyndromeTerm.ROCKING, SyndromeTerm.CHEWING}, syndrome


def test_older_children_neither_suck_nor_startle():
    labels = {event.label for case in cases(Syndrome.BECT, 6) for event in case.truth}
    assert not labels & {Term.SUCKING, Term.CRY, Term.STARTLE, Term.DECREMENT}


@pytest.mark.parametrize(("duration_s", "rate_hz"), [(0.0, 256.0), (10.0, 50.0)])
def test_impossible_wishes_are_refused(duration_s, rate_hz):
    with pytest.raises(ValueError, match=r"cannot be simulated|too slow"):
        simulate_syndrome(1, duration_s, rate_hz)
