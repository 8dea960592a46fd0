import math

import pytest
import torch

from inference.training.losses import LOSSES, LossSettings, auc_loss, macro_auc_loss, multitask_loss


def auc_loss_by_definition(score, is_positive, margin: float) -> float:
    """Equation 15 as it is printed."""
    positives = [x for x, positive in zip(score, is_positive, strict=True) if positive]
    negatives = [x for x, positive in zip(score, is_positive, strict=True) if not positive]
    costs = [-math.tanh(i - j - margin) if i - j < margin else 0.0 for i in positives for j in negatives]
    return sum(costs) / (len(positives) * len(negatives))


def scores(n: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return torch.rand(n, generator=generator, dtype=torch.float64), torch.rand(n, generator=generator) > 0.7


@pytest.mark.parametrize("margin", [0.1, 0.15, 0.5, 0.85])
def test_the_auc_loss_is_equation_15(margin):
    score, is_positive = scores()
    expected = auc_loss_by_definition(score.tolist(), is_positive.tolist(), margin)
    assert auc_loss(score, is_positive, margin).item() == pytest.approx(expected)


def test_pairs_in_order_by_the_margin_cost_nothing_and_pull_at_nothing():
    score = torch.tensor([0.9, 0.8, 0.6, 0.1], requires_grad=True)
    loss = auc_loss(score, torch.tensor([True, True, False, False]), margin=0.15)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(score.grad, torch.zeros(4))


def test_a_pair_out_of_order_is_pulled_into_order():
    score = torch.tensor([0.4, 0.5], requires_grad=True)
    auc_loss(score, torch.tensor([True, False])).backward()
    assert score.grad[0] < 0 < score.grad[1]


def test_the_gradient_of_the_auc_loss_is_right():
    score, is_positive = scores(9)
    assert torch.autograd.gradcheck(lambda x: auc_loss(x, is_positive), score.requires_grad_())


def test_of_two_classes_either_gives_the_auc_loss():
    score, is_positive = scores()
    both = torch.stack((1 - score, score), dim=1)
    torch.testing.assert_close(macro_auc_loss(both, is_positive.long()), auc_loss(score, is_positive))


def test_every_class_counts_alike_however_rare_it_is():
    generator = torch.Generator().manual_seed(1)
    probability = torch.softmax(torch.randn(30, 3, generator=generator, dtype=torch.float64), dim=-1)
    label = torch.tensor([0] * 24 + [1] * 5 + [2])
    each = [auc_loss_by_definition(probability[:, i].tolist(), (label == i).tolist(), 0.15) for i in range(3)]
    assert macro_auc_loss(probability, label).item() == pytest.approx(sum(each) / 3)


def test_a_class_that_is_not_in_the_batch_is_left_out():
    probability = torch.tensor([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]], dtype=torch.float64)
    each = [auc_loss_by_definition(probability[:, i].tolist(), [i == 0, i == 1], 0.15) for i in range(2)]
    assert macro_auc_loss(probability, torch.tensor([0, 1])).item() == pytest.approx(sum(each) / 2)


@pytest.mark.parametrize("label", [0, 1])
def test_a_batch_of_one_class_costs_nothing_and_can_still_be_learned_from(label):
    logits = torch.randn(5, 2, requires_grad=True)
    loss = macro_auc_loss(torch.softmax(logits, dim=-1), torch.full((5,), label))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.isfinite(logits.grad).all()


def both_tasks() -> tuple[dict, dict]:
    generator = torch.Generator().manual_seed(2)
    logits = {name: torch.randn(12, n, generator=generator) for name, n in (("syndrome", 6), ("seizure", 2))}
    labels = {"syndrome": torch.arange(12) % 6, "seizure": torch.arange(12) % 2}
    return logits, labels


def test_the_papers_losses_weigh_both_tasks_alike():
    logits, labels = both_tasks()
    syndrome = torch.nn.functional.cross_entropy(logits["syndrome"], labels["syndrome"])
    entropy = torch.nn.functional.cross_entropy(logits["seizure"], labels["seizure"])
    auc = auc_loss(torch.softmax(logits["seizure"], dim=-1)[:, 1], labels["seizure"] == 1, 0.15)
    torch.testing.assert_close(multitask_loss(logits, labels, LOSSES["L1"]), 0.5 * syndrome + 0.5 * entropy)
    torch.testing.assert_close(multitask_loss(logits, labels, LOSSES["L2"]), 0.5 * syndrome + 0.5 * auc)


def test_the_share_of_a_task_is_a_setting():
    logits, labels = both_tasks()
    settings = LossSettings(seizure="cross-entropy", syndrome_share=0.9)
    expected = sum(
        share * torch.nn.functional.cross_entropy(logits[task], labels[task])
        for task, share in (("syndrome", 0.9), ("seizure", 0.1))
    )
    torch.testing.assert_close(multitask_loss(logits, labels, settings), expected)


def test_a_single_task_is_not_weighed_down():
    logits, labels = both_tasks()
    alone = multitask_loss({"syndrome": logits["syndrome"]}, labels, LOSSES["L2"])
    torch.testing.assert_close(alone, torch.nn.functional.cross_entropy(logits["syndrome"], labels["syndrome"]))
