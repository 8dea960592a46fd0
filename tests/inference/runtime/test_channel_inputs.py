import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from inference.errors import ModelPackageError
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, Gap
from inference.runtime.cards import MAINS, ChannelInputs
from inference.runtime.channel_inputs import ChannelPreparer, plan_single_channels
from tests.inference.runtime.patients import bipolar, eeg, emg, only_muscles

SPEC = ChannelInputs(rate_hz=256.0, window_s=4.0, hop_s=2.0)


def contact(name: str, rate_hz: float = 512.0) -> Channel:
    return Channel(name, ChannelKind.EEG, "uV", rate_hz)


def depth_recording(duration_s: float = 75.0, rate_hz: float = 512.0, n: int = 3, gaps=(), hum_uv: float = 0.0):
    rng = np.random.default_rng(4)
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    noise = signal.lfilter([1.0], [1.0, -0.9], rng.normal(scale=5.0, size=(n, len(time_s))), axis=1)
    noise *= (1 + np.arange(n))[:, None]
    noise += hum_uv * np.sin(2 * np.pi * 50 * time_s)
    return ArrayRecording([contact(f"EEG LHA{i + 1}-Ref", rate_hz) for i in range(n)], list(noise), gaps=gaps)


def test_what_is_read_does_not_depend_on_how_it_is_chunked():
    recording = depth_recording(gaps=(Gap(40.0, 3.0),))
    whole = ChannelPreparer(recording, SPEC).read(-1.0, 77.0)
    preparer = ChannelPreparer(recording, SPEC)
    edges_s = [-1.0, 3.5, 29.0, 41.25, 60.5, 76.0]
    spans = list(itertools.pairwise(edges_s))
    parts = {start: preparer.read(start, stop - start) for start, stop in reversed(spans)}
    joined = [parts[start] for start, _ in spans]
    assert np.array_equal(np.concatenate([part.signals for part in joined], axis=1), whole.signals)
    assert np.array_equal(np.concatenate([part.valid for part in joined], axis=1), whole.valid)


def test_gaps_and_time_beyond_the_recording_are_not_valid_and_read_as_zero():
    prepared = ChannelPreparer(depth_recording(60.0, gaps=(Gap(20.0, 5.0),)), SPEC).read(-2.0, 64.0)
    time_s = np.arange(64 * 256) / 256 - 2.0
    expected = (time_s >= 0) & (time_s < 60) & ~((time_s >= 20) & (time_s < 25))
    assert np.array_equal(prepared.valid, np.tile(expected, (3, 1)))
    assert not prepared.signals[:, ~expected].any()


def test_a_channel_at_the_networks_rate_without_filters_comes_as_it_was_recorded():
    recording = depth_recording(rate_hz=256.0)
    prepared = ChannelPreparer(recording, SPEC).read(10.0, 40.0)
    assert np.array_equal(prepared.signals, np.stack(recording.read(range(3), 10.0, 40.0)))


def test_one_channel_is_the_same_beside_any_others():
    recording = depth_recording()
    alone = ArrayRecording(recording.channels[1:2], recording.read([1], 0.0, recording.duration_s))
    for spec in (SPEC, replace(SPEC, scale="robust", lff_hz=0.5, hff_hz=100.0)):
        ours, theirs = ChannelPreparer(recording, spec), ChannelPreparer(alone, spec)
        assert np.array_equal(ours.read(5.0, 30.0).signals[1:2], theirs.read(5.0, 30.0).signals)


def test_channels_of_any_amplitude_become_alike_on_the_robust_scale():
    preparer = ChannelPreparer(depth_recording(), replace(SPEC, scale="robust"))
    spread = np.median(np.abs(preparer.read(5.0, 60.0).signals), axis=1)
    np.testing.assert_allclose(1.4826 * spread, 1.0, rtol=0.1)


def test_the_mains_hum_of_the_recordings_country_is_taken_out():
    recording = depth_recording(hum_uv=80.0)
    preparer = ChannelPreparer(recording, replace(SPEC, notch_hz=MAINS))
    assert preparer.notch_hz == 50.0
    frequency_hz, power = signal.welch(preparer.read(5.0, 60.0).signals, 256.0, nperseg=1024)
    assert (power[:, frequency_hz == 50.0] < power[:, frequency_hz == 46.0]).all()


def test_only_eeg_that_was_connected_is_shown_and_no_ear():
    rng = np.random.default_rng(2)
    channels = [contact("EEG LHA1-Ref", 256.0), bipolar("F3-C3"), eeg("A1"), emg("CHIN"), eeg("Cz"), eeg("Pz")]
    signals = [rng.normal(size=2560) for _ in channels]
    signals[4] = np.zeros(2560)
    preparer = ChannelPreparer(ArrayRecording(channels, signals), SPEC, exclude={"Pz"})
    assert preparer.plan.used == ("EEG LHA1-Ref", "F3-C3")
    assert preparer.plan.channels == (0, 1)


@pytest.mark.parametrize("name", ["A1", "EEG A2-Ref", "M1M2", "EEG M1-M2", "A1/A2"])
def test_ears_and_mastoids_are_references_and_no_brain(name):
    assert plan_single_channels([contact(name), contact("EEG AM1-Ref"), contact("MA2")], SPEC).channels == (1, 2)


def test_a_recording_without_eeg_has_no_channel_to_show():
    preparer = ChannelPreparer(only_muscles(20.0), SPEC)
    assert preparer.plan.used == ()
    assert preparer.read(0.0, 20.0).signals.shape == (0, 20 * 256)


def test_channels_too_slow_for_the_network_are_told():
    plan = plan_single_channels([eeg("C3", 128.0), eeg("C4", 256.0)], SPEC)
    assert plan.problems == ("C3 sampled at 128 Hz: the network misses what lies between 64 and 128 Hz.",)


def test_an_unknown_scale_is_refused():
    with pytest.raises(ModelPackageError, match="scale 'loud'"):
        plan_single_channels([eeg("C3")], replace(SPEC, scale="loud"))
