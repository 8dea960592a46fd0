import argparse
import json

import pytest

from app.commands import info
from tests.inference.recordings.edf_files import FILLER, stamp_records, write_edf


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    info.add_parser(parser.add_subparsers())
    args = parser.parse_args(["info", *arguments])
    return args.run(args)


@pytest.fixture
def recording_path(tmp_path):
    path = tmp_path / "night.edf"
    write_edf(path, annotations=[(1.5, 0.5, "spasm@@EEG F3")])
    return path


def test_json_keeps_its_keys(recording_path, capsys):
    stamp_records(recording_path, [0, 1, 4, 5, 6])
    assert run(str(recording_path), "--json") == 0
    described = json.loads(capsys.readouterr().out)
    assert {"duration_s", "start", "channels", "gaps", "annotations", "problems"} <= described.keys()
    assert described["duration_s"] == 7.0
    assert described["gaps"] == [{"onset_s": 2.0, "duration_s": 2.0}]
    channel = described["channels"][0]
    assert {key: channel[key] for key in ("name", "kind", "unit", "rate_hz", "electrode")} == {
        "name": "EEG F3",
        "kind": "eeg",
        "unit": "uV",
        "rate_hz": 100.0,
        "electrode": "F3",
    }
    assert described["annotations"] == [{"onset_s": 1.5, "duration_s": 0.5, "label": "spasm", "channels": ["EEG F3"]}]
    assert described["problems"] == []


def test_the_table_names_channels_annotations_and_problems(recording_path, capsys):
    content = recording_path.read_bytes()
    recording_path.write_bytes(content[:-300])
    assert run(str(recording_path)) == 0
    shown = capsys.readouterr().out
    assert "EEG F3" in shown
    assert "100 Hz" in shown
    assert FILLER in shown
    assert "! The file is cut off" in shown


def test_bad_input_is_one_sentence_on_stderr_and_code_2(tmp_path, capsys):
    assert run(str(tmp_path / "none.edf")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{tmp_path / 'none.edf'} cannot be opened: there is no such file.\n"
