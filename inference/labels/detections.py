"""What a network says about a recording: immutable, and never mistaken for what a person said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Which weights spoke: the package's name and version, and the SHA-256 of its ``model.onnx``."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Detection:
    """One event that a network found.

    ``detection_id`` is the same whenever the same model finds the same event in the same recording. ``label`` is a
    term of ``resources/vocabularies/``. ``probability`` is the highest calibrated probability within the event,
    ``calibration`` says how it was calibrated. ``channels`` are the recording's channel names that the network saw;
    empty means all.
    """

    detection_id: str
    onset_s: float
    duration_s: float
    label: str
    probability: float
    calibration: str
    model: ModelReference
    channels: tuple[str, ...] = ()

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s
