"""Writing a package's graphs anew from its weights, for networks whose graphs have come to be written otherwise."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from torch import nn

from inference.errors import TrainingError
from inference.models.iess_fusionnet import IessFusionNet
from inference.runtime.cards import ModelCard
from inference.runtime.package import open_package
from inference.training.export import example_inputs, load_weights, write_package
from inference.training.iess_export import BLOCKS, Calibrated


def _load_iess(folder: Path, card: ModelCard) -> Calibrated:
    return Calibrated(load_weights(folder, IessFusionNet()), float(card.calibration["temperature"]))


_LOADERS: Mapping[str, tuple[Callable[[Path, ModelCard], nn.Module], Mapping[str, Sequence[str]]]] = MappingProxyType(
    {"iess-fusionnet": (_load_iess, BLOCKS)}
)


def refresh_package(folder: Path) -> ModelCard:
    """Write the graphs of a package anew from the weights in it; what its card says of the network stays.

    Returns
    -------
    The card with the digests of the new graphs.

    Raises
    ------
    ModelPackageError
        The package is not intact.
    TrainingError
        No network of this name has graphs to be written anew, or they answer otherwise than the network.
    """
    card = open_package(folder).card
    if card.name not in _LOADERS:
        raise TrainingError(f"{card.name} cannot be exported again: that is for {', '.join(_LOADERS)}.")
    load, blocks = _LOADERS[card.name]
    module = load(folder, card)
    weights = module.get_submodule("network").state_dict()
    return write_package(folder, module, example_inputs(card.inputs), weights, card, blocks=blocks)
