"""The scanner's artefact goes at a key, from traces and analysis alike, and comes back to be seen."""

from pathlib import Path

import numpy as np
import pybv
import pytest
from pytestqt.qtbot import QtBot

from app.window import MainWindow
from inference.imaging.artefact_free import ArtefactFreeRecording

RATE_HZ = 500.0
TR_S = 2.0
N_VOLUMES = 30


@pytest.fixture(scope="module")
def scanned_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of EEG with 1 mV of gradients in it and a marker for each volume."""
    folder = tmp_path_factory.mktemp("scanned")
    rng = np.random.default_rng(2)
    n_samples = round(64 * RATE_HZ)
    time_s = np.arange(n_samples) / RATE_HZ
    gradients = np.sin(2 * np.pi * 15 * time_s) + np.sin(2 * np.pi * 60 * time_s)
    during = (time_s >= 2) & (time_s < 2 + N_VOLUMES * TR_S)
    data = rng.normal(0, 2e-5, (3, n_samples)) + np.array([[1e-3], [-7e-4], [4e-4]]) * gradients * during
    marks = [
        {"onset": round((2 + volume * TR_S) * RATE_HZ), "duration": 1, "description": 128, "type": "Response"}
        for volume in range(N_VOLUMES)
    ]
    pybv.write_brainvision(
        data=data, sfreq=RATE_HZ, ch_names=["Cz", "Pz", "O1"], fname_base="scan", folder_out=folder, events=marks
    )
    return folder / "scan.vhdr"


@pytest.fixture
def scanned(window: MainWindow, scanned_file: Path, qtbot: QtBot) -> MainWindow:
    """A window in which it is open."""
    with qtbot.waitSignal(window.session.opened, timeout=30_000):
        window.session.open_file(scanned_file)
    qtbot.waitUntil(lambda: "scanner's artefact is in the EEG" in window.page.notes.text, timeout=20_000)
    return window


def spread_uv(window: MainWindow) -> float:
    return float(window.session.recording.read([0], 20.0, 10.0)[0].std())


def test_the_artefact_goes_from_traces_and_analysis_at_a_key_and_comes_back_at_it(scanned: MainWindow, qtbot: QtBot):
    session, traces = scanned.session, scanned.page.traces
    traces.go_to(30.0)
    assert spread_uv(scanned) > 500
    assert not scanned.actions_by_id["artefacts_shown"].isEnabled()
    with qtbot.waitSignal(session.exchanged, timeout=30_000):
        scanned.actions_by_id["artefacts"].trigger()
    assert isinstance(session.recording, ArtefactFreeRecording)
    assert traces._recording is session.recording
    assert traces.position_s == 30.0
    assert 15 < spread_uv(scanned) < 30
    assert session.analysis.is_running or session.analysis.results
    assert "The scanner's artefact is subtracted" in scanned.page.notes.text
    with qtbot.waitSignal(session.exchanged, timeout=30_000):
        scanned.actions_by_id["artefacts"].trigger()
    assert not isinstance(session.recording, ArtefactFreeRecording)
    assert traces._recording is session.recording
    assert spread_uv(scanned) > 500


def test_before_and_after_are_one_key_apart_and_the_analysis_goes_on(scanned: MainWindow, qtbot: QtBot):
    session, traces = scanned.session, scanned.page.traces
    with qtbot.waitSignal(session.exchanged, timeout=30_000):
        scanned.actions_by_id["artefacts"].trigger()
    free = session.recording
    scanned.actions_by_id["artefacts_shown"].trigger()
    assert traces._recording is free.raw
    assert session.recording is free
    assert "with the scanner's artefact in them" in scanned.page.notes.text
    scanned.actions_by_id["artefacts_shown"].trigger()
    assert traces._recording is free
    scanned.actions_by_id["artefacts_shown"].trigger()
    scanned.actions_by_id["artefacts"].trigger()
    assert not scanned.actions_by_id["artefacts_shown"].isChecked()
    assert traces._recording is session.recording is free.raw


def test_the_file_stays_as_it_was(scanned: MainWindow, scanned_file: Path, qtbot: QtBot):
    before = {path.name: path.read_bytes() for path in scanned_file.parent.iterdir()}
    with qtbot.waitSignal(scanned.session.exchanged, timeout=30_000):
        scanned.actions_by_id["artefacts"].trigger()
    scanned.page.traces.settle()
    assert {path.name: path.read_bytes() for path in scanned_file.parent.iterdir()} == before


def test_without_triggers_there_is_nothing_to_subtract(window: MainWindow, infant_file: Path, qtbot: QtBot):
    with qtbot.waitSignal(window.session.opened, timeout=30_000):
        window.session.open_file(infant_file)
    assert not window.actions_by_id["artefacts"].isEnabled()
