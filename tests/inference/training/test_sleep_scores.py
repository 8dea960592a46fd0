import numpy as np
import pytest
from sklearn import metrics

from inference.models.sleep_staging import CLASSES
from inference.training.sleep_scores import StagedSubject, describe_counts, describe_fusion, describe_subjects

WIDTH = 4


def staged(seed: int, n: int = 60, right: float = 0.7, subject: str = "") -> StagedSubject:
    random = np.random.default_rng(seed)
    stage = random.integers(0, 4, n)
    answer = np.where(random.random(n) < right, stage, random.integers(0, 5, n))
    embeddings = random.standard_normal((2, n, WIDTH))
    return StagedSubject(subject or str(seed), stage, np.eye(5)[answer], 0.2 * stage + 0.1, *embeddings)


def test_scores_are_those_of_scikit_learn():
    one = staged(1)
    answer = one.logits.argmax(axis=1)
    present = np.unique(one.stage)
    told = describe_subjects([one, staged(2)])
    stage = np.concatenate([one.stage, staged(2).stage])
    answer = np.concatenate([answer, staged(2).logits.argmax(axis=1)])
    recall = metrics.recall_score(stage, answer, labels=present, average="macro", zero_division=0)
    assert told["accuracy"] == pytest.approx(metrics.accuracy_score(stage, answer), abs=1e-4)
    assert told["balanced_accuracy"] == pytest.approx(recall, abs=1e-4)
    assert told["kappa"] == pytest.approx(metrics.cohen_kappa_score(stage, answer), abs=1e-4)
    np.testing.assert_array_equal(told["confusion"], metrics.confusion_matrix(stage, answer, labels=range(5)))


def test_intervals_hold_the_score_and_are_wider_with_fewer_subjects():
    many, few = (describe_subjects([staged(s) for s in range(n)]) for n in (40, 5))
    for told in (many, few):
        low, high = told["interval_95_by_subject"]["balanced_accuracy"]
        assert low <= told["balanced_accuracy"] <= high
    spread = [np.ptp(told["interval_95_by_subject"]["accuracy"]) for told in (many, few)]
    assert spread[1] > 1.5 * spread[0]


def test_sessions_of_one_subject_count_as_one_subject():
    told = describe_subjects([staged(1, subject="a"), staged(2, subject="a"), staged(3, subject="b")])
    assert (told["subjects"], told["epochs"]) == (2, 180)
    assert told["stages"] == list(CLASSES)


def test_counts_score_as_the_epochs_that_they_count():
    subjects = [staged(s) for s in range(4)]
    assert describe_counts([(s.subject, s.confusion) for s in subjects]) == describe_subjects(subjects)


def test_gate_and_cka_are_told_over_epochs_with_both_modalities_only():
    both, alone = staged(1), staged(2)
    eeg_only = StagedSubject("e", alone.stage, alone.logits, np.ones(60), alone.eeg, np.zeros((60, WIDTH)))
    told = describe_fusion([both, eeg_only])
    assert told["epochs"] == 60
    assert told["gate_mean_by_stage"] == {"W": 0.1, "N1": 0.3, "N2": 0.5, "N3": 0.7}
    assert 0 < told["linear_cka"] < 0.3
    assert describe_fusion([eeg_only]) == {}
