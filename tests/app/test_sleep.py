"""The room of a sleep scorer: keys are stages, ranges are dragged, nothing is lost, and a network's word stays one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.dialogs.choice import ChoiceDialog
from app.panels.sleep_report import NOBODY
from app.window import MainWindow
from inference.labels.detections import ModelReference
from inference.labels.hypnogram_formats import read_hypnogram, write_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import AASM, INFANT
from inference.runtime.results import Answer, Measure
from tests.inference.recordings.edf_files import write_edf

#: Ten and a half minutes: 21 epochs.
DURATION_S = 630
TRUTH = ("W", "W", "N1", "N2", "N2", "N3", "N3", "N2", "R", "R", "W") + ("N2",) * 10


class Staged:
    """A network that staged the night, least certain of epoch 7 and then of epoch 3; epoch 12 it could not see."""

    reference = ModelReference("sleep-staging", "1.0.0", "cd" * 32)
    events = None
    gist = "N2 5 min"
    detections = ()
    channels_used = ("C3", "C4")
    problems = ("Only 2 of 19 electrodes.",)
    time_s = np.arange(21) * 30.0 + 15.0
    probability = np.full((21, 5), 0.02, np.float32)
    probability[np.arange(21), [AASM.codes.index(code) for code in TRUTH]] = 0.92
    probability[7] = (0.1, 0.1, 0.4, 0.3, 0.1)
    probability[3] = (0.1, 0.1, 0.5, 0.2, 0.1)
    probability[12] = np.nan
    answers: ClassVar = (Answer("sleep_stage", "classes", AASM.codes, time_s, probability, np.zeros(5, np.float32)),)
    measures: ClassVar = (
        Measure("modality_share", "share", ("EEG", "fMRI"), time_s, np.tile(np.float32([0.6, 0.4]), (21, 1))),
    )


@pytest.fixture(scope="module")
def night_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quiet recording without anything to find."""
    path = tmp_path_factory.mktemp("night") / "night.edf"
    write_edf(path, n_records=DURATION_S, rates_hz=(64, 64))
    return path


@pytest.fixture
def night(
    make_window: Callable[[], MainWindow], night_file: Path, settings: object, qtbot: QtBot
) -> Iterator[MainWindow]:
    """A window in which the recording is open and staged by a network."""
    settings.analyse_on_open = False
    window = open_night(make_window(), night_file, qtbot)
    window.session.study.set_detections([Staged()])
    window.session.study.flush()
    return window


def open_night(window: MainWindow, path: Path, qtbot: QtBot) -> MainWindow:
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(path)
    return window


def start_scoring(window: MainWindow) -> None:
    window.actions_by_id["scoring"].setChecked(True)


def press(qtbot: QtBot, window: MainWindow, keys: str) -> None:
    for key in keys:
        qtbot.keyClick(window.page.traces, key)
    window.session.study.flush()


def scored(window: MainWindow) -> tuple[str, ...]:
    window.session.study.flush()
    return window.session.study.own_scoring.hypnogram.stages


def answer(window: MainWindow, choice_id: str) -> None:
    dialog = next(dialog for dialog in window.findChildren(ChoiceDialog) if dialog.isVisible())
    dialog._finish(choice_id)


def test_keys_score_the_epoch_on_the_page_and_go_on_to_the_next(night: MainWindow, qtbot: QtBot):
    start_scoring(night)
    assert (night.page.traces.page_s, night.page.traces.position_s) == (30.0, 0.0)
    press(qtbot, night, "W12")
    press(qtbot, night, "3RU")
    assert scored(night)[:6] == ("W", "N1", "N2", "N3", "R", "?")
    assert night.page.traces.position_s == 180.0
    assert "Epoch 7 of 21" in night.features.scorer.strip.text


def test_r_is_rem_while_scoring_and_rejects_again_afterwards(night: MainWindow, qtbot: QtBot):
    start_scoring(night)
    night.queue.select("nothing")
    assert not night.actions_by_id["reject"].isEnabled()
    assert night.actions_by_id["stage_R"].isEnabled()
    night.actions_by_id["scoring"].setChecked(False)
    assert not night.actions_by_id["stage_R"].isEnabled()


