import json

import numpy as np
import pytest

from app.cli import main
from app.commands._inferring import write_recording
from inference.recordings import open_recording
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import SPEC


def test_the_made_recording_has_the_channels_that_the_spasm_network_was_made_for(tmp_path):
    write_recording(tmp_path / "bench.edf", 2.0)
    recording = open_recording(tmp_path / "bench.edf")
    assert recording.duration_s == 120.0
    assert recording.problems == ()
    assert [channel.electrode for channel in recording.channels[:25]] == list(SPEC.eeg_electrodes)
    assert {channel.rate_hz for channel in recording.channels} == {1024.0}
    assert [channel.kind for channel in recording.channels] == ["eeg"] * 25 + ["emg"] * 4
    eeg, muscle = recording.read([0, 25], 0.0, 10.0)
    assert 10 < eeg.std() < 200
    assert np.abs(muscle[:1024]).mean() > 5 * np.abs(muscle[2048:]).mean()


@pytest.fixture
def networks(tmp_path, monkeypatch):
    package = make_burst_package(tmp_path, "iess-fusionnet")
    monkeypatch.setattr("app.commands._inferring.shipped_packages", lambda: [package])


def test_the_speed_of_the_networks_is_told_with_stable_keys(networks, capsys):
    assert main(["bench", "infer", "--minutes", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"realtime_factor", "seconds", "provider", "memory_mb", "per_model"} <= set(result)
    assert set(result["per_model"]) == {"iess-fusionnet"}
    assert result["per_model"]["iess-fusionnet"]["events"] == 2
    assert result["realtime_factor"] > 0
    assert result["minutes"] == 1.0
    assert result["per_window"]["ratio"] > 0


def test_the_speed_of_the_networks_is_told_in_sentences(networks, capsys):
    assert main(["bench", "infer", "--minutes", "1"]) == 0
    assert "times as fast as real time" in capsys.readouterr().out


def test_without_the_spasm_network_there_is_nothing_to_measure(monkeypatch, capsys):
    monkeypatch.setattr("app.commands._inferring.shipped_packages", list)
    assert main(["bench", "infer", "--minutes", "1"]) == 2
    assert "iess-fusionnet is not installed" in capsys.readouterr().err
