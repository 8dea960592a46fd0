"""The window's own analysis sees the fMRI, and is renewed when that is another."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.analysis_run import Phase
from app.fmri.run import FmriPhase
from app.window import MainWindow
from inference.imaging.roi_series import CleaningOptions
from inference.runtime.analysis import AnalysisRequest
from tests.app.fmri.conftest import OFFSET_S


@pytest.fixture
def requests(staging_window: MainWindow) -> list[AnalysisRequest]:
    """What the engine is asked for."""
    asked: list[AnalysisRequest] = []
    staging_window.session.analysis._engine.analysis_started.connect(asked.append)
    staging_window.session._staging._patience.setInterval(0)
    return asked


def finish(window: MainWindow, qtbot: QtBot) -> None:
    analysis, fmri = window.session.analysis, window.session.fmri
    qtbot.waitUntil(lambda: fmri.phase is FmriPhase.READY and analysis.progress.phase is Phase.DONE, timeout=60_000)


def test_staging_waits_for_the_fmri_that_is_being_opened_and_sees_it(
    staging_window: MainWindow, requests: list[AnalysisRequest], data_set: Path, qtbot: QtBot
):
    session = staging_window.session
    staging_window._settings.analyse_on_open = True
    with qtbot.waitSignal(session.opened, timeout=30_000):
        session.open_file(data_set)
    assert session.analysis.progress.sentence == "Analysis waits for the fMRI …"
    assert not requests
    finish(staging_window, qtbot)
    assert len(requests) == 1
    assert requests[0].bold is not None
    assert requests[0].bold.onset_s == pytest.approx(OFFSET_S, abs=0.01)
    assert session.analysis.results[0].hypnogram is not None


def test_another_offset_is_staged_again_and_another_band_is_not(
    staging_window: MainWindow, requests: list[AnalysisRequest], data_set: Path, qtbot: QtBot
):
    session = staging_window.session
    staging_window._settings.analyse_on_open = True
    session.open_file(data_set)
    finish(staging_window, qtbot)
    before = session.analysis.results[0]
    session.fmri.set_offset(OFFSET_S + 30.0)
    qtbot.waitUntil(lambda: len(requests) == 2, timeout=20_000)
    finish(staging_window, qtbot)
    assert requests[1].bold.onset_s == OFFSET_S + 30.0
    assert len(session.analysis.results) == 1
    assert session.analysis.results[0] is not before
    # The network sees the signals unfiltered.
    session.fmri.clean(CleaningOptions(high_pass_hz=None))
    qtbot.waitUntil(lambda: session.fmri.phase is FmriPhase.READY, timeout=20_000)
    qtbot.wait(50)
    assert len(requests) == 2


def test_an_analysis_that_waits_can_be_stopped(
    staging_window: MainWindow, requests: list[AnalysisRequest], data_set: Path, qtbot: QtBot
):
    session = staging_window.session
    staging_window._settings.analyse_on_open = True
    with qtbot.waitSignal(session.opened, timeout=30_000):
        session.open_file(data_set)
    staging_window.actions_by_id["cancel"].trigger()
    assert session.analysis.progress.phase is Phase.CANCELLED
    qtbot.waitUntil(lambda: session.fmri.phase is FmriPhase.READY, timeout=30_000)
    qtbot.wait(50)
    assert not requests
