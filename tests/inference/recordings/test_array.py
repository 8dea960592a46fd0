import numpy as np
import pytest

from inference.recordings import fingerprint
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, FileAnnotation, Gap
from tests.inference.recordings.edf_files import write_edf

CHANNELS = (Channel("Fp1", ChannelKind.EEG, "uV", 100.0, "Fp1"), Channel("EMG", ChannelKind.EMG, "uV", 200.0))


def test_samples_come_back_with_gaps_and_ends_as_nan():
    signals = (np.arange(300.0), np.arange(600.0))
    notes = (FileAnnotation(2.0, 0.5, "late"), FileAnnotation(1.0, 0.5, "early"))
    recording = ArrayRecording(CHANNELS, signals, gaps=(Gap(1.0, 0.5),), annotations=notes)
    assert recording.duration_s == 3.0
    assert [note.label for note in recording.annotations] == ["early", "late"]
    eeg, emg = recording.read([0, 1], 0.5, 3.0)
    assert (len(eeg), len(emg)) == (300, 600)
    assert np.flatnonzero(np.isnan(eeg)).tolist() == [*range(50, 100), *range(250, 300)]
    np.testing.assert_array_equal(emg[:100], np.arange(100, 200))
    np.testing.assert_array_equal(signals[0], np.arange(300.0))


def test_mistakes_in_building_one_are_refused():
    with pytest.raises(ValueError, match="2 channels but 1 signals"):
        ArrayRecording(CHANNELS, [np.zeros(10)])
    with pytest.raises(ValueError, match="not unique"):
        ArrayRecording([CHANNELS[0]] * 2, [np.zeros(10)] * 2)


def test_a_copy_has_the_same_fingerprint_and_one_changed_sample_another(tmp_path):
    original, copy, other = (tmp_path / name for name in ("a.edf", "b.edf", "c.edf"))
    write_edf(original)
    content = bytearray(original.read_bytes())
    copy.write_bytes(content)
    content[-40] ^= 1
    other.write_bytes(content)
    assert fingerprint(original) == fingerprint(copy) != fingerprint(other)
