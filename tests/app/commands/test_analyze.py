import argparse
import json
import subprocess
import sys

import numpy as np
import pytest

from app.commands import analyze
from inference.archive.table import TABLE_NAME
from inference.errors import AnalysisError, ModelPackageError
from inference.runtime.package import ONNX_NAME
from inference.runtime.registry import PackageSurvey
from tests.inference.archive.recordings import write_edf
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import make_patient

BURSTS_S = (20.0, 41.5)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return make_burst_package(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def installed(monkeypatch, package):
    monkeypatch.setattr(analyze, "survey_packages", lambda: PackageSurvey((package,), ()))


def run(*words):
    parser = argparse.ArgumentParser()
    analyze.add_parser(parser.add_subparsers())
    return analyze.run(parser.parse_args(["analyze", *map(str, words)]))


def test_a_recording_is_analysed_from_file_to_files(tmp_path, capsys):
    path = write_edf(tmp_path / "night.edf", make_patient(60.0, bursts_s=BURSTS_S))
    before = path.read_bytes()
    assert run(path, "--out", tmp_path / "out", "--provider", "cpu") == 0
    told = capsys.readouterr().out
    assert "2 events" in told
    assert "EMG L DELT" in told
    assert "missing: F9" in told
    assert "not clinically validated" in told
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert path.read_bytes() == before


def test_json_is_one_object_with_stable_keys(tmp_path, capsys):
    path = write_edf(tmp_path / "night.edf", make_patient(60.0, bursts_s=BURSTS_S))
    assert run(path, "--out", tmp_path, "--json") == 0
    (summary,) = json.loads(capsys.readouterr().out)["files"]
    assert {"path", "models", "outputs", "problems"} <= set(summary)
    model = summary["models"]["burst-finder"]
    assert {"version", "provider", "channels_used", "channels_missing", "events", "seconds"} <= set(model)
    assert model["events"] == 2


def test_a_file_that_fails_is_told_and_the_others_go_on(tmp_path, capsys):
    good = write_edf(tmp_path / "good.edf", make_patient(30.0))
    (tmp_path / "text.edf").write_text("hello")
    assert run(tmp_path / "text.edf", tmp_path / "none.edf", good, "--out", tmp_path / "out", "--json") == 2
    told = capsys.readouterr()
    assert "text.edf" in told.err
    assert "none.edf" in told.err
    assert "Traceback" not in told.err
    files = json.loads(told.out)["files"]
    assert [bool(file["outputs"]) for file in files] == [False, False, True]


def test_results_of_files_with_the_same_name_do_not_overwrite_each_other(tmp_path, capsys):
    (tmp_path / "b").mkdir()
    first = write_edf(tmp_path / "night.edf", make_patient(30.0))
    second = write_edf(tmp_path / "b" / "night.edf", make_patient(30.0, seed=2))
    assert run(first, second, "--out", tmp_path / "out") == 2
    assert "would overwrite" in capsys.readouterr().err


def test_a_network_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ModelPackageError, match="no model named hunch"):
        run(tmp_path / "x.edf", "--out", tmp_path, "--models", "hunch")


def test_a_damaged_network_is_told_and_the_others_run(tmp_path, capsys, monkeypatch, package):
    broken = make_burst_package(tmp_path / "models", "broken")
    monkeypatch.setattr(analyze, "survey_packages", lambda: PackageSurvey((broken, package), ("another is damaged.",)))
    (broken.folder / ONNX_NAME).write_bytes(b"x")
    path = write_edf(tmp_path / "night.edf", make_patient(30.0))
    assert run(path, "--out", tmp_path / "out", "--json") == 0
    told = capsys.readouterr()
    assert "another is damaged" in told.err
    assert "SHA-256 differs" in told.err
    (summary,) = json.loads(told.out)["files"]
    assert list(summary["models"]) == ["burst-finder"]
    assert "SHA-256 differs" in summary["problems"][0]


