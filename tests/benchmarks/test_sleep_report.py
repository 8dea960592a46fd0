import json

import numpy as np
import pytest

from inference.models.sleep_staging import CLASSES
from tests.benchmarks.sleep_report import balanced_accuracy, compare, summarise, write_tables
from tests.benchmarks.sleep_rows import N_FOLDS
from tests.benchmarks.sleep_tables import SETTINGS


def subject(name: str, right: int, wrong: int) -> dict:
    """A subject with as many epochs of W and of N1, of each of which so many were staged rightly."""
    counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=int)
    counts[0, 0] = counts[1, 1] = right
    counts[0, 1] = counts[1, 0] = wrong
    return {"subject": name, "confusion": counts.tolist()}


def row(*shares: int) -> dict:
    """A row of ten epochs of each stage and subject, of which so many were staged rightly."""
    return {"by_subject": {"0": {str(i): subject("", n, 10 - n)["confusion"] for i, n in enumerate(shares)}}}


def test_balanced_accuracy_is_the_mean_recall_of_the_stages_that_occur():
    counts = np.zeros((1, 2, len(CLASSES), len(CLASSES)), dtype=np.int64)
    counts[0, :, 0, 0], counts[0, :, 2, 2], counts[0, :, 2, 0] = 90, 1, 3
    assert balanced_accuracy(counts, np.array([[0, 1], [1, 1]])).tolist() == [[62.5, 62.5]]


def test_a_gain_is_sure_only_where_subjects_agree_on_it():
    better, worse, mixed = row(9, 9, 8, 9), row(5, 6, 4, 5), row(10, 3, 10, 9)
    assert compare(better, worse)["points"] == pytest.approx(37.5)
    assert compare(better, worse)["sure"]
    assert not compare(better, mixed)["sure"]


def test_figures_of_the_tables_can_be_added_up_again_from_what_is_kept_of_each_subject(tmp_path):
    def read(cohort: str, protocol: str, name: str, seed: int) -> list[dict] | None:
        if (cohort, name) not in (("naps", "eeg"), ("naps", "fused")):
            return None
        lead = name == "fused"
        folds = [[subject(f"{fold}", 7 + lead, 3 - lead)] * 2 for fold in range(N_FOLDS[protocol])]
        return [{"seconds": 1.0, "fusion": {}, "subjects": subjects} for subjects in folds]

    figures = summarise(read, "naps", "cross", "eeg", [0])
    assert figures["balanced_accuracy"] == pytest.approx(0.7)
    write_tables(tmp_path / "tables", read, [0], "command", SETTINGS)
    kept = json.loads((tmp_path / "tables.json").read_text())
    counts = np.array([list(kept["rows"]["naps/cross/fused"]["by_subject"]["0"].values())])
    assert balanced_accuracy(counts, np.arange(3)[None]) == pytest.approx(80.0)
    assert kept["compared"]["naps/cross/fused less eeg"]["points"] == pytest.approx(10.0)
    path = tmp_path / "tables.md"
    assert (
        "| fMRI beside the EEG | +10.0 (+10.0 to +10.0) | -0.5 | a gain, where the paper finds the two about equal |"
        in path.read_text()
    )
    path.write_text(path.read_text() + "\n## Reading\n\nBy hand.\n")
    write_tables(tmp_path / "tables", read, [0], "command", SETTINGS)
    assert path.read_text().endswith("\n\n## Reading\n\nBy hand.\n")