def test_the_page_is_left_as_it_was_found(night: MainWindow):
    before_s = night.page.traces.page_s
    start_scoring(night)
    night.actions_by_id["scoring"].setChecked(False)
    assert night.page.traces.page_s == before_s != 30.0


def test_any_step_leads_to_the_next_epoch_and_the_last_page_is_the_last_epoch(night: MainWindow, qtbot: QtBot):
    night.page.traces.go_to(47.0)
    start_scoring(night)
    assert night.page.traces.position_s == 60.0 - 30.0
    for key, expected_s in ((Qt.Key.Key_Right, 60.0), (Qt.Key.Key_Left, 30.0), (Qt.Key.Key_End, 600.0)):
        qtbot.keyClick(night.page.traces, key)
        assert night.page.traces.position_s == pytest.approx(expected_s, abs=0.1)
    press(qtbot, night, "2")
    assert scored(night)[-1] == "N2"


def test_undo_takes_back_one_key_and_reopening_brings_the_rest(
    night: MainWindow, make_window: Callable[[], MainWindow], night_file: Path, qtbot: QtBot
):
    start_scoring(night)
    press(qtbot, night, "W11")
    night.actions_by_id["undo"].trigger()
    assert scored(night)[:3] == ("W", "N1", "?")
    night.close()
    again = open_night(make_window(), night_file, qtbot)
    assert scored(again)[:3] == ("W", "N1", "?")
    assert again.features.scorer.hypnogram._scored.stages[:3] == ("W", "N1", "?")
    assert again.features.scorer.hypnogram._predicted.stages[:3] == TRUTH[:3]


def test_a_range_is_dragged_on_the_hypnogram_and_scored_with_one_key(night: MainWindow, qtbot: QtBot):
    night.actions_by_id["hypnogram_panel"].setChecked(True)
    start_scoring(night)
    lane = night.features.scorer.hypnogram
    first, last = (round(lane.axis.to_px(time_s)) for time_s in (65.0, 165.0))
    qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(first, 20))
    qtbot.mouseMove(lane, QPoint(last, 20))
    with qtbot.waitSignal(lane.range_taken) as taken:
        qtbot.mouseRelease(lane, Qt.MouseButton.LeftButton, pos=QPoint(last, 20))
    assert taken.args == [60.0, 120.0]
    press(qtbot, night, "3")
    assert scored(night)[:8] == ("?", "?", "N3", "N3", "N3", "N3", "?", "?")
    assert night.features.scorer._range is None


def test_escape_lets_go_of_a_range(night: MainWindow, qtbot: QtBot):
    start_scoring(night)
    night.features.scorer._take_range(60.0, 90.0)
    qtbot.keyClick(night.page.traces, Qt.Key.Key_Escape)
    press(qtbot, night, "W")
    assert scored(night)[:4] == ("W", "?", "?", "?")


def test_a_press_on_the_hypnogram_goes_to_that_epoch(night: MainWindow, qtbot: QtBot):
    night.actions_by_id["hypnogram_panel"].setChecked(True)
    start_scoring(night)
    lane = night.features.scorer.hypnogram
    qtbot.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(round(lane.axis.to_px(255.0)), 20))
    assert night.page.traces.position_s == pytest.approx(240.0, abs=0.1)


def test_the_queue_leads_through_the_epochs_that_the_network_doubts_most(night: MainWindow, qtbot: QtBot):
    start_scoring(night)
    press(qtbot, night, "Q")
    assert night.page.traces.position_s == 210.0
    assert "N2 0.40" in night.features.scorer.strip.text and "EEG 60%, fMRI 40%" in night.features.scorer.strip.text
    press(qtbot, night, "3")
    assert night.page.traces.position_s == 90.0
    press(qtbot, night, "2")
    assert scored(night)[7] == "N3" and scored(night)[3] == "N2"
    assert night.page.traces.position_s not in (210.0, 90.0, 360.0)
    qtbot.keyClick(night.page.traces, "q", Qt.KeyboardModifier.ShiftModifier)
    assert night.page.traces.position_s != 210.0


