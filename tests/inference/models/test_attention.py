import pytest
import torch
from torch import nn

from inference.models.blocks.attention import Attention, AttentionLayer, CrossAttention, Positions, Transformer


def tokens(n_time: int = 12, width: int = 16, seed: int = 0) -> torch.Tensor:
    return torch.randn(2, n_time, width, generator=torch.Generator().manual_seed(seed))


def test_attention_agrees_with_torchs_own():
    ours, theirs = Attention(16, n_heads=4), nn.MultiheadAttention(16, 4, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in (ours.query, ours.key, ours.value)]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in (ours.query, ours.key, ours.value)]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())
    asking, answering = tokens(), tokens(n_time=20, seed=1)
    expected = theirs(asking, answering, answering, need_weights=False)[0]
    torch.testing.assert_close(ours(asking, answering), expected, atol=1e-5, rtol=1e-5)


def test_attention_agrees_with_double_precision():
    layer, asking, answering = AttentionLayer(16, n_heads=4), tokens(), tokens(seed=1)
    found = layer(asking, answering)
    assert (found - layer.double()(asking.double(), answering.double())).abs().max() < 1e-5


def test_heads_must_share_the_width_evenly():
    with pytest.raises(ValueError, match="evenly"):
        Attention(16, n_heads=3)


@pytest.mark.parametrize("block", [Transformer(16, n_heads=4), Positions()])
def test_a_stream_keeps_its_shape_and_passes_gradients_to_every_weight(block):
    given = tokens().requires_grad_()
    answer = block(given)
    assert answer.shape == given.shape
    gradients = torch.autograd.grad(answer.square().sum(), [given, *block.parameters()])
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_a_transformer_sees_past_and_future_and_knows_the_order():
    torch.manual_seed(0)
    block = Transformer(16, n_heads=4)
    given = tokens()
    changed = given.clone()
    changed[:, 5] += 1.0
    assert (block(changed) - block(given)).abs().amax(dim=(0, 2)).min() > 0
    assert not torch.allclose(block(given.flip(1)), block(given).flip(1), atol=1e-4)


def test_cross_attention_hears_the_other_stream_at_every_distance_and_passes_gradients_to_both():
    torch.manual_seed(0)
    block = CrossAttention(16, n_heads=4)
    own, other = tokens().requires_grad_(), tokens(seed=1).requires_grad_()
    changed = other.detach().clone()
    changed[:, 0] += 1.0
    assert (block(own, changed) - block(own, other)).abs().amax(dim=(0, 2)).min() > 0
    gradients = torch.autograd.grad(block(own, other).square().sum(), [own, other, *block.parameters()])
    assert all(gradient.abs().sum() > 0 for gradient in gradients)
