import json
from datetime import datetime

import pytest

from inference.errors import LabelError, RecordingError
from inference.labels.scoring import Span
from inference.labels.sleep_stages import UNSCORED
from inference.recordings import open_recording
from inference.runtime.inputs import plan_channels
from inference.training.corpora.bids_eeg import read_bids_seizures, read_bids_sleep
from inference.training.corpora.chb_mit import read_chb_mit, read_summary
from inference.training.corpora.siena import read_siena
from inference.training.corpora.simulated import read_simulated
from inference.training.corpora.sleep_edf import read_sleep_edf
from inference.training.corpora.table import CORPORA, recognise_corpus
from inference.training.dsmn_ess import INPUTS
from tests.inference.training.corpus_folders import (
    siena_block,
    write_bids,
    write_chb_mit,
    write_edf,
    write_night,
    write_siena,
)

REGISTRATION = "Registration start time: {0}\nRegistration end time: {0}\n"


def test_the_summaries_of_chb_mit_are_read_in_all_their_forms(tmp_path):
    corpus = read_chb_mit(write_chb_mit(tmp_path))
    found = {recording.path.name: recording.seizures for recording in corpus.recordings}
    assert found == {
        "chb01_01.edf": (),
        "chb01_03.edf": (Span(4.0, 9.0),),
        "chb01_04.edf": (Span(2.0, 3.0), Span(6.0, 8.0)),
        "chb21_01.edf": (Span(1.0, 2.0), Span(5.0, 7.0)),
    }
    assert corpus.problems == ()


def test_the_child_who_is_two_cases_of_chb_mit_is_one_patient(tmp_path):
    assert {recording.patient for recording in read_chb_mit(write_chb_mit(tmp_path)).recordings} == {"chb01"}


def test_each_file_of_chb_mit_is_mapped_by_its_own_channels(tmp_path):
    corpus = read_chb_mit(write_chb_mit(tmp_path))
    seen = {}
    for recording in corpus.recordings:
        plan = plan_channels(open_recording(recording.path).channels, INPUTS)
        seen[recording.path.name] = {
            name for name, flag in zip(INPUTS.eeg_electrodes, plan.eeg_present, strict=True) if flag
        }
    standard = set(INPUTS.eeg_electrodes) - {"A1", "A2"}
    assert seen["chb01_01.edf"] >= standard
    assert seen["chb01_04.edf"] >= standard
    assert {"Fp1", "T7", "O1", "Cz"} <= seen["chb21_01.edf"]


def test_recordings_of_chb_mit_that_no_summary_names_or_that_are_not_there_are_told(tmp_path):
    write_chb_mit(tmp_path)
    write_edf(tmp_path / "chb01" / "chb01_46.edf", ("FP1-F7",))
    (tmp_path / "chb01" / "chb01_03.edf").unlink()
    corpus = read_chb_mit(tmp_path)
    assert [recording.path.name for recording in corpus.recordings] == ["chb01_01.edf", "chb01_04.edf", "chb21_01.edf"]
    assert "not there: chb01_03.edf" in corpus.problems[0]
    assert "chb01_46.edf: left out" in corpus.problems[1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("Number of Seizures in File: 1", "Number of Seizures in File: 2"),
            "says 2 seizures in chb01_03.edf and lists 1",
        ),
        (("Seizure End Time: 9 seconds\n", ""), "has no end"),
        (("Seizure End Time: 9", "Seizure End Time: 3"), "before its beginning"),
        (("Number of Seizures in File: 0\n", ""), "does not say how many"),
    ],
)
def test_a_summary_that_contradicts_itself_is_refused(tmp_path, change, sentence):
    summary = write_chb_mit(tmp_path) / "chb01" / "chb01-summary.txt"
    summary.write_text(summary.read_text().replace(*change))
    with pytest.raises(LabelError, match=sentence):
        read_summary(summary)


def test_clock_times_of_siena_become_seconds_even_past_midnight(tmp_path):
    text = siena_block(1, "PN00-1.edf", REGISTRATION.format("23.59.30"), "23.59.45", "00.00.05")
    text += siena_block(2, "PN00-2.edf", REGISTRATION.format("02.18.17"), "02:18.27", "02.18.37", prefix="")
    write_siena(tmp_path, "PN00", text, {"PN00-1": "23.59.30", "PN00-2": "02.18.17"})
    first, second = read_siena(tmp_path).recordings
    assert (first.patient, first.seizures) == ("PN00", (Span(15.0, 35.0),))
    assert second.seizures == (Span(10.0, 20.0),)


