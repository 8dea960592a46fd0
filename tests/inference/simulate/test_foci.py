import numpy as np
import pytest
from hed import load_schema_version
from hed.schema import hed_schema_io

from inference.recordings import open_recording
from inference.recordings.recording import ChannelKind
from inference.simulate import write_case
from inference.simulate.foci import FocusTerm, draw_focus_patient, simulate_focus
from inference.simulate.foci.arrays import DepthArray, Source
from inference.simulate.truth import Role

SEEDS = range(24)


def read(case):
    recording = case.recording
    return np.stack(recording.read(range(len(recording.channels)), 0.0, recording.duration_s))


@pytest.fixture(scope="module")
def depth_case():
    return simulate_focus(100_005, 60.0, 256.0, site="depth")


@pytest.mark.parametrize("site", ["depth", "scalp"])
def test_a_seed_is_a_patient_and_a_longer_recording_begins_as_a_shorter_one(site):
    short, long = simulate_focus(5, 12.0, 256.0, site=site), simulate_focus(5, 20.0, 256.0, site=site)
    assert np.array_equal(read(short), read(long)[:, : 12 * 256])
    assert not np.array_equal(read(short)[0], read(simulate_focus(6, 12.0, 256.0, site=site))[0])


def test_a_lower_rate_shows_the_same_events_but_those_too_fast_for_it():
    fast, slow = (simulate_focus(3, 30.0, rate_hz, site="depth") for rate_hz in (512.0, 256.0))

    def found(case):
        events = ((event.label, event.role, round(event.onset_s, 6), event.channels) for event in case.truth)
        return [event for event in events if event[0] != FocusTerm.FAST]

    assert len(found(fast)) > 3
    assert found(fast) == found(slow)


def test_every_patient_has_channels_over_the_focus_and_more_that_are_not():
    for seed in SEEDS:
        patient = draw_focus_patient(seed)
        assert 1 <= patient.focal.sum() < 0.5 * len(patient.focal)
        near = patient.array.nearness(patient.focus.source)
        assert near[patient.focal].min() > near[~patient.focal].max()
    assert {draw_focus_patient(seed).site for seed in SEEDS} == {"depth", "scalp"}


def test_the_truth_begins_with_the_channels_over_the_focus(depth_case):
    focus = depth_case.truth[0]
    names = np.array([channel.name for channel in depth_case.recording.channels])
    assert (focus.label, focus.onset_s, focus.duration_s) == (FocusTerm.FOCUS, 0.0, 60.0)
    assert focus.channels == tuple(names[depth_case.patient.focal])


def test_what_is_true_is_seen_on_the_channels_named_and_less_on_the_others(depth_case):
    signals, names = read(depth_case), [channel.name for channel in depth_case.recording.channels]
    spikes = [event for event in depth_case.truth if event.label == FocusTerm.SPIKE and event.role is Role.PART]
    assert len(spikes) > 5
    shown = np.isin(names, spikes[0].channels)
    # A spike's own time: what lies within its first 0.15 s, against the second before it.
    gains = []
    for spike in spikes:
        first = int(spike.onset_s * 256)
        if first < 256:
            continue
        during, before = signals[:, first : first + 38], signals[:, first - 256 : first]
        gains.append(np.ptp(during, axis=1) / before.std(axis=1))
    gain = np.median(gains, axis=0)
    assert gain[shown].mean() > 1.5 * gain[~shown].mean()


def test_a_depth_electrode_sees_less_of_a_source_the_farther_it_is_and_its_other_side_upside_down():
    places = np.array([[x, 0.0, 0.0] for x in (0.0, 5.0, 10.0, 20.0, 40.0, -15.0)])
    array = DepthArray([("A", places)], bipolar=False)
    field = array.field(Source((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), 8.0))
    assert field[0] == 1.0
    assert (np.diff(field[:5]) < 0).all()
    assert field[5] < 0


def test_bipolar_channels_are_differences_of_neighbours_on_one_shaft():
    shafts = [("LA", np.array([[0.0, 0, 0], [5.0, 0, 0], [10.0, 0, 0]])), ("RB", np.array([[0.0, 9, 0], [5.0, 9, 0]]))]
    source = Source((2.0, 1.0, 0.0), (0.0, 1.0, 0.0), 8.0)
    pairs, contacts = (DepthArray(shafts, bipolar=bipolar) for bipolar in (True, False))
    assert pairs.names == ("EEG LA1-LA2", "EEG LA2-LA3", "EEG RB1-RB2")
    single = contacts.field(source)
    expected = [single[0] - single[1], single[1] - single[2], single[3] - single[4]]
    assert np.abs(pairs.field(source) - expected).max() < 1e-6


def test_other_cortex_spikes_too_so_that_spikes_alone_are_no_focus():
    events = [event for seed in range(8) for event in simulate_focus(seed, 60.0, 256.0).truth]
    assert any(event.label == FocusTerm.SPIKE and event.role is Role.NEGATIVE for event in events)


def test_a_written_recording_reopens_with_every_channel_as_eeg_and_no_contact_taken_for_a_scalp_electrode(tmp_path):
    for seed in range(3):
        case = simulate_focus(seed, 4.0, 256.0, site="depth")
        edf, _ = write_case(case, tmp_path)
        channels = open_recording(edf).channels
        assert [channel.name for channel in channels] == list(case.patient.array.names)
        assert {(channel.kind, channel.electrode) for channel in channels} == {(ChannelKind.EEG, None)}


def test_labels_are_terms_of_hed_score():
    schema = load_schema_version("score_2.1.0", xml_folder=hed_schema_io.hed_cache.INSTALLED_CACHE_LOCATION)
    assert schema.get_tag_entry("No-such-term") is None
    assert all(schema.get_tag_entry(term) for term in FocusTerm if term is not FocusTerm.FOCUS)


@pytest.mark.parametrize(("duration_s", "rate_hz", "reason"), [(0.0, 256.0, "cannot be"), (9.0, 100.0, "too slow")])
def test_what_cannot_be_simulated_is_said(duration_s, rate_hz, reason):
    with pytest.raises(ValueError, match=reason):
        simulate_focus(0, duration_s, rate_hz)
