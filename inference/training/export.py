"""A trained network becomes a package: graph, weights and card, by the one door that all networks take."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import lcm
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from inference.errors import TrainingError
from inference.models.cost import measure_blocks
from inference.runtime.cards import WHOLE, Inputs, ModelCard, NetworkCost, write_card
from inference.runtime.package import BODY_NAME, FRONT_END_NAME, ONNX_NAME, WEIGHTS_NAME, digest_file, open_package
from inference.runtime.parts import PartsSession
from inference.runtime.session import NetworkSession
from inference.training.graph_export import EXAMPLE_WINDOWS, export_front_end, export_graph

#: How far the graph's answers may lie from the network's.
TOLERANCE: Final = 1e-4
#: How far the answers of the two parts may lie from those of the whole graph.
PARTS_TOLERANCE: Final = 1e-5
_PRESENT = "_present"
_Network = TypeVar("_Network", bound=nn.Module)
_NO_BLOCKS: Mapping[str, Sequence[str]] = MappingProxyType({})


@runtime_checkable
class Separable(Protocol):
    """A network whose first part holds no weights and says the same of a window by itself and within its recording."""

    def separate(self) -> tuple[nn.Module, nn.Module]:
        """Give the front end and the body.

        The front end takes the signals in the card's order and gives features, (batch, ..., frames) each, a frame for
        so and so many samples; a body that looks at nothing which rests on what lies beyond its window takes these,
        then which channels are present, and gives the card's outputs.
        """


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
        outputs in theirs. It is put into evaluation mode. One that is `Separable` is written in two parts besides.
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
    names = [ONNX_NAME, WEIGHTS_NAME]
    if isinstance(module, Separable):
        _export_parts(folder, *module.separate(), example_inputs, card)
        names += [FRONT_END_NAME, BODY_NAME]
    card = replace(
        card,
        files={name: digest_file(folder / name) for name in names},
        cost=_measure(module, example_inputs, blocks),
    )
    write_card(folder, card)
    package = open_package(folder)
    whole = NetworkSession(package, "cpu")
    _compare(whole, module, card)
    if package.has_parts:
        _compare_parts(PartsSession(package, "cpu"), whole, card)
    return card


def load_weights(folder: Path, network: _Network) -> _Network:
    """Load a package's weights into a network of its kind, and put it into evaluation mode."""
    network.load_state_dict(load_file(folder / WEIGHTS_NAME))
    return network.eval()


def _export_parts(
    folder: Path, front_end: nn.Module, body: nn.Module, examples: Mapping[str, Tensor], card: ModelCard
) -> None:
    signals = {name: tensor for name, tensor in examples.items() if not name.endswith(_PRESENT)}
    with torch.no_grad():
        given = front_end(*signals.values())
    features = {f"features_{number}": tensor for number, tensor in enumerate(given)}
    n_samples = next(iter(signals.values())).shape[-1]
    step_samples = lcm(*(n_samples // tensor.shape[-1] for tensor in features.values()))
    stretch = {name: tensor[:1].tile(2) for name, tensor in signals.items()}
    export_front_end(folder / FRONT_END_NAME, front_end, stretch, list(features), step_samples)
    present = {name: tensor for name, tensor in examples.items() if name.endswith(_PRESENT)}
    outputs = [output.name for output in card.outputs]
    export_graph(folder / BODY_NAME, body, {**features, **present}, outputs)


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


def _compare_parts(parts: PartsSession, whole: NetworkSession, card: ModelCard) -> None:
    """Hold both parts over a stretch of noise against the whole graph on each window of it."""
    generator = torch.Generator().manual_seed(1)
    shapes = card.inputs.shapes
    signals = {
        name: torch.randn(*shape[:-1], 3 * shape[-1], generator=generator).numpy()
        for name, shape in shapes.items()
        if not name.endswith(_PRESENT)
    }
    n_samples = next(iter(signals.values())).shape[-1] // 3
    starts = range(0, 2 * n_samples + 1, n_samples // parts.step_samples // 4 * parts.step_samples)
    present = {
        name: torch.rand(len(starts), *shape, generator=generator).round().numpy()
        for name, shape in shapes.items()
        if name.endswith(_PRESENT)
    }
    windows = {name: [signal[..., at : at + n_samples] for at in starts] for name, signal in signals.items()}
    expected = whole.run({**{name: np.stack(cut) for name, cut in windows.items()}, **present})
    found = parts.run({**parts.cut(parts.features(signals), starts), **present})
    for name, values in expected.items():
        apart = float(np.abs(found[name] - values).max())
        if not apart <= PARTS_TOLERANCE:
            raise TrainingError(f"{card.title}: the {name} of its two parts is {apart:.2g} from the whole graph's.")
