"""Explanations are found in one thread of their own: the newest question wins, and nothing is left behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.explaining.feed import ExplanationFeed
from app.explaining.requests import Answerer, ExplainRequest, why_not
from inference.explain.relevance import MAMBA_LRP, OCCLUSION
from inference.recordings.opening import open_recording
from inference.recordings.recording import Recording
from inference.runtime.package import ModelPackage
from inference.runtime.registry import survey_packages


@pytest.fixture(scope="module")
def recording(infant_file: Path) -> Recording:
    return open_recording(infant_file)


@pytest.fixture(scope="module")
def package(models_folder: Path) -> ModelPackage:
    return survey_packages(models_folder).packages[0]


@pytest.fixture
def feed(qtbot: QtBot) -> Iterator[ExplanationFeed]:
    parent = QObject()
    feed = ExplanationFeed(parent)
    yield feed
    feed.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("explaining")]


def ask_for(recording: Recording, package: ModelPackage, centre_s: float, *, power: bool = False) -> ExplainRequest:
    return ExplainRequest(recording, package, centre_s, OCCLUSION, wants_power=power)


def test_relevance_comes_first_and_the_scalogram_after_it(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot
):
    came = []
    feed.explained.connect(lambda request, relevance: came.append(relevance))
    feed.power_shown.connect(lambda request, power: came.append(power))
    feed.ask(ask_for(recording, package, 20.0, power=True))
    qtbot.waitUntil(lambda: feed.is_idle, timeout=20_000)
    relevance, power = came
    assert relevance.onset_s <= 20.0 <= relevance.onset_s + relevance.duration_s
    assert power.channels == relevance.channels
    assert power.time_s[0] < relevance.onset_s


def test_a_newer_question_ends_an_older_one(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot
):
    answered = []
    feed.explained.connect(lambda request, relevance: answered.append(request.centre_s))
    for centre_s in (10.0, 20.0, 30.0, 40.0):
        feed.ask(ask_for(recording, package, centre_s))
    qtbot.waitUntil(lambda: feed.is_idle, timeout=20_000)
    assert answered == [40.0]


def test_the_same_question_again_does_not_begin_anew(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot
):
    answered = []
    feed.explained.connect(lambda request, relevance: answered.append(request.centre_s))
    feed.ask(ask_for(recording, package, 20.0))
    feed.ask(ask_for(recording, package, 20.0))
    qtbot.waitUntil(lambda: feed.is_idle, timeout=20_000)
    assert answered == [20.0]


def test_what_was_cancelled_tells_nothing(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot
):
    told = []
    feed.explained.connect(lambda *found: told.append(found))
    feed.failed.connect(lambda *found: told.append(found))
    feed.ask(ask_for(recording, package, 20.0))
    feed.cancel()
    qtbot.waitUntil(lambda: feed.is_idle, timeout=20_000)
    assert told == []


def test_a_moment_that_cannot_be_explained_is_one_sentence(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot
):
    with qtbot.waitSignal(feed.failed, timeout=20_000) as failed:
        feed.ask(ask_for(recording, package, 0.1))
    assert "an end of the recording" in failed.args[1]
    with qtbot.waitSignal(feed.explained, timeout=20_000):
        feed.ask(ask_for(recording, package, 20.0))


def test_a_fault_of_our_own_is_told_without_a_traceback(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    def fail(_answerer: Answerer, _request: ExplainRequest) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Answerer, "explain", fail)
    with qtbot.waitSignal(feed.failed, timeout=20_000) as failed:
        feed.ask(ask_for(recording, package, 20.0))
    assert failed.args[1].endswith("a fault in Spasmlens itself.")


def test_closing_in_the_middle_leaves_no_thread(
    feed: ExplanationFeed, recording: Recording, package: ModelPackage, qtbot: QtBot
):
    feed.ask(ask_for(recording, package, 20.0, power=True))
    feed.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("explaining")]
    qtbot.wait(10)


def test_a_method_that_needs_torch_says_so_where_there_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.explaining.requests.find_spec", lambda name: None)
    assert why_not(OCCLUSION) == ""
    assert "torch is not installed" in why_not(MAMBA_LRP)