def test_headless_commands_load_neither_qt_nor_torch():
    code = (
        "import sys, app.commands.analyze, app.commands.models, app.commands.doctor\n"
        "print([name for name in ('PySide6', 'torch', 'pyqtgraph') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("file", ["psg/nox_a1_89ch.edf", "scalp/michigan_tle_seizure.edf"])
def test_real_recordings_are_analysed_for_their_whole_length(test_data, tmp_path, capsys, file):
    assert run(test_data / file, "--out", tmp_path, "--json") == 0
    (summary,) = json.loads(capsys.readouterr().out)["files"]
    assert summary["models"]["burst-finder"]["channels_missing"]
    with np.load(summary["outputs"][1]) as arrays:
        assert np.isfinite(arrays["spasm_probability"]).mean() > 0.9


def test_networks_of_every_kind_say_what_they_gave(tmp_path, capsys, monkeypatch, package, untrained_packages):
    everything = PackageSurvey((package, *untrained_packages.values()), ())
    monkeypatch.setattr(analyze, "survey_packages", lambda: everything)
    path = write_edf(tmp_path / "night.edf", make_patient(65.0, bursts_s=BURSTS_S))
    assert run(path, "--out", tmp_path / "out") == 0
    told = capsys.readouterr().out
    assert "burst-finder 1.0.0: 2 events\n" in told
    assert "dsmn-ess 0.0.0: 1 event; syndrome " in told
    assert "focus-localisation 0.0.0: focus EEG " in told
    assert "sleep-staging 0.0.0: " in told
    endings = sorted(file.name.rpartition("spasmlens_")[2] for file in (tmp_path / "out").iterdir())
    assert endings == ["events.tsv", "hypnogram.json", "hypnogram.tsv", "probabilities.npz", "summary.json"]


def test_fmri_beside_a_recording_is_looked_at_and_how_it_was_placed_is_told(
    tmp_path, capsys, monkeypatch, untrained_packages
):
    pytest.importorskip("nilearn")
    from tests.inference.imaging.brains import write_brain_run

    sleep = untrained_packages["sleep-staging"]
    monkeypatch.setattr(analyze, "survey_packages", lambda: PackageSurvey((sleep,), ()))
    path = write_edf(tmp_path / "night.edf", make_patient(95.0))
    write_brain_run(tmp_path / "run.nii", n_volumes=30, code=4, tr=2.1)
    said = {}
    for folder, words in (("without", ()), ("with", ("--fmri", tmp_path / "run.nii"))):
        assert run(path, "--out", tmp_path / folder, "--json", *words) == 0
        (summary,) = json.loads(capsys.readouterr().out)["files"]
        with np.load(tmp_path / folder / "night_desc-spasmlens_probabilities.npz") as arrays:
            said[folder] = arrays["sleep_stage_probability"]
    changed = np.abs(said["with"] - said["without"]).max(axis=1) > 1e-6
    assert changed.tolist() == [True, True, False]
    assert any("MNI" in problem for problem in summary["problems"])


def test_one_fmri_run_belongs_to_one_recording(tmp_path):
    with pytest.raises(AnalysisError, match="only one FILE"):
        run(tmp_path / "a.edf", tmp_path / "b.edf", "--out", tmp_path, "--fmri", tmp_path / "run.nii")


def test_fmri_that_cannot_be_read_is_one_sentence(tmp_path, capsys):
    path = write_edf(tmp_path / "night.edf", make_patient(30.0))
    (tmp_path / "run.nii").write_text("hello")
    assert run(path, "--out", tmp_path / "out", "--fmri", tmp_path / "run.nii") == 2
    told = capsys.readouterr().err
    assert "run.nii" in told
    assert "Traceback" not in told


def test_a_folder_is_analysed_whole_and_told_in_one_table(tmp_path, capsys):
    archive, out = tmp_path / "archive", tmp_path / "out"
    for name in ("2024/night.edf", "2025/night.edf"):
        write_edf(archive / name, make_patient(30.0, bursts_s=(12.0,)))
    (archive / "broken.edf").write_text("hello")
    assert run(archive, "--out", out) == 2
    told = capsys.readouterr()
    assert "3 recordings: 2 analysed (0 of them earlier), 1 failed" in told.out
    assert "broken.edf" in told.err
    heading, *rows = [line.split("\t") for line in (out / TABLE_NAME).read_text().splitlines()]
    assert heading[:4] == ["recording", "status", "duration", "burst-finder_events"]
    assert [row[:4] for row in rows] == [
        ["2024/night.edf", "analysed", "30.000", "1"],
        ["2025/night.edf", "analysed", "30.000", "1"],
        ["broken.edf", "failed", "n/a", "n/a"],
    ]
    assert (out / "2025" / "night_desc-spasmlens_events.tsv").is_file()


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, capsys, monkeypatch):
    archive, out = tmp_path / "archive", tmp_path / "out"
    for name in ("a.edf", "b.edf"):
        write_edf(archive / name, make_patient(30.0, bursts_s=(12.0,)))
    assert run(archive / "a.edf", "--out", out) == 0
    capsys.readouterr()
    assert run(archive, "--out", out) == 0
    assert "2 recordings: 2 analysed (1 of them earlier), 0 failed" in capsys.readouterr().out
    # Another recording under the old name, and results of which a part is gone, are analysed again.
    write_edf(archive / "a.edf", make_patient(30.0, bursts_s=(9.0, 20.0)))
    (out / "b_desc-spasmlens_events.tsv").unlink()
    assert run(archive, "--out", out, "--json") == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [file["models"]["burst-finder"]["events"] for file in files] == [2, 1]
    assert (out / "b_desc-spasmlens_events.tsv").is_file()


def test_what_was_analysed_is_analysed_again_when_asked(tmp_path, capsys):
    path = write_edf(tmp_path / "night.edf", make_patient(30.0))
    assert run(path, "--out", tmp_path) == 0
    assert run(path, "--out", tmp_path) == 0
    assert "analysed earlier" in capsys.readouterr().out
    assert run(path, "--out", tmp_path, "--again") == 0
    assert "analysed earlier" not in capsys.readouterr().out
