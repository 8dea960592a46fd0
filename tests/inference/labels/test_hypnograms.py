import itertools
import json
from pathlib import Path

import pytest
from hed import Sidecar, TabularInput, load_schema_version
from hed.schema import hed_schema_io
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.errors import LabelError
from inference.labels.hypnogram_formats import HYPNOGRAM_FORMATS, read_ds003768, read_hypnogram, write_hypnogram
from inference.labels.hypnogram_formats.edf import hypnogram_of_annotations
from inference.labels.hypnogram_formats.events import write_events
from inference.labels.hypnograms import Bout, Hypnogram, StageSpan, hypnogram_of_spans
from inference.labels.sleep_stages import AASM, INFANT, RECHTSCHAFFEN_KALES, STAGE_SETS, UNSCORED, recognise_stage
from inference.recordings.recording import FileAnnotation

STAGES = ("W", "N1", "?", "N2", "N2", "N3", "R", "?", "W")


def all_files(test_data: Path) -> list[Path]:
    folders = (test_data / "hypnograms", test_data / "ds003768" / "sourcedata")
    return sorted(p for folder in folders for p in folder.rglob("*") if p.is_file() and p.suffix != ".md")


def read_all(path: Path) -> list[Hypnogram]:
    return list(read_ds003768(path).values()) if path.name.endswith("-sleep-stage.tsv") else [read_hypnogram(path)]


def test_every_real_file_reads_and_reads_again_after_writing(test_data, tmp_path):
    paths = all_files(test_data)
    assert len(paths) == 50
    for path in paths:
        for hypnogram in read_all(path)[-1:]:
            aasm_only = {"yasa", "dreem", "ds003768"}
            for name, ending in HYPNOGRAM_FORMATS.items():
                expected = hypnogram.to_aasm() if name in aasm_only else hypnogram
                written = write_hypnogram(tmp_path / f"x{ending}", hypnogram, name)
                assert read_hypnogram(written) == expected, (path, name)


def test_sleep_edf_keeps_the_stages_of_rechtschaffen_and_kales(test_data):
    night = read_hypnogram(test_data / "hypnograms" / "SC4001EC-Hypnogram.edf")
    assert (night.stage_set, night.epoch_s, night.onset_s) == (RECHTSCHAFFEN_KALES, 30.0, 0.0)
    assert next(night.bouts()) == Bout(0.0, 30630.0, "W")
    assert night.stage_at(31350.0) == "S4"
    assert night.to_aasm().stage_at(31350.0) == "N3"


def test_what_the_corpus_calls_uncertain_or_unscorable_is_unscored(test_data):
    folder = test_data / "ds003768" / "sourcedata"
    stages = [code for path in sorted(folder.glob("*.tsv")) for h in read_ds003768(path).values() for code in h.stages]
    counts = {code: stages.count(code) for code in (*AASM.codes, UNSCORED)}
    # One row of the corpus has a space for a tab, and is wake.
    assert counts == {"W": 3344, "N1": 2148, "N2": 1325, "N3": 42, "R": 0, UNSCORED: 131}


def test_a_session_of_the_corpus_must_be_named_where_there_are_several(test_data):
    path = test_data / "ds003768" / "sourcedata" / "sub-01-sleep-stage.tsv"
    with pytest.raises(LabelError, match="one of which must be named: task-rest_run-1"):
        read_hypnogram(path)
    assert read_hypnogram(path, "task-rest_run-1").stages[0] == "N2"


@pytest.mark.parametrize("name", ["edf", "bids", "csv"])
@pytest.mark.parametrize("stage_set", STAGE_SETS)
@pytest.mark.parametrize("epoch_s", [30.0, 20.0, 1.0])
def test_every_stage_of_every_manual_survives_writing(tmp_path, name, stage_set, epoch_s):
    stages = (UNSCORED, *stage_set.codes, UNSCORED, *stage_set.codes)
    hypnogram = Hypnogram(stages, epoch_s, 12.5, stage_set)
    assert read_hypnogram(write_hypnogram(tmp_path / f"x{HYPNOGRAM_FORMATS[name]}", hypnogram, name)) == hypnogram


def test_tables_keep_the_scorer(tmp_path):
    hypnogram = Hypnogram(STAGES, scorer="Dr. Ä, night shift")
    for name in ("bids", "csv"):
        assert read_hypnogram(write_hypnogram(tmp_path / f"x{HYPNOGRAM_FORMATS[name]}", hypnogram, name)) == hypnogram


