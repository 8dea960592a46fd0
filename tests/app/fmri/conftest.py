"""Fixtures for tests of the fMRI in the window: a study in BIDS, and a window whose only network stages sleep."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.settings import Settings
from app.window import MainWindow
from inference.runtime.package import ModelPackage
from tests.inference.imaging.test_fmri_study import write_study

OFFSET_S = 20.0


@pytest.fixture(autouse=True)
def quiet(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Analyse nothing unasked, and unpack images elsewhere than in the user's cache."""
    settings.analyse_on_open = False
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in BIDS with one study of EEG and fMRI."""
    folder = tmp_path_factory.mktemp("fmri") / "bids"
    write_study(folder, OFFSET_S)
    return folder


@pytest.fixture
def staging_window(
    settings: Settings, tmp_path: Path, untrained_packages: dict[str, ModelPackage], qtbot: QtBot
) -> Iterator[MainWindow]:
    """A window whose only network is an untrained one that stages sleep."""
    shutil.copytree(untrained_packages["sleep-staging"].folder, tmp_path / "models" / "sleep-staging")
    window = MainWindow(settings, tmp_path / "study", tmp_path / "models")
    window.show()
    yield window
    window.close()
    window.deleteLater()
