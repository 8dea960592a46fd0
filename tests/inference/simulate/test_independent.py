"""What the second generator promises to those who examine networks with it."""

import ast
from pathlib import Path

import mne
import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt, welch

import inference.simulate.independent as independent
from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.recordings.recording import ChannelKind
from inference.simulate.independent import draw_infant, generate_infant
from inference.simulate.independent.conduction import Shells, infant_head, lead_field
from inference.simulate.independent.cortex import MASS_RATE_HZ, integrate_masses
from inference.simulate.independent.infant import stream
from inference.simulate.independent.muscles import DRIVE_RATE_HZ, MUSCLE_RATE_HZ, contract, form_pool
from inference.simulate.independent.timetable import SHORTEST_INTERVAL_S, draw_timetable
from inference.simulate.truth import Role, Term

PACKAGE = Path(independent.__file__).parent
ROOT = PACKAGE.parents[2]
#: An infant with three spasms, contraction and electrodecrement included, within the first minute.
SEED, DURATION_S = 35, 60.0


@pytest.fixture(scope="module")
def case():
    return generate_infant(SEED, DURATION_S)


def signals_of(case, first_s=0.0, duration_s=None):
    channels = range(len(case.recording.channels))
    return np.array(case.recording.read(channels, first_s, duration_s or case.recording.duration_s))


def spasms_of(case):
    return [event for event in case.truth if event.role is Role.SPASM]


def test_it_shares_no_code_with_the_first_generator_but_the_values_that_say_what_is_true():
    for path in PACKAGE.glob("*.py"):
        for name in _imports(path):
            is_own = name.startswith("inference.simulate.independent")
            assert is_own or name == "inference.simulate.truth" or not name.startswith("inference.simulate"), path


