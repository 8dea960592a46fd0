import numpy as np
import pytest

from inference.errors import AnalysisError
from inference.explain.scalogram import scalogram, show_scalogram
from inference.explain.subject import Subject
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Gap
from inference.runtime.package import open_package
from inference.runtime.registry import SHIPPED_FOLDER
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import make_patient


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_burst_package(tmp_path_factory.mktemp("packages"))


def add_rhythm(recording, name, hz, amplitude_uv):
    time_s = np.arange(round(recording.duration_s * 256)) / 256
    signals = recording.read(range(len(recording.channels)), 0.0, recording.duration_s)
    rhythm = amplitude_uv * np.sin(2 * np.pi * hz * time_s)
    changed = [x + rhythm * (c.name == name) for c, x in zip(recording.channels, signals, strict=True)]
    return ArrayRecording(recording.channels, changed, gaps=recording.gaps)


def test_a_rhythm_shows_at_its_frequency_and_in_its_channel_with_the_square_of_its_amplitude(package):
    subject = Subject(add_rhythm(make_patient(), "C3", 25.0, 400.0), package)
    shown = show_scalogram(subject, 50.0, 10.0)
    power = np.exp(shown.log_power.mean(axis=-1))
    channel, frequency = np.unravel_index(power.argmax(), power.shape)
    assert shown.channels[channel] == "C3"
    assert shown.hz[frequency] == pytest.approx(25.0, rel=0.05)
    signal = subject.read(50.0, 10.0).eeg[subject.eeg_rows[channel]]
    assert power[channel, frequency] == pytest.approx(2 * signal.var(), rel=0.1)


def test_frames_lie_on_the_clock_and_the_muscles_come_last(package):
    shown = scalogram(make_patient(bursts_s=(60.0,)), package, 57.0, 6.0)
    assert shown.time_s[0] == pytest.approx(57.0 + 1 / 64)
    np.testing.assert_allclose(np.diff(shown.time_s), 1 / 32)
    assert shown.channels[-2:] == ("L DELT", "R DELT")
    muscle = shown.log_power[-1, shown.hz > 20].mean(axis=0)
    in_burst = (shown.time_s > 60.0) & (shown.time_s < 61.0)
    assert muscle[in_burst].min() > muscle[~in_burst & (np.abs(shown.time_s - 60.5) > 0.8)].max()


def test_nothing_is_shown_in_a_gap_or_beyond_the_recording(package):
    shown = scalogram(make_patient(gaps=[Gap(118.0, 0.5)]), package, 117.0, 5.0)
    known = np.isfinite(shown.log_power).all(axis=(0, 1))
    expected = (shown.time_s < 120.0) & ~((shown.time_s > 118.0) & (shown.time_s < 118.5))
    np.testing.assert_array_equal(known, expected)


def test_a_network_that_looks_at_one_channel_is_refused_in_a_sentence():
    with pytest.raises(AnalysisError, match="does not look at a montage"):
        scalogram(make_patient(), open_package(SHIPPED_FOLDER / "focus-localisation"), 0.0, 5.0)