def test_the_headers_own_start_counts_where_a_list_of_siena_has_another_or_a_damaged_one(tmp_path):
    text = siena_block(3, "PN14-3.edf", REGISTRATION.format("16.17.45"), "19.18.00", "19.18.30")
    text += siena_block(4, "PN14-4.edf", REGISTRATION.format("1 6.49.25"), "16.49.30", "16.49.40")
    write_siena(tmp_path, "PN14", text, {"PN14-3": "19.17.45", "PN14-4": "16.49.25"})
    assert [recording.seizures for recording in read_siena(tmp_path).recordings] == [
        (Span(15.0, 45.0),),
        (Span(5.0, 15.0),),
    ]


def test_one_name_holds_for_several_seizures_and_misspelt_names_are_understood(tmp_path):
    once = "File name: PN01.edf\nRegistration start time: 19.00.44\nRegistration end time: 19.02.24\n\n"
    once += "Seizure n 1\nSeizure start time: 19.00.54\nSeizure end time: 19.01.04\n\n"
    once += "Seizure n 2\nSeizure start time: 19.01.34\nSeizure end time: 19.01.44\n"
    write_siena(tmp_path, "PN01", once, {"PN01-1": "19.00.44"})
    letter = siena_block(1, "PNO6-2.edf", REGISTRATION.format("04.25.01"), "04.25.11", "04.25.21")
    write_siena(tmp_path, "PN06", letter, {"PN06-1": "09.00.00", "PN06-2": "04.25.01"})
    early = siena_block(1, "PN11-.edf", REGISTRATION.format("11.31.25"), "11.31.35", "11.31.45")
    write_siena(tmp_path, "PN11", early, {"PN11-1": "11.31.25"})
    corpus = read_siena(tmp_path)
    assert {recording.path.stem: len(recording.seizures) for recording in corpus.recordings} == {
        "PN01-1": 2,
        "PN06-2": 1,
        "PN11-1": 1,
    }
    assert corpus.problems == ("No list says whether there are seizures in PN06-1: left out.",)


def test_of_two_times_the_eegs_own_counts_and_else_the_first(tmp_path):
    text = siena_block(
        3,
        "PN10-3.edf",
        REGISTRATION.format("15.43.40"),
        "15.43.53 (CLINICAL ONSET); 15.43.59 (ELECTRIC ONSET)",
        "15.44.20",
    )
    text += siena_block(2, "PN10-2.edf", REGISTRATION.format("11.40.00"), "11.40.13", "11.41.04 opure 11.40.43")
    write_siena(tmp_path, "PN10", text, {"PN10-3": "15.43.40", "PN10-2": "11.40.00"})
    second, third = read_siena(tmp_path).recordings
    assert third.seizures == (Span(19.0, 40.0),)
    assert second.seizures == (Span(13.0, 64.0),)


def test_the_known_slip_of_an_hour_is_put_right_and_any_other_is_refused(tmp_path):
    known = siena_block(3, "PN00-3.edf", "", "18.28.29", "19.29.29")
    write_siena(tmp_path / "known", "PN00", known, {"PN00-3": "18.28.09"})
    assert read_siena(tmp_path / "known").recordings[0].seizures == (Span(20.0, 80.0),)
    unknown = siena_block(1, "PN03-1.edf", "", "18.28.29", "19.28.40")
    write_siena(tmp_path / "unknown", "PN03", unknown, {"PN03-1": "18.28.09"})
    with pytest.raises(LabelError, match=r"of PN03-1\.edf cannot be, which lasts 100 s"):
        read_siena(tmp_path / "unknown")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Seizure start time: 1.2.3\n", "is a seizure of no file"),
        ("File name: PN00-1.edf\nSeizure start time: soon\n", "is no clock time"),
        ("File name: PN00-1.edf\nSeizure start time: 10.00.00\n", "ends within no whole seizure"),
        ("File name: PN00-1.edf\nSeizure end time: 10.00.00\n", "has not begun"),
        ("File name: PN00-1.edf\nSeizure start time: 25.00.00\n", "is no clock time"),
    ],
)
def test_a_list_of_siena_that_cannot_be_understood_is_refused_by_its_line(tmp_path, text, sentence):
    write_siena(tmp_path, "PN00", text, {"PN00-1": "10.00.00"})
    with pytest.raises(LabelError, match=sentence):
        read_siena(tmp_path)


