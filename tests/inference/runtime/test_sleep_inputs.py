from dataclasses import replace

import numpy as np
import pytest

from inference.errors import AnalysisError, ModelPackageError
from inference.models.sleep_staging import ELECTRODES
from inference.recordings.recording import Gap
from inference.runtime.cards import SleepInputs
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer
from tests.inference.runtime.patients import change_signals, make_patient, only_muscles

SPEC = SleepInputs(
    eeg_electrodes=ELECTRODES,
    rate_hz=100.0,
    epoch_s=30.0,
    n_epochs=3,
    lff_hz=0.3,
    hff_hz=35.0,
    n_regions=100,
    n_volumes=42,
    tr_s=2.1,
)


@pytest.fixture(scope="module")
def sleeper():
    return make_patient(195.0, gaps=(Gap(65.0, 2.0),))


@pytest.fixture(scope="module")
def epochs(sleeper):
    return SleepPreparer(sleeper, SPEC).read_epochs(0, 6)


def bold(n_volumes: int = 100, n_regions: int = 100, onset_s: float = 0.0) -> BoldSignals:
    return BoldSignals(np.random.default_rng(5).normal(size=(n_volumes, n_regions)), onset_s, 2.1)


def test_epochs_do_not_depend_on_the_order_in_which_they_are_read(sleeper, epochs):
    preparer = SleepPreparer(sleeper, SPEC)
    for first in (4, 0, 2, 5, 1, 3):
        np.testing.assert_array_equal(preparer.read_epochs(first, first + 1)[0], epochs[first])


def test_aligned_epochs_are_white_on_average_but_for_the_direction_of_the_reference(epochs):
    whole = epochs[np.isfinite(epochs).all(axis=(1, 2))].astype(np.float64)
    assert len(whole) == 5
    power = np.linalg.eigvalsh(np.mean([epoch @ epoch.T / epoch.shape[1] for epoch in whole], axis=0))
    np.testing.assert_allclose(power, [0.0, *np.ones(18)], atol=1e-4)


def test_gains_of_the_amplifier_do_not_matter_to_the_alignment(sleeper, epochs):
    louder = change_signals(sleeper, {channel.name: 7.0 for channel in sleeper.channels})
    np.testing.assert_allclose(SleepPreparer(louder, SPEC).read_epochs(0, 2), epochs[:2], atol=1e-3)


def test_each_window_has_its_neighbours_and_the_epoch_with_a_gap_is_missing(sleeper, epochs):
    inputs = SleepPreparer(sleeper, SPEC).gather(0, 6)
    assert {name: array.shape[1:] for name, array in inputs.items()} == dict(SPEC.shapes)
    assert {array.dtype for array in inputs.values()} == {np.dtype(np.float32)}
    present = inputs["eeg_present"].max(axis=2)
    expected = np.array([[0, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(present, expected)
    np.testing.assert_array_equal(inputs["eeg"][4], epochs[3:6])
    assert not inputs["bold_present"].any()


def test_windows_gathered_in_pieces_are_those_gathered_at_once(sleeper):
    whole = SleepPreparer(sleeper, SPEC, bold=bold()).gather(0, 6)
    preparer = SleepPreparer(sleeper, SPEC, bold=bold())
    pieces = [preparer.gather(first, stop) for first, stop in ((0, 1), (1, 4), (4, 6))]
    for name, array in whole.items():
        np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), array)


def test_the_fmri_is_shown_where_it_was_recorded(sleeper):
    inputs = SleepPreparer(sleeper, SPEC, bold=bold(60, onset_s=60.0)).gather(0, 6)
    assert inputs["bold_present"][:, 0].tolist() == [0, 0, 1, 1, 1, 1]
    assert not inputs["bold"][:2].any()
    assert inputs["bold"][3].any()


def test_fmri_alone_is_enough():
    preparer = SleepPreparer(only_muscles(65.0), SPEC, bold=bold())
    inputs = preparer.gather(0, preparer.n_epochs)
    assert not preparer.has_eeg
    assert not inputs["eeg_present"].any()
    assert inputs["bold_present"].all()


def test_regions_that_the_network_does_not_know_are_refused(sleeper):
    with pytest.raises(AnalysisError, match="90 regions where the network knows 100"):
        SleepPreparer(sleeper, SPEC, bold=bold(n_regions=90))


def test_a_recording_shorter_than_an_epoch_has_none():
    with pytest.raises(AnalysisError, match="no epoch of it has signals without a gap"):
        SleepPreparer(make_patient(20.0), SPEC)


def test_without_alignment_amplitudes_keep_their_proportions(sleeper):
    plain = SleepPreparer(sleeper, replace(SPEC, scale="robust")).read_epochs(0, 1)[0]
    assert np.abs(plain.sum(axis=0)).max() < 1e-3
    with pytest.raises(ModelPackageError, match="scale 'loud'"):
        SleepPreparer(sleeper, replace(SPEC, scale="loud"))


def test_channels_that_were_left_out_stay_out_beside_a_disconnected_one():
    recording = change_signals(make_patient(65.0), {"Pz": 0.0})
    plan = SleepPreparer(recording, SPEC, exclude={"Fz", "Cz", "O1"}).plan
    assert not {"Fz", "Cz", "O1", "Pz"} & set(plan.used)
    assert len(plan.used) == 15
