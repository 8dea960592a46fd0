"""Another threshold makes other events, never other decisions."""

import numpy as np
import pytest

from app.study.edits import Verb
from app.study.opening import read_labels
from app.study.rules import CLUSTER_GAP, CLUSTER_SIZE
from inference.errors import StudyError
from inference.labels.annotations import Decision
from inference.labels.clusters import ClusterRule
from inference.runtime.detections import DetectionSource, form_detections
from tests.app.study.conftest import RULE, Result
from tests.inference.labels.builders import MODEL


class Peaks(Result):
    """A result with a peak of 0.9 at 10 s, one of 0.7 at 20 s, of 0.5 at 30 s and of 0.35 at 40 s; threshold 0.6."""

    def __init__(self):
        super().__init__()
        self.probability = np.zeros(120, dtype=np.float32)
        for height, time_s in ((0.9, 10), (0.7, 20), (0.5, 30), (0.35, 40)):
            self.probability[2 * time_s : 2 * time_s + 3] = height
        source = DetectionSource(MODEL, "temperature 1", ("C3", "C4"))
        self.detections = form_detections(self.time_s, self.probability, RULE, source, 60.0)


@pytest.fixture
def study(open_study):
    study = open_study(duration_s=60.0)
    study.set_detections([Peaks()])
    return study


def told(detections):
    return [round(detection.probability, 2) for detection in detections]


def test_a_lower_threshold_finds_more_without_the_network_and_undo_takes_it_back(study):
    assert told(study.detections) == [0.9, 0.7] and told(study.near_misses) == [0.5, 0.35]
    study.choose_threshold(MODEL, 0.45)
    study.flush()
    assert told(study.detections) == [0.9, 0.7, 0.5] and told(study.near_misses) == [0.35]
    assert study.rules[MODEL.name].threshold == 0.45
    study.choose_threshold(MODEL, 0.8)
    study.flush()
    assert told(study.detections) == [0.9] and told(study.near_misses) == [0.7, 0.5]
    study.undo()
    study.undo()
    study.flush()
    assert told(study.detections) == [0.9, 0.7] and study.rules[MODEL.name] == RULE


def test_a_threshold_that_is_tried_out_leaves_no_trace_until_it_is_chosen(study):
    study.try_threshold(MODEL, 0.45)
    assert told(study.detections) == [0.9, 0.7, 0.5]
    assert study.history == ()
    study.choose_threshold(MODEL, 0.45)
    study.flush()
    assert [entry.update.verb for entry in study.history] == [Verb.SET]
    study.try_threshold(MODEL, 0.8)
    study.choose_threshold(MODEL, 0.45)
    assert told(study.detections) == [0.9, 0.7, 0.5]


def test_the_study_remembers_the_threshold_and_at_which_one_an_event_was_decided(study, open_study):
    study.choose_threshold(MODEL, 0.45)
    study.flush()
    third = study.detections[2]
    study.accept(third.detection_id)
    study.choose_threshold(MODEL, 0.8)
    study.close()
    again = open_study()
    assert again.rules[MODEL.name].threshold == 0.8 and told(again.detections) == [0.9]
    kept = again.detection_of(third.detection_id)
    assert (kept.probability, kept.threshold) == (0.5, 0.45)
    (label,) = read_labels(again.folder).annotations
    (exported,) = (item for item in read_labels(again.folder).detections if item.detection_id == label.detection_id)
    assert exported.threshold == 0.45


def test_a_near_miss_that_is_accepted_becomes_an_annotation_and_undo_makes_it_a_near_miss_again(study):
    miss = study.near_misses[0]
    study.accept(miss.detection_id)
    study.flush()
    (event,) = study.annotations
    assert (event.decision, event.detection_id, event.onset_s) == (Decision.ACCEPTED, miss.detection_id, miss.onset_s)
    study.undo()
    study.redo()
    study.remove(miss.detection_id)
    study.reject(miss.detection_id)
    study.flush()
    assert study.annotations[0].decision is Decision.REJECTED


def test_a_cluster_is_decided_in_one_edit_and_undone_in_one(study):
    study.decide_all([detection.detection_id for detection in study.detections], Decision.ACCEPTED)
    study.flush()
    assert {event.decision for event in study.annotations} == {Decision.ACCEPTED} and len(study.annotations) == 2
    study.decide_all([detection.detection_id for detection in study.detections], Decision.REJECTED)
    study.remove_all([detection.detection_id for detection in study.detections])
    study.undo()
    study.flush()
    assert {event.decision for event in study.annotations} == {Decision.REJECTED}
    assert [entry.update.verb for entry in study.history] == [Verb.ACCEPT, Verb.REJECT, Verb.REMOVE, Verb.UNDO]


def test_what_makes_a_cluster_is_chosen_undone_and_kept_for_exports(study):
    changed = []
    study.detections_changed.connect(lambda: changed.append(study.cluster_rule))
    study.choose(CLUSTER_GAP, 30.0)
    study.choose(CLUSTER_SIZE, 2)
    study.choose(CLUSTER_SIZE, 2)
    study.flush()
    assert changed == [ClusterRule(gap_s=30.0), ClusterRule(30.0, 2)]
    assert read_labels(study.folder).cluster_rule == ClusterRule(30.0, 2)
    study.undo()
    study.flush()
    assert study.cluster_rule == ClusterRule(gap_s=30.0)


@pytest.mark.parametrize(("setting", "value"), [(CLUSTER_GAP, 0.0), (CLUSTER_SIZE, 1), ("threshold:x", 1.5)])
def test_numbers_that_make_no_sense_are_refused_with_a_sentence(study, setting, value):
    with pytest.raises(StudyError, match=r"lies between .* does not\."):
        study.choose(setting, value)


def test_a_threshold_that_cannot_be_kept_is_not_shown_either(study):
    study.try_threshold(MODEL, 0.8)
    with pytest.raises(StudyError):
        study.choose_threshold(MODEL, 2.0)
    assert told(study.detections) == [0.9, 0.7]


def test_a_result_of_two_classes_is_formed_from_the_one_that_events_are_of(open_study):
    result = Peaks()
    result.probability = np.stack([1 - result.probability, result.probability], axis=1)
    study = open_study(duration_s=60.0)
    study.set_detections([result])
    study.choose_threshold(MODEL, 0.45)
    study.flush()
    assert told(study.detections) == [0.9, 0.7, 0.5]
    assert study.detections[0].channels == ("C3", "C4")


def test_a_network_that_finds_no_events_has_no_threshold(open_study):
    result = Peaks()
    result.events, result.detections = None, ()
    study = open_study(duration_s=60.0)
    study.set_detections([result])
    assert study.rules == {} and study.near_misses == ()