def test_yasa_text_keeps_the_start_and_the_length_of_the_epochs(tmp_path):
    hypnogram = Hypnogram(STAGES, 20.0, 7.25)
    assert read_hypnogram(write_hypnogram(tmp_path / "x.txt", hypnogram, "yasa")) == hypnogram


@pytest.mark.parametrize(
    ("name", "hypnogram"),
    [
        ("yasa", Hypnogram(("N", "T"), stage_set=INFANT)),
        ("dreem", Hypnogram(STAGES, 20.0)),
        ("dreem", Hypnogram(STAGES, onset_s=30.0)),
        ("ds003768", Hypnogram(STAGES, 20.0)),
        ("pdf", Hypnogram(STAGES)),
    ],
)
def test_what_a_format_cannot_say_is_refused_rather_than_lost(tmp_path, name, hypnogram):
    with pytest.raises(LabelError):
        write_hypnogram(tmp_path / "x", hypnogram, name)
    assert not list(tmp_path.iterdir())


def test_the_hed_tools_find_no_error_in_events_of_any_manual(tmp_path):
    schema = load_schema_version(["score_2.1.0"], xml_folder=hed_schema_io.hed_cache.INSTALLED_CACHE_LOCATION)
    for stage_set in STAGE_SETS:
        path = write_hypnogram(tmp_path / "x.tsv", Hypnogram((*stage_set.codes, "?"), stage_set=stage_set), "bids")
        for predicted in (False, True):
            write_events(path, read_hypnogram(path), predicted=predicted)
            sidecar = Sidecar(str(path.with_suffix(".json")))
            assert sidecar.validate(schema) == []
            assert TabularInput(str(path), sidecar).validate(schema) == []
            assert ("Expert-annotation" in path.with_suffix(".json").read_text()) is not predicted


def test_stages_among_other_events_are_found_in_szcore_columns(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text(
        "onset\tduration\teventType\tconfidence\n0\t30\tAwake\tn/a\n12\t1.5\tsz_uo_m_spasms\t0.9\n"
        "30\t60\tSleep-stage-N2\tn/a\n40\t0\tn/a\tn/a\n90\t30\tSleep-stage-REM\tn/a\n"
    )
    assert read_hypnogram(path).stages == ("W", "N2", "N2", "R")


def test_only_stages_are_taken_from_a_recording_s_annotations():
    annotations = [
        FileAnnotation(5.0, 30.0, "Sleep stage W"), FileAnnotation(7.0, 0.0, "M"), FileAnnotation(9.0, 0.0, "unknown"),
        FileAnnotation(35.0, 60.0, "Sleep stage N1"), FileAnnotation(125.0, 30.0, "Sleep stage R"),
    ]  # fmt: skip
    hypnogram = hypnogram_of_annotations(annotations, "x")
    assert (hypnogram.onset_s, hypnogram.stages) == (5.0, ("W", "N1", "N1", UNSCORED, "R"))


def test_stages_without_a_duration_last_until_the_next():
    spans = [StageSpan(0.0, None, "W"), StageSpan(90.0, None, "N1"), StageSpan(120.0, None, "N2")]
    assert hypnogram_of_spans(spans, "x").stages == ("W", "W", "W", "N1", "N2")


def test_movement_time_beside_the_stages_of_aasm_is_unscored():
    spans = [StageSpan(0.0, 30.0, "N2"), StageSpan(30.0, 30.0, "M"), StageSpan(60.0, 30.0, "R")]
    hypnogram = hypnogram_of_spans(spans, "x")
    assert (hypnogram.stage_set, hypnogram.stages) == (AASM, ("N2", UNSCORED, "R"))


@pytest.mark.parametrize(
    ("spans", "cause"),
    [
        ([], "holds no sleep stages"),
        ([StageSpan(0.0, 30.0, "N1"), StageSpan(30.0, 30.0, "S4")], "different scoring manuals: N1, S4"),
        ([StageSpan(0.0, 60.0, "N1"), StageSpan(30.0, 30.0, "N2")], "both N1 and N2 at 30 s"),
        ([StageSpan(0.0, 30.0, "N1"), StageSpan(33.3, 30.0, "N2")], "cannot be cut into epochs"),
        ([StageSpan(0.0, -5.0, "N1")], "a stage at 0 s a duration of -5 s"),
        ([StageSpan(0.0, float("nan"), "N1")], "a duration of nan s"),
        ([StageSpan(0.0, 9e8, "N1")], "over 10417 days, which cannot be"),
        ([StageSpan(-1e308, 30.0, "N1"), StageSpan(1e308, 30.0, "N1")], "a duration of 30 s"),
    ],
)
def test_contradictions_are_named(spans, cause):
    with pytest.raises(LabelError, match=cause):
        hypnogram_of_spans(spans, "night.edf")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.edf", b""), ("x.edf", b"not an EDF file" * 100), ("x.edf", b"0" + b" " * 251 + b"99  "),
        ("x.json", b"{}"), ("x.json", b"[0, 7]"), ("x.json", b"[true]"), ("x.json", b"[0.5]"), ("x.json", b"[" * 90000),
        ("x.json", b"[]"), ("x.txt", b"0\nfive\n"), ("x.txt", b""), ("x.txt", b"\xff\xfe\x00"), ("x.tsv", b""),
        ("x.txt", b"# 1 value per 0 seconds\n0\n"), ("x.tsv", b"onset\tduration\n1\t2\n"),
        ("x.tsv", b"onset\tduration\ttrial_type\nsoon\t30\tSleep-stage-N1\n"),
        ("x.csv", b"onset,duration,stage\n0,30,1\n"), ("x.csv", b'onset,stage\n"0,N1'), ("x.doc", b"0"),
        ("x.tsv", b"session\tepoch_start_time_sec\t30-sec_epoch_sleep_stage\ntask-rest_run-1\t0\tdeep\n"),
        ("x.tsv", b"session\tepoch_start_time_sec\t30-sec_epoch_sleep_stage\n"),
        ("x.tsv", b"session\tepoch_start_time_sec\t30-sec_epoch_sleep_stage\nonly\n"),
        ("x.tsv", b"30-sec_epoch_sleep_stage\n1\n"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_one_sentence_that_names_it(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LabelError) as caught:
        read_hypnogram(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "x.json").mkdir()
    for name in ("x.json", "y.json", "y.edf", "y.tsv", "y.csv"):
        with pytest.raises(LabelError, match=name):
            read_hypnogram(tmp_path / name)


def test_an_edf_hypnogram_cut_at_any_byte_gives_whole_epochs_or_a_sentence(tmp_path):
    whole = write_hypnogram(tmp_path / "x.edf", Hypnogram(STAGES), "edf").read_bytes()
    path = tmp_path / "cut.edf"
    for length in itertools.chain(range(0, 600, 37), range(600, len(whole), 23)):
        path.write_bytes(whole[:length])
        try:
            stages = read_hypnogram(path).stages
        except LabelError:
            continue
        assert stages == STAGES[: len(stages)]


def test_spellings_of_other_programs_are_known_and_bare_numbers_are_not():
    spelled = ("Sleep stage W", "sleep-stage-REM", "Awake", "NREM2", "Sleep stage 4", "wake", "MT", "N/A", "spasm", "4")
    assert [recognise_stage(text) for text in spelled] == ["W", "R", "W", "N2", "S4", "W", "M", "?", None, None]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((*AASM.codes, UNSCORED)), min_size=1, max_size=50))
