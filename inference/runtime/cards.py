"""The model card: everything a reader must know about a network before trusting it, stored as ``card.json``."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from inference.errors import ModelPackageError

CARD_NAME = "card.json"
CARD_FORMAT = 2
#: What a card's costs call the network as a whole; the other names are its blocks'.
WHOLE = "network"
#: A notch at whatever mains frequency the recording shows, or none where it shows none.
MAINS = "mains"


@dataclass(frozen=True, slots=True)
class MontageInputs:
    """Windows of all electrodes of a montage, and of muscles beside them.

    ``eeg_electrodes`` are canonical 10-20 names in the network's order; EMG comes as ``n_emg`` channels in no fixed
    order. Signals are band-passed from ``lff_hz`` to ``hff_hz`` (EMG: ``emg_lff_hz`` to ``emg_hff_hz``, which mean
    nothing without EMG), notched at ``notch_hz`` (a frequency, `MAINS` or None), average-referenced where
    ``reference`` says ``"average"``, resampled to ``rate_hz`` and cut into windows of ``window_s`` every ``hop_s``.
    ``scale`` names how amplitudes of different patients and amplifiers are made comparable.
    """

    kind: ClassVar = "montage"
    eeg_electrodes: tuple[str, ...]
    rate_hz: float
    window_s: float
    hop_s: float
    lff_hz: float
    hff_hz: float
    n_emg: int = 0
    emg_lff_hz: float = 10.0
    emg_hff_hz: float = 100.0
    notch_hz: float | str | None = None
    reference: str = "average"
    scale: str = "robust"

    def __post_init__(self) -> None:
        _require_positive(self, "rate_hz", "window_s", "hop_s", "lff_hz", "hff_hz", "emg_lff_hz", "emg_hff_hz")
        _require_notch(self.notch_hz)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name the graph's inputs and give the shape of one window of each."""
        n_electrodes, n_samples = len(self.eeg_electrodes), round(self.window_s * self.rate_hz)
        if not self.n_emg:
            return {"eeg": (n_electrodes, n_samples), "eeg_present": (n_electrodes,)}
        return {
            "eeg": (n_electrodes, n_samples),
            "emg": (self.n_emg, n_samples),
            "eeg_present": (n_electrodes,),
            "emg_present": (self.n_emg,),
        }


@dataclass(frozen=True, slots=True)
class ChannelInputs:
    """Windows of one channel at a time, whatever its electrode; the network answers for each channel.

    Signals stay as they were recorded but for the band from ``lff_hz`` to ``hff_hz`` (None: no such filter), the notch
    at ``notch_hz`` (a frequency, `MAINS` or None) and the rate. ``scale`` is ``"none"`` for microvolts, or
    ``"robust"`` for each channel in units of its own amplitude.
    """

    kind: ClassVar = "channel"
    rate_hz: float
    window_s: float
    hop_s: float
    lff_hz: float | None = None
    hff_hz: float | None = None
    notch_hz: float | str | None = None
    scale: str = "none"

    def __post_init__(self) -> None:
        edges = (name for name in ("lff_hz", "hff_hz") if getattr(self, name) is not None)
        _require_positive(self, "rate_hz", "window_s", "hop_s", *edges)
        _require_notch(self.notch_hz)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name the graph's inputs and give the shape of one window of each."""
        return {"signal": (round(self.window_s * self.rate_hz),)}


@dataclass(frozen=True, slots=True)
class SleepInputs:
    """Three epochs of EEG, the staged one in the middle, and the BOLD signals of brain regions around it.

    The EEG is average-referenced, band-passed, resampled and Euclidean-aligned; the BOLD signals are z-scored by region
    and brought to ``tr_s``. Either may be missing.
    """

    kind: ClassVar = "sleep"
    eeg_electrodes: tuple[str, ...]
    rate_hz: float
    epoch_s: float
    n_epochs: int
    lff_hz: float
    hff_hz: float
    n_regions: int
    n_volumes: int
    tr_s: float
    notch_hz: float | str | None = None
    reference: str = "average"
    scale: str = "euclidean"

    def __post_init__(self) -> None:
        numbers = ("rate_hz", "epoch_s", "n_epochs", "lff_hz", "hff_hz", "n_regions", "n_volumes", "tr_s")
        _require_positive(self, *numbers)
        _require_notch(self.notch_hz)

    @property
    def window_s(self) -> float:
        """Length of EEG that one answer looks at."""
        return self.n_epochs * self.epoch_s

    @property
    def hop_s(self) -> float:
        """Time from one answer to the next."""
        return self.epoch_s

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name the graph's inputs and give the shape of one window of each."""
        n_electrodes = len(self.eeg_electrodes)
        return {
            "eeg": (self.n_epochs, n_electrodes, round(self.epoch_s * self.rate_hz)),
            "eeg_present": (self.n_epochs, n_electrodes),
            "bold": (self.n_regions, self.n_volumes),
            "bold_present": (1,),
        }


