"""Fixtures for tests of the window: a real recording, a real network, fresh settings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.settings import Settings
from app.window import MainWindow
from inference.simulate import simulate_infant, write_case
from tests.inference.runtime.packages import make_burst_package


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of somebody who has never used the program."""
    return Settings.in_file(tmp_path / "settings.ini")


@pytest.fixture(scope="session")
def infant_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated infant with spasms, one minute long."""
    folder = tmp_path_factory.mktemp("infant")
    return write_case(simulate_infant(20, 60.0, 256.0), folder)[0]


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small network that finds bursts of muscle activity."""
    folder = tmp_path_factory.mktemp("models")
    make_burst_package(folder)
    return folder


@pytest.fixture
def make_window(
    qtbot: QtBot, settings: Settings, tmp_path: Path, models_folder: Path
) -> Iterator[Callable[[], MainWindow]]:
    """Make windows over one study, and close those that a test leaves open."""
    windows: list[MainWindow] = []

    def make() -> MainWindow:
        window = MainWindow(settings, tmp_path / "study", models_folder)
        window.show()
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    """An empty window."""
    return make_window()


@pytest.fixture
def reading(window: MainWindow, infant_file: Path, qtbot: QtBot) -> MainWindow:
    """A window in which the infant's recording is open and analysed."""
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.session.open_file(infant_file)
    qtbot.waitUntil(lambda: not window.session.analysis.is_running, timeout=30_000)
    assert window.session.events
    return window
