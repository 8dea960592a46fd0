import numpy as np
import torch

from inference.models.iess_fusionnet import IessFusionNet
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.training.evaluation import run_over
from inference.training.features import store_features
from inference.training.iess_fusionnet import INPUTS
from tests.inference.training.conftest import DURATION_S, SMALL


def test_training_sees_what_running_sees(case, features):
    torch.manual_seed(0)
    network = IessFusionNet(SMALL).eval()
    track = run_over(network, features, INPUTS.hop_s)
    preparer = InputPreparer(case.recording, plan_channels(case.recording.channels, INPUTS), INPUTS)
    for index in (0, 57, len(track.time_s) - 1):
        signals = preparer.read(track.time_s[index] - INPUTS.window_s / 2, INPUTS.window_s)
        windows = [torch.from_numpy(signal[None]) for signal in (signals.eeg, signals.emg)]
        flags = [torch.from_numpy(f[None]) for f in (preparer.plan.eeg_present, preparer.plan.emg_present)]
        with torch.no_grad():
            logits = network(*windows, *flags)[0]
        # Stored log power is rounded to half precision.
        assert abs(float(logits[1] - logits[0]) - track.log_odds[index]) < 5e-3


def test_every_window_that_running_looks_at_is_judged(features):
    track = run_over(IessFusionNet(SMALL).eval(), features, INPUTS.hop_s)
    np.testing.assert_allclose(np.diff(track.time_s), INPUTS.hop_s)
    assert track.time_s[0] == INPUTS.window_s / 2
    assert track.time_s[-1] >= DURATION_S - INPUTS.window_s / 2 - INPUTS.hop_s


def test_channels_left_out_are_told_to_the_network(case, tmp_path):
    left_out = {channel.name for channel in case.recording.channels if channel.electrode in ("F9", "F10", None)}
    front_end = IessFusionNet(SMALL).front_end
    stored = store_features(case.recording, case.truth, INPUTS, front_end, tmp_path, exclude=left_out)
    assert not stored.emg_present.any()
    assert stored.eeg_present[INPUTS.eeg_electrodes.index("F9")] == 0
    assert stored.eeg_present[INPUTS.eeg_electrodes.index("Cz")] == 1
