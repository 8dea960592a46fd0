import argparse
import importlib.metadata
import json

import pytest

from app.commands import doctor
from app.commands.doctor import Verdict, examine
from inference.imaging.atlas import approximate_atlas
from inference.runtime.package import ONNX_NAME
from inference.runtime.registry import survey_packages
from tests.inference.runtime.packages import make_burst_package


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def run(*words):
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    return doctor.run(parser.parse_args(["doctor", *words]))


def verdicts(subject):
    return [finding.verdict for finding in examine() if finding.subject == subject]


def test_every_subject_is_told_in_one_sentence(capsys):
    assert run("--json") in (0, 2)
    findings = json.loads(capsys.readouterr().out)["findings"]
    subjects = {finding["subject"] for finding in findings}
    assert {"python", "screen", "fonts", "runtime", "gpu", "models", "training", "atlas", "disk"} <= subjects
    assert all(finding["sentence"].endswith(".") for finding in findings)


def test_two_distributions_of_the_runtime_are_wrong(monkeypatch):
    both = {"onnxruntime": ["onnxruntime", "onnxruntime-gpu"]}
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: both)
    assert Verdict.WRONG in verdicts("runtime")
    assert run() == 2


def test_a_damaged_network_is_wrong(monkeypatch, tmp_path):
    package = make_burst_package(tmp_path)
    (package.folder / ONNX_NAME).write_bytes(b"altered")
    monkeypatch.setattr(doctor, "survey_packages", lambda: survey_packages(tmp_path))
    assert verdicts("models") == [Verdict.WRONG]


def test_a_machine_without_a_screen_can_still_draw():
    assert verdicts("screen") in ([Verdict.ABSENT], [Verdict.OK])


def test_a_network_that_is_not_installed_is_absent_and_what_it_would_tell_is_said(monkeypatch, tmp_path):
    make_burst_package(tmp_path, "dsmn-ess")
    monkeypatch.setattr(doctor, "survey_packages", lambda: survey_packages(tmp_path))
    models = [finding for finding in examine() if finding.subject == "models"]
    assert [finding.verdict for finding in models] == [Verdict.OK, *(3 * [Verdict.ABSENT])]
    assert models[-1].sentence == "sleep-staging is not installed: sleep is not staged."


def test_an_atlas_that_was_named_and_is_none_is_wrong(monkeypatch, tmp_path):
    image = tmp_path / "atlas.nii.gz"
    image.write_bytes(b"no image")
    monkeypatch.setenv("SPASMLENS_ATLAS", str(image))
    assert verdicts("atlas") == [Verdict.WRONG]


def test_a_machine_without_the_atlas_is_told_where_it_goes(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "find_atlas", lambda: (approximate_atlas(), ()))
    (finding,) = [finding for finding in examine() if finding.subject == "atlas"]
    assert finding.verdict is Verdict.ABSENT
    assert "SPASMLENS_ATLAS" in finding.sentence and "approximate" in finding.sentence
