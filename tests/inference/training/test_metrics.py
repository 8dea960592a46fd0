import math

import numpy as np
import pytest
from sklearn import metrics as reference

from inference.labels.scoring import Score
from inference.training.metrics import PAPER_FIGURES, Figure, make_predictions, score_events, score_windows

STAGES = ("W", "N1", "N2", "N3", "R")


def draw(n_classes: int, n: int = 400, n_patients: int = 8, seed: int = 0):
    """Windows of patients whose probabilities are somewhat right, some of them tied."""
    rng = np.random.default_rng(seed)
    truth, patient = rng.integers(n_classes, size=n), rng.integers(n_patients, size=n)
    chances = rng.random((n, n_classes)) + 0.5 * np.eye(n_classes)[truth]
    chances = np.round(chances, 1) + 0.01
    return truth, chances / chances.sum(axis=1, keepdims=True), patient


def test_figures_of_two_classes_are_those_of_scikit_learn():
    truth, chances, patient = draw(2)
    chance = np.round(chances[:, 1], 2)
    scores = score_windows(make_predictions(truth, chance, patient, ("background", "spasm"), threshold=0.45))
    said = (chance >= 0.45).astype(int)
    expected = {
        "accuracy": reference.accuracy_score(truth, said),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, said),
        "kappa": reference.cohen_kappa_score(truth, said),
        "macro_f1": reference.f1_score(truth, said, average="macro"),
        "sensitivity": reference.recall_score(truth, said),
        "specificity": reference.recall_score(truth, said, pos_label=0),
        "precision": reference.precision_score(truth, said),
        "npv": reference.precision_score(truth, said, pos_label=0),
        "f1": reference.f1_score(truth, said),
        "auc": reference.roc_auc_score(truth, chance),
    }
    assert {name: figure.value for name, figure in scores.figures.items()} == pytest.approx(expected)
    np.testing.assert_array_equal(scores.confusion, reference.confusion_matrix(truth, said))


def test_figures_of_several_classes_are_the_macro_means_of_scikit_learn():
    truth, chances, patient = draw(5)
    scores = score_windows(make_predictions(truth, chances, patient, STAGES))
    said = chances.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(truth, said),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, said),
        "kappa": reference.cohen_kappa_score(truth, said),
        "macro_f1": reference.f1_score(truth, said, average="macro"),
        "sensitivity": reference.recall_score(truth, said, average="macro"),
        "precision": reference.precision_score(truth, said, average="macro"),
        "f1": reference.f1_score(truth, said, average="macro"),
        "auc": reference.roc_auc_score(truth, chances, multi_class="ovr", average="macro"),
    }
    assert {name: scores.figures[name].value for name in expected} == pytest.approx(expected)
    each = reference.precision_recall_fscore_support(truth, said)
    for index, stage in enumerate(STAGES):
        of_stage = [scores.per_class[stage][name].value for name in ("precision", "sensitivity", "f1")]
        assert of_stage == pytest.approx([column[index] for column in each[:3]])


def test_a_class_that_does_not_occur_leaves_the_means_alone_and_one_never_said_does_not_help_precision():
    truth = np.array([0, 0, 1, 1, 2, 2])
    chances = np.eye(5)[[0, 0, 1, 1, 1, 1]]
    scores = score_windows(make_predictions(truth, chances, np.arange(6), STAGES))
    assert scores.figures["balanced_accuracy"].value == pytest.approx(2 / 3)
    assert scores.figures["precision"].value == pytest.approx((1 + 0.5 + 0) / 3)
    assert math.isnan(scores.per_class["R"]["sensitivity"].value)


def test_the_interval_of_the_auc_is_that_of_resampling_patients_one_draw_after_the_other():
    truth, chances, patient = draw(2, n=60, n_patients=4)
    predictions = make_predictions(truth, chances[:, 1], patient, ("background", "spasm"))
    rng = np.random.default_rng(5)
    drawn = []
    for times in rng.multinomial(4, np.full(4, 0.25), size=200):
        rows = np.concatenate([np.flatnonzero(patient == p) for p in np.repeat(np.arange(4), times)])
        drawn.append(reference.roc_auc_score(truth[rows], chances[rows, 1]))
    figure = score_windows(predictions, seed=5, n_resamples=200).figures["auc"]
    assert (figure.low, figure.high) == pytest.approx(tuple(np.percentile(drawn, (2.5, 97.5))))


def test_intervals_widen_when_the_windows_of_a_patient_are_alike():
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(10), 100)
    truth = np.tile([0, 1], 500)
    is_right = np.repeat(rng.random(10) < 0.7, 100)
    chance = np.where(is_right, truth, 1 - truth).astype(float)
    by_patient = score_windows(make_predictions(truth, chance, patient, ("no", "yes"))).figures["accuracy"]
    by_window = score_windows(make_predictions(truth, chance, np.arange(1000), ("no", "yes"))).figures["accuracy"]
    assert by_patient.value == by_window.value
    assert by_patient.high - by_patient.low > 5 * (by_window.high - by_window.low)


def test_the_same_seed_gives_the_same_interval_and_one_patient_none():
    truth, chances, patient = draw(5)
    predictions = make_predictions(truth, chances, patient, STAGES)
    assert score_windows(predictions, seed=3).describe() == score_windows(predictions, seed=3).describe()
    assert score_windows(predictions, seed=3).describe() != score_windows(predictions, seed=4).describe()
    alone = score_windows(make_predictions(truth, chances, np.zeros_like(patient), STAGES))
    assert alone.figures["accuracy"].describe()["interval_95"] is None
    assert str(Figure(0.5)) == "0.500"
    assert str(Figure(math.nan)) == "n/a"


def test_figures_that_cannot_be_computed_are_none_rather_than_a_number():
    never = make_predictions([0, 0, 1], [0.1, 0.2, 0.3], ["a", "b", "c"], ("background", "spasm"))
    assert score_windows(never).figures["precision"].describe() == {"value": None, "interval_95": None}
    no_spasm = make_predictions([0, 0], [0.1, 0.9], ["a", "b"], ("background", "spasm"))
    figures = score_windows(no_spasm).figures
    assert math.isnan(figures["sensitivity"].value)
    assert math.isnan(figures["auc"].value)
    assert figures["specificity"].value == 0.5


def test_events_are_added_up_over_recordings_and_resampled_by_patient():
    scores = [Score(10, 8, 9, 8, 3600.0), Score(0, 0, 2, 0, 3600.0), Score(5, 1, 1, 1, 1800.0)]
    figures = score_events(scores, ["a", "a", "b"])
    assert figures["sensitivity"].value == pytest.approx(9 / 15)
    assert figures["false_per_hour"].value == pytest.approx(3 / 2.5)
    assert (figures["sensitivity"].low, figures["sensitivity"].high) == pytest.approx((0.2, 0.8))


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="do not match"):
        make_predictions([0, 1], [0.1, 0.2, 0.3], [0, 1], ("no", "yes"))
    with pytest.raises(ValueError, match="not finite"):
        make_predictions([0, 1], [0.1, math.nan], [0, 1], ("no", "yes"))


def test_every_figure_that_a_paper_prints_is_computed():
    truth, chances, patient = draw(2)
    computed = score_windows(make_predictions(truth, chances, patient, ("no", "yes"))).figures
    assert {name for figures in PAPER_FIGURES.values() for name in figures.values()} <= set(computed)
