import subprocess
import sys

import numpy as np
import pytest

from inference.explain.asked import open_asked
from inference.explain.canvas import BAND_EDGES_HZ, Part
from inference.explain.occlusion import Occluder, occlude
from inference.explain.subject import Subject
from inference.recordings.recording import Gap
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.package import open_package
from inference.runtime.registry import SHIPPED_FOLDER
from tests.conftest import REPOSITORY
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import make_patient


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_burst_package(tmp_path_factory.mktemp("packages"))


def test_what_a_muscle_alone_tells_is_found_in_that_muscle_at_that_time(package):
    recording = make_patient(bursts_s=(60.0,))
    found = occlude(recording, package, 60.5, "cpu")
    assert found.channels[-2:] == ("L DELT", "R DELT")
    assert found.score > 0
    assert np.abs(found.by_channel[: found.n_eeg]).max() < 1e-6
    assert found.emg_share == pytest.approx(1.0)
    peak_s = found.time_s[found.by_channel[-2:].sum(axis=0).argmax()]
    assert 60.0 <= peak_s <= 61.0


def test_a_channels_effect_is_shared_out_whole(package):
    found = occlude(make_patient(bursts_s=(60.0,)), package, 60.5, "cpu")
    np.testing.assert_allclose(found.by_channel[-2:], found.emg.sum(axis=1), rtol=1e-5)
    assert found.emg.shape == (2, len(found.emg_hz), len(found.time_s))
    assert found.eeg.shape == (found.n_eeg, len(found.eeg_hz), len(found.time_s))


def test_a_recording_without_muscles_is_explained_from_the_eeg_alone(package):
    found = occlude(make_patient(muscles=()), package, 60.5, "cpu")
    assert found.emg.shape[0] == 0
    assert len(found.channels) == found.n_eeg == len(found.by_channel)
    assert any("EMG" in problem for problem in found.problems)


def test_background_is_taken_from_where_there_is_no_gap(package):
    gaps = [Gap(onset_s, 2.0) for onset_s in np.arange(0.0, 96.0, 5.0)]
    subject = Subject(make_patient(gaps=gaps), package)
    assert all(stretch.onset_s >= 90.0 for stretch in subject.background)


def test_explaining_stops_when_it_is_no_longer_wanted(package):
    class NoLongerWantedError(Exception):
        pass

    def checkpoint():
        if wanted.pop():
            raise NoLongerWantedError

    wanted = [True]
    subject = Subject(make_patient(), package)
    subject.checkpoint = checkpoint
    with pytest.raises(NoLongerWantedError):
        Occluder(subject, "cpu").explain(60.5)


def test_occlusion_and_scalograms_need_no_torch():
    code = (
        "import sys, inference.explain.occlusion, inference.explain.scalogram; "
        "print([name for name in ('torch', 'PySide6') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert told.stdout.strip() == "[]"


def test_features_are_told_apart_by_the_tones_that_they_answer_to(explained):
    canvas = open_asked(explained.subject, "cpu").canvas(explained.subject.window(explained.centre_s))
    bank = explained.explainer.judge.network.config.eeg_wavelets
    name, change = canvas.change(Part("eeg", band=2))
    assert canvas.window[name].shape[1] == 25
    changed = np.flatnonzero(np.abs(change).sum(axis=(1, 2)))
    hz = np.array(bank.frequencies_hz)
    low_hz, high_hz = BAND_EDGES_HZ["eeg"][2:4]
    inside = np.flatnonzero((hz > 1.1 * low_hz) & (hz < high_hz / 1.1))
    near = np.flatnonzero((hz > low_hz / 1.1) & (hz < 1.1 * high_hz))
    assert set(inside) <= set(changed) <= set(near)


def test_the_shipped_spasm_network_is_explained_by_what_happens_in_the_spasm(explained):
    some = explained.spasms[:2]
    assert explained.count_hits(some, Occluder(explained.subject, "cpu").explain) == len(some)


def test_a_network_that_comes_whole_is_explained_for_what_running_says():
    package = open_package(SHIPPED_FOLDER / "dsmn-ess")
    recording = make_patient(10.0)
    found = occlude(recording, package, 5.0, "cpu")
    request = AnalysisRequest(recording, (package,), "cpu")
    result = next(update.result for update in analyze(request, lambda: False) if update.result)
    said = result.probability[result.time_s == found.onset_s + found.duration_s / 2].item()
    assert 1 / (1 + np.exp(-found.score)) == pytest.approx(said, abs=1e-4)
    assert found.target == "log odds of seizure"
    assert found.n_eeg == len(found.channels) > 0
    assert np.isfinite(found.by_channel).all()
    assert np.abs(found.by_channel).max() > 0


def test_occlusion_and_gradients_explain_the_same_log_odds(explained):
    occluded = Occluder(explained.subject, "cpu").explain(explained.centre_s)
    assert occluded.score == pytest.approx(explained.explainer.explain(explained.centre_s).score, abs=1e-2)
