import numpy as np
import pytest

from inference.recordings.array import ArrayRecording
from inference.runtime.cards import MAINS
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.runtime.mains import resolve_notch
from tests.inference.runtime.patients import SPEC, TEN_TWENTY, eeg, make_patient


def find(recording):
    blocks = np.arange(0.0, recording.duration_s - 10, 10.0), 10.0
    return resolve_notch(MAINS, recording, range(len(recording.channels)), blocks, lambda: None)


def with_hum(frequency_hz, amplitude_uv, rate_hz=256.0, channels=(3,)):
    recording = make_patient(60.0, rate_hz, muscles=())
    signals = recording.read(range(len(recording.channels)), 0.0, 60.0)
    hum = amplitude_uv * np.sin(2 * np.pi * frequency_hz * np.arange(len(signals[0])) / rate_hz)
    return ArrayRecording(recording.channels, [x + hum if i in channels else x for i, x in enumerate(signals)])


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("rate_hz", [200.0, 256.0, 1024.0])
def test_hum_of_one_electrode_is_found(mains_hz, rate_hz):
    assert find(with_hum(mains_hz + 0.1, 3.0, rate_hz)) == mains_hz


@pytest.mark.parametrize("seed", range(4))
def test_no_hum_is_found_where_there_is_none(seed):
    assert find(make_patient(60.0, seed=seed)) is None
    rng = np.random.default_rng(seed)
    white = ArrayRecording([eeg(name) for name in TEN_TWENTY], list(rng.normal(size=(19, 2560))))
    assert resolve_notch(MAINS, white, range(19), ([0.0], 10.0), lambda: None) is None


def test_a_rhythm_that_is_not_the_mains_is_left_alone():
    assert find(with_hum(40.0, 30.0)) is None


def test_a_rate_too_low_for_the_mains_finds_none():
    assert find(with_hum(45.0, 30.0, 100.0)) is None


def test_a_frequency_that_the_card_gives_is_taken_as_it_is():
    assert resolve_notch(60.0, with_hum(50.0, 30.0), (), ((), 10.0), lambda: None) == 60.0
    assert resolve_notch(None, with_hum(50.0, 30.0), (), ((), 10.0), lambda: None) is None


def test_the_preparer_takes_the_hum_out():
    spec = SPEC.__class__(TEN_TWENTY, 256.0, 4.0, 2.0, 1.0, 70.0, notch_hz=MAINS)
    humming = with_hum(50.0, 40.0, channels=range(3, 19))
    silent = with_hum(50.0, 0.0)
    preparers = [InputPreparer(x, plan_channels(x.channels, spec), spec) for x in (humming, silent)]
    assert [preparer.notch_hz for preparer in preparers] == [50.0, None]
    hums, calm = (preparer.read(20.0, 20.0).eeg * preparer.eeg_scale_uv for preparer in preparers)
    assert np.abs(hums - calm).max() < 3.0
    assert preparers[0].emg_scale_uv.shape == (0,)
