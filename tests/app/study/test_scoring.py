"""Sleep is scored by the same mechanism as everything else: journal first, undone and done again, kept for good."""

import numpy as np
import pytest

from app.study import scoring
from app.study.edits import Labels, Restaging, Update, Verb
from app.study.journal import update_from_text, update_to_text
from app.study.kept_results import KeptResult, pack_result, unpack_result
from app.study.opening import read_labels
from inference.errors import StudyError
from inference.labels.hypnograms import Hypnogram
from inference.labels.labelset import deidentify
from inference.labels.sleep_stages import AASM, INFANT, Stage, StageSet
from inference.recordings.recording import Gap
from inference.runtime.results import Answer, Measure
from tests.app.study.conftest import FINGERPRINT
from tests.app.study.test_edits import stamp

SITE = StageSet(
    "Ward 7",
    (
        Stage("W", "Wake", "Sleep-stage-W", "Awake", "Sleep stage W", asleep=False, key="W"),
        Stage("AS", "Active sleep", "Sleep-stage-AS", "Asleep", "Sleep stage AS", asleep=True, key="1"),
    ),
)


@pytest.fixture
def study(open_study):
    return open_study(duration_s=200.0)


def stages_of(study):
    study.flush()
    return study.own_scoring.hypnogram.stages


def test_scoring_begins_with_whole_epochs_of_which_none_is_scored(study):
    study.begin_scoring(INFANT)
    assert stages_of(study) == ("?",) * 6
    assert (study.own_scoring.scorer, study.own_scoring.hypnogram.stage_set) == ("reader", INFANT)


def test_the_epochs_whose_middle_lies_in_a_stretch_are_scored(study):
    study.score(30.0, 30.0, "W")
    study.score(70.0, 60.0, "N2")
    assert stages_of(study) == ("?", "W", "N2", "N2", "?", "?")


def test_what_was_not_recorded_stays_unscored(study):
    study.score(0.0, 180.0, "N1", (Gap(44.0, 25.0),))
    assert stages_of(study) == ("N1", "?", "N1", "N1", "N1", "N1")


def test_every_stroke_is_undone_and_done_again_one_by_one(study):
    for onset_s, stage in ((0.0, "W"), (30.0, "N1"), (0.0, "N2"), (0.0, "?")):
        study.score(onset_s, 30.0, stage)
    seen = [stages_of(study)[:2]]
    for _ in range(4):
        study.undo()
        seen.append(stages_of(study)[:2])
    assert seen == [("?", "N1"), ("N2", "N1"), ("W", "N1"), ("W", "?"), ("?", "?")]
    study.undo()
    study.flush()
    assert study.own_scoring is None
    for _ in range(5):
        study.redo()
    assert stages_of(study)[:2] == ("?", "N1")


def test_a_range_is_undone_at_one_stroke_to_what_each_epoch_was_before(study):
    study.score(0.0, 30.0, "W")
    study.score(60.0, 30.0, "R")
    study.score(0.0, 180.0, "N3")
    assert stages_of(study) == ("N3",) * 6
    study.undo()
    assert stages_of(study) == ("W", "?", "R", "?", "?", "?")


def test_scoring_the_same_again_is_no_edit(study):
    study.score(0.0, 30.0, "W")
    study.flush()
    n_entries = len(study.history)
    study.score(0.0, 30.0, "W")
    study.flush()
    assert len(study.history) == n_entries


def test_a_scoring_is_there_again_after_reopening_with_who_changed_what(study, open_study):
    study.score(0.0, 60.0, "W")
    study.score(30.0, 30.0, "N1")
    study.close()
    again = open_study()
    assert again.own_scoring == study.own_scoring
    last = again.history[-1]
    assert (last.author, last.update.verb) == ("reader", Verb.SCORE)
    assert last.update.restaged == (Restaging(again.own_scoring.scoring_id, 1, ("W",), ("N1",)),)
    again.undo()
    assert stages_of(again)[:2] == ("W", "W")


def test_another_set_of_stages_keeps_what_it_knows_and_can_be_undone(study):
    for onset_s, stage in ((0.0, "W"), (30.0, "N2"), (60.0, "R")):
        study.score(onset_s, 30.0, stage)
    study.begin_scoring(INFANT)
    assert stages_of(study)[:3] == ("W", "?", "R")
    study.score(30.0, 30.0, "T")
    study.undo()
    study.undo()
    assert stages_of(study)[:3] == ("W", "N2", "R")


def test_a_site_s_own_stages_are_kept_in_full(study, open_study):
    study.begin_scoring(SITE)
    study.score(0.0, 30.0, "AS")
    study.close()
    assert open_study().own_scoring.hypnogram.stage_set == SITE


