import numpy as np
import pytest

from inference.errors import TrainingError
from inference.training.protocols import hold_out, leave_one_patient_out, make_folds


def describe(folds):
    return [(fold.training.tolist(), fold.test.tolist()) for fold in folds]


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_stands_on_both_sides_and_every_file_is_tested_once(seed):
    rng = np.random.default_rng(seed)
    patients = [f"sub-{number:02d}" for number in rng.integers(14, size=80)]
    folds = make_folds(patients, rng.integers(3, size=80).tolist(), 5, seed)
    for fold in folds:
        assert not {patients[i] for i in fold.training} & {patients[i] for i in fold.test}
        assert sorted([*fold.training, *fold.test]) == list(range(80))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(80))


def test_files_without_patients_are_divided_with_equal_shares_of_each_class():
    label = [0] * 100 + [1] * 50
    for fold in make_folds([str(i) for i in range(150)], label, 10, seed=3):
        assert np.bincount([label[i] for i in fold.test]).tolist() == [10, 5]


def test_a_rare_class_is_spread_over_the_folds_as_far_as_whole_patients_allow():
    patients = [f"p{i // 4}" for i in range(80)]
    label = [1 if i // 4 < 5 else 0 for i in range(80)]
    folds = make_folds(patients, label, 5, seed=1)
    assert [sum(label[i] for i in fold.test) for fold in folds] == [4] * 5


def test_the_seed_decides_who_goes_where():
    patients = [str(i) for i in range(40)]
    first, again, other = (make_folds(patients, [0] * 40, 4, seed) for seed in (7, 7, 8))
    assert describe(first) == describe(again) != describe(other)


def test_as_many_folds_as_patients_leave_no_fold_empty_however_unequal_they_are():
    patients = ["long"] * 50 + ["a", "b", "c"]
    assert sorted(len(fold.test) for fold in make_folds(patients, [0] * 53, 4, seed=0)) == [1, 1, 1, 50]


def test_each_patient_is_left_out_once():
    folds = leave_one_patient_out(["b", "a", "b", "c"])
    assert describe(folds) == [([0, 2, 3], [1]), ([1, 3], [0, 2]), ([0, 1, 2], [3])]


def test_a_hold_out_sets_its_share_aside():
    fold = hold_out([str(i) for i in range(50)], [0, 1] * 25, 0.2, seed=2)
    assert (len(fold.training), len(fold.test)) == (40, 10)
    of_two = hold_out(["a", "b", "b"], [0, 0, 1], 0.2, seed=0)
    assert sorted((len(of_two.training), len(of_two.test))) == [1, 2]


def test_too_few_patients_are_told():
    with pytest.raises(TrainingError, match="10 folds need as many patients or more, and there are 2"):
        make_folds(["a", "b", "b"], [0, 1, 0], 10, seed=0)
    with pytest.raises(TrainingError, match="two patients or more"):
        leave_one_patient_out(["a", "a"])
    with pytest.raises(TrainingError, match="Setting patients aside"):
        hold_out(["a", "a"], [0, 1], 0.2, seed=0)
    with pytest.raises(TrainingError, match="1 fold cannot be divided"):
        make_folds(["a", "b"], [0, 1], 1, seed=0)
