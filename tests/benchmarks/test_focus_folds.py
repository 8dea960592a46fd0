import numpy as np

from tests.benchmarks.focus_folds import N_FOLDS, agreement, folds_of, interval_over_files, simultaneous_groups

RATE_HZ = 128.0


def drifting_noise(n_files: int, n_samples: int, seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).standard_normal((n_files, 1, n_samples)), axis=-1)


def test_files_of_one_moment_are_grouped_and_merely_similar_ones_are_not():
    own = drifting_noise(6, 2048, seed=0)
    # Files 0 and 1 hear the same source at different gain; file 2 has it a second later, which is another moment.
    source = drifting_noise(1, 2304, seed=1)[0, 0]
    signals = own.copy()
    signals[0, 0] += 2.0 * source[:2048]
    signals[1, 0] -= 3.0 * source[:2048]
    signals[2, 0] += 2.0 * source[128:2176]
    group = simultaneous_groups(agreement(signals.astype(np.float32), RATE_HZ))
    assert group[0] == group[1]
    assert len(set(group.tolist())) == 5


def test_a_group_never_stands_on_both_sides_of_a_fold():
    label = np.repeat([0, 1], 40)
    group = np.arange(80) // 3
    tested = []
    for train, test in folds_of(label, group, seed=3):
        assert not set(group[train]) & set(group[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(80))
    assert len(folds_of(label, None, seed=3)) == N_FOLDS


def test_the_interval_across_files_holds_the_mean_and_narrows_with_the_number_of_files():
    right = np.random.default_rng(0).random((5, 400)) < 0.8
    low, high = interval_over_files(right)
    few_low, few_high = interval_over_files(right[:, :40])
    assert low < right.mean() < high
    assert high - low < few_high - few_low
