"""A provider is tested before it is trusted. No GPU is needed: what stands for one answers and takes its time."""

import time

import numpy as np
import pytest

from inference.errors import AnalysisError
from inference.runtime import session as sessions
from inference.runtime.self_test import find_doubt, make_feeds
from inference.runtime.session import Graph, NetworkSession
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import SPEC

FEEDS = make_feeds({"eeg": [None, 3, 8], "eeg_present": [None, 3]})


class Provider:
    """Answers with the mean of every window, wrong by a factor, after some time."""

    def __init__(self, factor=1.0, delay_s=0.0, fault=None):
        self.factor, self.delay_s, self.fault = factor, delay_s, fault

    def run(self, _names, feeds):
        time.sleep(self.delay_s)
        if self.fault:
            raise self.fault
        return [feeds["eeg"].mean(axis=(1, 2)) * self.factor + 1]


PROCESSOR = Provider(delay_s=0.02)


def test_a_provider_that_says_the_same_sooner_is_trusted():
    assert find_doubt(Provider(), PROCESSOR, FEEDS) == ""


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (Provider(factor=1.5), "off by"),
        (Provider(factor=np.nan), "off by nan"),
        (Provider(delay_s=0.2), "times as long"),
        (Provider(fault=RuntimeError("CUDNN_STATUS_NOT_INITIALIZED\nmore")), r"failed (CUDNN_STATUS_NOT_INITIALIZED)"),
    ],
)
def test_any_other_is_not_and_the_reason_is_told(provider, reason):
    assert reason in find_doubt(provider, PROCESSOR, FEEDS)


def test_the_test_is_made_of_windows_with_every_channel_present():
    assert FEEDS["eeg"].shape == (16, 3, 8)
    assert FEEDS["eeg_present"].all()
    assert np.array_equal(FEEDS["eeg"], make_feeds({"eeg": [None, 3, 8]})["eeg"])
    assert make_feeds({"eeg": [1, 3, None]})["eeg"].shape == (1, 3, 4096)


class Small:
    """An ONNX Runtime session with the memory of a GPU that holds so many windows at once."""

    def __init__(self, session, n_windows):
        self.session, self.n_windows, self.asked = session, n_windows, []

    def run(self, names, feeds):
        n_windows = len(next(iter(feeds.values())))
        self.asked.append(n_windows)
        if n_windows > self.n_windows:
            raise RuntimeError("BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer")
        return self.session.run(names, feeds)


@pytest.fixture
def graph(tmp_path):
    return Graph(make_burst_package(tmp_path), "cpu")


def windows(n):
    rng = np.random.default_rng(2)
    shapes = SPEC.shapes
    return {name: rng.normal(size=(n, *shape)).astype(np.float32) for name, shape in shapes.items()}


def test_a_gpu_with_too_little_memory_gets_smaller_batches(graph):
    (expected,) = graph.run(["probability"], windows(11))
    graph._session, graph.provider = Small(graph._session, 3), "cuda"
    (found,) = graph.run(["probability"], windows(11))
    assert np.allclose(found, expected, atol=1e-6)
    assert max(graph._session.asked[1:]) <= 6
    assert graph.problems == ()


def test_a_gpu_that_holds_not_one_window_hands_over_to_the_processor_for_good(graph):
    (expected,) = graph.run(["probability"], windows(4))
    graph._session, graph.provider = Small(graph._session, 0), "cuda"
    (found,) = graph.run(["probability"], windows(4))
    assert np.allclose(found, expected, atol=1e-6)
    assert graph.provider == "cpu"
    assert graph.problems == ("Burst finder went on on the CPU: the GPU's memory did not suffice.",)


def test_other_failures_are_one_sentence(graph):
    graph._session = Provider(fault=RuntimeError("Non-zero status code\nmore"))
    with pytest.raises(AnalysisError, match=r"^Burst finder failed while running: Non-zero status code\.$"):
        graph.run(["probability"], windows(1))


def test_a_doubtful_provider_is_left_alone_and_the_reader_is_told(tmp_path, monkeypatch):
    package = make_burst_package(tmp_path)
    load = sessions._load

    class Claiming:
        """A session on the processor that says it is on a GPU, and gives other answers."""

        def __init__(self, session):
            self._session = session

        def get_providers(self):
            return [sessions._CUDA]

        def get_inputs(self):
            return self._session.get_inputs()

        def run(self, names, feeds):
            return [array + 1 for array in self._session.run(names, feeds)]

    def load_either(package, network, providers, threads):
        session = load(package, network, [sessions._CPU], threads)
        return Claiming(session) if sessions._CUDA in providers else session

    monkeypatch.setattr(sessions, "_why_no_cuda", lambda: "")
    monkeypatch.setattr(sessions, "_load", load_either)
    monkeypatch.setattr(sessions, "_doubts", {})
    opened = NetworkSession(package, "auto")
    assert opened.provider == "cpu"
    assert opened.problems == ("Burst finder runs on the CPU: in a test run the GPU's answers were off by 1.",)
