"""A trained network becomes a package: graph, weights and card, by the one door that all networks take."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference.errors import TrainingError
from inference.models.cost import measure_blocks
from inference.runtime.cards import WHOLE, Inputs, ModelCard, NetworkCost, write_card
from inference.runtime.package import ONNX_NAME, WEIGHTS_NAME, digest_file, open_package
from inference.runtime.session import NetworkSession
from inference.training.graph_export import EXAMPLE_WINDOWS, export_graph

#: How far the graph's answers may lie from the network's.
TOLERANCE: Final = 1e-4
_PRESENT = "_present"
_Network = TypeVar("_Network", bound=nn.Module)
_NO_BLOCKS: Mapping[str, Sequence[str]] = MappingProxyType({})


def example_inputs(inputs: Inputs, n_windows: int = EXAMPLE_WINDOWS) -> dict[str, Tensor]:
    """Give inputs of the shapes that a card states: silence, with every channel present."""
    return {
        name: (torch.ones if name.endswith(_PRESENT) else torch.zeros)(n_windows, *shape)
        for name, shape in inputs.shapes.items()
    }


def write_package(
    folder: Path,
    module: nn.Module,
    example_inputs: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    card: ModelCard,
    *,
    blocks: Mapping[str, Sequence[str]] = _NO_BLOCKS,
) -> ModelCard:
    """Write graph, weights and card into a folder, open the package as a user would, and compare it with the network.

    Parameters
    ----------
    module : the network with its answers calibrated: takes the card's inputs in their order and gives the card's
        outputs in theirs. It is put into evaluation mode.
    example_inputs : by name, `EXAMPLE_WINDOWS` windows each, as the function of that name makes them.
    weights : what training continues from, usually the bare network's ``state_dict()``.
    card : without digests and costs, which are filled in.
    blocks : submodules of ``module`` whose cost the card is to tell besides, by the block's name in the paper.

    Returns
    -------
    The card as it was written.

    Raises
    ------
    ModelPackageError
        What was written is not fit to run: weights that are no numbers, an operator that ONNX Runtime lacks.
    TrainingError
        The graph answers otherwise than the network.
    """
    if {name: tuple(tensor.shape[1:]) for name, tensor in example_inputs.items()} != dict(card.inputs.shapes):
        raise ValueError(f"the examples are not of the shapes that the card states: {card.inputs.shapes}")
    module.eval()
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, folder / WEIGHTS_NAME)
    (folder / WEIGHTS_NAME).chmod(0o644)  # the library writes it for its owner alone
    export_graph(folder / ONNX_NAME, module, example_inputs, [output.name for output in card.outputs])
    card = replace(
        card,
        files={name: digest_file(folder / name) for name in (ONNX_NAME, WEIGHTS_NAME)},
        cost=_measure(module, example_inputs, blocks),
    )
    write_card(folder, card)
    _compare(NetworkSession(open_package(folder), "cpu"), module, card)
    return card


def load_weights(folder: Path, network: _Network) -> _Network:
    """Load a package's weights into a network of its kind, and put it into evaluation mode."""
    network.load_state_dict(load_file(folder / WEIGHTS_NAME))
    return network.eval()


def _measure(
    module: nn.Module, inputs: Mapping[str, Tensor], blocks: Mapping[str, Sequence[str]]
) -> dict[str, NetworkCost]:
    one_window = [tensor[:1] for tensor in inputs.values()]
    costs = measure_blocks(module, one_window, {WHOLE: ("",), **blocks})
    return {block: NetworkCost(cost.n_parameters, cost.n_flops) for block, cost in costs.items()}


def _compare(session: NetworkSession, module: nn.Module, card: ModelCard) -> None:
    """Hold the graph against the network, with noise for signals and half of the channels missing."""
    generator = torch.Generator().manual_seed(0)
    for n_windows in (1, EXAMPLE_WINDOWS + 1):
        inputs = {
            name: torch.rand(tensor.shape, generator=generator).round()
            if name.endswith(_PRESENT)
            else torch.randn(tensor.shape, generator=generator)
            for name, tensor in example_inputs(card.inputs, n_windows).items()
        }
        with torch.no_grad():
            answers = module(*inputs.values())
        found = session.run({name: tensor.numpy() for name, tensor in inputs.items()})
        for output, answer in zip(card.outputs, [answers] if isinstance(answers, Tensor) else answers, strict=True):
            apart = float((torch.from_numpy(found[output.name]) - answer).abs().max())
            if not apart <= TOLERANCE:
                raise TrainingError(f"{card.title}: the exported {output.name} is {apart:.2g} from the network's.")
