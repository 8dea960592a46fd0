"""A study with EEG and fMRI opens as one: both scroll on one clock, and what cannot be opened is one sentence."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.dialogs.repetition_time import RepetitionTimeDialog
from app.dialogs.sentence import SentenceDialog
from app.dialogs.studies import StudiesDialog
from app.fmri.run import FmriPhase
from app.lanes.region import RegionLane
from app.window import MainWindow
from inference.imaging.alignment import ClockSource
from inference.imaging.atlas_file import ATLAS_VARIABLE, atlas_folder
from tests.app.fmri.conftest import OFFSET_S
from tests.app.panels.fmri.runs import write_bright_run
from tests.inference.imaging.brains import write_brain_run
from tests.inference.imaging.images import write_sidecar
from tests.inference.imaging.test_fmri_study import N_VOLUMES, TR_S, write_eeg, write_study


@pytest.fixture
def both(window: MainWindow, data_set: Path, qtbot: QtBot) -> MainWindow:
    """A window in which the data set is open, with its map beside the traces."""
    window.session.open_file(data_set)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    window.show_panel("roi-map")
    window.page.traces.settle()
    settle(window, qtbot)
    return window


def settle(window: MainWindow, qtbot: QtBot) -> None:
    QApplication.processEvents()
    qtbot.waitUntil(lambda: window.roi_map.feed.is_idle, timeout=5_000)


def lanes(window: MainWindow) -> list[RegionLane]:
    return [lane for lane in window.page.findChildren(RegionLane) if lane.isVisible()]


def test_the_folder_of_a_data_set_opens_as_recording_and_run_on_the_clock_of_the_triggers(both: MainWindow):
    assert both.session.path.name == "sub-01_task-sleep_eeg.vhdr"
    alignment = both.session.fmri.study.alignment
    assert alignment.source is ClockSource.TRIGGERS
    assert alignment.offset_s == pytest.approx(OFFSET_S, abs=0.01)
    assert both.actions_by_id["map_mosaic"].isEnabled()


def test_a_study_with_fmri_unfolds_its_map(window: MainWindow, data_set: Path, qtbot: QtBot):
    window.session.open_file(data_set)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    assert window.roi_map.isVisible()
    assert window.queue.isVisible()


def test_the_map_follows_the_page_and_then_the_cursor(both: MainWindow, qtbot: QtBot):
    traces = both.page.traces
    both.roi_map.controls._lag.setValue(0.0)
    traces.go_to(50.0)
    middle_s = traces.position_s + traces.page_s / 2
    assert both.roi_map.volume == int((middle_s - OFFSET_S) // TR_S)
    traces.cursor_moved.emit(OFFSET_S + 7 * TR_S + 0.5)
    assert both.roi_map.volume == 7
    traces.cursor_moved.emit(float("nan"))
    assert both.roi_map.volume == int((middle_s - OFFSET_S) // TR_S)
    traces.go_to(0.0)
    assert both.roi_map.volume is None
    assert both.roi_map._heading.text().startswith("Outside the run")


def test_a_region_that_is_pressed_becomes_a_lane_and_its_lane_leads_back_to_it(both: MainWindow, qtbot: QtBot):
    both.roi_map.region_chosen.emit(12, False)
    both.roi_map.region_chosen.emit(60, True)
    assert [lane.track.label for lane in lanes(both)] == [12, 60]
    track = lanes(both)[0].track
    assert track.values.tolist() == pytest.approx(both.session.fmri.study.series.values[:, 11].tolist(), nan_ok=True)
    assert (track.onset_s, track.step_s) == pytest.approx((OFFSET_S, TR_S), abs=0.01)
    assert len(track.values) == N_VOLUMES
    qtbot.mousePress(lanes(both)[0], Qt.MouseButton.LeftButton, pos=QPoint(200, 20))
    assert both.roi_map.region == 12
    assert both.roi_map._centre_mm == both.session.fmri.study.atlas.parcels[11].centroid_mm
    both.roi_map.region_chosen.emit(70, False)
    assert [lane.track.label for lane in lanes(both)] == [60, 70]
    lane = lanes(both)[1]
    qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(lane.width() - 4, 4))
    assert [lane.track.label for lane in lanes(both)] == [60]
    assert both.roi_map.region == 60


def test_an_offset_set_by_hand_moves_map_and_lanes_until_it_is_taken_back(both: MainWindow, qtbot: QtBot):
    both.roi_map.region_chosen.emit(12, False)
    both.page.traces.go_to(60.0)
    before = both.roi_map.volume
    both.roi_map.controls._offset.setValue(OFFSET_S + 3 * TR_S)
    assert both.session.fmri.study.alignment.source is ClockSource.HAND
    assert both.roi_map.volume == before - 3
    assert lanes(both)[0].track.onset_s == pytest.approx(OFFSET_S + 3 * TR_S)
    both.roi_map.controls._reset.click()
    assert both.session.fmri.study.alignment.source is ClockSource.TRIGGERS
    assert both.roi_map.volume == before


def test_the_keys_of_the_table_work_the_map(both: MainWindow, qtbot: QtBot):
    both.actions_by_id["map_mosaic"].trigger()
    settle(both, qtbot)
    assert len(both.roi_map._frame.pictures) == 16
    both.actions_by_id["map_sides"].trigger()
    settle(both, qtbot)
    assert both.roi_map._frame.pictures[0].plane.edges.left == "L"
    source = both.roi_map.controls.source
    both.actions_by_id["map_source"].trigger()
    assert both.roi_map.controls.source is not source


def test_a_dialog_says_where_the_atlas_is_to_be_put(window: MainWindow):
    window.actions_by_id["atlas"].trigger()
    dialog = next(dialog for dialog in window.findChildren(SentenceDialog) if dialog.isVisible())
    assert str(atlas_folder()) in dialog.sentence
    assert ATLAS_VARIABLE in dialog.sentence


def test_side_and_lag_are_remembered(both: MainWindow, make_window: Callable[[], MainWindow]):
    both.actions_by_id["map_sides"].trigger()
    both.roi_map.controls._lag.setValue(6.5)
    both.close()
    again = make_window()
    assert again.roi_map.radiological is False
    assert again.roi_map.controls.lag_s == 6.5


@pytest.mark.parametrize("content", [None, b"", b"no image at all" * 40])
def test_a_run_that_cannot_be_used_is_one_sentence_in_the_panel_and_the_traces_stay(
    window: MainWindow, data_set: Path, tmp_path: Path, content: bytes | None, qtbot: QtBot
):
    bad = tmp_path / "bad.nii"
    if content is not None:
        bad.write_bytes(content)
    window.session.open_file(next(data_set.rglob("*.vhdr")), bad)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.FAILED, timeout=30_000)
    window.show_panel("roi-map")
    sentence = window.roi_map.message.sentence.text()
    assert "bad.nii" in sentence and "\n" not in sentence
    assert window.roi_map.message.open.isVisible()
    assert not [dialog for dialog in window.findChildren(SentenceDialog) if dialog.isVisible()]
    assert window.session.recording is not None
    assert not window.actions_by_id["map_planes"].isEnabled()


def test_a_run_that_does_not_tell_its_tr_opens_with_one_set_by_hand(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    run = tmp_path / "eeg_bold.nii"
    write_brain_run(run, n_volumes=44, code=4, tr=0.0)
    window.session.open_file(write_eeg(tmp_path / "alone", "eeg", None), run)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.FAILED, timeout=30_000)
    message = window.roi_map.message
    assert "repetition time" in message.sentence.text()
    message.tr.setValue(2.5)
    message.use_tr.click()
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    assert window.session.fmri.study.alignment.tr_s == 2.5


def test_a_run_by_itself_that_does_not_tell_its_tr_is_opened_with_one_set_by_hand_and_with_another(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    run = tmp_path / "alone_bold.nii"
    write_brain_run(run, n_volumes=44, code=4, tr=0.0)
    window.session.open_file(run)
    qtbot.waitUntil(lambda: bool(window.findChildren(RepetitionTimeDialog)), timeout=30_000)
    (dialog,) = window.findChildren(RepetitionTimeDialog)
    assert "repetition time" in dialog.sentence and "\n" not in dialog.sentence
    dialog.tr.setValue(2.5)
    with qtbot.waitSignal(window.session.opened, timeout=30_000):
        dialog.finish()
    assert window.session.recording.duration_s == pytest.approx(44 * 2.5)
    assert window.session.fmri.study.alignment.tr_s == 2.5
    window.actions_by_id["tr_fmri"].trigger()
    again = window.findChildren(RepetitionTimeDialog)[-1]
    assert again.tr.value() == 2.5
    again.tr.setValue(3.0)
    with qtbot.waitSignal(window.session.opened, timeout=30_000):
        again.finish()
    assert window.session.recording.duration_s == pytest.approx(44 * 3.0)
    window.show_panel("roi-map")
    assert window.roi_map.foot.tr.text() == "TR 3 s …"


def test_a_header_in_milliseconds_and_a_sidecar_that_disagrees_are_said_and_the_tr_can_be_set(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    eeg = write_eeg(tmp_path / "pair", "night", None)
    run = tmp_path / "pair" / "night_bold.nii"
    write_brain_run(run, n_volumes=44, code=4, tr=2000.0)
    write_sidecar(run.with_suffix(".json"), RepetitionTime=2.2)
    window.session.open_file(eeg)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    told = " ".join(window.session.fmri.study.problems)
    assert "milliseconds are meant" in told and "The header gives a TR of 2 s, the sidecar 2.2 s" in told
    window.actions_by_id["tr_fmri"].trigger()
    (dialog,) = window.findChildren(RepetitionTimeDialog)
    assert "the sidecar 2.2 s" in dialog.sentence
    dialog.tr.setValue(2.0)
    dialog.finish()
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    assert window.session.fmri.study.alignment.tr_s == 2.0


def test_a_recording_without_fmri_says_that_there_is_none(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    window.session.open_file(write_eeg(tmp_path / "alone", "alone", None))
    qtbot.waitUntil(lambda: window.session.recording is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.NONE, timeout=20_000)
    window.show_panel("roi-map")
    assert window.roi_map.message.sentence.text() == "No fMRI lies beside this recording."


def test_a_run_by_itself_is_read_on_its_own_clock_one_trace_for_each_network_and_side(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
):
    path = tmp_path / "bright_bold.nii"
    write_bright_run(path)
    with qtbot.waitSignal(window.session.opened, timeout=30_000):
        window.session.open_file(path)
    assert [channel.name for channel in window.session.recording.channels][:3] == ["Vis L", "Vis R", "SomMot L"]
    assert window.session.recording.duration_s == pytest.approx(48 * TR_S)
    assert window.session.fmri.study.alignment.source is ClockSource.OWN
    window.page.traces.settle()
    assert len(window.page.traces._rows) == 14


def test_a_folder_without_recording_or_run_is_one_sentence(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    with qtbot.waitSignal(window.session.open_failed, timeout=10_000) as told:
        window.session.open_file(tmp_path)
    assert "no EEG with an fMRI run" in told.args[0]


def test_a_registration_places_the_run_and_one_that_cannot_be_used_leaves_it_as_it_was(
    both: MainWindow, tmp_path: Path, qtbot: QtBot
):
    registration = tmp_path / "to_mni.txt"
    np.savetxt(registration, np.eye(4))
    fmri = both.session.fmri
    fmri.register(registration)
    qtbot.waitUntil(lambda: fmri.phase is FmriPhase.READY, timeout=30_000)
    settle(both, qtbot)
    assert "Placed in MNI space by to_mni.txt" in both.roi_map.foot.lines.text()
    before = fmri.study
    (tmp_path / "bad.txt").write_text("no matrix")
    with qtbot.waitSignal(fmri.failed, timeout=30_000) as told:
        fmri.register(tmp_path / "bad.txt")
    assert "bad.txt" in told.args[0] and "\n" not in told.args[0]
    assert fmri.study is before and fmri.phase is FmriPhase.READY


def test_closing_the_recording_takes_run_and_lanes_away(both: MainWindow, qtbot: QtBot):
    both.roi_map.region_chosen.emit(12, False)
    both.actions_by_id["close"].trigger()
    assert both.session.fmri.study is None
    assert not lanes(both)
    assert not both.actions_by_id["map_planes"].isEnabled()


def test_closing_while_the_run_is_opened_leaves_no_thread(window: MainWindow, data_set: Path, qtbot: QtBot):
    before = {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(data_set)
    assert window.session.fmri.phase is FmriPhase.OPENING
    window.close()
    assert not any(thread.isRunning() for thread in window.findChildren(QThread))
    after = {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
    assert after <= before


@pytest.fixture
def two_runs(tmp_path: Path) -> Path:
    """A subject with one EEG recording and two runs that may belong to it."""
    eeg, bold = write_study(tmp_path / "two")
    for run in (1, 2):
        write_brain_run(bold.with_name(f"sub-01_task-sleep_run-{run}_bold.nii"), n_volumes=50, code=4, tr=TR_S)
    bold.unlink()
    return eeg


@pytest.mark.parametrize("level", [0, 3], ids=["recording", "folder"])
def test_of_several_runs_the_reader_is_asked_which(window: MainWindow, two_runs: Path, level: int, qtbot: QtBot):
    window.session.open_file([two_runs, *two_runs.parents][level])
    qtbot.waitUntil(lambda: bool(window.findChildren(StudiesDialog)), timeout=20_000)
    dialog = window.findChildren(StudiesDialog)[0]
    rows = [dialog.choices.topLevelItem(row) for row in range(2)]
    assert [row.text(1) for row in rows] == [f"sub-01_task-sleep_run-{run}_bold.nii" for run in (1, 2)]
    dialog.choices.itemActivated.emit(rows[1], 0)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    assert window.session.path == two_runs
    assert window.session.fmri.study.volumes.path.name == "sub-01_task-sleep_run-2_bold.nii"
    window.session.open_file(two_runs, two_runs.parents[1] / "func" / "sub-01_task-sleep_run-1_bold.nii")
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    assert window.session.fmri.study.volumes.path.name == "sub-01_task-sleep_run-1_bold.nii"


def test_who_opens_none_of_several_keeps_what_was_open(window: MainWindow, two_runs: Path, qtbot: QtBot):
    window.session.open_file(two_runs)
    qtbot.waitUntil(lambda: bool(window.findChildren(StudiesDialog)), timeout=20_000)
    window.findChildren(StudiesDialog)[0].reject()
    assert window.session.recording is None
    assert not window.session.is_opening
    assert window._status._analysis.text() == ""
