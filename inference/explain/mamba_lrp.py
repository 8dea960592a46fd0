"""MambaLRP: the log odds handed back, layer by layer, to the features that they rest on.

Source: Rezaei Jafari, Montavon, Müller and Eberle 2024, arXiv 2406.07592, section 4: what a layer multiplies its input
by is taken as given, although it rests on the input as well, and a product of two streams is credited to both in equal
parts. Gradient times input then keeps every layer's relevance. The paper's rules are for SiLU, the selective scan and
its gate; those for Cross Time-Mixing follow the same thought: receptance, weights over time and normalisation are
taken as given.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from inference.explain.judge import Features, Judge
from inference.models.blocks.bi_mamba import BiMamba


@dataclass(frozen=True, slots=True, eq=False)
class Propagated:
    """What came back to the features, in log odds: ``score`` is their sum, ``of_biases`` and ``of_reference``.

    Attributes
    ----------
    relevance : what each feature's distance from the reference speaks for.
    score : the log odds that were handed back.
    of_biases : what the network says without looking: the share of its biases.
    of_reference : what it would say of the reference by the same weights, biases left out.
    """

    relevance: Features
    score: float
    of_biases: float
    of_reference: float

    @property
    def gap(self) -> float:
        """What was lost on the way, as a share of the score."""
        parts = float(self.relevance.eeg.sum() + self.relevance.emg.sum()) + self.of_biases + self.of_reference
        return abs(self.score - parts) / max(abs(self.score), 1e-6)


def propagate(judge: Judge, window: Features, reference: Features) -> Propagated:
    """Hand the log odds of one window back to its features.

    Parameters
    ----------
    window, reference : one window's features, and what they are compared with.
    """
    eeg, emg = (features.detach().requires_grad_() for features in (window.eeg, window.emg))
    biases = [parameter for parameter in judge.network.body.parameters() if parameter.requires_grad]
    with _rules(judge.network.body):
        score = judge.log_odds(Features(eeg, emg)).squeeze(0)
        of_eeg, of_emg, *of_biases = torch.autograd.grad(score, [eeg, emg, *biases], allow_unused=True)
    pairs = zip(biases, of_biases, strict=True)
    with torch.no_grad():
        return Propagated(
            relevance=Features(of_eeg * (eeg - reference.eeg), of_emg * (emg - reference.emg)),
            score=float(score),
            of_biases=float(sum((bias * gradient).sum() for bias, gradient in pairs if gradient is not None)),
            of_reference=float((of_eeg * reference.eeg).sum() + (of_emg * reference.emg).sum()),
        )


@contextmanager
def _rules(module: nn.Module) -> Iterator[None]:
    """Let a module answer as ever while gradients through it follow the rules."""
    with ExitStack() as stack:
        for block in module.modules():
            if isinstance(block, BiMamba):
                # What enters here is the product of the scanned and the gating stream.
                handle = block.out_proj.register_forward_pre_hook(lambda _, inputs: (_credit_both(inputs[0]),))
                stack.callback(handle.remove)
        stack.enter_context(_GivenFactors())
        yield


class _GivenFactors(TorchFunctionMode):
    """Replaces every function that is not linear by one of the same value whose gradient is its input's share."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        rule = _RULES.get(func)
        return func(*args, **(kwargs or {})) if rule is None else rule(func(*args, **(kwargs or {})), args[0])


def _take_as_given(answer: Tensor, _: Tensor) -> Tensor:
    return answer.detach()


def _scale_input(answer: Tensor, given: Tensor) -> Tensor:
    """Give an answer that is 0 where its input is, as the input times what it was multiplied by."""
    factor = torch.where(given == 0, torch.zeros_like(given), answer / given)
    return given * factor.detach()


def _credit_both(product: Tensor) -> Tensor:
    return (product + product.detach()) / 2


#: What each function of the network does to relevance. Within Bi-Mamba, every einsum makes parameters of the scan.
_RULES: Final[Mapping[Callable[..., Any], Callable[[Tensor, Tensor], Tensor]]] = {
    functional.silu: _scale_input,
    torch.Tensor.square: _scale_input,
    torch.sigmoid: _take_as_given,
    torch.exp: _take_as_given,
    torch.rsqrt: _take_as_given,
    torch.einsum: _take_as_given,
}
