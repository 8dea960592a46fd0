import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.study.opening import open_study, read_labels
from app.study.store import APPLICATION_ID, DATABASE_NAME, SCHEMA_VERSION
from inference.errors import StudyError
from tests.app.study.conftest import FINGERPRINT

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path):
    """A study with nothing in it yet, closed."""
    open_study(tmp_path / "night.edf", FINGERPRINT, tmp_path / "study").store.close()
    return tmp_path / "study"


def execute(folder, statement):
    connection = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
    connection.execute(statement)
    connection.close()


def assert_refused_untouched(folder, cause):
    """Both ways of opening refuse with the same kind of sentence and leave every byte as it was."""
    path = folder / DATABASE_NAME
    before = path.read_bytes()
    for way in (lambda: open_study(Path("night.edf"), FINGERPRINT, folder), lambda: read_labels(folder)):
        with pytest.raises(StudyError, match=cause) as caught:
            way()
        assert str(path) in str(caught.value) and str(caught.value).endswith(".")
    assert path.read_bytes() == before


def test_a_study_of_a_newer_version_is_refused(folder):
    execute(folder, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    assert_refused_untouched(folder, "newer version of Spasmlens")


def test_another_program_s_database_is_refused(folder):
    execute(folder, "PRAGMA application_id = 7")
    assert_refused_untouched(folder, "another program's database")


def test_a_database_without_any_mark_is_refused(tmp_path):
    (tmp_path / "study").mkdir()
    execute(tmp_path / "study", "CREATE TABLE bookmarks (url TEXT)")
    assert_refused_untouched(tmp_path / "study", "another program's database")


def test_a_text_file_is_refused(folder):
    (folder / DATABASE_NAME).write_text("dear diary")
    assert_refused_untouched(folder, "no SQLite file")


def test_a_damaged_study_is_refused(folder):
    path = folder / DATABASE_NAME
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\x5a" * 4096
    path.write_bytes(content)
    assert_refused_untouched(folder, "is damaged")


def test_a_study_cut_short_is_refused(folder):
    path = folder / DATABASE_NAME
    path.write_bytes(path.read_bytes()[:5000])
    assert_refused_untouched(folder, "is damaged")


def test_a_journal_with_a_hole_is_refused(folder):
    execute(folder, "INSERT INTO journal VALUES (2, '2026-01-01T00:00:00+00:00', 'r', 'add', NULL, '{}')")
    assert_refused_untouched(folder, "is damaged")


def test_the_journal_cannot_be_rewritten(folder):
    record = '{"added":[],"removed":[],"changed":[]}'
    execute(folder, f"INSERT INTO journal VALUES (1, '2026-01-01T00:00:00+00:00', 'r', 'add', NULL, '{record}')")
    for statement in ("DELETE FROM journal", "UPDATE journal SET author = 'other'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            execute(folder, statement)


def test_a_study_is_marked_as_ours_and_durable(folder):
    connection = sqlite3.connect(folder / DATABASE_NAME)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()
    opened = open_study(Path("night.edf"), FINGERPRINT, folder)
    assert opened.store._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    opened.store.close()


def test_a_study_that_was_begun_but_never_written_is_begun_again(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / DATABASE_NAME).touch()
    open_study(tmp_path / "night.edf", FINGERPRINT, tmp_path / "study").store.close()


@pytest.mark.parametrize("kind", ["nowhere", "folder", "file in the way"])
def test_places_where_no_study_can_be_give_a_sentence(tmp_path, kind):
    place = tmp_path / "study"
    if kind == "file in the way":
        place.write_text("mine")
        with pytest.raises(StudyError, match="cannot be opened"):
            open_study(tmp_path / "night.edf", FINGERPRINT, place)
        assert place.read_text() == "mine"
    if kind == "folder":
        (place / DATABASE_NAME).mkdir(parents=True)
        with pytest.raises(StudyError, match="is a folder"):
            open_study(tmp_path / "night.edf", FINGERPRINT, place)
    with pytest.raises(StudyError):
        read_labels(place)


def run_unprivileged(code, *arguments):
    """Run Python as somebody who may not write: root may write everywhere."""
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, **user,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


_OPEN = """
import sys
from pathlib import Path
from app.study.opening import open_study, read_labels
from inference.errors import StudyError
folder = Path(sys.argv[1])
print(len(read_labels(folder).annotations))
try:
    open_study(Path("night.edf"), sys.argv[2], folder)
except StudyError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's here")
def test_a_read_only_study_can_be_exported_and_is_not_edited(folder, tmp_path_factory):
    shared = Path(os.environ.get("TMPDIR", "/tmp")) / f"spasmlens-read-only-{os.getpid()}"
    shutil.copytree(folder, shared)
    (shared / "study.lock").unlink()
    try:
        for path in shared.iterdir():
            path.chmod(0o444)
        shared.chmod(0o555)
        result = run_unprivileged(_OPEN, shared, FINGERPRINT)
    finally:
        shared.chmod(0o755)
        shutil.rmtree(shared)
    if "ModuleNotFoundError" in result.stderr or "PermissionError" in result.stderr:
        pytest.skip("an unprivileged user may not read this environment")
    assert result.returncode == 0, result.stderr
    count, sentence = result.stdout.splitlines()
    assert count == "0" and "no permission" in sentence and str(shared) in sentence
