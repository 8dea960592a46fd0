import dataclasses

import numpy as np
import pytest

from inference.labels.scoring import Span
from inference.training.dsmn_windows import (
    INPUTS,
    LabelledWindows,
    cut_windows,
    join_windows,
    label_windows,
    split_patients,
)


@pytest.fixture
def windows() -> LabelledWindows:
    """Fifteen patients of three syndromes, four windows of each."""
    patient = np.repeat(np.arange(15), 4)
    return LabelledWindows(
        np.zeros((60, 3, 8), np.float32), np.ones((60, 3), np.float32), patient % 3, np.zeros(60, np.int64), patient
    )


def test_windows_are_the_papers():
    assert (INPUTS.window_s, INPUTS.hop_s, INPUTS.lff_hz, INPUTS.hff_hz) == (4.0, 2.0, 1.0, 70.0)
    assert len(INPUTS.eeg_electrodes) == 21


def test_windows_overlap_by_half_and_never_hold_a_gap():
    signals = np.arange(2 * 20 * 256, dtype=np.float32).reshape(2, -1)
    valid = np.ones(20 * 256, dtype=bool)
    valid[2000] = False
    windows, onset_s = cut_windows(signals, valid)
    assert onset_s.tolist() == [0.0, 2.0, 8.0, 10.0, 12.0, 14.0, 16.0]
    assert all(np.array_equal(w, signals[:, round(256 * t) :][:, :1024]) for w, t in zip(windows, onset_s, strict=True))


@pytest.mark.parametrize("n_samples", [0, 1023])
def test_a_recording_shorter_than_a_window_has_none(n_samples):
    windows, onset_s = cut_windows(np.zeros((3, n_samples), np.float32), np.ones(n_samples, dtype=bool))
    assert windows.shape == (0, 3, 1024)
    assert len(onset_s) == 0


@pytest.mark.parametrize(
    ("seizure", "labels"),
    [
        # A spasm of a second: half of it in the window makes the window one of a seizure.
        ((5.0, 6.0), [0, 1, 1, 0, 0]),
        ((3.8, 4.8), [-1, 1, 1, 0, 0]),
        # A long one: half of the window in it does.
        ((3.0, 60.0), [-1, 1, 1, 1, 1]),
        ((100.0, 101.0), [0, 0, 0, 0, 0]),
    ],
)
def test_a_window_is_of_a_seizure_with_half_of_it_and_unclear_with_less(seizure, labels):
    assert label_windows(np.arange(5) * 2.0, [Span(*seizure)]).tolist() == labels


def test_without_a_seizure_every_window_is_interictal():
    assert label_windows(np.arange(3) * 2.0, []).tolist() == [0, 0, 0]


def test_two_spasms_that_fill_half_of_a_window_together_make_it_one_of_a_seizure():
    assert label_windows(np.array([0.0]), [Span(-2.0, 1.0), Span(3.0, 6.0)]).tolist() == [1]


def test_those_who_do_not_train_validate(windows):
    split = split_patients(windows, {0, 1, 2})
    assert set(windows.patient[split.training].tolist()) == {0, 1, 2}
    assert set(windows.patient[split.validation].tolist()) == set(range(3, 15))
    assert sum(map(len, split)) == len(windows)


def test_windows_of_several_patients_are_joined_in_order(windows):
    joined = join_windows([windows, dataclasses.replace(windows, patient=windows.patient + 100)])
    assert len(joined) == 120
    assert joined.patient[[0, 60]].tolist() == [0, 100]
