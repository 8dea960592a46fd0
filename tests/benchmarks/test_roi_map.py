"""Prints how long the ROI map takes from volume to volume, and what it adds to the frames of a scrolling window.

A loaded machine is no reason to fail.
"""

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.fmri.run import FmriPhase, FmriRun
from app.panels.fmri.frames import Mode, Source
from app.panels.roi_map import RoiMap
from app.settings import Settings
from app.theme import LIGHT
from app.window import MainWindow
from inference.imaging.fmri_study import FmriStudy, open_fmri
from tests.app.panels.fmri.runs import brain_affine
from tests.inference.imaging.brains import brain_image
from tests.inference.imaging.images import write_run
from tests.inference.imaging.test_fmri_study import write_study

#: The voxels of a usual run in MNI space: 3 mm.
STEP_MM, GRID = 3.0, (64, 76, 64)
N_VOLUMES = 60
TR_S = 2.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> FmriStudy:
    path = tmp_path_factory.mktemp("run") / "run_bold.nii"
    affine = brain_affine(STEP_MM, grid=GRID)
    mean = brain_image(affine, GRID).astype(np.float32)[..., None]
    noise = np.random.default_rng(1).normal(0, 12, (*GRID, N_VOLUMES)).astype(np.float32)
    write_run(path, (mean + noise).astype(np.int16), affine=affine, code=4, tr=TR_S)
    opened = open_fmri(None, path)
    assert opened is not None and opened.series is not None
    return opened


def show(panel: RoiMap, volume: int) -> float:
    """Go to a volume and give the seconds until its picture is painted."""
    start = time.perf_counter()
    panel.set_time(volume * TR_S + 0.1)
    while not panel.feed.is_idle:
        QApplication.processEvents()
        time.sleep(0.0005)
    panel._views.repaint()
    return time.perf_counter() - start


@pytest.mark.parametrize(("mode", "source"), [*((Mode.PLANES, s) for s in Source), (Mode.MOSAIC, Source.VOXELS)])
def test_a_change_of_volume_is_measured(qtbot, capsys, study: FmriStudy, mode: Mode, source: Source, tmp_path: Path):
    panel = RoiMap(LIGHT, 0.0, radiological=True)
    qtbot.addWidget(panel)
    panel.resize(368, 780)
    panel.show()
    run = FmriRun(panel)
    run.take(study)
    panel.show_run(run)
    panel.region = 12
    panel.set_mode(mode)
    panel.set_source(source)
    try:
        show(panel, 0)
        changes_ms = [1000 * show(panel, volume) for volume in range(1, 41)]
    finally:
        panel.close_feed()
    with capsys.disabled():
        print(
            f"\nROI map, {mode} of {source}, {GRID} voxels: "
            f"median {np.median(changes_ms):.1f} ms, longest of 40 {np.max(changes_ms):.1f} ms"
        )
    assert panel._frame.request.volume == 40


def scroll(window: MainWindow, seconds: float) -> tuple[list[float], int]:
    """Scroll a page a second, 60 frames a second; give what the GUI thread took for each, and the volumes passed."""
    frames_ms, volumes = [], set()
    begun = time.perf_counter()
    for number in range(round(60 * seconds)):
        time.sleep(max(0.0, begun + number / 60 - time.perf_counter()))
        start = time.perf_counter()
        window.page.traces.go_to(number / 60 * window.page.traces.page_s)
        QApplication.processEvents()
        frames_ms.append(1000 * (time.perf_counter() - start))
        volumes.add(window.roi_map.volume)
    return frames_ms, len(volumes)


@pytest.mark.parametrize("panel", ["traces", "roi-map"])
def test_scrolling_beside_the_map_is_measured(qtbot, capsys, tmp_path: Path, panel: str, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    eeg, _bold = write_study(tmp_path / "bids")
    settings = Settings.in_file(tmp_path / "settings.ini")
    settings.analyse_on_open = False
    window = MainWindow(settings, tmp_path / "study")
    window.resize(1600, 900)
    window.show()
    try:
        window.session.open_file(eeg)
        qtbot.waitUntil(lambda: window.session.fmri.phase is FmriPhase.READY, timeout=60_000)
        window.show_panel(panel)
        window.page.traces.settle()
        frames_ms, n_volumes = scroll(window, 10.0)
    finally:
        window.close()
    with capsys.disabled():
        median_ms, p99_ms = np.percentile(frames_ms, (50, 99))
        print(f"\nscrolling at 1600 x 900 with {panel}: median {median_ms:.1f} ms, 99th percentile {p99_ms:.1f} ms")
    assert n_volumes > 40
