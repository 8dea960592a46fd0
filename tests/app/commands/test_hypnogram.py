import argparse
import json

import pytest

from app.commands import hypnogram
from inference.errors import LabelError
from inference.labels.hypnogram_formats import read_hypnogram, write_hypnogram
from inference.labels.hypnograms import Hypnogram


def run(*words):
    parser = argparse.ArgumentParser()
    hypnogram.add_parser(parser.add_subparsers())
    return hypnogram.run(parser.parse_args(["hypnogram", *map(str, words)]))


@pytest.fixture
def files(tmp_path):
    first = write_hypnogram(tmp_path / "a.json", Hypnogram(("W", "N1", "N2", "N2", "R")), "dreem")
    second = write_hypnogram(tmp_path / "b.txt", Hypnogram(("W", "N1", "N2", "N3", "R")), "yasa")
    return first, second


def test_figures_of_a_night_and_agreement_are_printed(files, capsys):
    assert run(files[0], "--against", files[1]) == 0
    out = capsys.readouterr().out
    assert "5 epochs of 30 s, AASM" in out
    assert "efficiency" in out and "80.0 %" in out
    assert "80.0% of 5 epochs that both scored" in out


def test_json_holds_the_same_for_scripts(files, capsys):
    run(files[0], "--against", files[1], "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["sleep_min"], found["stage_min"]["N2"]) == (2.0, 1.0)
    assert found["agreement"]["disagreements_s"] == [90.0]
    assert found["agreement"]["kappa"] == pytest.approx(0.75)


def test_stages_are_written_in_another_format(files, tmp_path, capsys):
    run(files[0], "--to", "edf", "--out", tmp_path / "x.edf")
    assert str(tmp_path / "x.edf") in capsys.readouterr().out
    assert read_hypnogram(tmp_path / "x.edf").stages == read_hypnogram(files[0]).stages


def test_half_an_order_is_refused(files, tmp_path):
    with pytest.raises(LabelError, match="name both"):
        run(files[0], "--out", tmp_path / "x.edf")
