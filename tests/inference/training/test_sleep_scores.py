import numpy as np
import pytest
from sklearn import metrics

from inference.models.sleep_staging import CLASSES
from inference.training.sleep_scores import StagedSubject, describe_fusion, score_confusion, score_subjects

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
    assert score_confusion(one.confusion) == {
        "accuracy": pytest.approx(metrics.accuracy_score(one.stage, answer)),
        "balanced_accuracy": pytest.approx(
            metrics.recall_score(one.stage, answer, labels=present, average="macro", zero_division=0)
        ),
        "macro_f1": pytest.approx(
            metrics.f1_score(one.stage, answer, labels=present, average="macro", zero_division=0)
        ),
        "kappa": pytest.approx(metrics.cohen_kappa_score(one.stage, answer)),
    }


def test_a_stage_that_never_occurs_does_not_count():
    confusion = np.zeros((5, 5), dtype=np.int64)
    confusion[0, 0] = confusion[2, 2] = 10
    assert score_confusion(confusion)["balanced_accuracy"] == 1.0


def test_intervals_hold_the_score_and_are_wider_with_fewer_subjects():
    many, few = score_subjects([staged(s) for s in range(40)]), score_subjects([staged(s) for s in range(5)])
    for score in (many, few):
        low, high = score.intervals["balanced_accuracy"]
        assert low <= score.balanced_accuracy <= high
    spread = [np.ptp(score.intervals["accuracy"]) for score in (many, few)]
    assert spread[1] > 1.5 * spread[0]


def test_sessions_of_one_subject_count_as_one_subject():
    score = score_subjects([staged(1, subject="a"), staged(2, subject="a"), staged(3, subject="b")])
    assert score.n_subjects == 2
    assert np.sum(score.confusion) == 180
    assert score.describe()["stages"] == list(CLASSES)


def test_gate_and_cka_are_told_over_epochs_with_both_modalities_only():
    both, alone = staged(1), staged(2)
    eeg_only = StagedSubject("e", alone.stage, alone.logits, np.ones(60), alone.eeg, np.zeros((60, WIDTH)))
    told = describe_fusion([both, eeg_only])
    assert told["epochs"] == 60
    assert told["gate_mean_by_stage"] == {"W": 0.1, "N1": 0.3, "N2": 0.5, "N3": 0.7}
    assert 0 < told["linear_cka"] < 0.3
    assert describe_fusion([eeg_only]) == {}
