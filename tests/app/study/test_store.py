import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.study.kept_results import KeptResult
from app.study.opening import open_study, read_labels
from app.study.store import APPLICATION_ID, DATABASE_NAME, SCHEMA_VERSION
from inference.errors import StudyError
from tests.app.study.conftest import FINGERPRINT, Result


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


#: What was added to the table of analyses, by the version that did.
ADDED = {2: ("gist",), 3: ("channels", "calibration"), 4: ("result",)}


def make_older(folder, version):
    """Turn a study into one of an earlier version, which kept less of what a network said."""
    for later in range(version + 1, SCHEMA_VERSION + 1):
        for column in ADDED[later]:
            execute(folder, f"ALTER TABLE analysis DROP COLUMN {column}")
    execute(folder, f"PRAGMA user_version = {version}")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_study_of_an_earlier_version_is_brought_up_to_date_with_everything_in_it(open_study, tmp_path, version):
    study = open_study(duration_s=90.0)
    study.set_detections([Result()])
    study.accept("d1")
    study.close()
    make_older(tmp_path / "study", version)
    again = open_study()
    (analysis,) = again.analyses
    assert (analysis.rule, analysis.gist) == (Result.events, "" if version == 1 else Result.gist)
    assert len(analysis.detections) == 3 and analysis.result == KeptResult()
    assert again.annotations == study.annotations
    again.set_detections([Result()])
    again.score(0.0, 30.0, "N1")
    again.close()
    once_more = open_study()
    assert once_more.analyses[0].gist == Result.gist
    assert once_more.own_scoring.hypnogram.stages == ("N1", "?", "?")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_study_of_an_earlier_version_is_read_without_changing_it(open_study, tmp_path, version):
    study = open_study()
    study.set_detections([Result()])
    study.accept("d1")
    study.close()
    make_older(tmp_path / "study", version)
    before = (tmp_path / "study" / DATABASE_NAME).read_bytes()
    assert len(read_labels(tmp_path / "study").events) == 1
    assert (tmp_path / "study" / DATABASE_NAME).read_bytes() == before


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


@contextmanager
def unprivileged():
    """Be somebody who may not write everywhere, as root may."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only_folder(folder):
    """The study in a folder that nobody may write, outside of pytest's own, which others may not enter."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        shared = Path(place) / "study"
        shutil.copytree(folder, shared)
        (shared / "study.lock").unlink()
        (shared / DATABASE_NAME).chmod(0o444)
        shared.chmod(0o555)
        yield shared
        shared.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's here")
def test_a_read_only_study_can_be_exported_and_is_not_edited(read_only_folder):
    with unprivileged():
        assert read_labels(read_only_folder).annotations == ()
        with pytest.raises(StudyError, match=r"study\.sqlite cannot be opened: no permission"):
            open_study(Path("night.edf"), FINGERPRINT, read_only_folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's here")
def test_a_study_that_may_not_be_read_gives_a_sentence(read_only_folder):
    (read_only_folder / DATABASE_NAME).chmod(0o000)
    with unprivileged(), pytest.raises(StudyError, match="Permission denied"):
        read_labels(read_only_folder)