Inputs = MontageInputs | ChannelInputs | SleepInputs
_KINDS: Mapping[str, type[Inputs]] = MappingProxyType(
    {kind.kind: kind for kind in (MontageInputs, ChannelInputs, SleepInputs)}
)


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output of the graph, a row for each window.

    Attributes
    ----------
    name : the output's name in the graph.
    task : the question that it answers; its columns are then calibrated probabilities of ``classes``.
    classes : what the columns stand for.
    event_class : the class whose probability the card's event rule reads; empty where no event is formed from it.
    measures : what an output that answers no question is, in a few words.
    """

    name: str
    task: str = ""
    classes: tuple[str, ...] = ()
    event_class: str = ""
    measures: str = ""

    def __post_init__(self) -> None:
        if self.event_class and self.event_class not in self.classes:
            raise ValueError(f"output {self.name} has no class {self.event_class}")
        if bool(self.task) == bool(self.measures) or (self.task and not self.classes):
            raise ValueError(f"output {self.name} neither answers a task in classes nor says what it measures")


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
class NetworkCost:
    """Parameters of a network or of one of its blocks, and floating-point operations of one window.

    None stands for what a paper does not give.
    """

    parameters: float | None = None
    flops: float | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything a reader must know about a package before trusting it.

    ``cost`` was measured when the package was written and ``paper_cost`` is what the paper says, both by the name of
    the block, the network itself being `WHOLE`. ``events`` is None where the network finds no events.
    """

    name: str
    title: str
    version: str
    inputs: Inputs
    outputs: tuple[OutputSpec, ...]
    events: EventRule | None
    calibration: Mapping[str, Any]
    trained_on: str
    simulated: bool
    metrics: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    paper: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    cost: Mapping[str, NetworkCost] = field(default_factory=dict)
    paper_cost: Mapping[str, NetworkCost] = field(default_factory=dict)
    card_format: int = CARD_FORMAT

    def __post_init__(self) -> None:
        if not any(output.task for output in self.outputs):
            raise ValueError("no output answers a task")
        n_event_classes = sum(bool(output.event_class) for output in self.outputs)
        if n_event_classes != (self.events is not None):
            raise ValueError(f"{n_event_classes} outputs have an event class, and the event rule is {self.events}")

    @property
    def answer(self) -> OutputSpec:
        """Give the output that the network is for: the one that events are formed from, or else the first answer."""
        return next(
            (output for output in self.outputs if output.event_class),
            next(output for output in self.outputs if output.task),
        )

    @property
    def task(self) -> str:
        """Name the question that the network is for."""
        return self.answer.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Name the answers to that question."""
        return self.answer.classes


def write_card(folder: Path, card: ModelCard) -> None:
    """Write ``card.json``; the files it names must already lie in the folder."""
    # Cards are made from constants that nobody may change, of which a plain copy must be taken first.
    values = {name: getattr(card, name) for name in card.__slots__}
    mappings: dict[str, Any] = {name: dict(value) for name, value in values.items() if isinstance(value, Mapping)}
    fields = asdict(replace(card, **mappings))
    fields["inputs"] = {"kind": card.inputs.kind, **fields["inputs"]}
    (folder / CARD_NAME).write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_card(folder: Path) -> ModelCard:
    """Read the card of a folder.

    Raises
    ------
    ModelPackageError
        It is missing, not a card, or of a program whose cards this one does not know.
    """
    path = folder / CARD_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["card_format"] != CARD_FORMAT:
            age = "a newer" if fields["card_format"] > CARD_FORMAT else "an older"
            raise ModelPackageError(f"{path} was written by {age} version of Spasmlens and cannot be read by this one.")
        return _make_card(fields)
    except OSError as error:
        reason = f"{CARD_NAME} cannot be read ({error.strerror})"
        raise ModelPackageError(f"{folder} is not a model package: {reason}.") from error
    except KeyError as error:
        raise ModelPackageError(f"{path} is not a valid model card: {error} is missing or unknown.") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelPackageError(f"{path} is not a valid model card: {error}.") from error


def _make_card(fields: dict[str, Any]) -> ModelCard:
    inputs = fields.pop("inputs")
    kind = _KINDS[inputs.pop("kind")]
    if "eeg_electrodes" in inputs:
        inputs["eeg_electrodes"] = tuple(inputs["eeg_electrodes"])
    outputs = (OutputSpec(**{**output, "classes": tuple(output["classes"])}) for output in fields.pop("outputs"))
    events = fields.pop("events")
    cost, paper_cost = (
        {block: NetworkCost(**given) for block, given in fields.pop(name).items()} for name in ("cost", "paper_cost")
    )
    return ModelCard(
        **fields,
        inputs=kind(**inputs),
        outputs=tuple(outputs),
        events=None if events is None else EventRule(**events),
        cost=cost,
        paper_cost=paper_cost,
    )


def _require_positive(inputs: Inputs, *names: str) -> None:
    for name in names:
        value = getattr(inputs, name)
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} is {value}")


def _require_notch(notch_hz: float | str | None) -> None:
    if notch_hz not in (None, MAINS) and not (isinstance(notch_hz, int | float) and notch_hz > 0):
        raise ValueError(f"notch_hz is {notch_hz!r}")
