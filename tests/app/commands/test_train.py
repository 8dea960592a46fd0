import argparse
from pathlib import Path

import pytest

from app.commands import train
from inference.errors import TrainingError
from inference.training.progress import TrainingProgress
from inference.training.recipes import RECIPES, TrainOptions, find_recipe


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spasmlens")
    train.add_parser(parser.add_subparsers())
    return parser


def test_what_is_not_asked_for_is_left_to_the_recipe(parser):
    args = parser.parse_args(["train", "iess-fusionnet"])
    assert train.read_options(args) == TrainOptions()


def test_every_option_reaches_the_recipe(parser):
    words = ["--seed=3", "--device=cpu", "--resume", "--threads=1", "--minutes-limit=2.5", "--patients=4", "--steps=7"]
    args = parser.parse_args(["train", "iess-fusionnet", "--out=here", "--work=there", *words])
    assert train.read_options(args) == TrainOptions(
        seed=3,
        device="cpu",
        n_threads=1,
        work_folder=Path("there"),
        resume=True,
        minutes_limit=2.5,
        n_patients=4,
        n_steps=7,
    )


@pytest.mark.parametrize(
    "words", [["no-such-network"], ["iess-fusionnet", "--steps", "0"], ["iess-fusionnet", "--device", "abacus"]]
)
def test_what_cannot_be_trained_is_refused(parser, words, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["train", *words])
    assert "Traceback" not in capsys.readouterr().err


def test_every_recipe_trains_when_it_is_asked(tmp_path):
    for name in RECIPES:
        with pytest.raises(TrainingError, match="seed"):
            next(find_recipe(name).train(tmp_path, TrainOptions(seed=-1, device="cpu")))


def test_each_stage_has_a_bar_that_counts_what_was_done_before_a_kill_as_done(capsys):
    stages = [TrainingProgress("simulating", 1, 1), *(TrainingProgress("training", n, 9, "loss 0.5") for n in (8, 9))]
    train.show_progress(iter(stages))
    shown = capsys.readouterr().err
    assert "simulating: 100%" in shown
    assert "9/9" in shown
    assert "1/9" not in shown
