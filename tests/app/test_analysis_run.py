import numpy as np
import pytest

from app.analysis_run import AnalysisRun, Phase
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.results import AnalysisUpdate
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import make_patient


@pytest.fixture
def packages(tmp_path):
    return tuple(make_burst_package(tmp_path, name) for name in ("one", "two"))


@pytest.fixture
def run(qapp):
    owner = qapp
    run = AnalysisRun(owner)
    yield run
    run.close()
    run.deleteLater()


def news(name, time_s, share, total_s=60.0):
    probability = np.full(len(time_s), 0.5, np.float32)
    return AnalysisUpdate(name, share * total_s, total_s, np.array(time_s), probability)


def test_what_comes_out_of_order_lies_where_it_belongs_and_the_rest_is_unknown(qtbot, run, packages):
    run.start(AnalysisRequest(make_patient(60.0), packages))
    run.cancel()
    run._take_update(news("two", [40.0, 40.5], 0.05))
    run._take_update(news("two", [10.0, 10.5, 11.0], 0.1))
    track = run.tracks["two"]
    assert track.time_s[np.isfinite(track.probability)].tolist() == [10.0, 10.5, 11.0, 40.0, 40.5]
    assert np.array_equal(track.time_s, np.arange(121) * 0.5)
    assert track.done_s == 40.5
    assert run.progress.fraction == pytest.approx(0.05)


def test_networks_that_work_side_by_side_are_one_progress(qtbot, run, packages):
    run.start(AnalysisRequest(make_patient(60.0), packages))
    run.cancel()
    fractions = []
    for name, share in (("one", 0.5), ("two", 0.2), ("one", 1.0), ("two", 1.0)):
        run._take_update(news(name, [1.0], share))
        fractions.append(run.progress.fraction)
    assert fractions == pytest.approx([0.25, 0.35, 0.6, 1.0])


def test_the_window_ends_with_what_the_command_finds(qtbot, run, packages, tmp_path):
    recording = make_patient(60.0, bursts_s=(20.0, 41.0))
    run.look_at(40.0, 10.0)
    run.start(AnalysisRequest(recording, packages, cache=tmp_path / "answers"))
    qtbot.waitUntil(lambda: run.progress.phase is Phase.DONE, timeout=20_000)
    updates = analyze(AnalysisRequest(recording, packages, "cpu", workers=2), lambda: False)
    results = [update.result for update in updates if update.result]
    for ours, theirs in zip(run.results, results, strict=True):
        assert ours.detections == theirs.detections
        assert np.array_equal(ours.probability, theirs.probability, equal_nan=True)
        assert np.array_equal(run.tracks[ours.reference.name].probability, theirs.probability, equal_nan=True)
