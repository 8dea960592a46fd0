import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC
from io import StringIO
from pathlib import Path

import edfio
import pandas as pd
import pytest
from hed import Sidecar, TabularInput, load_schema_version
from hed.schema import hed_schema_io

from inference.errors import LabelError
from inference.labels.clusters import ClusterRule
from inference.labels.export import EXPORT_FORMATS, export_labels
from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.labelset import deidentify
from inference.labels.scorings import Scoring
from inference.labels.szcore import rows_of_detections, write_szcore_events
from tests.inference.labels.builders import MADE, make_detection, make_labels

SZCORE_EVENTS = "szcore/Smith_John_1999_desc-spasmlens_events.tsv"
ALL = tuple(EXPORT_FORMATS)
BIDS_EVENTS = "bids/sub-SmithJohn1999/eeg/sub-SmithJohn1999_task-eeg_desc-spasmlens_events.tsv"


def read_table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def all_text(folder: Path) -> str:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join([*(str(path.relative_to(folder)) for path in paths), *(p.read_text("latin-1") for p in paths)])


def test_the_bids_validator_finds_no_error(tmp_path):
    export_labels(make_labels(), ["bids"], tmp_path)
    program = Path(sys.executable).with_name("bids-validator-deno")
    report = subprocess.run(
        [program, tmp_path / "bids", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DENO_NO_UPDATE_CHECK": "1"},
    )
    issues = json.loads(report.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_the_hed_tools_find_no_error_in_events_and_side_car(tmp_path):
    export_labels(make_labels(), ["bids"], tmp_path)
    version = json.loads((tmp_path / "bids" / "dataset_description.json").read_text())["HEDVersion"]
    schema = load_schema_version(version, xml_folder=hed_schema_io.hed_cache.INSTALLED_CACHE_LOCATION)
    sidecar = Sidecar(str((tmp_path / BIDS_EVENTS).with_suffix(".json")))
    assert sidecar.validate(schema) == []
    assert TabularInput(str(tmp_path / BIDS_EVENTS), sidecar).validate(schema) == []


def test_bids_holds_what_people_say_is_there_and_marks_the_unsure(tmp_path):
    export_labels(make_labels(), ["bids"], tmp_path)
    rows = read_table(tmp_path / BIDS_EVENTS)
    assert [(row["onset"], row["decision"]) for row in rows] == [
        ("10.250", "accepted"), ("30.000", "unsure"), ("40.000", "added"), ("50.000", "added"),
    ]  # fmt: skip
    assert rows[0]["channel"] == "C3|C4"
    spans = read_table(tmp_path / BIDS_EVENTS.replace("desc-spasmlens", "desc-reviewed"))
    assert [(row["onset"], row["duration"]) for row in spans] == [("0.000", "120.000")]


def test_clusters_are_told_beside_their_spasms_and_by_which_rule(tmp_path):
    export_labels(make_labels(cluster_rule=ClusterRule(gap_s=45.0)), ["bids", "edf"], tmp_path)
    table = tmp_path / BIDS_EVENTS.replace("desc-spasmlens", "desc-clusters")
    (row,) = read_table(table)
    assert (row["onset"], row["duration"], row["spasms"]) == ("10.250", "31.250", "3")
    assert float(row["spasms_per_minute"]) == pytest.approx(2 * 60 / 29.75, abs=0.01)
    assert "less than 45 s" in table.with_suffix(".json").read_text()
    recording = edfio.read_edf(next((tmp_path / "edf").iterdir()))
    (cluster,) = (note for note in recording.annotations if note.text.startswith("Cluster"))
    assert (cluster.onset, cluster.duration, cluster.text) == (10.25, 31.25, "Cluster of 3 spasms")
    export_labels(make_labels(cluster_rule=ClusterRule(min_spasms=4)), ["bids"], tmp_path / "none")
    assert read_table(tmp_path / "none" / BIDS_EVENTS.replace("desc-spasmlens", "desc-clusters")) == []


def test_a_bids_recording_keeps_its_own_subject_and_task(tmp_path):
    paths = export_labels(make_labels(recording_name="sub-07_ses-2_task-sleep_eeg.edf"), ["bids"], tmp_path)
    assert tmp_path / "bids/sub-07/eeg/sub-07_task-sleep_desc-spasmlens_events.tsv" in paths


def test_szcore_holds_every_seizure_with_the_reader_s_confidence(tmp_path):
    export_labels(make_labels(), ["szcore"], tmp_path)
    rows = read_table(tmp_path / SZCORE_EVENTS)
    assert [(row["onset"], row["eventType"], row["confidence"]) for row in rows] == [
        ("10.250", "sz_uo_m_spasms", "0.900"), ("30.000", "sz_uo_m_spasms", "0.500"),
        ("40.000", "sz_uo_m_spasms", "n/a"),
    ]  # fmt: skip
    assert rows[0]["channels"] == "C3,C4"
    assert rows[0]["dateTime"] == "2026-03-04 22:30:15"
    assert rows[0]["recordingDuration"] == "600.000"


def test_a_recording_without_seizures_is_background_from_end_to_end(tmp_path):
    export_labels(make_labels(annotations=()), ["szcore"], tmp_path)
    (row,) = read_table(tmp_path / SZCORE_EVENTS)
    assert (row["onset"], row["duration"], row["eventType"]) == ("0.000", "600.000", "bckg")


def test_detections_of_an_analysis_become_szcore_events(tmp_path):
    path = write_szcore_events(tmp_path / "x.tsv", rows_of_detections([make_detection(1, 5.0)]), 60.0)
    (row,) = read_table(path)
    assert (row["onset"], row["eventType"], row["confidence"]) == ("5.000", "sz_uo_m_spasms", "0.910")


def test_szcore_says_when_it_needs_a_length_that_is_not_known(tmp_path):
    with pytest.raises(LabelError, match="needs the length of Smith_John_1999"):
        export_labels(make_labels(duration_s=None), ["szcore"], tmp_path)


def test_the_edf_annotations_open_again(tmp_path):
    (path,) = export_labels(make_labels(), ["edf"], tmp_path)
    recording = edfio.read_edf(path)
    notes = [(note.onset, note.duration, note.text) for note in recording.annotations]
    assert notes[0][2].startswith("Spasmlens labels.")
    assert notes[1:] == [
        (10.25, 1.5, "Epileptic spasm"),
        (10.25, 31.25, "Cluster of 3 spasms"),
        (30.0, 1.5, "Epileptic spasm (unsure)"),
        (40.0, 1.5, "Epileptic spasm"),
        (50.0, 60.0, "Hypsarrhythmia"),
    ]
    assert str(recording.startdate) == "2026-03-04"
    assert recording.starttime.isoformat() == "22:30:15"


@pytest.mark.parametrize("year", [1970, 2090])
def test_a_day_that_edf_cannot_name_is_left_out(tmp_path, year):
    labels = make_labels()
    (path,) = export_labels(replace(labels, start=labels.start.replace(year=year, tzinfo=UTC)), ["edf"], tmp_path)
    with pytest.raises(edfio.AnonymizedDateError):
        _ = edfio.read_edf(path).startdate


def test_training_tells_positive_negative_undecided_and_reviewed_time_apart(tmp_path):
    export_labels(make_labels(), ["training"], tmp_path)
    rows = read_table(tmp_path / "training" / "Smith_John_1999_desc-training_labels.tsv")
    assert [(row["onset"], row["role"]) for row in rows] == [
        ("0.000", "reviewed"),
        ("10.250", "positive"),
        ("20.000", "negative"),
        ("30.000", "ignore"),
        ("40.000", "positive"),
        ("50.000", "positive"),
    ]
    assert rows[1]["probability"] == "0.910"
    described = json.loads((tmp_path / "training" / "Smith_John_1999_desc-training_labels.json").read_text())
    assert described["recording"]["fingerprint"] == make_labels().fingerprint
    assert described["models"][0]["simulated"] is True


@pytest.mark.parametrize("name", ALL)
def test_a_detection_that_nobody_looked_at_is_in_no_export(tmp_path, name):
    export_labels(make_labels(), [name], tmp_path)
    assert "90.000" not in all_text(tmp_path) and "d9" not in all_text(tmp_path)


@pytest.mark.parametrize("name", ALL)
def test_every_export_says_that_the_models_saw_simulated_data(tmp_path, name):
    export_labels(make_labels(), [name], tmp_path)
    assert "trained on simulated data, not clinically validated" in all_text(tmp_path)


def test_deidentified_exports_hold_no_name_date_or_remark(tmp_path):
    export_labels(deidentify(make_labels()), ALL, tmp_path)
    text = all_text(tmp_path)
    for secret in ("Smith", "John", "1999", "Lee", "Kim", "Other", "2026", "22:30", "movement?"):
        assert secret not in text, secret
    assert "reader1" in text and "reader2" in text


def test_a_tab_or_a_line_break_in_a_name_does_not_break_the_table(tmp_path):
    labels = make_labels()
    odd = replace(labels.annotations[0], author="A\tB\nC", channels=("C3\t", "x"))
    export_labels(replace(labels, annotations=(odd,)), ["bids", "training"], tmp_path)
    frame = pd.read_csv(StringIO((tmp_path / BIDS_EVENTS).read_text()), sep="\t")
    assert frame.loc[0, "annotator"] == "A B C"


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(LabelError, match="no export format 'xls'"):
        export_labels(make_labels(), ["bids", "xls"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file_gives_a_sentence(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(LabelError, match="cannot be written"):
        export_labels(make_labels(), ["bids"], tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def scored(*scorers):
    return tuple(
        Scoring(f"s{n}", Hypnogram(("W", "N2", "?", "R"), scorer=scorer), MADE) for n, scorer in enumerate(scorers)
    )


@pytest.mark.parametrize(("name", "ending"), [("bids", "_events.tsv"), ("edf", "_hypnogram.edf")])
def test_scored_stages_go_along_and_read_again(tmp_path, name, ending):
    labels = make_labels(scorings=scored("Dr A", "Dr B"))
    paths = [path for path in export_labels(labels, [name], tmp_path) if "_desc-sleep" in path.name]
    hypnograms = [path for path in paths if path.name.endswith(ending)]
    assert [path.name.split("_desc-")[1] for path in hypnograms] == [f"sleep1{ending}", f"sleep2{ending}"]
    for path, scoring in zip(hypnograms, labels.scorings, strict=True):
        assert read_hypnogram(path).stages == scoring.hypnogram.stages
    assert all(path.exists() for path in paths)


def test_one_scorer_needs_no_number(tmp_path):
    paths = export_labels(make_labels(scorings=scored("Dr A")), ["bids", "edf"], tmp_path)
    assert sum("_desc-sleep_" in path.name for path in paths) == 3
