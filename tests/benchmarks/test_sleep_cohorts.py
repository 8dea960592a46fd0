import numpy as np

from inference.models.sleep_staging import ELECTRODES
from inference.training.sleep_sessions import CONFIG, SleepSession
from tests.benchmarks.sleep_cohorts import GAP_EPOCHS, cross_subject, within_subject


def sessions() -> list[SleepSession]:
    nothing = np.zeros((30, len(ELECTRODES), 1), dtype=np.float16)
    stage = np.zeros(30, dtype=np.int64)
    stage[7] = -1
    return [SleepSession(f"sub-{i // 2}", nothing, np.ones(len(ELECTRODES), bool), None, stage) for i in range(14)]


def test_nobody_is_trained_on_and_tested_at_once_and_everybody_is_tested_once():
    made = sessions()
    tested = []
    for split in cross_subject(made, 3, seed=1):
        parts = (split.train, split.test)
        sides = [{s.subject for s, epochs in zip(made, part, strict=True) if len(epochs)} for part in parts]
        assert not sides[0] & sides[1]
        tested += sides[1]
        assert all(7 not in epochs for epochs in (*split.train, *split.test))
    assert sorted(tested) == sorted({s.subject for s in made})


def test_within_a_subject_no_context_reaches_from_training_into_testing():
    made = sessions()
    tested = [[] for _ in made]
    context_s = max(CONFIG.n_volumes * CONFIG.tr_s, 3 * CONFIG.epoch_s)
    for split in within_subject(made):
        for index, (train, test) in enumerate(zip(split.train, split.test, strict=True)):
            nearest = np.abs(train[:, None] - test).min()
            assert nearest > GAP_EPOCHS
            assert nearest * CONFIG.epoch_s >= context_s
            tested[index] += test.tolist()
    assert all(sorted(epochs) == made[0].scored.tolist() for epochs in tested)