def test_bouts_cover_every_epoch_once(stages):
    hypnogram = Hypnogram(tuple(stages), 30.0, 5.0)
    bouts = list(hypnogram.bouts())
    assert bouts[0].onset_s == hypnogram.onset_s
    assert all(a.end_s == b.onset_s and a.stage != b.stage for a, b in itertools.pairwise(bouts))
    assert bouts[-1].end_s == hypnogram.end_s
    spelled = [StageSpan(bout.onset_s, bout.duration_s, bout.stage) for bout in bouts]
    if len(bouts) > 1 and len({bout.duration_s for bout in bouts}) > 1:
        assert hypnogram_of_spans(spelled, "x").stages == hypnogram.stages


def test_a_range_of_epochs_gets_another_stage_and_the_old_hypnogram_stays():
    before = Hypnogram(STAGES)
    after = before.restage(2, 5, "N1")
    assert after.stages == ("W", "N1", "N1", "N1", "N1", "N3", "R", "?", "W")
    assert before.stages == STAGES
    with pytest.raises(ValueError, match="has no stage S4"):
        before.restage(0, 1, "S4")


def test_times_outside_are_in_no_stage():
    hypnogram = Hypnogram(STAGES, onset_s=60.0)
    assert [hypnogram.stage_at(time_s) for time_s in (59.9, 60.0, 89.9, 90.0, 330.0)] == ["?", "W", "W", "N1", "?"]
    assert hypnogram.epoch_at(330.0) is None


def test_dreem_lists_are_plain_json(tmp_path):
    path = write_hypnogram(tmp_path / "x.json", Hypnogram(STAGES), "dreem")
    assert json.loads(path.read_text()) == [0, 1, -1, 2, 2, 3, 4, -1, 0]
