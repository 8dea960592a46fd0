import argparse

import pytest

from app.commands import export
from app.study.study import Study
from inference.errors import LabelError, StudyError
from tests.app.study.conftest import FINGERPRINT, Result


def run(*words):
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    export.add_parser(subparsers)
    return export.run(parser.parse_args(["export", *map(str, words)]))


@pytest.fixture
def study(tmp_path, qapp):
    study = Study.open(tmp_path / "Smith.edf", FINGERPRINT, tmp_path / "study", "Dr Lee", duration_s=120.0)
    study.set_detections([Result()])
    study.accept("d1")
    study.reject("d2")
    study.close()
    return study.folder


def test_every_format_is_written_and_named(study, tmp_path, capsys):
    assert run(study, "--format", "bids,szcore,edf,training", "--out", tmp_path / "out") == 0
    named = capsys.readouterr().out.splitlines()
    written = {str(path) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert set(named) == written and len(written) == 13


def test_deidentified_exports_name_neither_recording_nor_reader(study, tmp_path):
    run(study, "--format", "bids,szcore,edf,training", "--out", tmp_path / "out", "--deidentify")
    for path in (tmp_path / "out").rglob("*"):
        assert "Smith" not in path.name
        assert path.is_dir() or not {b"Smith", b"Lee"} & {
            name for name in (b"Smith", b"Lee") if name in path.read_bytes()
        }


def test_the_study_file_itself_may_be_named(study, tmp_path):
    assert run(study / "study.sqlite", "--out", tmp_path / "out") == 0


def test_exporting_changes_nothing_in_the_study(study, tmp_path):
    before = (study / "study.sqlite").read_bytes()
    run(study, "--out", tmp_path / "out")
    assert (study / "study.sqlite").read_bytes() == before


def test_what_cannot_be_exported_gives_a_sentence(study, tmp_path):
    with pytest.raises(StudyError, match="there is no study"):
        run(tmp_path / "nowhere", "--out", tmp_path / "out")
    for formats in ("xls", ","):
        with pytest.raises(LabelError, match="choose from bids, szcore, edf, training"):
            run(study, "--format", formats, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
