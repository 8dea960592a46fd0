"""A run that is killed and resumed ends as one that was left alone, or says why it cannot."""

import dataclasses
import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from inference.errors import TrainingError
from inference.training.checkpoints import RECORD_NAME, Checkpoint
from tests.conftest import REPOSITORY
from tests.inference.training.toy import SETTINGS, train


class StoppedError(Exception):
    """Ends a run from outside."""


@pytest.fixture(autouse=True)
def one_thread():
    """As the process that is killed has it: the sums of another number of threads may differ."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, torch.Tensor]:
    return train()


def same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def stop_at(step: int):
    def on_step(report):
        if report.step == step:
            raise StoppedError

    return on_step


def start(folder) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "tests.inference.training.toy", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY)


def test_a_run_that_was_killed_twice_ends_with_the_same_weights_bit_for_bit(undisturbed, tmp_path):
    seen = []
    for wanted in (5, 19):
        with start(tmp_path) as process:
            for line in process.stdout:
                seen.append(int(line))
                if seen[-1] >= wanted:
                    process.kill()
                    break
        assert process.returncode not in (0, None)
    with start(tmp_path) as process:
        steps = [int(line) for line in process.stdout]
    assert process.returncode == 0
    assert 19 <= steps[0] <= SETTINGS.n_steps, "the third process began anew"
    assert same(load_file(tmp_path / "weights.safetensors"), undisturbed)


@pytest.mark.parametrize("every_s", [0.0, 3600.0])
def test_a_run_that_is_closed_keeps_its_place_and_its_learning_curve(undisturbed, tmp_path, every_s):
    with pytest.raises(StoppedError):
        train(tmp_path / "disturbed", every_s=every_s, on_step=stop_at(11))
    steps = []
    weights = train(tmp_path / "disturbed", every_s=every_s, on_step=lambda report: steps.append(report.step))
    assert steps[0] == 12
    assert same(weights, undisturbed)
    train(tmp_path / "whole")
    assert Checkpoint(tmp_path / "disturbed").read_curve() == Checkpoint(tmp_path / "whole").read_curve()


def test_a_run_that_is_over_is_not_run_again(undisturbed, tmp_path):
    train(tmp_path)
    steps = []
    assert same(train(tmp_path, on_step=steps.append), undisturbed)
    assert steps == []


def test_what_a_kill_left_half_written_is_not_read_and_goes_away(undisturbed, tmp_path):
    with pytest.raises(StoppedError):
        train(tmp_path, on_step=stop_at(6))
    (tmp_path / "step-00000007.safetensors").write_bytes(b"half of a ")
    (tmp_path / ".step-00000007.safetensors.x1y2").write_bytes(b"half")
    assert same(train(tmp_path), undisturbed)
    assert {path.name for path in tmp_path.iterdir()} == {RECORD_NAME, "step-00000040.safetensors"}


def flip(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def rewrite(**fields):
    def damage(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return damage


@pytest.mark.parametrize(
    ("name", "damage", "cause"),
    [
        ("step-00000006.safetensors", flip, "digest"),
        ("step-00000006.safetensors", lambda path: path.unlink(), "cannot be read"),
        ("step-00000006.safetensors", lambda path: path.write_bytes(path.read_bytes()[:100]), "digest"),
        (RECORD_NAME, lambda path: path.write_bytes(path.read_bytes()[:100]), "no JSON"),
        (RECORD_NAME, lambda path: path.write_text("[]"), "format"),
        (RECORD_NAME, rewrite(curve=3), "not laid out"),
        (RECORD_NAME, rewrite(step=None), "not laid out"),
        (RECORD_NAME, rewrite(run=None), "belongs to"),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_one_sentence(tmp_path, name, damage, cause):
    with pytest.raises(StoppedError):
        train(tmp_path, on_step=stop_at(6))
    damage(tmp_path / name)
    with pytest.raises(TrainingError, match=rf"{RECORD_NAME} cannot be gone on from, .*{cause}.* begin anew\.$"):
        train(tmp_path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 4}, "seed is 3 there and 4 here"),
        ({"settings": dataclasses.replace(SETTINGS, peak_rate=0.5)}, "peak_rate is 0.02 there and 0.5 here"),
    ],
)
def test_the_checkpoint_of_another_training_is_refused_and_left_alone(tmp_path, changed, told):
    with pytest.raises(StoppedError):
        train(tmp_path, on_step=stop_at(6))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match=told):
        train(tmp_path, **changed)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_checkpoint_of_other_data_is_refused(tmp_path):
    with pytest.raises(StoppedError):
        train(tmp_path, on_step=stop_at(6))
    run = json.loads((tmp_path / RECORD_NAME).read_text())["run"]
    with pytest.raises(TrainingError, match="data is toy there and None here"):
        Checkpoint(tmp_path).load({name: value for name, value in run.items() if name != "made_for"})


def test_a_longer_time_limit_goes_on_from_a_shorter_one(undisturbed, tmp_path):
    steps = []
    train(tmp_path, dataclasses.replace(SETTINGS, minutes_limit=0.0), on_step=steps.append)
    assert len(steps) == 1
    assert same(train(tmp_path), undisturbed)