def test_an_arousal_becomes_an_event(night: MainWindow, qtbot: QtBot):
    start_scoring(night)
    night.page.traces.set_selection((12.0, 4.0))
    press(qtbot, night, "A")
    (event,) = night.session.events
    assert (event.label, event.onset_s, event.duration_s) == ("Sleep-related-arousal", 12.0, 4.0)


def test_infants_are_scored_with_their_own_keys(night: MainWindow, qtbot: QtBot):
    start_scoring(night)
    night.actions_by_id["stage_set"].trigger()
    answer(night, INFANT.name)
    night.session.study.flush()
    press(qtbot, night, "WNT")
    press(qtbot, night, "R1")
    assert scored(night)[:5] == ("W", "N", "T", "R", "?")
    assert night.features.scorer.hypnogram._predicted.stages[2:6] == ("N", "N", "N", "N")
    assert not night.actions_by_id["stage_1"].isVisible()


def test_a_recording_without_an_epoch_says_so(make_window, tmp_path: Path, settings: object, qtbot: QtBot):
    settings.analyse_on_open = False
    write_edf(tmp_path / "short.edf", n_records=20, rates_hz=(64,))
    window = open_night(make_window(), tmp_path / "short.edf", qtbot)
    with qtbot.waitSignal(window.session.failed) as told:
        start_scoring(window)
    assert "not one of them" in told.args[0]
    assert not window.actions_by_id["scoring"].isChecked()


def test_the_report_says_whose_stages_it_is_about_and_that_a_network_s_are_no_scorer_s(night: MainWindow, qtbot: QtBot):
    night.show_panel("report")
    assert night.features.reporter.report.source == "sleep-staging 1.0.0"
    assert "trained on simulated data, not clinically validated" in night.features.reporter.panel.text
    assert "Only 2 of 19 electrodes." in night.features.reporter.panel.text
    night.session.edit("score", 0.0, 630.0, "N2")
    night.session.study.flush()
    assert night.features.reporter.report.warning == ""
    assert "not clinically validated" not in night.features.reporter.panel.text
    assert night.features.reporter.comparison.second == "sleep-staging 1.0.0"
    night.session.edit("score", 0.0, 30.0, "?")
    night.session.study.flush()
    assert (
        night.features.reporter.report.source.endswith(", else the network") and night.features.reporter.report.warning
    )
    assert night.features.reporter.comparison is None


def test_a_second_scorer_is_read_from_a_file_and_compared_epoch_by_epoch(
    night: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    night.session.edit("score", 0.0, 630.0, "N2")
    path = write_hypnogram(tmp_path / "kim.edf", Hypnogram(TRUTH), "edf")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    night.actions_by_id["read_stages"].trigger()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in night.findChildren(ChoiceDialog)))
    answer(night, "others")
    night.session.study.flush()
    comparison = night.features.reporter.comparison
    assert comparison.second == "kim"
    assert len(comparison.disagreements_s) == sum(code != "N2" for code in TRUTH)
    assert comparison.stages_at(240.0) == ("N2", "R")
    night.actions_by_id["differing_next"].trigger()
    assert night.page.traces.position_s == pytest.approx(30.0, abs=0.1)
    night.features.reporter.panel.other_chosen.emit(NOBODY)
    assert night.features.reporter.comparison is None


def test_one_s_own_file_is_gone_on_with(night: MainWindow, tmp_path: Path, qtbot: QtBot):
    path = write_hypnogram(tmp_path / "mine.csv", Hypnogram(TRUTH[:10]), "csv")
    night.features.reporter.read(path)
    qtbot.waitUntil(lambda: any(d.isVisible() for d in night.findChildren(ChoiceDialog)))
    answer(night, "mine")
    assert scored(night) == (*TRUTH[:10], *("?",) * 11)
    night.page.traces.go_to(600.0)
    start_scoring(night)
    night.actions_by_id["stage_W"].trigger()
    assert scored(night)[-1] == "W"


