"""The window keeps what it promises: nothing is lost, nothing hangs, and every fault of the world's is one sentence."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QThread, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.analysis_run import Phase
from app.dialogs.channel_kinds import ChannelKindsDialog
from app.dialogs.key_sheet import KeySheet
from app.dialogs.label_picker import LabelPicker
from app.dialogs.sentence import SentenceDialog
from app.lanes.probability import ProbabilityLane
from app.settings import Settings
from app.window import MainWindow
from inference.labels.annotations import Decision
from inference.recordings.recording import ChannelKind
from inference.runtime.package import ModelPackage
from inference.simulate import simulate_infant, write_case


def press(
    qtbot: QtBot, window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
):
    qtbot.keyClick(window.page.traces, key, modifier)


def wait_saved(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.session.study.is_saved, timeout=5_000)


def open_dialog(window: MainWindow, kind: type) -> object:
    return next(dialog for dialog in window.findChildren(kind) if dialog.isVisible())


def test_an_empty_window_offers_a_beginning_and_no_action_that_needs_a_recording(window: MainWindow):
    assert window.actions_by_id["open"].isEnabled()
    assert not window.actions_by_id["accept"].isEnabled()
    assert not window.actions_by_id["page_forward"].isEnabled()


def test_opening_a_recording_analyses_it_and_queues_what_was_found(reading: MainWindow):
    assert reading.session.analysis.progress.phase is Phase.DONE
    assert len(reading.queue.model.shown) == sum(not event.is_near_miss for event in reading.session.events)
    assert reading.session.analysis.track.done_s > 55


def test_an_accepted_event_is_on_disk_before_saved_is_shown_and_the_next_one_is_selected(
    reading: MainWindow, qtbot: QtBot
):
    press(qtbot, reading, Qt.Key.Key_N)
    first = reading.queue.current_id
    saved = []
    reading.session.study.saved.connect(lambda _: saved.append(reading._status._saved.text()))
    press(qtbot, reading, Qt.Key.Key_A)
    assert reading._status._saved.text() == "Saving …"
    wait_saved(qtbot, reading)
    assert saved == ["Saving …"] or saved == ["✓ Saved"]
    assert reading._status._saved.text() == "✓ Saved"
    assert reading.session.find(first).decision is Decision.ACCEPTED
    assert reading.queue.current_id not in ("", first)


def test_the_reader_stays_at_a_decided_event_where_the_settings_say_so(reading: MainWindow, qtbot: QtBot):
    reading.actions_by_id["auto_advance"].setChecked(False)
    press(qtbot, reading, Qt.Key.Key_N)
    first = reading.queue.current_id
    press(qtbot, reading, Qt.Key.Key_R)
    wait_saved(qtbot, reading)
    assert reading.queue.current_id == first
    assert reading.session.find(first).decision is Decision.REJECTED


def test_undo_takes_a_decision_back_and_redo_brings_it_again(reading: MainWindow, qtbot: QtBot):
    press(qtbot, reading, Qt.Key.Key_N)
    first = reading.queue.current_id
    press(qtbot, reading, Qt.Key.Key_U)
    wait_saved(qtbot, reading)
    press(qtbot, reading, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_saved(qtbot, reading)
    assert reading.session.find(first).decision is None
    press(qtbot, reading, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    wait_saved(qtbot, reading)
    assert reading.session.find(first).decision is Decision.UNSURE


def test_the_edge_keys_move_the_edges_of_an_event_by_a_tenth_of_a_second(reading: MainWindow, qtbot: QtBot):
    press(qtbot, reading, Qt.Key.Key_N)
    event = reading.session.find(reading.queue.current_id)
    reading.actions_by_id["start_earlier"].trigger()
    wait_saved(qtbot, reading)
    reading.actions_by_id["end_later"].trigger()
    wait_saved(qtbot, reading)
    moved = reading.session.find(event.event_id)
    assert moved.onset_s == pytest.approx(event.onset_s - 0.1)
    assert moved.end_s == pytest.approx(event.end_s + 0.1)


def test_a_dragged_span_becomes_an_event_of_the_chosen_label(reading: MainWindow, qtbot: QtBot):
    reading.page.traces.span_selected.emit(3.0, 1.5)
    press(qtbot, reading, Qt.Key.Key_Return)
    picker = open_dialog(reading, LabelPicker)
    qtbot.keyClick(picker, Qt.Key.Key_4)
    wait_saved(qtbot, reading)
    added = next(event for event in reading.session.events if event.decision is Decision.ADDED)
    assert (added.onset_s, added.duration_s, added.label) == (3.0, 1.5, "Tonic-seizure")


def test_relabelling_offers_the_vocabulary_and_keeps_the_choice(reading: MainWindow, qtbot: QtBot):
    press(qtbot, reading, Qt.Key.Key_N)
    event_id = reading.queue.current_id
    press(qtbot, reading, Qt.Key.Key_L)
    open_dialog(reading, LabelPicker).picked.emit("Movement-artifact")
    wait_saved(qtbot, reading)
    assert reading.session.find(event_id).label == "Movement-artifact"


def test_reopening_a_recording_brings_decisions_and_probability_back(
    reading: MainWindow, make_window: Callable[[], MainWindow], infant_file: Path, qtbot: QtBot
):
    press(qtbot, reading, Qt.Key.Key_N)
    first = reading.queue.current_id
    press(qtbot, reading, Qt.Key.Key_A)
    wait_saved(qtbot, reading)
    events = reading.session.events
    reading.close()
    again = make_window()
    with qtbot.waitSignal(again.session.opened, timeout=20_000):
        again.session.open_file(infant_file)
    assert not again.session.analysis.is_running
    assert again.session.find(first).decision is Decision.ACCEPTED
    assert again.session.events == events
    assert again.session.analysis.track is not None


@pytest.mark.parametrize("content", [None, b"", b"this is no recording\n" * 50])
def test_a_bad_file_is_one_sentence_and_the_window_lives_on(
    reading: MainWindow, tmp_path: Path, content: bytes | None, qtbot: QtBot
):
    bad = tmp_path / "bad.edf"
    if content is not None:
        bad.write_bytes(content)
    with qtbot.waitSignal(reading.session.open_failed, timeout=10_000):
        reading.session.open_file(bad)
    sentence = open_dialog(reading, SentenceDialog).sentence
    assert "bad.edf" in sentence
    assert "\n" not in sentence
    assert reading.session.recording is not None
    reading.actions_by_id["page_forward"].trigger()
    assert reading.page.traces.position_s > 0


def test_closing_while_the_analysis_runs_leaves_no_thread(window: MainWindow, infant_file: Path, qtbot: QtBot):
    before = {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    assert window.session.analysis.is_running
    window.close()
    assert not any(thread.isRunning() for thread in window.findChildren(QThread))
    after = {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
    assert after <= before


def test_closing_while_a_recording_is_opened_leaves_no_thread_and_releases_its_study(
    window: MainWindow, make_window: Callable[[], MainWindow], infant_file: Path, qtbot: QtBot
):
    window.session.open_file(infant_file)
    window.close()
    assert not any(thread.isRunning() for thread in window.findChildren(QThread))
    other = make_window()
    with qtbot.waitSignal(other.session.opened, timeout=20_000):
        other.session.open_file(infant_file)


def test_of_two_recordings_asked_for_in_a_row_the_later_one_is_shown(
    window: MainWindow, infant_file: Path, tmp_path: Path, qtbot: QtBot
):
    window.session.open_file(tmp_path / "missing.edf")
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    assert window.session.path == infant_file
    assert not [dialog for dialog in window.findChildren(SentenceDialog) if dialog.isVisible()]


def test_stopping_the_analysis_keeps_the_window_and_says_so(window: MainWindow, infant_file: Path, qtbot: QtBot):
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    window.actions_by_id["cancel"].trigger()
    qtbot.waitUntil(lambda: window.session.analysis.progress.phase is Phase.CANCELLED, timeout=5_000)
    assert window.actions_by_id["analyse"].isEnabled()


def test_a_dropped_file_is_opened(window: MainWindow, infant_file: Path, qtbot: QtBot):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(infant_file))])
    buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(100, 100), Qt.DropAction.CopyAction, mime, buttons, modifiers)
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.dropEvent(event)


def test_corrected_channel_kinds_are_drawn_analysed_and_remembered(
    reading: MainWindow, settings: Settings, qtbot: QtBot
):
    name = next(channel.name for channel in reading.session.recording.channels if channel.kind is ChannelKind.EMG)
    reading.actions_by_id["channel_kinds"].trigger()
    dialog = open_dialog(reading, ChannelKindsDialog)
    dialog.set_kind(name, ChannelKind.OTHER)
    dialog.finish()
    assert reading.session.analysis.is_running
    qtbot.waitUntil(lambda: not reading.session.analysis.is_running, timeout=30_000)
    assert name not in reading.session.analysis.results[0].channels_used
    assert settings.channel_kinds(reading.session.fingerprint) == {name: ChannelKind.OTHER}


def test_selecting_an_event_centres_the_page_on_it(reading: MainWindow):
    event = reading.session.events[-1]
    reading.page.traces.go_to(0.0)
    reading.queue.select(event.event_id)
    traces = reading.page.traces
    middle_s = (event.onset_s + event.end_s) / 2
    latest_s = reading.session.recording.duration_s - traces.page_s
    assert traces.position_s == pytest.approx(min(max(0.0, middle_s - traces.page_s / 2), latest_s), abs=0.05)


def test_the_view_is_recorded_with_each_decision(reading: MainWindow, qtbot: QtBot):
    press(qtbot, reading, Qt.Key.Key_Plus)
    press(qtbot, reading, Qt.Key.Key_N)
    event_id = reading.queue.current_id
    press(qtbot, reading, Qt.Key.Key_A)
    wait_saved(qtbot, reading)
    view = reading.session.study.annotation_of(event_id).view
    assert view.sensitivity_uv_per_mm == 10.0
    assert view.montage == "longitudinal"


def test_the_view_of_the_last_session_is_there_again(
    reading: MainWindow, make_window: Callable[[], MainWindow], qtbot: QtBot
):
    press(qtbot, reading, Qt.Key.Key_M)
    press(qtbot, reading, Qt.Key.Key_Period)
    display = reading.page.traces.display
    reading.close()
    assert make_window().page.traces.display == replace(display)


def test_the_warning_is_in_title_and_bar_while_a_simulated_model_is_in_use(reading: MainWindow):
    assert "trained on simulated data, not clinically validated" in reading.windowTitle()
    assert "Burst finder 1.0.0" in reading.windowTitle()
    assert "trained on simulated data" in reading._bar.notice.accessibleName()


def test_without_a_network_the_recording_can_still_be_read_and_the_lack_is_said(
    qtbot: QtBot, settings: Settings, tmp_path: Path, infant_file: Path
):
    window = MainWindow(settings, tmp_path / "study", tmp_path / "no-models")
    window.show()
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    assert not window.actions_by_id["analyse"].isEnabled()
    assert "no intact model package" in window._bar.notice.accessibleName()
    window.close()


def test_traces_fill_seven_tenths_of_the_window(reading: MainWindow, qtbot: QtBot):
    for width, height in ((1600, 900), (1366, 768)):
        reading.resize(width, height)
        reading.show_panel("models")
        reading.show_panel("events")
        QApplication.processEvents()
        traces = reading.page.traces
        assert traces.width() * traces.height() >= 0.7 * width * height


@pytest.fixture
def every_network(
    qtbot: QtBot, settings: Settings, tmp_path: Path, models_folder: Path, untrained_packages: dict[str, ModelPackage]
) -> Iterator[MainWindow]:
    """An empty window over networks of every kind."""
    folder = tmp_path / "models"
    shutil.copytree(models_folder, folder)
    for name, package in untrained_packages.items():
        shutil.copytree(package.folder, folder / name)
    window = MainWindow(settings, tmp_path / "study", folder)
    window.show()
    yield window
    window.close()
    window.deleteLater()


def lanes_of(window: MainWindow) -> dict[str, ProbabilityLane]:
    return {lane.subject: lane for lane in window.page.findChildren(ProbabilityLane) if lane.isVisible()}


def texts_of(panel: QWidget) -> list[str]:
    return [label.text() for label in panel.widget().findChildren(QLabel)]


def test_each_network_with_events_has_a_lane_and_all_say_what_they_gave(
    every_network: MainWindow, infant_file: Path, qtbot: QtBot
):
    window, session = every_network, every_network.session
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open_file(infant_file)
    assert list(lanes_of(window)) == ["spasm", "seizure"]
    qtbot.waitUntil(lambda: not session.analysis.is_running, timeout=60_000)
    findings = [finding for event in session.events for finding in (event, *event.also)]
    assert {finding.label for finding in findings} == {"Epileptic-spasm", "Epileptic-seizure"}
    assert [track.subject for track in session.analysis.tracks.values()] == ["spasm", "seizure"]
    assert all(lane.toolTip() for lane in lanes_of(window).values())
    told = texts_of(window.models)[1:5]
    titles = ("Burst finder: ", "Dsmn-Ess: 1 event; syndrome ", "Focus-Localisation: focus ", "Sleep-Staging: ")
    assert all(text.startswith(title) for text, title in zip(told, titles, strict=True))
    assert "Burst finder 1.0.0 and 3 more" in window.windowTitle()
    window.session.close_recording()
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open_file(infant_file)
    assert not session.analysis.is_running
    assert texts_of(window.models)[1:5] == told
    assert list(session.analysis.tracks) == ["burst-finder", "dsmn-ess"]


def test_spasms_can_be_judged_while_other_networks_are_still_busy(
    every_network: MainWindow, infant_file: Path, qtbot: QtBot
):
    session = every_network.session
    stands = []
    session.analysis.concluded.connect(lambda results: stands.append((len(results), session.analysis.is_running)))
    with qtbot.waitSignal(session.analysis.concluded, timeout=20_000):
        session.open_file(infant_file)
    assert stands[0] == (1, True)
    event = session.events[0]
    session.edit("accept", event.event_id)
    wait_saved(qtbot, every_network)
    assert session.find(event.event_id).decision is Decision.ACCEPTED
    qtbot.waitUntil(lambda: not session.analysis.is_running, timeout=60_000)
    assert session.find(event.event_id).decision is Decision.ACCEPTED


def test_a_network_that_cannot_look_at_a_recording_says_why_and_the_others_go_on(
    every_network: MainWindow, tmp_path: Path, qtbot: QtBot
):
    short = write_case(simulate_infant(20, 25.0, 256.0), tmp_path / "short")[0]
    session = every_network.session
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open_file(short)
    qtbot.waitUntil(lambda: not session.analysis.is_running, timeout=60_000)
    assert session.analysis.progress.phase is Phase.DONE
    assert any("it is shorter than 30 s" in text for text in texts_of(every_network.models))
    assert list(session.analysis.gists) == ["burst-finder", "dsmn-ess", "focus-localisation"]


def test_two_lanes_leave_the_traces_their_seven_tenths(every_network: MainWindow, infant_file: Path, qtbot: QtBot):
    window = every_network
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    window.session.analysis.cancel()
    for width, height in ((1600, 900), (1366, 768)):
        window.resize(width, height)
        window.show_panel("models")
        window.show_panel("events")
        QApplication.processEvents()
        traces = window.page.traces
        assert traces.width() * traces.height() >= 0.7 * width * height
    window.actions_by_id["traces_only"].trigger()
    assert lanes_of(window) == {}


def test_f11_leaves_the_traces_alone_and_escape_leads_back(reading: MainWindow, qtbot: QtBot):
    reading.actions_by_id["traces_only"].trigger()
    assert not reading.queue.isVisible()
    assert not reading._bar.isVisible()
    press(qtbot, reading, Qt.Key.Key_Escape)
    assert reading.queue.isVisible()
    assert reading._bar.isVisible()


def test_the_key_sheet_opens_with_f1(window: MainWindow, qtbot: QtBot):
    window.actions_by_id["keys"].trigger()
    assert open_dialog(window, KeySheet).action_ids


def test_a_cut_file_is_shown_with_what_is_missing_above_the_traces(
    window: MainWindow, infant_file: Path, tmp_path: Path, qtbot: QtBot
):
    whole = infant_file.read_bytes()
    cut = tmp_path / "cut.edf"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(cut)
    assert window.session.recording.problems
    assert window.page.notes.isVisible()
    assert window.session.recording.problems[0] in window.page.notes.text
    window.actions_by_id["notes"].trigger()
    assert not window.page.notes.isVisible()
