import argparse
import json
from dataclasses import replace

import onnx
import pytest

from app.commands import models
from inference.runtime.cards import NetworkCost, write_card
from inference.runtime.package import ONNX_NAME, digest_file
from inference.runtime.registry import survey_packages
from tests.inference.runtime.packages import make_burst_package


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "survey_packages", lambda: survey_packages(tmp_path))
    return tmp_path


def run(*words):
    parser = argparse.ArgumentParser()
    models.add_parser(parser.add_subparsers())
    return models.run(parser.parse_args(["models", *words]))


def test_a_list_says_what_each_network_was_trained_on(folder, capsys):
    make_burst_package(folder)
    assert run("list") == 0
    told = capsys.readouterr().out
    assert "burst-finder 1.0.0" in told
    assert "not clinically validated" in told


def test_a_list_shows_the_cost_of_a_network_beside_its_papers(folder, capsys):
    package = make_burst_package(folder)
    cost = {"network": NetworkCost(817_378, 345_219_200), "Bi-Mamba": NetworkCost(269_568, 34_103_296)}
    paper_cost = {"Bi-Mamba": NetworkCost(0.25e6, 0.22e9), "Attention": NetworkCost(0.58e6)}
    write_card(package.folder, replace(package.card, cost=cost, paper_cost=paper_cost))
    assert run("list") == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "whole network: 0.82 M parameters, 0.35 GFLOPs; the paper: not given" in lines
    assert "Bi-Mamba: 0.27 M parameters, 0.03 GFLOPs; the paper: 0.25 M parameters, 0.22 GFLOPs" in lines
    assert "Attention: not measured; the paper: 0.58 M parameters" in lines
    assert run("list", "--json") == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["cost"]["network"] == {"parameters": 817_378, "flops": 345_219_200}
    assert model["paper_cost"]["Attention"] == {"parameters": 0.58e6, "flops": None}


def test_intact_networks_pass_verification(folder, capsys):
    package = make_burst_package(folder)
    assert run("verify", "--json") == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["digest"] == package.reference.digest


def test_an_altered_file_fails_verification(folder, capsys):
    make_burst_package(folder, "good")
    bad = make_burst_package(folder, "bad")
    (bad.folder / ONNX_NAME).write_bytes(b"altered")
    assert run("verify") == 2
    told = capsys.readouterr()
    assert "good 1.0.0  verified" in told.out
    assert "SHA-256 differs" in told.err


def test_a_network_that_cannot_be_loaded_fails_verification(folder, capsys):
    package = make_burst_package(folder)
    model = onnx.load(package.folder / ONNX_NAME)
    model.graph.node[0].op_type = "ReadMinds"
    onnx.save(model, package.folder / ONNX_NAME)
    files = {**package.card.files, ONNX_NAME: digest_file(package.folder / ONNX_NAME)}
    write_card(package.folder, replace(package.card, files=files))
    assert run("verify") == 2
    assert "cannot be run" in capsys.readouterr().err


def test_no_network_at_all_is_said(folder, capsys):
    assert run("list") == 0
    assert "No model package" in capsys.readouterr().out


def test_networks_of_every_kind_pass_verification_and_are_told_with_their_questions(folder, untrained_packages, capsys):
    for name, package in untrained_packages.items():
        (folder / name).symlink_to(package.folder)
    assert run("verify", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    kinds = {model["name"]: (model["kind"], list(model["tasks"])) for model in told["models"]}
    assert kinds == {
        "dsmn-ess": ("montage", ["syndrome", "seizure"]),
        "focus-localisation": ("channel", ["focus"]),
        "sleep-staging": ("sleep", ["sleep_stage"]),
    }
    assert told["missing"] == ["iess-fusionnet is not installed: spasms are not looked for."]


def test_a_damaged_network_is_not_called_missing(folder, untrained_packages, capsys):
    for name, package in untrained_packages.items():
        (folder / name).mkdir()
        for file in package.folder.iterdir():
            (folder / name / file.name).symlink_to(file)
    (folder / "sleep-staging" / ONNX_NAME).unlink()
    assert run("verify") == 2
    told = capsys.readouterr()
    assert "sleep-staging" in told.err
    assert "sleep-staging is not installed" not in told.out
