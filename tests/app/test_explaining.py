"""The selected event is explained beside the traces and on them, as far as anything shows it."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.explaining.viewing import make_layer
from app.window import MainWindow
from inference.explain.relevance import GRAD_CAM, MAMBA_LRP, OCCLUSION
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind
from inference.runtime.registry import PackageSurvey, survey_packages
from tests.app.panels.test_explanations import make_relevance


def settle(window: MainWindow, qtbot: QtBot) -> None:
    QApplication.processEvents()
    qtbot.waitUntil(lambda: window.features.explainer.feed.is_idle, timeout=20_000)
    QApplication.processEvents()


@pytest.fixture
def asking(reading: MainWindow, qtbot: QtBot) -> MainWindow:
    """A window whose first event is explained in the dock and on the traces."""
    reading.show_panel("attribution")
    reading.actions_by_id["relevance"].setChecked(True)
    reading.queue.select(reading.session.events[0].event_id)
    settle(reading, qtbot)
    return reading


def painted(window: MainWindow):
    return window.page.traces._relevance.layer


def sentence(window: MainWindow) -> str:
    return window.features.explainer.attribution.message.sentence.text()


def test_selecting_an_event_explains_it_at_the_moment_its_network_was_surest_of(asking: MainWindow, qtbot: QtBot):
    event, layer = asking.session.events[0], painted(asking)
    assert layer.title == "Log odds of spasm, by occlusion"
    track = asking.session.analysis.track
    inside = (track.time_s >= event.onset_s) & (track.time_s <= event.end_s)
    surest_s = track.time_s[inside][np.nanargmax(track.probability[inside])]
    assert (layer.onset_s + layer.end_s) / 2 == pytest.approx(surest_s, abs=0.3)
    asking.queue.select(asking.session.events[-1].event_id)
    settle(asking, qtbot)
    assert painted(asking).onset_s > layer.onset_s
    qtbot.keyClick(asking.page.traces, Qt.Key.Key_Escape)
    settle(asking, qtbot)
    assert painted(asking) is None
    assert "Select an event" in sentence(asking)


def test_key_box_and_slider_decide_what_is_painted_and_the_numbers_stay(asking: MainWindow, qtbot: QtBot):
    attribution = asking.features.explainer.attribution
    qtbot.keyClick(asking.page.traces, Qt.Key.Key_Y)
    assert painted(asking) is None
    assert not attribution._painting.isChecked()
    assert attribution.channels.isVisible()
    attribution._painting.click()
    assert asking.actions_by_id["relevance"].isChecked()
    attribution._opacity.setValue(30)
    assert painted(asking).opacity == pytest.approx(0.3)


def test_nothing_is_asked_while_nothing_would_show_it(reading: MainWindow, qtbot: QtBot):
    reading.show_panel("events")
    reading.queue.select(reading.session.events[0].event_id)
    assert reading.features.explainer.feed.is_idle
    reading.show_panel("scalogram")
    assert not reading.features.explainer.feed.is_idle
    settle(reading, qtbot)
    assert reading.features.explainer.scalogram.channel


def test_a_moment_without_an_event_can_be_asked_about(reading: MainWindow, qtbot: QtBot):
    reading.show_panel("attribution")
    reading.page.traces.go_to(20.0)
    qtbot.keyClick(reading.page.traces, Qt.Key.Key_E)
    settle(reading, qtbot)
    relevance = reading.features.explainer._relevance[1]
    assert relevance.onset_s + relevance.duration_s / 2 == pytest.approx(25.0, abs=0.5)
    reading.page.traces.cursor_moved.emit(0.05)
    reading.actions_by_id["explain_here"].trigger()
    settle(reading, qtbot)
    assert "an end of the recording" in sentence(reading)


def test_a_method_that_cannot_be_used_says_why_and_occlusion_goes_on(
    asking: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    asking.actions_by_id["next_method"].trigger()
    assert asking.features.explainer.attribution._methods.currentText() == "MambaLRP"
    with monkeypatch.context() as context:
        context.setattr("app.explaining.requests.find_spec", lambda name: None)
        asking.features.explainer.choose_method(MAMBA_LRP)
        assert "torch is not installed" in sentence(asking)
        assert painted(asking) is None
    asking.features.explainer.choose_method(OCCLUSION)
    settle(asking, qtbot)
    assert painted(asking) is not None


def test_a_network_without_gradients_says_so(asking: MainWindow, qtbot: QtBot):
    pytest.importorskip("torch")
    asking.features.explainer.choose_method(GRAD_CAM)
    settle(asking, qtbot)
    assert "ask for its occlusion" in sentence(asking)


def test_an_event_of_a_network_that_is_gone_is_not_explained_by_another(asking: MainWindow, qtbot: QtBot):
    asking.session.models = PackageSurvey((), ())
    asking.queue.select(asking.session.events[-1].event_id)
    settle(asking, qtbot)
    assert painted(asking) is None
    assert "not installed any more" in sentence(asking)


def test_closing_forgets_and_leaves_no_thread(asking: MainWindow):
    asking.session.close_recording()
    assert painted(asking) is None
    assert "Open a recording" in sentence(asking)
    asking.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("explaining")]


def test_relevance_lies_on_every_channel_of_its_electrode(models_folder: Path):
    names = {"EEG F3-Ref": "F3", "EEG P4-Ref": "P4", "P4-M1": "P4", "EEG Cz-Ref": "Cz", "EMG Delt L": None}
    channels = [
        Channel(name, ChannelKind.EEG if electrode else ChannelKind.EMG, "uV", 64.0, electrode)
        for name, electrode in names.items()
    ]
    recording = ArrayRecording(channels, [np.zeros(64, np.float32)] * len(channels))
    relevance = make_relevance()
    card = survey_packages(models_folder).packages[0].card
    layer = make_layer(recording, relevance, card, 0.7)
    assert layer.origin == "Burst finder 1.0.0, simulated training"
    assert sorted(layer.by_channel) == [0, 1, 2, 4]
    assert layer.by_channel[2].tolist() == layer.by_channel[1].tolist() == relevance.by_channel[1].tolist()
    assert (layer.onset_s, layer.end_s) == (10.0, 14.0)


def test_docks_share_the_column_as_tabs_and_the_traces_keep_seven_tenths(reading: MainWindow):
    panels = ("events", "attribution", "scalogram", "focus", "syndrome")
    for width, height in ((1600, 900), (1366, 768)):
        reading.show_panel("traces")
        reading.resize(width, height)
        for name in panels:
            reading.actions_by_id[f"{name}_panel"].setChecked(True)
        QApplication.processEvents()
        traces = reading.page.traces
        assert traces.width() * traces.height() >= 0.7 * width * height
    docks = reading._docks._docks
    behind = {name for name in panels[1:] if docks[f"{name}_panel"].widget().visibleRegion().isEmpty()}
    assert behind == {"attribution", "scalogram", "focus"}
    assert reading.queue.isVisible()
