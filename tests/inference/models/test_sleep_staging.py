from dataclasses import replace

import pytest
import torch

from inference.models.blocks.gate import GatedFusion, ModalityDropout
from inference.models.blocks.graph_conv import (
    GraphConv,
    HybridAdjacency,
    NodeConv,
    normalize_adjacency,
    pool_present,
    scalp_weights,
)
from inference.models.sleep_staging import CLASSES, ELECTRODES, PROJECT_CHOICES, SleepStagingConfig, SleepStagingNet

SMALL = SleepStagingConfig(rate_hz=20.0, eeg_taps=(10, 8, 8), eeg_widths=(4, 8, 8), bold_widths=(4, 8), n_regions=12)


def connectivity(n_regions: int = SMALL.n_regions) -> torch.Tensor:
    generator = torch.Generator().manual_seed(8)
    weights = torch.rand(n_regions, n_regions, generator=generator)
    return ((weights + weights.T) / 2).fill_diagonal_(0.0)


def small_network() -> SleepStagingNet:
    torch.manual_seed(1)
    return SleepStagingNet(SMALL, connectivity()).eval()


def windows(n: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n)
    return (
        torch.randn(n, 3, 19, SMALL.epoch_samples, generator=generator),
        torch.ones(n, 3, 19),
        torch.randn(n, SMALL.n_regions, SMALL.n_volumes, generator=generator),
        torch.ones(n, 1),
    )


def test_propagation_is_kipf_and_welling_s():
    weights = torch.tensor([[0.0, 2.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    with_self = weights + torch.eye(3)
    scale = torch.diag(with_self.sum(1) ** -0.5)
    torch.testing.assert_close(normalize_adjacency(weights), scale @ with_self @ scale)


def test_electrodes_close_by_have_the_strongest_edges():
    weights = scalp_weights(ELECTRODES, 0.6)
    cz, c3, o1 = (ELECTRODES.index(name) for name in ("Cz", "C3", "O1"))
    assert weights[cz, c3] > weights[cz, o1] > 0
    torch.testing.assert_close(weights, weights.T)
    assert not weights.diagonal().any()


def test_the_learned_adjacency_begins_as_the_head_s_geometry_and_can_change():
    weights = scalp_weights(ELECTRODES, 0.6)
    adjacency = HybridAdjacency(weights)
    found = adjacency(torch.ones(1, 19))
    torch.testing.assert_close(found[0], normalize_adjacency(weights))
    (found * torch.randn(19, 19)).sum().backward()
    assert adjacency.learned.grad.count_nonzero() == 19 * 18


def test_graph_convolution_lets_features_flow_along_edges_only():
    torch.manual_seed(3)
    layer = GraphConv(5)
    weights = torch.zeros(4, 4)
    weights[0, 1] = weights[1, 0] = 1.0
    nodes = torch.randn(1, 4, 5)
    other = nodes.clone()
    other[0, 1] += 1.0
    change = (layer(other, normalize_adjacency(weights)) - layer(nodes, normalize_adjacency(weights))).abs().sum(-1)[0]
    assert (change > 1e-4).tolist() == [True, True, False, False]


def test_nodes_are_convolved_alone_and_by_the_same_kernels():
    torch.manual_seed(4)
    conv = NodeConv((4, 6), (5, 5), (1, 2)).eval()
    signals = torch.randn(2, 3, 40)
    features = conv(signals)
    assert features.shape == (2, 3, 12)
    torch.testing.assert_close(conv(signals[:, [2, 0, 1]]), features[:, [2, 0, 1]])


def test_pooling_sees_present_nodes_only():
    nodes = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [100.0, 100.0]]])
    pooled = pool_present(nodes, torch.tensor([[1.0, 1.0, 0.0]]))
    assert pooled.tolist() == [[2.0, -3.0, 3.0, -2.0]]
    assert pool_present(nodes, torch.zeros(1, 3)).tolist() == [[0.0] * 4]


def test_the_gate_mixes_element_by_element_and_takes_the_only_modality_whole():
    torch.manual_seed(5)
    fuse = GatedFusion(6)
    first, second = torch.randn(4, 6), torch.randn(4, 6)
    has_first, has_second = torch.tensor([[1.0], [1.0], [0.0], [0.0]]), torch.tensor([[1.0], [0.0], [1.0], [0.0]])
    fused, gate = fuse(first, second, has_first, has_second)
    expected = torch.sigmoid(fuse.decide(torch.cat((first[0], second[0]))))
    torch.testing.assert_close(gate[0], expected)
    torch.testing.assert_close(fused[0], expected * first[0] + (1 - expected) * second[0])
    torch.testing.assert_close(fused[1], first[1])
    torch.testing.assert_close(fused[2], second[2])
    assert not fused[3].any()
    assert gate[1:].mean(dim=1).tolist() == [1.0, 0.0, 0.0]


