"""The command line: help for a newcomer, one sentence for a fault of the world's, exit codes to trust."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli, starting
from app.commands import demo, screenshot
from app.commands import open as open_command
from app.shortcuts import ACTIONS
from inference.errors import RecordingError


def parse(*words: str) -> argparse.Namespace:
    parser, names = cli.build_parser()
    return parser.parse_args(cli._with_command(list(words), names))


def test_a_file_alone_means_open():
    args = parse("night.edf", "--study", "folder")
    assert args.run is open_command.run
    assert (args.file, args.study) == (Path("night.edf"), Path("folder"))


def test_nothing_at_all_means_an_empty_window():
    args = parse()
    assert args.run is open_command.run
    assert args.file is None


def test_every_command_has_help_of_its_own_in_whole_sentences():
    parser, names = cli.build_parser()
    choices = next(action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    assert {"open", "demo", "info", "analyze", "screenshot", "export", "simulate", "score", "doctor"} <= set(names)
    for name in names:
        assert choices[name].description, name
        assert choices[name].get_default("run") is not None, name


def test_the_help_shows_examples(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert "spasmlens night.edf" in capsys.readouterr().out


def test_a_fault_of_the_worlds_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(_args: argparse.Namespace) -> int:
        raise RecordingError("night.edf is empty.")

    monkeypatch.setattr(demo, "run", fail)
    assert cli.main(["demo"]) == 2
    assert capsys.readouterr().err == "spasmlens: night.edf is empty.\n"


def test_an_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch):
    def interrupt(_args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupt)
    assert cli.main(["demo"]) == 130


def test_opening_without_a_screen_is_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(open_command, "has_screen", lambda: False)
    assert cli.main(["open"]) == 2
    assert "spasmlens screenshot" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a screen")
def test_a_screen_is_found_by_its_variables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not starting.has_screen()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert starting.has_screen()


@pytest.mark.parametrize(("words", "told"), [(["--size", "huge"], "WIDTHxHEIGHT"), (["--at", "-3"], "0 or more")])
def test_a_picture_of_impossible_size_or_time_is_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        cli.main(["screenshot", "night.edf", "--out", "page.png", *words])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_pictures_are_of_panels_that_exist():
    panels = {spec.action_id.removesuffix("_panel") for spec in ACTIONS if spec.action_id.endswith("_panel")}
    assert set(screenshot.PANELS) == {"traces", *panels}


def run_spasmlens(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


def test_a_picture_of_a_recording_is_the_real_window_at_the_asked_size(infant_file: Path, tmp_path: Path):
    from PySide6.QtGui import QImage

    out = tmp_path / "page.png"
    done = run_spasmlens("screenshot", str(infant_file), "--out", str(out), "--size", "1000x700", "--no-analysis")
    assert done.returncode == 0, done.stderr
    picture = QImage(str(out))
    assert (picture.width(), picture.height()) == (1000, 700)
    colours = {picture.pixel(x, y) for x in range(0, 1000, 5) for y in range(0, 700, 5)}
    assert len(colours) > 30


def test_a_picture_of_a_missing_file_is_one_sentence_and_exit_code_2(tmp_path: Path):
    done = run_spasmlens("screenshot", str(tmp_path / "none.edf"), "--out", str(tmp_path / "page.png"))
    assert done.returncode == 2
    assert "none.edf" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "page.png").exists()
