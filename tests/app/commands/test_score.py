import argparse
import json

import pytest

from app.commands import score
from inference.errors import LabelError

HEADER = "onset\tduration\teventType\trecordingDuration\n"


def run(*words):
    parser = argparse.ArgumentParser()
    score.add_parser(parser.add_subparsers())
    return score.run(parser.parse_args(["score", *map(str, words)]))


@pytest.fixture
def files(tmp_path):
    onsets = [100 + 8 * n for n in range(16)] + [2000 + 8 * n for n in range(16)]
    rows = [f"{onset}\t1.0\tsz_uo_m_spasms\t3600\n" for onset in onsets]
    reference, hypothesis = tmp_path / "reference.tsv", tmp_path / "hypothesis.tsv"
    reference.write_text(HEADER + "".join(rows))
    hypothesis.write_text(HEADER + rows[0] + "3000\t1.0\tsz\t3600\n")
    return "--reference", reference, "--hypothesis", hypothesis


def test_json_has_the_keys_that_scripts_depend_on(files, capsys):
    assert run(*files, "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert list(scores) == ["spasm", "cluster", "szcore"]
    assert all({"sensitivity", "precision", "f1", "false_per_hour"} <= set(fields) for fields in scores.values())
    assert scores["szcore"]["sensitivity"] == 0.5
    assert scores["spasm"]["sensitivity"] == pytest.approx(1 / 32)
    assert scores["spasm"]["false_per_hour"] == pytest.approx(1.0)


def test_the_table_shows_all_three_scores(files, capsys):
    run(*files)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["spasm", "cluster", "szcore"]
    assert len({len(line) for line in lines}) == 1


def test_a_missing_file_gives_a_sentence(files, tmp_path):
    with pytest.raises(LabelError, match="does not exist"):
        run("--reference", tmp_path / "none.tsv", *files[2:])