def test_nothing_that_trains_imports_it():
    others = [path for path in (ROOT / "inference").rglob("*.py") if PACKAGE not in path.parents]
    assert not [path for path in others if any("simulate.independent" in name for name in _imports(path))]


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (
                node.module,
                *(f"{node.module}.{alias.name}" for alias in node.names if alias.name == "simulate"),
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_same_seed_gives_the_same_samples_and_another_seed_another_infant(case):
    again = generate_infant(SEED, DURATION_S)
    assert np.array_equal(signals_of(again), signals_of(case))
    assert again.truth == case.truth
    assert draw_infant(SEED + 1) != draw_infant(SEED)


def test_a_recording_has_the_25_electrodes_and_four_muscles(case):
    channels = case.recording.channels
    assert tuple(c.electrode for c in channels if c.kind is ChannelKind.EEG) == IFCN_ELECTRODES
    assert sum(c.kind is ChannelKind.EMG for c in channels) == 4
    signals = signals_of(case)
    assert signals.shape == (29, round(DURATION_S * 1024))
    assert np.isfinite(signals).all()
    assert (signals.std(axis=1) > 1.0).all()


@pytest.mark.parametrize("rate_hz", [256.0, 1000.0, 2048.0])
def test_what_happens_does_not_depend_on_the_rate(rate_hz):
    reference, other = generate_infant(6, 20.0), generate_infant(6, 20.0, rate_hz)
    assert other.truth == reference.truth
    assert all(channel.rate_hz == rate_hz for channel in other.recording.channels)
    for x, y in zip(_below_20_hz(other, rate_hz), _below_20_hz(reference, 1024.0), strict=True):
        assert np.corrcoef(x, y)[0, 1] > 0.99


def _below_20_hz(case, rate_hz):
    low_pass = butter(4, 20.0, fs=rate_hz, output="sos")
    waves = sosfiltfilt(low_pass, signals_of(case)[:25], axis=1)
    time_s = np.arange(1.0, 19.0, 1 / 64)
    return [np.interp(time_s, np.arange(len(wave)) / rate_hz, wave) for wave in waves]


def test_too_short_or_too_slow_a_recording_is_refused():
    with pytest.raises(ValueError, match="less than 10 s"):
        generate_infant(1, 5.0)
    with pytest.raises(ValueError, match="100 Hz"):
        generate_infant(1, 60.0, 50.0)


def test_every_part_of_the_truth_lies_within_the_recording_in_order_and_to_the_millisecond(case):
    onsets = [event.onset_s for event in case.truth]
    assert onsets == sorted(onsets)
    for event in case.truth:
        assert event.duration_s > 0
        assert round(event.onset_s, 3) == event.onset_s
        assert round(event.duration_s, 3) == event.duration_s


def test_a_spasm_lasts_from_the_first_to_the_last_of_slow_wave_and_contraction(case):
    assert spasms_of(case)
    for spasm in spasms_of(case):
        parts = [e for e in case.truth if e.role is Role.PART and e.spasm == spasm.spasm]
        body = [e for e in parts if e.label in (Term.SLOW_WAVE, Term.CONTRACTION)]
        assert any(e.label == Term.SLOW_WAVE for e in parts)
        assert spasm.onset_s == pytest.approx(min(e.onset_s for e in body), abs=0.0015)
        end_s = max(e.onset_s + e.duration_s for e in body)
        assert spasm.onset_s + spasm.duration_s == pytest.approx(end_s, abs=0.0025)


def test_muscles_contract_where_the_truth_says_so(case):
    emg = signals_of(case)[25:]
    power = np.abs(np.diff(emg, axis=1)).sum(axis=0)
    contractions = [e for e in case.truth if e.label == Term.CONTRACTION]
    assert contractions
    for event in contractions:
        first, stop = (round(x * 1024) for x in (event.onset_s, event.onset_s + event.duration_s))
        assert power[first:stop].mean() > 1.5 * np.median(power)


def test_spasms_of_a_cluster_keep_apart_and_grow_and_ebb():
    pairs, heights = 0, []
    for seed in range(60):
        spasms = draw_timetable(draw_infant(seed), 900.0).spasms
        onsets = np.array([spasm.onset_s for spasm in spasms])
        assert (np.diff(onsets) >= SHORTEST_INTERVAL_S - 1e-9).all()
        cluster = [spasm.intensity for spasm in spasms if spasm.cluster == 1]
        if len(cluster) >= 12:
            third = len(cluster) // 3
            heights.append((np.mean(cluster[:third]), np.mean(cluster[third:-third]), np.mean(cluster[-third:])))
            pairs += 1
    early, middle, late = np.mean(heights, axis=0)
    assert pairs >= 10
    assert middle > early
    assert middle > late


def test_infants_spread_over_the_published_ranges():
    infants = [draw_infant(seed) for seed in range(400)]
    clustered = np.mean([infant.spasms.clustered for infant in infants])
    in_front = np.mean([infant.spasms.slow_direction[1] > 0.5 for infant in infants])
    assert clustered == pytest.approx(0.78, abs=0.07)
    assert in_front == pytest.approx(11 / 14, abs=0.12)
    assert all(3 <= infant.age_months <= 11 for infant in infants)
    assert {infant.pattern for infant in infants} == {"none", "modified", "classic"}


def test_the_field_of_a_dipole_in_a_uniform_sphere_is_the_closed_form():
    electrodes = np.array([electrode_position(name) for name in IFCN_ELECTRODES])
    place, height = np.array([[0.0, 0.0, 0.7]]), 0.7
    field = lead_field(electrodes, place, np.array([[0.0, 0.0, 1.0]]), Shells((1.0,), (0.33,)))[:, 0]
    unit = electrodes / np.linalg.norm(electrodes, axis=1, keepdims=True)
    apart = np.sqrt(1 + height**2 - 2 * height * unit[:, 2])
    np.testing.assert_allclose(field, ((1 - height**2) / apart**3 - 1) / height, atol=1e-6)


def test_the_field_of_a_dipole_under_a_skull_is_that_of_mne():
    electrodes = np.array([electrode_position(name) for name in IFCN_ELECTRODES])
    electrodes /= np.linalg.norm(electrodes, axis=1, keepdims=True)
    shells, radius_m = infant_head(0.03), 0.07
    sphere = mne.make_sphere_model(
        (0, 0, 0), radius_m, relative_radii=shells.radii, sigmas=shells.conductivities, verbose=False
    )
    info = mne.create_info(list(IFCN_ELECTRODES), 100.0, "eeg")
    positions = dict(zip(IFCN_ELECTRODES, radius_m * electrodes, strict=True))
    info.set_montage(mne.channels.make_dig_montage(positions, coord_frame="head"))
    rng = np.random.default_rng(0)
    places = rng.normal(size=(6, 3))
    places *= 0.75 / np.linalg.norm(places, axis=1, keepdims=True)
    moments = rng.normal(size=(6, 3))
    moments /= np.linalg.norm(moments, axis=1, keepdims=True)
    source = mne.setup_volume_source_space(
        pos={"rr": radius_m * places, "nn": moments}, sphere_units="m", verbose=False
    )
    forward = mne.make_forward_solution(info, None, source, sphere, meg=False, mindist=0, verbose=False)
    fixed = np.einsum("esk,sk->es", forward["sol"]["data"].reshape(25, 6, 3), moments)
    ours = lead_field(electrodes, places, moments, shells)
    for a, b in zip((fixed - fixed.mean(0)).T, (ours - ours.mean(0)).T, strict=True):
        assert np.corrcoef(a, b)[0, 1] > 0.995


def test_a_neural_mass_keeps_the_rhythm_it_is_given():
    rhythm_hz = np.array([4.0, 6.0, 10.5])
    waves = integrate_masses(stream(0, "test"), rhythm_hz, np.ones(3), np.eye(3), round(40 * MASS_RATE_HZ))
    frequency_hz, power = welch(waves[:, 512:], MASS_RATE_HZ, nperseg=1024)
    centre = (power * frequency_hz).sum(axis=1) / power.sum(axis=1)
    assert (np.diff(centre) > 0.5).all()


def test_a_stronger_drive_recruits_more_units_and_full_drive_gives_the_muscle_s_level():
    n = round(4 * MUSCLE_RATE_HZ)
    levels = []
    for force in (0.1, 0.4, 1.0):
        pool = form_pool(stream(1, "pool"), 100, 120.0)
        drive = np.full(round(4 * DRIVE_RATE_HZ) + 1, force)
        levels.append(float(contract(stream(2, "train"), pool, drive, n).std()))
    assert levels[0] < 0.5 * levels[1] < 0.5 * levels[2]
    assert levels[2] == pytest.approx(120.0, rel=0.3)


def test_a_muscle_without_drive_is_silent():
    pool = form_pool(stream(1, "pool"), 50, 100.0)
    assert not contract(stream(2, "train"), pool, np.zeros(300), 2048).any()
