"""The map of what a stage rests on."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.fmri.run import FmriPhase
from app.panels.fmri.frames import Mode, Source
from app.window import MainWindow


@pytest.fixture
def asking(staging_window: MainWindow, data_set: Path, qtbot: QtBot) -> MainWindow:
    """A window whose map shows what the stage of the epoch at 70 s rests on."""
    window = staging_window
    window.session.open_file(data_set)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    window.show_panel("roi-map")
    window.features.fmri._why._patience.setInterval(0)
    window.page.traces.go_to(70.0)
    window.roi_map.set_source(Source.RELEVANCE)
    settle(window, qtbot)
    return window


def settle(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.roi_map
    qtbot.waitUntil(lambda: not panel.awaits_relevance and panel.feed.is_idle, timeout=30_000)


def test_the_map_shows_the_relevance_of_the_epoch_on_the_page(asking: MainWindow, qtbot: QtBot):
    panel = asking.roi_map
    relevance = asking.features.fmri._why.relevance
    assert (relevance.onset_s, relevance.duration_s) == (60.0, 30.0)
    assert np.array_equal(panel._frame.region_values, relevance.by_region)
    picture = panel._frame.pictures[0]
    inside = picture.labels > 0
    assert np.array_equal(picture.values[inside], relevance.by_region[picture.labels[inside] - 1])
    assert panel._under.text().startswith(f"For {relevance.stage} ({relevance.probability:.2f}) from 0:01:00")
    asking.page.traces.go_to(95.0)
    settle(asking, qtbot)
    assert asking.features.fmri._why.relevance.onset_s == 90.0


def test_an_epoch_outside_the_run_says_why_nothing_is_shown(asking: MainWindow, qtbot: QtBot):
    asking.page.traces.go_to(0.0)
    settle(asking, qtbot)
    assert asking.roi_map._under.text() == "The fMRI run does not cover this epoch."
    assert asking.roi_map._frame.region_values is None


def test_the_matrix_has_no_relevance_and_leaves_it(asking: MainWindow):
    asking.roi_map.set_mode(Mode.REGIONS)
    assert asking.roi_map.controls.source is Source.REGIONS
    asking.roi_map.set_source(Source.RELEVANCE)
    assert asking.roi_map.mode is Mode.PLANES


def test_without_a_network_that_stages_sleep_the_map_says_so(window: MainWindow, data_set: Path, qtbot: QtBot):
    window.session.open_file(data_set)
    qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=30_000)
    window.show_panel("roi-map")
    window.roi_map.set_source(Source.RELEVANCE)
    assert window.roi_map._under.text() == "No network that looks at fMRI is installed."
