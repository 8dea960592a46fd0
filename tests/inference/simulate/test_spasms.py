import numpy as np
import pytest

from inference.simulate import Role, Term, draw_patient
from inference.simulate.course import Course, SpasmTime, Spell, State
from inference.simulate.sheet import Sheet
from inference.simulate.spasms import EMG_LAG_S, add_spasms, diamond, slow_wave

RATE_HZ = 1024.0


def sheet_of(seed: int, n_spasms: int = 12) -> Sheet:
    """Spasms alone, on a silent EEG and EMG."""
    sheet = Sheet(draw_patient(seed), round((n_spasms + 1) * 10 * RATE_HZ), RATE_HZ)
    sheet.emg_envelope[:] = 0.0
    spasms = tuple(SpasmTime(5.0 + 10.0 * i, 0.3 + 0.7 * i / n_spasms, 1) for i in range(n_spasms))
    add_spasms(sheet, Course((Spell(State.AWAKE, 0.0, sheet.duration_s),), spasms), seed)
    return sheet


SHEETS = [sheet_of(seed) for seed in range(40)]


def events(sheet: Sheet, label: str):
    return [event for event in sheet.truth if event.label == label]


def test_every_spasm_has_its_slow_wave():
    for sheet in SHEETS:
        assert len(events(sheet, Term.SPASM)) == len(events(sheet, Term.SLOW_WAVE)) == 12


def test_other_components_come_and_go():
    for label in (Term.FAST_BURST, Term.DECREMENT, Term.CONTRACTION):
        counts = [len(events(sheet, label)) for sheet in SHEETS]
        assert 0 < np.mean(counts) < 12
        assert len(set(counts)) > 2


def test_a_decrement_or_a_seen_contraction_is_the_rule_in_some_infants_and_the_exception_in_others():
    for label in (Term.DECREMENT, Term.CONTRACTION):
        shares = np.array([len(events(sheet, label)) / 12 for sheet in SHEETS])
        assert np.mean(shares < 0.4) > 0.03
        assert np.mean(shares > 0.75) > 0.2


def test_contractions_last_as_long_as_measured():
    lasting_s = np.array([event.duration_s for sheet in SHEETS for event in events(sheet, Term.CONTRACTION)])
    assert lasting_s.min() >= 0.4 - 1e-9
    assert lasting_s.max() <= 7.0 + 1e-9
    assert np.mean(lasting_s <= 3.0) == pytest.approx(0.857, abs=0.06)


def test_the_lag_between_brain_and_muscle_is_not_constant_and_stays_in_range():
    spreads_s = []
    for sheet in SHEETS:
        waves = {event.spasm: event.onset_s for event in events(sheet, Term.SLOW_WAVE)}
        lags_s = [event.onset_s - waves[event.spasm] for event in events(sheet, Term.CONTRACTION)]
        if len(lags_s) < 3:
            continue
        assert EMG_LAG_S[0] - 1e-9 <= min(lags_s) <= max(lags_s) <= EMG_LAG_S[1] + 1e-9
        spreads_s.append(np.std(lags_s))
    assert len(spreads_s) > 30
    assert min(spreads_s) > 0.01


def test_truth_covers_what_was_injected_and_nothing_else_was():
    for sheet in SHEETS[:10]:
        time_s = np.arange(sheet.n_samples) / RATE_HZ
        inside_emg, inside_eeg = np.zeros(sheet.n_samples, bool), np.zeros(sheet.n_samples, bool)
        for event in sheet.truth:
            inside = (time_s >= event.onset_s - 1e-9) & (time_s <= event.end_s + 1e-9)
            inside_eeg |= inside
            if event.label == Term.CONTRACTION:
                inside_emg |= inside
                assert sheet.emg_envelope[:, inside].max() > 3.0
        assert not sheet.emg_envelope[:, ~inside_emg].any()
        assert not sheet.eeg[:, ~inside_eeg].any()


def test_the_peak_of_the_injected_contraction_lies_within_the_spasm_on_the_named_channels():
    sheet = SHEETS[3]
    for event in events(sheet, Term.CONTRACTION):
        samples, _ = sheet.span(event.onset_s, event.duration_s)
        row, _ = np.unravel_index(sheet.emg_envelope[:, samples].argmax(), sheet.emg_envelope[:, samples].shape)
        assert sheet.patient.channel_names[25 + row] in event.channels


def test_a_spasm_runs_from_its_first_to_its_last_component():
    for sheet in SHEETS[:10]:
        for spasm in events(sheet, Term.SPASM):
            parts = [e for e in sheet.truth if e.spasm == spasm.spasm and e.label in {Term.SLOW_WAVE, Term.CONTRACTION}]
            assert spasm.role is Role.SPASM
            assert spasm.onset_s == pytest.approx(min(part.onset_s for part in parts))
            assert spasm.end_s == pytest.approx(max(part.end_s for part in parts))


def test_slow_waves_are_of_high_voltage_and_alike_within_an_infant():
    for sheet in SHEETS[:12]:
        maps = []
        for event in events(sheet, Term.SLOW_WAVE):
            samples, _ = sheet.span(event.onset_s, event.duration_s)
            wave = sheet.eeg[:, samples] - sheet.eeg[:, samples].mean(axis=0)
            peak = wave[:, np.abs(wave).max(axis=0).argmax()]
            assert 40.0 < np.abs(peak).max() < 900.0
            maps.append(peak / np.linalg.norm(peak))
        likeness = np.abs(np.array(maps) @ np.mean(maps, axis=0)) / np.linalg.norm(np.mean(maps, axis=0))
        assert np.median(likeness) > 0.8


def test_the_background_is_suppressed_after_the_slow_wave():
    sheet = next(sheet for sheet in SHEETS if len(events(sheet, Term.DECREMENT)) > 8)
    for event in events(sheet, Term.DECREMENT):
        middle, _ = sheet.span(event.onset_s + 0.35 * event.duration_s, 0.1 * event.duration_s)
        assert sheet.suppression[middle].max() < 0.6
        assert 0.3 < event.duration_s < 8.0


def test_a_contraction_is_a_diamond():
    time_s = np.linspace(0.0, 2.0, 201)
    envelope = diamond(time_s, 2.0, 0.4)
    assert envelope[0] == envelope[-1] == 0.0
    assert time_s[envelope.argmax()] == pytest.approx(0.8)
    assert np.all(np.diff(envelope[:80]) > 0)
    assert np.all(np.diff(envelope[81:]) < 0)


def test_a_slow_wave_begins_and_ends_at_zero_and_peaks_at_one():
    time_s = np.linspace(0.0, 1.2, 1201)
    wave = slow_wave(time_s, 1.2, 0.5, notched=False)
    assert abs(wave[0]) < 1e-6
    assert abs(wave[-1]) < 1e-6
    assert wave.max() == pytest.approx(1.0, abs=0.05)
    assert wave.min() < -0.3


def test_a_warped_slow_wave_peaks_earlier_or_later_and_stays_in_its_span():
    time_s = np.linspace(0.0, 1.2, 1201)
    peaks_s = [time_s[slow_wave(time_s, 1.2, 0.5, notched=False, warp=warp).argmax()] for warp in (0.7, 1.0, 1.35)]
    assert peaks_s[0] < peaks_s[1] - 0.1 < peaks_s[2] - 0.2
    assert abs(slow_wave(time_s, 1.2, 0.5, notched=False, warp=0.7)[-1]) < 1e-6
