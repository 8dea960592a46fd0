import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from inference.errors import AnalysisError
from inference.explain.faithfulness import by_part, trace_curves
from inference.explain.gradients import METHODS, GradientExplainer, explain, order_by_frequency
from inference.explain.mamba_lrp import propagate
from inference.explain.relevance import GRAD_CAM, INTEGRATED_GRADIENTS, MAMBA_LRP
from inference.models.blocks.morlet import MorletConfig
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.package import open_package
from inference.runtime.registry import SHIPPED_FOLDER
from tests.inference.runtime.patients import make_patient


@pytest.fixture(scope="module")
def explanations(explained):
    return {method: explained.explainer.explain(explained.centre_s, method) for method in METHODS}


def test_what_is_explained_is_what_running_says(explained):
    request = AnalysisRequest(explained.case.recording, (explained.package,), "cpu")
    result = next(update.result for update in analyze(request, lambda: False) if update.result)
    for spasm in explained.spasms[:3]:
        centre_s = explained.centre_of(spasm)
        said = result.probability[result.time_s == centre_s].item()
        score = explained.explainer.explain(centre_s, GRAD_CAM).score
        assert 1 / (1 + np.exp(-score)) == pytest.approx(said, abs=1e-5)


def test_mamba_lrp_hands_back_every_log_odd(explained):
    for spasm in explained.spasms:
        judge = explained.explainer.judge
        window = judge.look_at(explained.subject.window(explained.centre_of(spasm)))
        found = propagate(judge, window, explained.explainer.reference)
        parts = found.relevance.eeg.sum() + found.relevance.emg.sum() + found.of_biases + found.of_reference
        with torch.no_grad():
            assert found.score == pytest.approx(float(judge.log_odds(window)), abs=1e-4)
        assert float(parts) == pytest.approx(found.score, abs=1e-4 * max(1.0, abs(found.score)))


def test_the_rules_of_mamba_lrp_are_gone_once_it_is_done(explained):
    judge = explained.explainer.judge
    window = judge.look_at(explained.subject.window(explained.centre_s))
    before = judge.log_odds(window)
    gradient = torch.autograd.grad(before, judge.network.body.eeg.st_conv.temporal.bias)[0]
    propagate(judge, window, explained.explainer.reference)
    after = judge.log_odds(window)
    assert torch.equal(torch.autograd.grad(after, judge.network.body.eeg.st_conv.temporal.bias)[0], gradient)


def test_maps_by_channel_and_by_frequency_are_the_same_relevance(explanations):
    for method in (MAMBA_LRP, INTEGRATED_GRADIENTS):
        found = explanations[method]
        total = np.concatenate([found.eeg.sum(axis=1), found.emg.sum(axis=1)])
        np.testing.assert_allclose(found.by_channel, total, atol=1e-4)
        assert found.eeg.shape == (found.n_eeg, len(found.eeg_hz), len(found.time_s))
        assert (np.diff(found.eeg_hz) > 0).all()


def test_integrated_gradients_say_how_much_they_miss(explained, explanations):
    found = explanations[INTEGRATED_GRADIENTS]
    judge = explained.explainer.judge
    with torch.no_grad():
        background = float(judge.log_odds(explained.explainer.reference))
    missed = 1 - found.by_channel.sum() / (found.score - background)
    assert found.gap == pytest.approx(abs(missed), abs=1e-3)
    assert found.gap < 0.3
    assert any("misses" in problem for problem in found.problems)


def test_the_slow_wave_lies_below_the_lowest_wavelet():
    bank = MorletConfig(256.0, 1.5, 70.0, n_frequencies=3)
    relevance = np.arange(4, dtype=np.float32)[None, :, None]
    hz, ordered = order_by_frequency(relevance, bank)
    assert ordered.ravel().tolist() == [3.0, 0.0, 1.0, 2.0]
    np.testing.assert_allclose(np.diff(np.log(hz)), np.log(70.0 / 1.5) / 2)
    assert hz[1:].tolist() == pytest.approx(bank.frequencies_hz)


def test_grad_cam_claims_no_sum_and_has_no_frequencies(explanations):
    found = explanations[GRAD_CAM]
    assert np.isnan(found.gap)
    assert (found.by_channel >= 0).all()
    assert found.eeg.shape == (found.n_eeg, 0, len(found.time_s))


def test_frames_lie_within_the_window_on_the_recordings_clock(explained, explanations):
    for found in explanations.values():
        assert found.onset_s == explained.centre_s - 2.0
        step_s = found.duration_s / len(found.time_s)
        np.testing.assert_allclose(np.diff(found.time_s), step_s)
        assert found.onset_s <= found.time_s[0] < found.onset_s + step_s


@pytest.mark.parametrize("method", METHODS)
def test_relevance_is_highest_while_the_spasm_lasts(explained, method):
    some = explained.spasms[:2]
    assert explained.count_hits(some, lambda at_s: explained.explainer.explain(at_s, method)) == len(some)


@pytest.mark.parametrize("method", [MAMBA_LRP, INTEGRATED_GRADIENTS])
def test_taking_out_what_is_relevant_hurts_more_than_taking_out_anything(explained, explanations, method):
    judge, reference = explained.explainer.judge, explained.explainer.reference
    window = judge.look_at(explained.subject.window(explained.centre_s))
    parts = by_part(explanations[method])
    curves = trace_curves(judge, window, reference, parts)
    rng = np.random.default_rng(0)
    by_chance = [trace_curves(judge, window, reference, rng.random(parts.shape)) for _ in range(3)]
    assert curves.deletion_area < min(chance.deletion_area for chance in by_chance)
    assert curves.insertion_area > max(chance.insertion_area for chance in by_chance)


@pytest.mark.parametrize("method", [MAMBA_LRP, INTEGRATED_GRADIENTS])
def test_a_network_that_learned_nothing_is_explained_otherwise(explained, explanations, method):
    scrambled = GradientExplainer(explained.subject)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in scrambled.judge.network.body.parameters():
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    found = scrambled.explain(explained.centre_s, method)
    assert abs(spearmanr(by_part(found).ravel(), by_part(explanations[method]).ravel()).statistic) < 0.35


def test_torch_has_as_many_threads_afterwards_as_before(explained):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        explained.explainer.explain(explained.centre_s, GRAD_CAM)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_a_moment_without_a_whole_window_is_refused_in_a_sentence(explained):
    with pytest.raises(AnalysisError, match="says nothing about 0 s"):
        explained.explainer.explain(0.0)


def test_a_network_without_gradients_here_is_refused_in_a_sentence():
    with pytest.raises(AnalysisError, match="ask for its occlusion"):
        explain(make_patient(), open_package(SHIPPED_FOLDER / "dsmn-ess"), 60.0)
