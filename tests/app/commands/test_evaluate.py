import argparse
import json
from pathlib import Path

import pytest

from app.commands import evaluate
from inference.training.evaluate import PROTOCOLS, EvaluationOrder
from tests.inference.runtime.packages import make_burst_package
from tests.inference.training.test_evaluate import write_infant


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spasmlens")
    evaluate.add_parser(parser.add_subparsers())
    return parser


def test_every_option_reaches_the_evaluation_and_the_recorded_command_repeats_it(parser):
    words = ["evaluate", "sleep-staging", "--data", "a folder", "--protocol", "10-fold", "--seed", "2", "--folds", "4"]
    words += ["--steps", "9", "--wake-minutes", "all"]
    order = evaluate.read_order(
        parser.parse_args([*words, "--threads=2", "--device=cpu", "--provider=cpu", "--work=there"])
    )
    assert order == EvaluationOrder(
        "sleep-staging",
        Path("a folder"),
        "10-fold",
        n_folds=4,
        seed=2,
        n_steps=9,
        device="cpu",
        n_threads=2,
        provider="cpu",
        wake_minutes=None,
        work=Path("there"),
        command=order.command,
    )
    assert order.command == (
        "spasmlens evaluate sleep-staging --data 'a folder' --protocol 10-fold --seed 2 --folds 4 --steps 9 "
        "--wake-minutes all"
    )


def test_the_help_says_which_protocols_train(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["evaluate", "--help"])
    text = capsys.readouterr().out
    for name, meaning in PROTOCOLS.items():
        assert name in text
        assert meaning in text
    assert text.count("nothing is trained") == 2


def test_one_object_is_printed_and_the_record_is_written(parser, tmp_path, capsys):
    package = make_burst_package(tmp_path / "models", "iess-fusionnet").folder
    write_infant(tmp_path / "data", 1, (10.0, 20.0), (10.0,), duration_s=30.0)
    words = ["evaluate", "iess-fusionnet", "--data", str(tmp_path / "data"), "--package", str(package), "--json"]
    assert evaluate.run(parser.parse_args([*words, "--out", str(tmp_path / "out")])) == 0
    printed = json.loads(capsys.readouterr().out)
    written = tmp_path / "out" / "evaluation_iess-fusionnet_simulated_all.json"
    assert json.loads(written.read_text()) == printed
    assert printed["events"]["each spasm"]["false"] == 1
    assert printed["command"].startswith("spasmlens evaluate iess-fusionnet")


@pytest.mark.parametrize("words", [["no-such"], ["dsmn-ess", "--protocol", "thrice"], ["dsmn-ess", "--seed", "-1"]])
def test_what_cannot_be_evaluated_is_refused(parser, words, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["evaluate", *words, "--data", "folder"])
    assert "Traceback" not in capsys.readouterr().err
