"""Drawing the real window into a file, on a machine without a screen."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tqdm import tqdm

from inference.errors import RecordingError, SpasmlensError

if TYPE_CHECKING:
    from app.fmri.opening import StudyFiles
    from app.window import MainWindow

_POLL_S = 0.02
_BAR = "{desc} {percentage:3.0f} %|{bar}| {remaining} left"


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What the ROI map is to show; ``fmri`` None is the run beside the recording, ``region`` 0 none."""

    fmri: Path | None = None
    mode: str = "planes"
    source: str = "voxels"
    region: int = 0


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What to draw: ``file`` None is the demonstration case, ``at_s`` None the first event."""

    out: Path
    file: Path | None = None
    at_s: float | None = None
    panel: str = "events"
    size_px: tuple[int, int] = (1600, 900)
    theme: str = "light"
    analyse: bool = True
    brain: MapRequest = MapRequest()


def draw_window(request: PictureRequest) -> None:
    """Open the window offscreen, wait until it shows what it has to show, and write it to a PNG file.

    Settings and study are fresh and thrown away afterwards: a picture depends on nothing that was done before and
    leaves no trace.

    Raises
    ------
    SpasmlensError
        The recording cannot be opened or analysed, or the file cannot be written.
    """
    # Must be set before Qt is asked for a screen.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication(sys.argv[:1])
    with TemporaryDirectory(prefix="spasmlens-") as folder:
        _draw(request, Path(folder))
    application.processEvents()


def _draw(request: PictureRequest, folder: Path) -> None:
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtGui import QCursor

    from app.settings import Settings
    from app.window import MainWindow

    settings = Settings.in_file(folder / "settings.ini")
    settings.theme = request.theme
    settings.analyse_on_open = request.analyse
    window = MainWindow(settings, folder / "study")
    failures: list[str] = []
    window.session.open_failed.connect(failures.append)
    window.session.tr_needed.connect(lambda _path, sentence: failures.append(sentence))
    window.session.failed.connect(failures.append)
    window.session.opening.connect(_tell)
    try:
        window.resize(*request.size_px)
        # No pointer rests on anything in a picture.
        QCursor.setPos(*request.size_px)
        window.show()
        _open(window, request, failures)
        window.show_panel(request.panel)
        _go_to(window, request.at_s)
        _settle_explanation(window, request)
        _settle_map(window, request.brain)
        # A lane, or a picture of another height, moves what stands beside it.
        QCoreApplication.processEvents()
        window.page.traces.settle()
        if not window.grab().save(str(request.out), "PNG"):
            raise RecordingError(f"{request.out} cannot be written.")
    finally:
        window.close()


def _open(window: "MainWindow", request: PictureRequest, failures: list[str]) -> None:
    session = window.session
    if request.file is None:
        session.open_demonstration()
    else:
        found: list[StudyFiles] = []
        session.several_found.connect(found.extend)
        session.open_file(request.file, request.brain.fmri)
        _wait(lambda: session.recording is not None or bool(failures or found))
        if found:
            _tell(f"{len(found)} studies are here; drawing {found[0].recording.name}", -1.0)
            session.open_file(*found[0])
    _wait(lambda: session.recording is not None or bool(failures))
    with tqdm(total=1.0, desc="Analysing", bar_format=_BAR, disable=None, delay=1, leave=False) as bar:

        def is_analysed() -> bool:
            bar.update(session.analysis.progress.fraction - bar.n)
            is_opening = session.fmri.phase == "opening"
            is_busy = session.analysis.is_running or is_opening or window.features.quality.is_busy
            return not is_busy or bool(failures)

        _wait(is_analysed)
    if failures:
        raise SpasmlensError(failures[0])


def _go_to(window: "MainWindow", at_s: float | None) -> None:
    events = [event for event in window.session.events if not event.is_near_miss]
    if at_s is not None:
        window.page.traces.go_to(at_s)
    elif events:
        window.queue.select(events[0].event_id)


def _settle_explanation(window: "MainWindow", request: PictureRequest) -> None:
    if request.panel not in ("attribution", "scalogram"):
        return
    window.actions_by_id["relevance"].setChecked(True)
    if not window.queue.current_id:
        window.actions_by_id["explain_here"].trigger()
    _wait(lambda: window.features.explainer.feed.is_idle)


def _settle_map(window: "MainWindow", brain: MapRequest) -> None:
    from app.panels.fmri.frames import Mode, Source

    roi_map = window.roi_map
    if not roi_map.isVisible() or window.session.fmri.study is None:
        return
    roi_map.set_mode(Mode(brain.mode))
    roi_map.set_source(Source(brain.source))
    if brain.region and window.session.fmri.study.series is not None:
        roi_map.select_region(brain.region)
        roi_map.region_chosen.emit(brain.region, False)
    _wait(lambda: roi_map.feed.is_idle and not roi_map.awaits_relevance)


def _tell(sentence: str, _fraction: float) -> None:
    sys.stderr.write(f"{sentence}\n")


def _wait(is_there: Callable[[], bool]) -> None:
    from PySide6.QtCore import QCoreApplication

    while not is_there():
        QCoreApplication.processEvents()
        time.sleep(_POLL_S)
