"""How the regions' signals are cleaned is seen, set, and seen again in what is drawn."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.dialogs.cleaning import CleaningDialog
from app.fmri.run import FmriPhase
from app.lanes.region import RegionLane
from app.window import MainWindow
from inference.imaging.roi_series import CleaningOptions
from tests.inference.imaging.test_fmri_study import N_VOLUMES, write_study


@pytest.fixture
def moving(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    """A window with a run whose head moves in volumes 12 and 30, by 0.8 and 0.4 mm."""
    _eeg, bold = write_study(tmp_path / "bids")
    moved_mm = np.full(N_VOLUMES, 0.05)
    moved_mm[[11, 29]] = 0.8, 0.4
    rows = ["trans_x\tframewise_displacement", *(f"{mm / 2}\t{mm}" for mm in moved_mm)]
    table = bold.with_name("sub-01_task-sleep_desc-confounds_timeseries.tsv")
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    window.session.open_file(tmp_path / "bids")
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    window.show_panel("roi-map")
    window.roi_map.region_chosen.emit(12, False)
    return window


def ask(window: MainWindow) -> CleaningDialog:
    window.roi_map.foot.cleaning.click()
    return window.findChildren(CleaningDialog)[-1]


def scrubbed(window: MainWindow) -> list[int]:
    lane = next(lane for lane in window.page.findChildren(RegionLane) if lane.isVisible())
    return np.flatnonzero(np.isnan(lane.track.values)).tolist()


def test_band_confounds_and_motion_are_set_and_lanes_follow(moving: MainWindow, qtbot: QtBot):
    fmri = moving.session.fmri
    assert scrubbed(moving) == [11]
    assert (
        "0.01–0.1 Hz, 1 confound taken out, standardised, 1 of 50 volumes left out" in moving.roi_map.foot.lines.text()
    )
    dialog = ask(moving)
    assert dialog.options == CleaningOptions()
    dialog.scrub_mm.setValue(0.3)
    dialog.low_pass.setChecked(False)
    dialog.confounds.setChecked(False)
    dialog.finish()
    qtbot.waitUntil(lambda: fmri.phase is FmriPhase.READY, timeout=20_000)
    assert fmri.study.series.options == CleaningOptions(low_pass_hz=None, confounds=False, scrub_above_mm=0.3)
    assert scrubbed(moving) == [11, 29]
    assert "> 0.01 Hz, standardised, 2 of 50 volumes left out" in moving.roi_map.foot.lines.text()
    assert sum("moved by more than" in problem for problem in fmri.study.problems) == 1


def test_an_offset_set_by_hand_outlives_another_cleaning(moving: MainWindow, qtbot: QtBot):
    fmri = moving.session.fmri
    fmri.set_offset(3.25)
    fmri.clean(CleaningOptions(detrend=False))
    qtbot.waitUntil(lambda: fmri.phase is FmriPhase.READY, timeout=20_000)
    assert fmri.study.alignment.offset_s == 3.25
    assert not fmri.study.series.options.detrend
    fmri.set_offset(None)
    assert not fmri.study.series.options.detrend
    assert fmri.study.alignment.offset_s == pytest.approx(20.0, abs=0.01)


def test_a_band_without_room_stays_open_with_a_sentence(moving: MainWindow):
    dialog = ask(moving)
    dialog.high_hz.setValue(0.2)
    dialog.finish()
    assert dialog.isVisible()
    assert dialog._sentence.text() == "Nothing lies below 0.1 Hz and above 0.2 Hz."
    dialog.reject()


def test_what_is_usual_comes_back_at_a_button(moving: MainWindow):
    dialog = ask(moving)
    dialog.high_pass.setChecked(False)
    dialog.scrub_mm.setValue(2.0)
    dialog._set_usual()
    assert dialog.options == CleaningOptions()
    dialog.reject()


def test_where_nothing_tells_of_motion_or_confounds_the_dialog_says_so(
    window: MainWindow, data_set: Path, qtbot: QtBot
):
    window.session.open_file(data_set)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    window.show_panel("roi-map")
    dialog = ask(window)
    assert not dialog.confounds.isEnabled() and "none lie beside the run" in dialog.confounds.text()
    assert not dialog.scrub.isEnabled() and "motion not known" in dialog.scrub.text()
    dialog.reject()
