import numpy as np
import pytest
import torch
from scipy.special import expit

from inference.labels.scoring import Score, Span
from inference.models.iess_fusionnet import IessFusionNet
from inference.training.evaluation import (
    Calibration,
    Track,
    apply_calibration,
    choose_rule,
    fit_calibration,
    pool,
)
from tests.inference.training.conftest import SMALL


def overconfident_track() -> Track:
    rng = np.random.default_rng(0)
    true_log_odds = rng.normal(-2.0, 2.0, size=20_000)
    label = (rng.random(20_000) < expit(true_log_odds)).astype(np.int8)
    return Track(np.arange(20_000) * 0.5, 3.0 * true_log_odds + 1.5, label, (), 10_000.0)


def test_calibration_undoes_overconfidence_and_a_shifted_prior():
    calibration = fit_calibration([overconfident_track()])
    assert calibration.temperature == pytest.approx(3.0, rel=0.1)
    assert calibration.offset == pytest.approx(-1.5, abs=0.2)
    assert calibration.expected_error < 0.01


def test_windows_that_nobody_could_label_do_not_calibrate():
    track = overconfident_track()
    unsure = Track(track.time_s, np.full_like(track.log_odds, 50.0), np.full_like(track.label, -1), (), 10_000.0)
    assert fit_calibration([track, unsure]) == fit_calibration([track])


def test_the_calibrations_offset_becomes_part_of_the_network():
    network = IessFusionNet(SMALL).eval()
    nothing = (torch.zeros(1, 32, 25, 128), torch.zeros(1, 32, 4, 128), torch.ones(1, 25), torch.ones(1, 4))
    before = network.body(*nothing).detach()
    apply_calibration(network, Calibration(-1.25, 2.0, 0.0, 0))
    after = network.body(*nothing).detach()
    assert float((after - before)[0, 1]) == pytest.approx(-1.25, abs=1e-5)
    assert float((after - before)[0, 0]) == 0.0


def track_with_false_alarms(n_false: int) -> Track:
    """Thirty clear spasms of 2 s in an hour, and weaker false alarms between them."""
    time_s = np.arange(0.0, 3600.0, 0.5)
    log_odds = np.full(time_s.shape, -6.0)
    spasms = [Span(60.0 + 100 * i, 62.0 + 100 * i) for i in range(30)]
    for i, spasm in enumerate(spasms):
        log_odds[(time_s >= spasm.onset_s) & (time_s <= spasm.end_s)] = 6.0
        if i < n_false:
            log_odds[np.abs(time_s - spasm.end_s - 50) < 0.6] = 0.5
    return Track(time_s, log_odds, np.zeros(len(time_s), np.int8), tuple(spasms), 3600.0)


def test_the_chosen_rule_finds_spasms_within_the_limit_on_false_detections():
    rule, score = choose_rule([track_with_false_alarms(20)], Calibration(0.0, 1.0, 0.0, 0), "x", 0.5, 2.0)
    assert score.n_found == 30
    assert score.false_per_hour <= 2.0
    assert rule.threshold > expit(0.5)


def test_where_no_rule_keeps_the_limit_the_quietest_is_taken():
    track = track_with_false_alarms(20)
    certain = Track(track.time_s, np.where(track.log_odds > 0, 9.0, -9.0), track.label, (), track.duration_s)
    _, score = choose_rule([certain], Calibration(0.0, 1.0, 0.0, 0), "x", 0.5, 2.0)
    assert score.n_false > 0


def test_scores_of_several_recordings_add_up():
    assert pool([Score(4, 3, 5, 3, 60.0), Score(6, 6, 7, 6, 40.0)]) == Score(10, 9, 12, 9, 100.0)