def test_modality_dropout_hides_half_of_the_eeg_in_training_but_never_the_only_signal():
    torch.manual_seed(6)
    dropout = ModalityDropout(0.5)
    both = torch.ones(4000, 1)
    assert 0.46 < dropout(both, both).mean() < 0.54
    torch.testing.assert_close(dropout(both, torch.zeros(4000, 1)), both)
    torch.testing.assert_close(dropout.eval()(both, both), both)
    assert SleepStagingConfig().eeg_dropout == 0.5


def test_eeg_alone_is_judged_as_if_there_were_no_fmri():
    network = small_network()
    eeg, eeg_present, bold, bold_present = windows(2)
    alone = network(eeg, eeg_present, bold, 0 * bold_present)
    torch.testing.assert_close(alone, network(eeg, eeg_present, 100 * bold, 0 * bold_present))
    assert (alone.gate == 1).all()
    assert not alone.bold_embedding.any()


def test_fmri_alone_is_judged_as_if_there_were_no_eeg():
    network = small_network()
    eeg, eeg_present, bold, bold_present = windows(2)
    alone = network(eeg, 0 * eeg_present, bold, bold_present)
    torch.testing.assert_close(alone, network(100 * eeg, 0 * eeg_present, bold, bold_present))
    assert (alone.gate == 0).all()
    assert not alone.eeg_embedding.any()


def test_each_modality_changes_the_answer_where_both_are_there():
    network = small_network()
    eeg, eeg_present, bold, bold_present = windows(2)
    before = network(eeg, eeg_present, bold, bold_present)
    assert ((before.gate > 0) & (before.gate < 1)).all()
    assert (network(eeg.flip(0), eeg_present, bold, bold_present).logits - before.logits).abs().max() > 1e-5
    assert (network(eeg, eeg_present, bold.flip(0), bold_present).logits - before.logits).abs().max() > 1e-5


def test_neighbouring_epochs_are_context_but_the_middle_one_decides_whether_there_is_eeg():
    network = small_network()
    eeg, eeg_present, bold, bold_present = windows(1)
    before = network(eeg, eeg_present, bold, bold_present)
    for neighbour in (0, 2):
        changed = eeg.clone()
        changed[:, neighbour] += torch.randn_like(changed[:, neighbour])
        assert (network(changed, eeg_present, bold, bold_present).logits - before.logits).abs().max() > 1e-6
    eeg_present[:, 1] = 0
    assert (network(eeg, eeg_present, bold, bold_present).gate == 0).all()


def test_what_lies_in_a_missing_electrode_changes_nothing():
    network = small_network()
    eeg, eeg_present, bold, bold_present = windows(2)
    eeg_present[:, :, 5:12] = 0
    eeg_present[:, 0] = 0
    other = eeg.clone()
    other[:, :, 5:12] = 50.0
    other[:, 0] = -50.0
    torch.testing.assert_close(
        network(other, eeg_present, bold, bold_present), network(eeg, eeg_present, bold, bold_present)
    )


def test_a_network_without_any_signal_still_answers_with_finite_numbers():
    outputs = small_network()(*(torch.zeros_like(tensor) for tensor in windows(1)))
    assert all(torch.isfinite(output).all() for output in outputs)


def test_each_epoch_is_judged_by_itself():
    network = small_network()
    inputs = windows(3)
    alone = network(*(tensor[1:2] for tensor in inputs))
    for together, single in zip(network(*inputs), alone, strict=True):
        torch.testing.assert_close(together[1:2], single, atol=1e-5, rtol=1e-4)


def test_every_weight_learns_and_the_connectivity_does_not():
    network = small_network().train()
    torch.nn.functional.cross_entropy(network(*windows(8)).logits, torch.arange(8) % 5).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()] == []
    assert "bold.propagation" in network.state_dict()
    assert "bold.propagation" not in dict(network.named_parameters())


def test_the_connectivity_travels_with_the_weights():
    network = small_network()
    empty = SleepStagingNet(SMALL)
    empty.load_state_dict(network.state_dict())
    torch.testing.assert_close(empty.eval()(*windows(2)), network(*windows(2)))
    with pytest.raises(ValueError, match="is not one of 12 regions"):
        SleepStagingNet(SMALL, connectivity(5))


def test_few_examples_can_be_learned_by_heart_from_either_modality():
    torch.manual_seed(9)
    network = SleepStagingNet(replace(SMALL, dropout=0.0), connectivity()).train()
    inputs, target = windows(10), torch.arange(10) % 5
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(network(*inputs).logits, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    # With the batch's own normalisation, as it was fitted; the EEG was hidden half of the time.
    network.hide_eeg.eval()
    eeg, eeg_present, bold, bold_present = inputs
    assert (network(*inputs).logits.argmax(1) == target).all()
    assert (network(eeg, 0 * eeg_present, bold, bold_present).logits.argmax(1) == target).all()


def test_the_network_is_the_published_one_in_what_the_source_gives():
    config = SleepStagingConfig()
    assert (config.n_regions, config.n_volumes, config.epoch_s, config.eeg_dropout) == (100, 42, 30.0, 0.5)
    assert CLASSES == ("W", "N1", "N2", "N3", "R")
    assert SleepStagingNet().eeg.epochs.bidirectional
    assert PROJECT_CHOICES
