"""Model packages: a folder with ``model.onnx``, ``weights.safetensors`` and ``card.json``, verified before use."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inference.errors import ModelPackageError
from inference.labels.detections import ModelReference

CARD_NAME = "card.json"
ONNX_NAME = "model.onnx"
WEIGHTS_NAME = "weights.safetensors"
CARD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a network wants to be shown.

    ``eeg_electrodes`` are canonical 10-20 names in the network's order; EMG comes as ``n_emg`` channels in no fixed
    order. Signals are band-passed from ``lff_hz`` to ``hff_hz`` (EMG: ``emg_lff_hz`` to ``emg_hff_hz``),
    average-referenced where ``reference`` says ``"average"``, resampled to ``rate_hz`` and cut into windows of
    ``window_s`` every ``hop_s``.
    ``scale`` names how amplitudes of different patients and amplifiers are made comparable.
    """

    eeg_electrodes: tuple[str, ...]
    n_emg: int
    rate_hz: float
    window_s: float
    hop_s: float
    lff_hz: float
    hff_hz: float
    emg_lff_hz: float
    emg_hff_hz: float
    reference: str = "average"
    scale: str = "robust"


@dataclass(frozen=True, slots=True)
class EventRule:
    """How a probability track becomes events.

    An event starts where the probability reaches ``threshold``, lasts while it stays at or above ``threshold_low``, is
    dropped below ``min_duration_s`` and joined to its neighbour over less than ``merge_gap_s``. Each probability
    speaks for ``span_s`` seconds around its time.
    """

    label: str
    threshold: float
    threshold_low: float
    min_duration_s: float
    merge_gap_s: float
    span_s: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything a reader must know about a package before trusting it; stored as ``card.json``."""

    name: str
    title: str
    version: str
    task: str
    inputs: InputSpec
    classes: tuple[str, ...]
    events: EventRule
    calibration: Mapping[str, Any]
    trained_on: str
    simulated: bool
    metrics: Mapping[str, Any]
    files: Mapping[str, str]
    parent: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    paper: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    card_format: int = CARD_FORMAT


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A verified package: its folder and its card."""

    folder: Path
    card: ModelCard

    @property
    def reference(self) -> ModelReference:
        """Name, version and digest, as every detection carries them."""
        return ModelReference(self.card.name, self.card.version, self.card.files[ONNX_NAME])

    def read_onnx(self) -> bytes:
        """Read the network and check its digest again, so that the bytes that run are the bytes that were verified.

        Raises
        ------
        ModelPackageError
            The file is gone or is not the one that the card describes.
        """
        return _read_verified(self.folder, ONNX_NAME, self.card.files[ONNX_NAME])


def open_package(folder: Path) -> ModelPackage:
    """Open a package and verify every file that its card names.

    Raises
    ------
    ModelPackageError
        The card is missing or malformed, or a file is missing or altered.
    """
    card = _read_card(folder)
    for name, digest in card.files.items():
        _read_verified(folder, name, digest)
    return ModelPackage(folder, card)


def write_card(folder: Path, card: ModelCard) -> None:
    """Write ``card.json``; the files it names must already lie in the folder."""
    (folder / CARD_NAME).write_text(json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def digest_file(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_card(folder: Path) -> ModelCard:
    path = folder / CARD_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["card_format"] > CARD_FORMAT:
            raise ModelPackageError(f"{path} was written by a newer version of Spasmlens.")
        inputs = fields.pop("inputs")
        inputs = InputSpec(**{**inputs, "eeg_electrodes": tuple(inputs["eeg_electrodes"])})
        events = EventRule(**fields.pop("events"))
        classes = tuple(fields.pop("classes"))
        return ModelCard(**fields, inputs=inputs, events=events, classes=classes)
    except OSError as error:
        reason = f"{CARD_NAME} cannot be read ({error.strerror})"
        raise ModelPackageError(f"{folder} is not a model package: {reason}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelPackageError(f"{path} is not a valid model card: {error}.") from error


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