def test_a_second_scorer_is_taken_in_beside_the_reader_and_replaced_by_his_next_file(study):
    study.score(0.0, 30.0, "W")
    study.add_scoring(Hypnogram(("N1",) * 6, scorer="Dr B"), "b.edf")
    study.add_scoring(Hypnogram(("N2",) * 6, scorer="Dr B"), "b2.edf")
    study.flush()
    own, other = study.scorings
    assert (own.scorer, other.scorer, other.source, other.hypnogram.stages[0]) == ("reader", "Dr B", "b2.edf", "N2")
    study.remove_scoring(other.scoring_id)
    study.undo()
    study.undo()
    study.flush()
    assert study.scorings[1].hypnogram.stages[0] == "N1"


@pytest.mark.parametrize(
    ("action", "cause"),
    [
        (lambda study: study.score(0.0, 30.0, "N"), "AASM has no stage N"),
        (lambda study: study.score(195.0, 5.0, "W"), "no whole epoch at 195 s"),
        (lambda study: study.remove_scoring("nothing"), "no such scoring"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(study, action, cause):
    study.begin_scoring(AASM)
    with pytest.raises(StudyError, match=cause):
        action(study)


def test_a_recording_without_one_epoch_cannot_be_scored(open_study):
    with pytest.raises(StudyError, match="not one of them"):
        open_study(duration_s=29.0).score(0.0, 30.0, "W")


def test_an_update_that_was_not_made_from_these_stages_is_refused():
    begun = Labels().apply(scoring.begin(Labels(), 90.0, AASM, stamp()))
    for wrong in (Restaging("x1", 0, ("W",), ("N1",)), Restaging("x1", 3, ("?",), ("W",)), Restaging("y", 0, (), ())):
        with pytest.raises(ValueError, match=r"not what the update changes|no scoring y"):
            begun.apply(Update(Verb.SCORE, restaged=(wrong,)))


def test_updates_read_as_they_were_spelled():
    begun = scoring.begin(Labels(), 90.0, SITE, stamp())
    (item,) = begun.added
    scored = scoring.score(item, 0.0, 60.0, "AS")
    for update in (begun, scored, scored.inverse(Verb.UNDO), begun.inverse(Verb.UNDO)):
        assert update_from_text(update.verb, update_to_text(update)) == update


def test_labels_for_export_hold_the_scorings_and_no_name_when_deidentified(study, tmp_path):
    study.score(0.0, 30.0, "W")
    study.add_scoring(Hypnogram(("N1",) * 6, scorer="Dr B"), "Smith.edf")
    study.close()
    labels = read_labels(tmp_path / "study")
    assert labels.fingerprint == FINGERPRINT
    assert [one.scorer for one in labels.scorings] == ["reader", "Dr B"]
    hidden = deidentify(labels).scorings
    assert [(one.scorer, one.source) for one in hidden] == [("reader1", ""), ("reader2", "")]
    assert [one.hypnogram.stages for one in hidden] == [one.hypnogram.stages for one in labels.scorings]


def test_all_that_a_network_said_is_packed_and_unpacked():
    time_s = np.array([15.0, 45.0])
    values = np.array([[0.2, 0.8], [np.nan, np.nan]], np.float32)
    answer = Answer("sleep_stage", "classes", ("W", "N1"), time_s, values, np.array([0.2, 0.8], np.float32))
    measure = Measure("modality_share", "share", ("EEG", "fMRI"), time_s, values)
    found = unpack_result(pack_result(KeptResult((answer,), (measure,), ("Only 6 électrodes.",))))
    assert found.problems == ("Only 6 électrodes.",)
    assert (found.answers[0].task, found.answers[0].columns, found.answers[0].columns_are) == (
        "sleep_stage",
        ("W", "N1"),
        "classes",
    )
    np.testing.assert_array_equal(found.answers[0].probability, values)
    np.testing.assert_array_equal(found.answers[0].overall, answer.overall)
    assert (found.measures[0].name, found.measures[0].columns) == ("modality_share", ("EEG", "fMRI"))
    np.testing.assert_array_equal(found.measures[0].values, values)
    assert unpack_result(b"") == KeptResult()


@pytest.mark.parametrize("cut", [1, 100, 600])
def test_a_damaged_result_is_refused(cut):
    whole = pack_result(KeptResult((), (), ("x",)))
    with pytest.raises(ValueError, match="cannot be read"):
        unpack_result(whole[: len(whole) - cut] if cut < len(whole) else b"x")
