"""Model packages: a folder with ``model.onnx``, ``weights.safetensors`` and ``card.json``, verified before use.

Networks with a fixed front end have ``front_end.onnx`` and ``body.onnx`` besides: the same network in two, the first of
which may be run once over a whole signal. Packages without them run as a whole.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from inference.errors import ModelPackageError
from inference.labels.detections import ModelReference
from inference.runtime.cards import CARD_NAME, ModelCard, read_card
from inference.runtime.onnx_file import GraphOutline, outline_graph

ONNX_NAME = "model.onnx"
WEIGHTS_NAME = "weights.safetensors"
FRONT_END_NAME = "front_end.onnx"
BODY_NAME = "body.onnx"
#: The newest operator set that every ONNX Runtime allowed by this program's requirements runs in full.
NEWEST_OPSET = 21


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A verified package: its folder and its card."""

    folder: Path
    card: ModelCard

    @property
    def reference(self) -> ModelReference:
        """Name, version and digest, as every detection carries them."""
        return ModelReference(self.card.name, self.card.version, self.card.files[ONNX_NAME])

    @property
    def has_parts(self) -> bool:
        """Whether the network is here in two parts as well."""
        return FRONT_END_NAME in self.card.files

    def read_onnx(self, name: str = ONNX_NAME) -> bytes:
        """Read a graph and check its digest again, so that the bytes that run are the bytes that were verified.

        Raises
        ------
        ModelPackageError
            The file is gone or is not the one that the card describes.
        """
        return _read_verified(self.folder, name, self.card.files[name])

    def read_weights(self) -> bytes:
        """Read the weights, checked in the same way.

        Raises
        ------
        ModelPackageError
            The file is gone or is not the one that the card describes.
        """
        return _read_verified(self.folder, WEIGHTS_NAME, self.card.files[WEIGHTS_NAME])


def open_package(folder: Path) -> ModelPackage:
    """Open a package and verify every file that its card names.

    Besides digests, that the graph is within what this program runs and takes and gives what the card says, and that
    no number of graph or weights is NaN or infinite: some milliseconds for a network of some megabytes. Whether ONNX
    Runtime has every operator, it says itself when a session is made.

    Raises
    ------
    ModelPackageError
        The card is missing or malformed, or a file is missing, altered, or not fit to run.
    """
    card = read_card(folder)
    for name in (ONNX_NAME, WEIGHTS_NAME):
        if name not in card.files:
            raise ModelPackageError(f"{folder / CARD_NAME} is not a valid model card: it has no digest of {name}.")
    if (FRONT_END_NAME in card.files) != (BODY_NAME in card.files):
        raise ModelPackageError(
            f"{folder / CARD_NAME} is not a valid model card: of {FRONT_END_NAME} and {BODY_NAME} it names only one."
        )
    contents = {name: _read_verified(folder, name, digest) for name, digest in card.files.items()}
    _check_whole(folder, contents[ONNX_NAME], card)
    if FRONT_END_NAME in contents:
        _check_parts(folder, contents[FRONT_END_NAME], contents[BODY_NAME], card)
    _check_weights(folder, contents[WEIGHTS_NAME])
    return ModelPackage(folder, card)


def digest_file(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_verified(folder: Path, name: str, digest: str) -> bytes:
    if Path(name).name != name:
        raise ModelPackageError(f"{folder / CARD_NAME} names a file outside the package: {name}.")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ModelPackageError(f"{folder} is incomplete: {name} cannot be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelPackageError(f"{folder / name} is not the file that its card describes: its SHA-256 differs.")
    return content


def _check_whole(folder: Path, content: bytes, card: ModelCard) -> None:
    outline = _check_graph(folder / ONNX_NAME, content)
    _check_names(folder / ONNX_NAME, "takes", outline.inputs, card.inputs.shapes)
    _check_names(folder / ONNX_NAME, "gives", outline.outputs, {output.name: output for output in card.outputs})


def _check_parts(folder: Path, front_end: bytes, body: bytes, card: ModelCard) -> None:
    """Refuse parts that do not fit together into what the card says of the whole."""
    first, second = _check_graph(folder / FRONT_END_NAME, front_end), _check_graph(folder / BODY_NAME, body)
    _check_names(folder / BODY_NAME, "gives", second.outputs, {output.name: output for output in card.outputs})
    features, stated = set(first.outputs), set(card.inputs.shapes)
    if features & stated:
        raise ModelPackageError(
            f"{folder / FRONT_END_NAME} gives {_list(sorted(features & stated))} by the name of a signal."
        )
    for name, outline, known in ((FRONT_END_NAME, first, stated), (BODY_NAME, second, stated | features)):
        unknown = set(outline.inputs) - known
        if unknown:
            raise ModelPackageError(f"{folder / name} takes {_list(sorted(unknown))}, which nothing gives.")


def _check_graph(path: Path, content: bytes) -> GraphOutline:
    """Refuse a graph that this program would not run, whatever it takes and gives."""
    try:
        outline = outline_graph(content)
    except ValueError as error:
        raise ModelPackageError(f"{path} is not an ONNX model: {error}.") from error
    opset = outline.opsets.get("", 0)
    if opset > NEWEST_OPSET:
        raise ModelPackageError(f"{path} needs ONNX operator set {opset}; this program runs them up to {NEWEST_OPSET}.")
    if outline.has_external_data:
        raise ModelPackageError(f"{path} keeps numbers in other files, which no digest guards: export it as one file.")
    if outline.not_finite:
        raise ModelPackageError(f"{path} holds NaN or infinity, in {_list(outline.not_finite)}.")
    return outline


def _check_names(path: Path, verb: str, found: Collection[str], stated: Mapping[str, object]) -> None:
    if set(found) != set(stated):
        raise ModelPackageError(f"{path} {verb} {_list(found)} where its card says {_list(stated)}.")


def _check_weights(folder: Path, content: bytes) -> None:
    path = folder / WEIGHTS_NAME
    try:
        tensors = load_tensors(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelPackageError(f"{path} is not a safetensors file: {error}.") from error
    bad = [name for name, values in tensors.items() if values.dtype.kind == "f" and not np.isfinite(values).all()]
    if bad:
        raise ModelPackageError(f"{path} holds NaN or infinity, in {_list(bad)}.")


def _list(names: Collection[str]) -> str:
    shown = [name or "(no name)" for name in names][:6]
    more = len(names) - len(shown)
    return (", ".join(shown) or "nothing") + (f" and {more} more" if more else "")
