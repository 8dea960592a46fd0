"""Fixtures that every test may use."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inference.runtime.package import ModelPackage

REPOSITORY = Path(__file__).parent.parent

# Set before any Qt module is imported: the tests draw the same widgets without a screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of the real recordings, which are not part of the repository."""
    folder = Path(os.environ.get("SPASMLENS_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings are not here ({folder}); set SPASMLENS_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def untrained_packages(pytestconfig: pytest.Config) -> "dict[str, ModelPackage]":
    """Packages of the networks that tell more than spasms, with random weights."""
    pytest.importorskip("torch")
    from tests.inference.runtime.networks import find_networks

    # Their export takes half a minute, which only a change of what is exported is worth.
    return find_networks(pytestconfig.cache.mkdir("networks"))