@pytest.mark.parametrize(
    ("content", "cause"), [("onset,stage\n7200,N1\n", "another recording"), ("x", "not a table of sleep stages")]
)
def test_a_file_that_does_not_belong_here_is_one_sentence(night, tmp_path, qtbot, content, cause):
    (tmp_path / "x.csv").write_text(content)
    with qtbot.waitSignal(night.session.failed) as told:
        night.features.reporter.read(tmp_path / "x.csv")
    assert cause in told.args[0]
    assert night.session.study.scorings == ()


@pytest.mark.parametrize("file_format", ["bids", "edf", "csv", "yasa", "dreem", "ds003768"])
def test_stages_are_written_in_every_format(night: MainWindow, tmp_path: Path, qtbot: QtBot, file_format: str):
    night.session.edit("add_scoring", Hypnogram(TRUTH, scorer=night.session.study.author), "")
    night.session.study.flush()
    night.features.reporter.write(tmp_path / "out", file_format)
    qtbot.waitUntil(lambda: night.features.reporter.files.is_idle)
    (path,) = [path for path in tmp_path.iterdir() if path.stem == "out" and path.suffix != ".json"] or [
        tmp_path / "out.json"
    ]
    assert read_hypnogram(path).stages == TRUTH


def test_what_a_network_staged_is_written_as_computed(night: MainWindow, tmp_path: Path, qtbot: QtBot):
    night.features.reporter.write(tmp_path / "out.tsv", "bids")
    qtbot.waitUntil(lambda: night.features.reporter.files.is_idle)
    assert "Computed-feature" in (tmp_path / "out.json").read_text()


def test_the_report_is_copied_and_saved_as_it_reads(night: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch):
    night.actions_by_id["copy_report"].trigger()
    text = QGuiApplication.clipboard().text()
    assert "Total sleep time (TST)\t" in text and "not clinically validated" in text
    path = tmp_path / "report.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    night.actions_by_id["save_report"].trigger()
    qtbot.waitUntil(path.exists)
    assert "Total sleep time (TST)," in path.read_text()
    assert '"latency from sleep onset, min"' in path.read_text()


def test_a_scorer_s_stages_are_taken_out_and_brought_back(night: MainWindow, qtbot: QtBot):
    night.session.edit("add_scoring", Hypnogram(TRUTH, scorer="Dr B"), "b.edf")
    night.session.study.flush()
    night.actions_by_id["forget_stages"].trigger()
    answer(night, night.session.study.scorings[0].scoring_id)
    night.session.study.flush()
    assert night.session.study.scorings == ()
    night.actions_by_id["undo"].trigger()
    night.session.study.flush()
    assert night.session.study.scorings[0].scorer == "Dr B"


def test_stages_in_the_recording_itself_are_shown(make_window, tmp_path: Path, settings: object, qtbot: QtBot):
    settings.analyse_on_open = False
    notes = [(30.0 * i, 30.0, f"Sleep stage {code}") for i, code in enumerate(("W", "N1", "N2"))]
    write_edf(tmp_path / "scored.edf", n_records=100, rates_hz=(64,), annotations=notes)
    window = open_night(make_window(), tmp_path / "scored.edf", qtbot)
    assert window.features.reporter.report.source == "the recording's own annotations"
    assert window.features.scorer.hypnogram._scored.stages[:3] == ("W", "N1", "N2")


def test_closing_the_recording_ends_scoring_and_folds_the_lanes_away(night: MainWindow):
    start_scoring(night)
    night.session.close_recording()
    assert not night.actions_by_id["scoring"].isChecked()
    assert not night.features.scorer.hypnogram.isVisible()
    assert night.features.reporter.report is None


def test_spasms_are_counted_by_stage_and_the_unreviewed_said(night: MainWindow):
    night.session.edit("add", 250.0, 1.0, "Epileptic-spasm")
    night.session.study.flush()
    by_code = {row.code: row.spasms for row in night.features.reporter.report.stages}
    assert by_code == {"W": "0", "N1": "0", "N2": "0", "N3": "0", "R": "1"}
    event = replace(night.session.events[0], decision=None)
    night.session.events = (event,)
    night.features.scorer._room._gather()
    assert ("of these not reviewed yet", "1") in [(row.name, row.value) for row in night.features.reporter.report.rows]
