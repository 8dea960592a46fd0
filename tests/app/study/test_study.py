import sqlite3
import threading

import numpy as np
import pytest

from app.study.edits import Verb
from app.study.opening import default_folder, open_study, read_labels
from app.study.store import DATABASE_NAME
from app.study.study import Study
from inference.errors import StudyError
from inference.labels.annotations import Decision
from tests.app.study.conftest import FINGERPRINT, Result
from tests.inference.labels.builders import START, VIEW


def test_an_edit_is_on_disk_then_acknowledged_then_shown(open_study, qtbot):
    study = open_study()
    study.set_detections([Result()])
    order = []

    def note_saved(sequence):
        on_disk = sqlite3.connect(study.folder / DATABASE_NAME)
        order.append(("saved", sequence, on_disk.execute("SELECT max(sequence) FROM journal").fetchone()[0]))
        on_disk.close()

    study.saved.connect(note_saved)
    study.annotations_changed.connect(lambda update: order.append(("shown", update.verb, threading.current_thread())))
    with qtbot.waitSignal(study.annotations_changed):
        study.accept("d1")
        assert study.annotations == () and not study.is_saved
    assert order == [("saved", 1, 1), ("shown", Verb.ACCEPT, threading.main_thread())]
    assert study.annotations[0].decision is Decision.ACCEPTED and study.is_saved


def test_edits_in_quick_succession_build_upon_one_another(open_study):
    study = open_study()
    study.set_detections([Result()])
    study.accept("d1")
    study.relabel("d1", "EMG-artifact")
    study.move("d1", 9.0, 2.0)
    study.reject("d1")
    study.undo()
    study.flush()
    (event,) = study.annotations
    assert (event.label, event.onset_s, event.decision) == ("EMG-artifact", 9.0, Decision.ACCEPTED)


def test_reopening_brings_everything_back_with_what_can_be_undone(open_study):
    study = open_study(duration_s=100.0, start=START)
    study.view = VIEW
    study.set_detections([Result()])
    study.accept("d1", 0.7)
    study.comment("d1", "clear")
    added = study.add(40.0, 1.0, "spasm")
    study.mark_reviewed(0.0, 60.0)
    study.reject("d2")
    study.undo()
    study.close()
    again = open_study()
    assert again.annotations == study.annotations and len(again.annotations) == 2
    assert again.reviewed_spans == study.reviewed_spans
    assert again.detections == study.detections and len(again.detections) == 3
    assert [entry.update.verb for entry in again.history] == [entry.update.verb for entry in study.history]
    assert again.annotations[0].view == VIEW and again.annotations[0].comment == "clear"
    assert again.labels.duration_s == 100.0 and again.labels.start == START
    assert again.can_redo
    again.redo()
    again.undo()
    again.undo()
    again.undo()
    again.flush()
    assert added not in {event.annotation_id for event in again.annotations} and again.reviewed_spans == ()


def test_the_probability_of_the_last_analysis_is_there_at_once(open_study):
    study = open_study()
    study.set_detections([Result()])
    study.close()
    (analysis,) = open_study().analyses
    np.testing.assert_array_equal(analysis.time_s, Result().time_s)
    np.testing.assert_array_equal(analysis.probability, Result().probability)
    assert analysis.probability.dtype == np.float32
    assert analysis.rule == Result.events and analysis.reference == Result.reference
    assert analysis.source.simulated is None


def test_a_network_without_events_is_kept_with_what_it_gave(open_study):
    sleep = Result(0)
    sleep.events, sleep.gist = None, "W 12 min, N2 3 min"
    sleep.probability = np.tile(sleep.probability[:, None], (1, 5))
    study = open_study()
    study.set_detections([sleep])
    study.close()
    (analysis,) = open_study().analyses
    assert analysis.rule is None
    assert analysis.gist == "W 12 min, N2 3 min"
    np.testing.assert_array_equal(analysis.probability, sleep.probability)


def test_an_event_can_be_changed_after_its_detection_is_gone(open_study):
    study = open_study()
    study.set_detections([Result()])
    study.accept("d1")
    study.set_detections([Result(0)])
    study.move("d1", 11.0, 1.0)
    study.flush()
    assert study.detections == () and study.annotations[0].onset_s == 11.0


