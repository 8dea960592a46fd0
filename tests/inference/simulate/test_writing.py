import csv

import edfio
import numpy as np
import pytest

from inference.errors import RecordingError
from inference.simulate import Term, simulate_infant, write_case
from inference.simulate.independent import generate_infant


@pytest.fixture(scope="module")
def short_case():
    return simulate_infant(7, 20.0, 256.0)


def test_the_file_reopens_with_the_same_values_within_one_step(short_case, tmp_path):
    edf_path, _ = write_case(short_case, tmp_path / "new" / "folder")
    edf = edfio.read_edf(edf_path)
    assert edf.labels == tuple(channel.name for channel in short_case.recording.channels)
    for index, signal in enumerate(edf.signals):
        original = short_case.recording.read([index], 0.0, 20.0)[0]
        step_uv = (signal.physical_max - signal.physical_min) / 65535
        assert signal.sampling_frequency == 256.0
        assert signal.physical_dimension == "uV"
        assert np.abs(signal.data - original).max() <= step_uv


def test_the_header_says_that_it_is_simulated_and_nothing_tells_the_truth(short_case, tmp_path):
    edf_path, _ = write_case(short_case, tmp_path)
    edf = edfio.read_edf(edf_path)
    assert edf.patient.name == "simulated"
    assert edf.patient.code == "infant-0007"
    assert edf.annotations == ()


def test_the_truth_stands_beside_the_recording(short_case, tmp_path):
    _, tsv_path = write_case(short_case, tmp_path)
    with tsv_path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert tsv_path.name == "infant-0007_truth.tsv"
    assert len(rows) == len(short_case.truth)
    for row, event in zip(rows, short_case.truth, strict=True):
        assert float(row["onset"]) == pytest.approx(event.onset_s, abs=5e-4)
        assert float(row["duration"]) == pytest.approx(event.duration_s, abs=5e-4)
        assert row["eventType"] == event.label
        assert row["channels"] == ("|".join(event.channels) or "n/a")
    assert any(row["eventType"] == Term.SPASM and row["cluster"] == "1" for row in rows)


def test_nothing_is_overwritten(short_case, tmp_path):
    edf_path, _ = write_case(short_case, tmp_path)
    before = edf_path.read_bytes()
    with pytest.raises(RecordingError, match="exists already"):
        write_case(short_case, tmp_path)
    assert edf_path.read_bytes() == before


def test_a_folder_that_is_a_file_is_named_in_the_error(short_case, tmp_path):
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("in the way")
    with pytest.raises(RecordingError, match="obstacle"):
        write_case(short_case, obstacle)
    assert obstacle.read_text() == "in the way"


def test_a_case_of_another_simulator_is_written_under_its_own_name(tmp_path):
    case = generate_infant(3, 20.0, 256.0)
    edf_path, tsv_path = write_case(case, tmp_path)
    assert edf_path.name == "independent-infant-0003.edf"
    assert edfio.read_edf(edf_path).labels == tuple(channel.name for channel in case.recording.channels)
    assert len(tsv_path.read_text(encoding="utf-8").splitlines()) == 1 + len(case.truth)
