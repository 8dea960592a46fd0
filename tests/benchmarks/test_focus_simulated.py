import numpy as np
import pytest

from inference.training.focus_scores import PatientScore
from tests.benchmarks.focus_simulated import gain_over_trees, per_patient, table


def scores(*named: bool) -> list[PatientScore]:
    """Patients with one focal channel of four, which every window names or none does."""
    label = np.array([1, 0, 0, 0])
    rows = [np.tile(np.where(label == int(right), 1.0, np.array([0.0, -1.0, -2.0, -3.0])), (5, 1)) for right in named]
    return [PatientScore(seed, "scalp", log_odds, label) for seed, log_odds in enumerate(rows)]


def test_a_gain_is_of_the_same_patients_and_adds_up_from_what_is_kept_of_each():
    ours, trees = scores(True, True, True, False), scores(False, False, True, False)
    mean, low, high = gain_over_trees(ours, trees)["named_focus"]
    kept = [[per_patient(score)["named_focus"] for score in method] for method in (ours, trees)]
    assert mean == pytest.approx(np.mean(kept[0]) - np.mean(kept[1])) == pytest.approx(0.5)
    assert low <= mean <= high


def test_trees_stand_in_the_table_without_a_gain_over_themselves():
    lines = table({"scalp": {"trees": scores(False, True), "network": scores(True, True)}})
    trees, network = (line for line in lines if line.startswith(("| extra-trees", "| network")))
    assert ";" not in trees
    assert "100.0 (100.0 to 100.0); +50.0 (+0.0 to +100.0)" in network
