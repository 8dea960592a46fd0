import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from inference.errors import LabelError
from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_agreement import cohens_kappa, compare_hypnograms
from inference.labels.sleep_stages import AASM, INFANT, RECHTSCHAFFEN_KALES, UNSCORED


def test_the_five_scorers_agree_as_scikit_learn_says(test_data):
    folder = test_data / "hypnograms" / "dreem_dodh"
    nights = {path.name for path in folder.glob("scorer_1/*.json")}
    assert len(nights) == 3
    for night in nights:
        scored = [read_hypnogram(folder / f"scorer_{i}" / night) for i in range(1, 6)]
        for first, second in itertools.combinations(scored, 2):
            pairs = [p for p in zip(first.stages, second.stages, strict=True) if UNSCORED not in p]
            ours, theirs = zip(*pairs, strict=True)
            found = compare_hypnograms(first, second)
            assert found.kappa == pytest.approx(cohen_kappa_score(ours, theirs), abs=1e-12)
            np.testing.assert_array_equal(found.confusion, confusion_matrix(ours, theirs, labels=AASM.codes))
            assert found.n_left_out == first.n_epochs - len(pairs)
            assert len(found.disagreements_s) == sum(a != b for a, b in pairs)
            for code in AASM.codes:
                one_against_rest = cohen_kappa_score([a == code for a in ours], [b == code for b in theirs])
                assert found.stage_kappa[code] == pytest.approx(one_against_rest, abs=1e-12)


def test_only_the_common_time_is_compared():
    first = Hypnogram(("W", "N1", "N2", "R"), onset_s=0.0)
    second = Hypnogram(("N1", "N3", "R", "W"), onset_s=30.0)
    found = compare_hypnograms(first, second)
    assert (found.n_epochs, found.agreement, found.disagreements_s) == (3, pytest.approx(2 / 3), (60.0,))
    assert compare_hypnograms(second, first).disagreements_s == (60.0,)


def test_rechtschaffen_and_kales_is_compared_as_aasm():
    old = Hypnogram(("W", "S1", "S4", "S3", "M"), stage_set=RECHTSCHAFFEN_KALES)
    found = compare_hypnograms(old, Hypnogram(("W", "N1", "N3", "N3", "W")))
    assert (found.kappa, found.n_left_out) == (1.0, 1)


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        (Hypnogram(("N",), stage_set=INFANT), "cannot be compared"),
        (Hypnogram(("W",), epoch_s=20.0), "Epochs of 30 s cannot be compared with epochs of 20 s"),
        (Hypnogram(("W",), onset_s=12.0), "12 s beside each other"),
        (Hypnogram(("?",)), "no epoch that both scored"),
        (Hypnogram(("W",), onset_s=3000.0), "no epoch that both scored"),
        (Hypnogram(("W",), onset_s=-3000.0), "no epoch that both scored"),
    ],
)
def test_what_cannot_be_compared_is_refused(other, cause):
    with pytest.raises(LabelError, match=cause):
        compare_hypnograms(Hypnogram(("W", "N1")), other)


def test_kappa_is_not_a_number_where_chance_alone_agrees_on_everything():
    assert math.isnan(cohens_kappa([[7, 0], [0, 0]]))
    assert math.isnan(cohens_kappa(np.zeros((3, 3))))
    assert cohens_kappa([[5, 0], [0, 5]]) == 1.0
