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
    empty means all. ``threshold`` is the one that was in force when it was formed, None where that is not known.
    """

    detection_id: str
    onset_s: float
    duration_s: float
    label: str
    probability: float
    calibration: str
    model: ModelReference
    channels: tuple[str, ...] = ()
    threshold: float | None = None

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s

    @property
    def is_near_miss(self) -> bool:
        """Whether it stayed below the threshold, and is shown only to whoever asks for such."""
        # Networks answer in single precision, in which a probability of 0.95 lies just below 0.95.
        return self.threshold is not None and self.probability < self.threshold - 1e-6