def test_nights_of_sleep_edf_become_aasm_and_two_of_one_subject_one_patient(tmp_path):
    write_night(tmp_path, "SC4001", ["W", "S1", "S2", "S3", "S4", "M", "R", "?"])
    write_night(tmp_path, "SC4002", ["W", "S2"])
    corpus = read_sleep_edf(tmp_path)
    assert [recording.patient for recording in corpus.recordings] == ["SC400", "SC400"]
    assert corpus.recordings[0].hypnogram.stages == ("W", "N1", "N2", "N3", "N3", UNSCORED, "R", UNSCORED)


def test_wake_far_from_sleep_does_not_count_unless_wanted(tmp_path):
    write_night(tmp_path, "SC4001", [*"W" * 100, "S2", *"W" * 100])
    trimmed = read_sleep_edf(tmp_path).recordings[0].hypnogram
    assert trimmed.stages[39:41] == (UNSCORED, "W")
    assert trimmed.stages[160:162] == ("W", UNSCORED)
    whole = read_sleep_edf(tmp_path, wake_minutes=None).recordings[0].hypnogram
    assert whole.stages.count("W") == 200


def test_a_hypnogram_that_begins_at_another_time_than_its_recording_is_refused(tmp_path):
    write_night(tmp_path, "SC4001", ["W", "S2"])
    write_edf(tmp_path / "SC4001E0-PSG.edf", ("EEG Fpz-Cz",), start=datetime(1989, 4, 24, 16, 14))
    with pytest.raises(LabelError, match="do not begin at the same time"):
        read_sleep_edf(tmp_path)


def test_a_night_without_hypnogram_is_left_out_and_told(tmp_path):
    write_night(tmp_path, "SC4001", ["W", "S2"])
    write_edf(tmp_path / "ST7011J0-PSG.edf", ("EEG Fpz-Cz",))
    corpus = read_sleep_edf(tmp_path)
    assert len(corpus.recordings) == 1
    assert corpus.problems == ("There is no hypnogram of ST7011J0-PSG.edf: left out.",)


def test_the_real_hypnogram_of_sleep_edf_is_trimmed_around_its_sleep(tmp_path, test_data):
    source = test_data / "hypnograms" / "SC4001EC-Hypnogram.edf"
    (tmp_path / source.name).symlink_to(source)
    write_edf(tmp_path / "SC4001E0-PSG.edf", ("EEG Fpz-Cz",), start=datetime(1989, 4, 24, 16, 13))
    stages = read_sleep_edf(tmp_path).recordings[0].hypnogram.stages
    # What Supratak et al. count for this night: 841 epochs.
    assert sum(code != UNSCORED for code in stages) == 841


def szcore(*events):
    rows = [("onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration")]
    rows += [(onset, duration, kind, "n/a", "n/a", "n/a", "10") for onset, duration, kind in events]
    return "".join("\t".join(row) + "\n" for row in rows)


def test_szcore_events_of_a_bids_folder_are_told_apart_and_background_counts(tmp_path):
    write_bids(
        tmp_path,
        "01",
        szcore(("1.0", "2.0", "sz_gen_m_spasms"), ("5.0", "1.0", "sz_foc_ia")),
    )
    write_bids(tmp_path, "02", szcore(("0.0", "10.0", "bckg")))
    write_bids(tmp_path, "03", "onset\tduration\ttrial_type\n1\t0\tbutton\n")
    write_bids(tmp_path, "04", None)
    corpus = read_bids_seizures(tmp_path)
    first, second = corpus.recordings
    assert (first.patient, first.seizures, first.spasms) == (
        "sub-01",
        (Span(1.0, 3.0), Span(5.0, 6.0)),
        (Span(1.0, 3.0),),
    )
    assert (second.patient, second.seizures) == ("sub-02", ())
    assert "sub-03_ses-01_task-sz_run-01_eeg.edf, sub-04" in corpus.problems[0]


