import argparse
from pathlib import Path

import edfio
import pytest

from app.commands import simulate
from inference.errors import RecordingError
from inference.labels.hypnogram_formats import read_hypnogram
from inference.simulate.syndromes import Syndrome


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spasmlens")
    simulate.add_parser(parser.add_subparsers())
    return parser


def run(parser: argparse.ArgumentParser, *words: str) -> int:
    return simulate.run(parser.parse_args(["simulate", *words]))


def test_a_case_and_its_truth_are_written_and_named(parser, tmp_path, capsys):
    assert run(parser, "infant", "--out", str(tmp_path), "--seed", "3", "--minutes", "0.25") == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [str(tmp_path / "infant-0003.edf"), str(tmp_path / "infant-0003_truth.tsv")]
    edf = edfio.read_edf(tmp_path / "infant-0003.edf")
    assert edf.duration == 15.0
    assert edf.num_signals == 29
    assert {signal.sampling_frequency for signal in edf.signals} == {1024.0}


def test_a_child_of_a_syndrome_is_written_without_telling_it_in_the_recording(parser, tmp_path, capsys):
    words = ("syndrome", "--out", str(tmp_path), "--seed", "4", "--minutes", "0.25", "--syndrome", "EIEE")
    assert run(parser, *words) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path / "syndrome-0004.edf")
    edf = edfio.read_edf(tmp_path / "syndrome-0004.edf")
    assert edf.num_signals == 21
    assert {signal.sampling_frequency for signal in edf.signals} == {1000.0}
    assert b"EIEE" not in (tmp_path / "syndrome-0004.edf").read_bytes()
    assert "Background-burst-suppression" in (tmp_path / "syndrome-0004_truth.tsv").read_text(encoding="utf-8")


def test_the_syndromes_that_can_be_asked_for_are_those_that_can_be_simulated():
    assert tuple(Syndrome) == simulate.SYNDROMES


def test_a_syndrome_is_for_children_of_that_kind_alone(parser, tmp_path):
    with pytest.raises(RecordingError, match="not for infant"):
        run(parser, "infant", "--out", str(tmp_path), "--syndrome", "CAE")


def test_sleep_is_written_with_the_hypnogram_that_is_true(parser, tmp_path, capsys):
    assert run(parser, "sleep", "--out", str(tmp_path), "--seed", "3", "--minutes", "2") == 0
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names == ["sleep-0003.edf", "sleep-0003_truth.tsv", "sleep-0003_hypnogram.edf"]
    edf = edfio.read_edf(tmp_path / "sleep-0003.edf")
    assert (edf.duration, edf.num_signals) == (120.0, 24)
    assert read_hypnogram(tmp_path / "sleep-0003_hypnogram.edf").n_epochs == 4


def test_eeg_fmri_is_a_data_set_with_the_stages_apart(parser, tmp_path, capsys):
    assert run(parser, "eeg-fmri", "--out", str(tmp_path), "--seed", "3", "--minutes", "1") == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name for path in written] == [
        "sub-03_task-sleep_run-1_eeg.vhdr",
        "sub-03_task-sleep_run-1_bold.nii.gz",
        "sub-03-sleep-stage.tsv",
    ]
    assert read_hypnogram(written[-1]).n_epochs == 2
    assert not any(b"Sleep" in path.read_bytes() for path in written[0].parent.glob("*_eeg.[ve]*"))


def test_a_second_run_leaves_the_first_case_alone(parser, tmp_path):
    words = ("infant", "--out", str(tmp_path), "--minutes", "0.1")
    run(parser, *words)
    with pytest.raises(RecordingError, match=r"infant-0000\.edf exists already"):
        run(parser, *words)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["unicorn", "--out", "x"], "invalid choice"),
        (["infant"], "--out"),
        (["infant", "--out", "x", "--seed", "-1"], "negative"),
        (["infant", "--out", "x", "--minutes", "0"], "not between"),
        (["infant", "--out", "x", "--minutes", "nan"], "not between"),
        (["infant", "--out", "x", "--minutes", "6000"], "not between"),
    ],
)
def test_a_wrong_word_is_explained(parser, words, reason, capsys):
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(["simulate", *words])
    assert stop.value.code == 2
    assert reason in capsys.readouterr().err


def test_a_recording_that_would_not_fit_the_memory_is_refused_before_anything_is_written(parser, tmp_path):
    with pytest.raises(RecordingError, match="infant is at most 180 minutes"):
        run(parser, "infant", "--out", str(tmp_path / "none"), "--minutes", "600")
    assert not (tmp_path / "none").exists()


def test_the_help_tells_a_newcomer_what_comes_out(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["simulate", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in simulate.KINDS)
    assert "_truth.tsv" in text
    assert "same seed" in text
