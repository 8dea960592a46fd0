"""What networks answer besides events is shown at the moment that the reader looks at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.lanes.probability import ProbabilityLane
from app.settings import Settings
from app.window import MainWindow
from inference.runtime.package import ModelPackage


@pytest.fixture
def answered(
    qtbot: QtBot,
    settings: Settings,
    tmp_path: Path,
    models_folder: Path,
    infant_file: Path,
    untrained_packages: dict[str, ModelPackage],
) -> Iterator[MainWindow]:
    """A window in which every network has been through the infant's recording."""
    folder = tmp_path / "models"
    shutil.copytree(models_folder, folder)
    for name in ("dsmn-ess", "focus-localisation"):
        shutil.copytree(untrained_packages[name].folder, folder / name)
    window = MainWindow(settings, tmp_path / "study", folder)
    window.show()
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    qtbot.waitUntil(lambda: not window.session.analysis.is_running, timeout=60_000)
    yield window
    window.close()
    window.deleteLater()


def shown_lanes(window: MainWindow) -> list[str]:
    QApplication.processEvents()
    return [lane.subject for lane in window.page.findChildren(ProbabilityLane) if lane.isVisible()]


def test_the_head_shows_the_focus_at_the_cursor_and_over_the_whole_recording(answered: MainWindow):
    result = next(one for one in answered.session.analysis.results if one.task == "focus")
    answer, focus = result.answers[0], answered.features.answers.focus
    answered.show_panel("focus")
    time_s = float(answer.time_s[3])
    answered.page.traces.cursor_moved.emit(time_s)
    assert focus.head.reading.values.tolist() == answer.probability[3].tolist()
    answered.actions_by_id["focus_whole"].trigger()
    assert focus.head.reading.values.tolist() == answer.overall.tolist()
    electrodes = {channel.name: channel.electrode for channel in answered.session.recording.channels}
    assert [site.name for site in focus.head.reading.sites] == [electrodes[name] for name in answer.columns]


def test_the_second_map_shows_the_weights_and_hollow_what_was_not_recorded(answered: MainWindow):
    result = next(one for one in answered.session.analysis.results if one.measures)
    answered.show_panel("focus")
    answered.actions_by_id["focus_source"].trigger()
    reading = answered.features.answers.focus.head.reading
    assert set(reading.missing) == set(result.channels_missing)
    assert {site.name for site in reading.sites} == set(result.measures[0].columns) - set(result.channels_missing)
    estimated = {site.name for site in reading.sites if site.is_estimated}
    assert estimated == set(result.channels_interpolated)
    assert np.isfinite(reading.values).all()


def test_the_syndromes_follow_the_cursor_then_the_event_then_the_page(answered: MainWindow):
    result = next(one for one in answered.session.analysis.results if one.measures)
    answer = next(one for one in result.answers if one.task == "syndrome")
    bars, traces = answered.features.answers.syndrome.bars, answered.page.traces
    answered.show_panel("syndrome")
    traces.cursor_moved.emit(float(answer.time_s[5]))
    assert bars.here.tolist() == answer.probability[5].tolist()
    assert bars.overall.tolist() == answer.overall.tolist()
    traces.cursor_moved.emit(float("nan"))
    traces.go_to(30.0)
    page_row = int(np.argmin(np.abs(answer.time_s - 35.0)))
    assert bars.here.tolist() == answer.probability[page_row].tolist()


def test_the_panel_in_front_has_a_lane_and_the_others_have_none(answered: MainWindow):
    answered.show_panel("events")
    assert shown_lanes(answered) == ["spasm", "seizure"]
    answered.show_panel("focus")
    assert shown_lanes(answered) == ["spasm", "seizure", "focus"]
    answered.actions_by_id["syndrome_panel"].setChecked(True)
    assert len(shown_lanes(answered)) == 3
    assert shown_lanes(answered)[2] != "focus"
    answered.actions_by_id["syndrome_panel"].setChecked(False)
    assert shown_lanes(answered) == ["spasm", "seizure", "focus"]
    answered.show_panel("traces")
    assert shown_lanes(answered) == ["spasm", "seizure"]


def test_an_analysis_of_an_earlier_session_says_that_it_must_be_asked_again(
    answered: MainWindow, infant_file: Path, qtbot: QtBot
):
    answered.show_panel("focus")
    answered.session.close_recording()
    with qtbot.waitSignal(answered.session.opened, timeout=20_000):
        answered.session.open_file(infant_file)
    assert "Press F5" in answered.features.answers.focus.message.sentence.text()


def test_without_the_network_the_docks_say_that_it_is_not_installed(reading: MainWindow):
    reading.show_panel("focus")
    reading.actions_by_id["syndrome_panel"].setChecked(True)
    for panel in (reading.features.answers.focus, reading.features.answers.syndrome):
        assert "is not installed" in panel.message.sentence.text()