def test_hed_tags_count_in_a_column_and_in_the_json_file_that_a_data_set_has_for_all_tables(tmp_path):
    tagged = (
        "onset\tduration\ttrial_type\tHED\n1\t2\tmark\tsc:Epileptic-seizure, (sc:Epileptic-spasm)\n5\t1\tmark\tn/a\n"
    )
    write_bids(tmp_path, "01", tagged)
    write_bids(tmp_path, "02", "onset\tduration\ttrial_type\n3\t1\tfit\n6\t1\tshake\n")
    levels = {
        "fit": "Data-feature, Event/Generalized-onset-epileptic-seizure/Tonic-clonic-seizure",
        "shake": "Psychogenic-nonepileptic-seizure",
    }
    (tmp_path / "task-sz_events.json").write_text(json.dumps({"trial_type": {"HED": levels}, "onset": {"Units": "s"}}))
    first, second = read_bids_seizures(tmp_path).recordings
    assert (first.seizures, first.spasms) == ((Span(1.0, 3.0),), (Span(1.0, 3.0),))
    assert (second.seizures, second.spasms) == ((Span(3.0, 4.0),), ())


def test_derivatives_of_a_bids_folder_are_not_its_recordings(tmp_path):
    events = szcore(("0.0", "10.0", "bckg"))
    write_bids(tmp_path, "01", events)
    write_bids(tmp_path / "derivatives" / "clean", "01", events)
    assert len(read_bids_seizures(tmp_path).recordings) == 1


def test_sleep_stages_of_a_bids_folder_are_read(tmp_path):
    events = "onset\tduration\ttrial_type\n0\t30\tAwake\n30\t30\tSleep-stage-N2\n"
    write_bids(tmp_path, "01", events, suffix="task-sleep")
    write_bids(tmp_path, "02", None, suffix="task-sleep")
    corpus = read_bids_sleep(tmp_path)
    assert corpus.recordings[0].hypnogram.stages == ("W", "N2")
    assert "sub-02" in corpus.problems[0]
    with pytest.raises(LabelError, match="name seizures or background"):
        read_bids_seizures(tmp_path)


def test_simulated_recordings_are_read_with_their_truth_and_each_is_a_patient(tmp_path):
    header = "onset\tduration\teventType\tchannels\tcluster\tspasm\trole\tintensity\n"
    write_edf(tmp_path / "infant-0007.edf", ("EEG Fp1",))
    (tmp_path / "infant-0007_truth.tsv").write_text(
        f"{header}1.0\t2.0\tEpileptic-spasm\tn/a\t1\t1\tspasm\t0.5\n2.0\t1.0\tSpasm\tEMG\t1\t1\tpart\t0.5\n"
    )
    (recording,) = read_simulated(tmp_path).recordings
    assert (recording.patient, recording.seizures, recording.spasms) == (
        "infant-0007",
        (Span(1.0, 3.0),),
        (Span(1.0, 3.0),),
    )


def test_every_corpus_is_recognised_by_its_files(tmp_path):
    write_chb_mit(tmp_path / "a")
    write_siena(tmp_path / "b", "PN00", siena_block(1, "PN00-1.edf", "", "1.00.10", "1.00.20"), {"PN00-1": "01.00.00"})
    write_night(tmp_path / "c", "SC4001", ["W"])
    write_bids(tmp_path / "d", "01", None)
    assert [recognise_corpus(tmp_path / letter) for letter in "abcd"] == ["chb-mit", "siena", "sleep-edf", "bids-eeg"]
    with pytest.raises(LabelError, match="several corpora"):
        recognise_corpus(tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(LabelError, match=f"there are readers for {', '.join(CORPORA)}"):
        recognise_corpus(tmp_path / "nothing")
    with pytest.raises(RecordingError, match="is not a folder"):
        recognise_corpus(tmp_path / "missing")


def test_the_real_folders_are_recognised(test_data):
    assert recognise_corpus(test_data / "bonn") == "bonn"
    assert recognise_corpus(test_data / "bern_barcelona") == "bern-barcelona"