def test_an_event_dragged_beyond_the_recording_ends_with_it(open_study):
    study = open_study(duration_s=60.0)
    study.add(-2.0, 5.0, "spasm")
    study.add(58.0, 5.0, "spasm")
    study.flush()
    assert [(event.onset_s, event.end_s) for event in study.annotations] == [(0.0, 3.0), (58.0, 60.0)]


def test_a_full_disk_is_told_and_nothing_is_pretended(open_study):
    study = open_study()
    study.set_detections([Result()])
    study.accept("d1")
    study.flush()
    saved, faults = [], []
    study.saved.connect(saved.append)
    study.failed.connect(faults.append)
    (pages,) = study._writer._store._connection.execute("PRAGMA page_count").fetchone()
    study._writer._store._connection.execute(f"PRAGMA max_page_count = {pages}")
    study.comment("d1", "x" * 1_000_000)
    study.relabel("d1", "EMG-artifact")
    study.flush()
    assert saved == [] and len(faults) == 1 and "the disk is full" in faults[0]
    assert study.annotations[0].comment == "" and study.annotations[0].label == "Epileptic-spasm"
    study._writer._store._connection.execute("PRAGMA max_page_count = 100000")
    study.reject("d1")
    study.close()
    assert saved == [2]
    (event,) = open_study().annotations
    assert (event.decision, event.comment) == (Decision.REJECTED, "")


def test_a_second_window_on_the_same_study_is_refused_with_a_sentence(open_study, tmp_path):
    first = open_study()
    with pytest.raises(StudyError, match="is open in another window"):
        open_study()
    first.add(1.0, 1.0, "spasm")
    first.flush()
    assert len(read_labels(first.folder).annotations) == 1
    first.close()
    assert len(open_study().annotations) == 1


def test_another_recording_s_study_is_refused(open_study, tmp_path):
    open_study().close()
    with pytest.raises(StudyError, match=r"belongs to another recording \(night.edf\)"):
        open_study("0" * 64)


def test_a_moved_recording_keeps_its_study(open_study, tmp_path, qapp):
    open_study().close()
    with_other_path = Study.open(tmp_path / "elsewhere" / "renamed.edf", FINGERPRINT, tmp_path / "study")
    with_other_path.close()
    assert read_labels(tmp_path / "study").recording_name == "renamed.edf"


def test_the_study_lies_in_the_user_s_data_under_the_recording_s_name(tmp_path):
    folder = default_folder(tmp_path / "night.edf", FINGERPRINT)
    assert folder.name == f"night-{FINGERPRINT[:12]}" and folder.parent.name == "studies"
    assert tmp_path not in folder.parents


def test_closing_writes_what_is_queued_and_ends_the_thread(open_study):
    study = open_study()
    for number in range(20):
        study.add(float(number), 1.0, "spasm")
    study.close()
    study.close()
    assert len(study.annotations) == 20
    assert not any(thread.name == "study-writer" for thread in threading.enumerate())
    with pytest.raises(StudyError, match="is closed"):
        study.add(1.0, 1.0, "spasm")


def test_verbs_on_events_that_do_not_exist_give_a_sentence(open_study):
    study = open_study()
    for verb in (study.accept, study.reject, study.mark_unsure, study.remove):
        with pytest.raises(StudyError, match="There is no event d77"):
            verb("d77")


def test_undoing_where_there_is_nothing_does_nothing(open_study):
    study = open_study()
    study.undo()
    study.redo()
    assert study.is_saved and study.history == () and not study.can_undo


def test_a_study_opened_on_another_thread_is_used_here(tmp_path, qapp):
    opened = []
    worker = threading.Thread(target=lambda: opened.append(open_study(tmp_path / "n.edf", FINGERPRINT, tmp_path / "s")))
    worker.start()
    worker.join()
    study = Study(opened[0])
    study.add(1.0, 1.0, "spasm")
    study.close()
    assert len(study.annotations) == 1
