"""Checkpoints: a training run on disk, such that a kill at any moment costs at most the time since the last one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from inference.errors import TrainingError
from inference.labels.files import write_bytes, write_json

RECORD_NAME = "checkpoint.json"
FORMAT = 1


class CurvePoint(NamedTuple):
    """A point of the learning curve: the running loss after a step, its learning rate, and the loss on validation."""

    step: int
    loss: float
    rate: float
    validation: float | None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """Everything that the next step depends on.

    Attributes
    ----------
    step : steps done.
    tensors : weights, averaged weights, best weights and the optimiser's state, each under a name of its own.
    running_loss : running mean of the loss.
    best_validation : least loss on validation so far, None before the first.
    elapsed_s : time spent on the steps so far, in all the processes that took part.
    curve : the learning curve so far.
    """

    step: int
    tensors: Mapping[str, Tensor]
    running_loss: float
    best_validation: float | None
    elapsed_s: float
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a training run is kept, and how often.

    The tensors are one safetensors file; ``checkpoint.json`` names it with its digest and holds the rest. That is
    replaced last, and at once, so that the two always belong together.

    Attributes
    ----------
    folder : where it is kept, and nothing else is.
    every_s : least time between two checkpoints.
    made_for : what decides the result besides the loop's own settings, as JSON; a checkpoint made for something else is
        refused.
    """

    folder: Path
    every_s: float = 60.0
    made_for: Mapping[str, Any] = field(default_factory=dict)

    def save(self, state: TrainingState, run: Mapping[str, Any]) -> None:
        """Keep a state; ``run`` describes the loop that it belongs to."""
        content = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.tensors.items()})
        tensors = write_bytes(self.folder / f"step-{state.step:08d}.safetensors", content)
        fields = {
            "format": FORMAT,
            "step": state.step,
            "tensors": tensors.name,
            "sha256": sha256(content).hexdigest(),
            "running_loss": state.running_loss,
            "best_validation": state.best_validation,
            "elapsed_s": state.elapsed_s,
            "run": {**run, "made_for": self.made_for},
            "curve": state.curve,
        }
        write_json(self.folder / RECORD_NAME, fields)
        for path in self.folder.glob("*step-*"):  # the one before, and what a kill left half-written
            if path != tensors:
                path.unlink()

    def load(self, run: Mapping[str, Any]) -> TrainingState | None:
        """Give the state to go on from, None where there is none yet.

        Raises
        ------
        TrainingError
            The checkpoint is damaged, or it belongs to another training.
        """
        fields = self._read()
        if fields is None:
            return None
        self._check_owner(fields, {**run, "made_for": self.made_for})
        try:
            content = (self.folder / fields["tensors"]).read_bytes()
            if sha256(content).hexdigest() != fields["sha256"]:
                raise self._damaged("its tensors do not have the digest that it names")
            return TrainingState(
                int(fields["step"]),
                load(content),
                float(fields["running_loss"]),
                None if fields["best_validation"] is None else float(fields["best_validation"]),
                float(fields["elapsed_s"]),
                tuple(CurvePoint(*point) for point in fields["curve"]),
            )
        except OSError as error:
            raise self._damaged(f"its tensors cannot be read: {error.strerror}") from error
        except (KeyError, TypeError, ValueError, SafetensorError) as error:
            raise self._damaged("it is not laid out as this program writes it") from error

    def read_curve(self) -> tuple[CurvePoint, ...]:
        """Give the learning curve so far, for drawing.

        Raises
        ------
        TrainingError
            The checkpoint is damaged.
        """
        fields = self._read() or {"curve": ()}
        try:
            return tuple(CurvePoint(*point) for point in fields["curve"])
        except (KeyError, TypeError) as error:
            raise self._damaged("it has no learning curve") from error

    def _read(self) -> dict[str, Any] | None:
        path = self.folder / RECORD_NAME
        try:
            fields = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._damaged(f"it cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise self._damaged("it is no JSON") from error
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise self._damaged(f"it is no checkpoint of format {FORMAT}")
        return fields

    def _check_owner(self, fields: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
        theirs = fields.get("run")
        ours = json.loads(json.dumps(ours))
        if theirs == ours:
            return
        if not isinstance(theirs, dict):
            raise self._damaged("it does not say what it belongs to")
        name, there, here = _first_difference(theirs, ours)
        raise TrainingError(
            f"{self.folder / RECORD_NAME} belongs to another training ({name} is {there} there and {here} here): "
            "give the same options as then, or another work folder."
        )

    def _damaged(self, cause: str) -> TrainingError:
        return TrainingError(
            f"{self.folder / RECORD_NAME} cannot be gone on from, {cause}: remove {self.folder} to begin anew."
        )


def _first_difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """Give the name and both values of the first field that differs, looking into what is nested."""
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        there, here = theirs.get(name), ours.get(name)
        if there == here:
            continue
        if isinstance(there, dict) and isinstance(here, dict):
            return _first_difference(there, here)
        return name, there, here
    raise ValueError("nothing differs")
