import random
import threading
import time

import numpy as np
import pytest

from app.engine import InferenceEngine
from inference.recordings.array import ArrayRecording
from inference.runtime.analysis import AnalysisRequest, analyze
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import emg, make_patient

BURSTS_S = (20.0, 41.5, 63.0, 100.0)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_burst_package(tmp_path_factory.mktemp("models"))


@pytest.fixture
def long_request(package):
    return AnalysisRequest(make_patient(900.0, bursts_s=BURSTS_S), (package,), "cpu")


@pytest.fixture
def engine(qapp):
    engine = InferenceEngine()
    yield engine
    engine.close()


class Listener:
    """Writes down what an engine says, and in which thread."""

    def __init__(self, engine):
        self.said = []
        self.threads = set()
        engine.analysis_started.connect(self.hear_start)
        engine.updated.connect(self.hear_update)
        engine.finished.connect(self.hear_end)
        engine.failed.connect(self.hear_failure)
        engine.cancelled.connect(self.hear_cancel)

    def note(self, *words):
        self.said.append(words)
        self.threads.add(threading.get_ident())

    def hear_start(self, request):
        self.note("started", request)

    def hear_update(self, update):
        self.note("updated", update)

    def hear_end(self, results):
        self.note("finished", results)

    def hear_failure(self, sentence):
        self.note("failed", sentence)

    def hear_cancel(self):
        self.note("cancelled")

    @property
    def words(self):
        return [word for word, *_ in self.said]


def test_the_engine_says_exactly_what_the_same_analysis_without_a_window_says(qtbot, engine, package):
    request = AnalysisRequest(make_patient(bursts_s=BURSTS_S), (package,), "cpu")
    with qtbot.waitSignal(engine.finished, timeout=20_000) as heard:
        engine.submit(request)
    (ours,) = heard.args[0]
    theirs = next(update.result for update in analyze(request, lambda: False) if update.result)
    assert np.array_equal(ours.probability, theirs.probability, equal_nan=True)
    assert ours.detections == theirs.detections
    assert len(ours.detections) == len(BURSTS_S)


def test_partial_results_arrive_before_the_end_and_in_the_listeners_thread(qtbot, engine, long_request):
    listener = Listener(engine)
    with qtbot.waitSignal(engine.finished, timeout=60_000):
        engine.submit(long_request)
    assert listener.words[0] == "started"
    assert listener.words[-1] == "finished"
    updates = [update for word, *rest in listener.said if word == "updated" for update in rest]
    assert len(updates) > 2
    assert any(np.isfinite(update.probability).any() for update in updates[:-1])
    assert 0 < updates[0].done_s < updates[0].total_s
    assert listener.threads == {threading.get_ident()}
    assert not engine.is_busy


def test_the_page_that_is_looked_at_is_analysed_first(qtbot, engine, long_request, monkeypatch):
    monkeypatch.setattr("inference.runtime.analysis._UPDATE_INTERVAL_S", 0.0)
    listener = Listener(engine)
    engine.look_at(600.0, 10.0)
    with qtbot.waitSignal(engine.finished, timeout=60_000):
        engine.submit(long_request)
    updates = [update for word, *rest in listener.said if word == "updated" for update in rest]
    first = next(update for update in updates if np.isfinite(update.probability).any())
    assert 540 < first.time_s[0] < 660
    assert len(updates[-1].result.detections) == len(BURSTS_S)


def test_a_cancelled_analysis_ends_with_that_word_and_no_other(qtbot, engine, long_request):
    listener = Listener(engine)
    with qtbot.waitSignal(engine.updated, timeout=20_000):
        engine.submit(long_request)
    began_s = time.monotonic()
    with qtbot.waitSignal(engine.cancelled, timeout=20_000):
        engine.cancel()
    print(f"cancelled after {1000 * (time.monotonic() - began_s):.0f} ms")
    qtbot.wait(50)
    assert listener.words[-1] == "cancelled"
    assert "finished" not in listener.words
    assert not engine.is_busy


def test_a_newer_request_takes_the_place_of_the_older(qtbot, engine, long_request, package):
    listener = Listener(engine)
    newer = AnalysisRequest(make_patient(30.0), (package,), "cpu")
    with qtbot.waitSignal(engine.analysis_started, timeout=20_000):
        engine.submit(long_request)
    with qtbot.waitSignal(engine.finished, timeout=20_000):
        engine.submit(newer)
    assert [request for word, *rest in listener.said if word == "started" for request in rest] == [long_request, newer]
    assert listener.words.count("finished") == 1
    assert "cancelled" not in listener.words
    (result,) = listener.said[-1][1]
    assert result.time_s[-1] == 30.0


def test_what_cannot_be_analysed_is_one_sentence(qtbot, engine, package):
    recording = ArrayRecording([emg("L DELT")], [np.zeros(2560)])
    with qtbot.waitSignal(engine.failed, timeout=20_000) as heard:
        engine.submit(AnalysisRequest(recording, (package,)))
    assert "no EEG channel" in heard.args[0]


def test_closing_while_it_runs_leaves_no_thread_and_nothing_more_is_heard(qtbot, qapp, long_request):
    n_threads = threading.active_count()
    engine = InferenceEngine()
    listener = Listener(engine)
    with qtbot.waitSignal(engine.updated, timeout=20_000):
        engine.submit(long_request)
    engine.close()
    n_said = len(listener.said)
    qtbot.wait(50)
    assert len(listener.said) == n_said
    assert not engine._thread.isRunning()
    assert threading.active_count() <= n_threads + 1
    engine.close()


def test_a_closed_engine_takes_no_request(qapp, long_request):
    engine = InferenceEngine()
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(long_request)


def test_starting_cancelling_and_closing_at_random_never_hangs_or_loses_a_thread(qtbot, qapp, long_request):
    rng = random.Random(5)
    for _ in range(20):
        engine = InferenceEngine()
        listener = Listener(engine)
        for _ in range(rng.randint(1, 4)):
            rng.choice([lambda engine=engine: engine.submit(long_request), engine.cancel])()
            qtbot.wait(rng.choice([0, 1, 20, 60]))
        engine.close()
        assert not engine._thread.isRunning()
        assert listener.words.count("finished") == 0
