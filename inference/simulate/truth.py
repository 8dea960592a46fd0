"""What really happened in a simulated recording, to the sample and the channel."""

from dataclasses import dataclass
from enum import StrEnum


class Term(StrEnum):
    """Labels of true events: HED-SCORE 2.1.0 and HED 8.4.0 terms, spelt as there."""

    SPASM = "Epileptic-spasm"
    # What a spasm is made of.
    FAST_BURST = "Fast-spike-activity"
    SLOW_WAVE = "Slow-wave-large-amplitude"
    DECREMENT = "Electrodecremental-change"
    CONTRACTION = "Spasm"
    # What may be mistaken for one.
    MOVEMENT = "EMG-artifact"
    MOVEMENT_WITH_EEG = "Movement-artifact"
    STARTLE = "Paroxysmal-motor-event"
    SUCKING = "Sucking-artifact"
    CRY = "Cry"
    MYOCLONUS = "Myoclonus"
    AROUSAL = "Arousal-pattern"
    VERTEX_WAVE = "Vertex-wave"
    K_COMPLEX = "K-complex"
    DELTA_RUN = "Rhythmic-delta-activity"
    HYPERSYNCHRONY = "Hypnagogic-hypersynchrony"
    SPIKE_RUN = "Runs-of-rapid-spikes"
    BLINK = "Eye-blink-artifact"
    ELECTRODE_POP = "Electrode-pops-artifact"
    ELECTRODE_MOVEMENT = "Electrode-movement-artifact"
    # What goes on meanwhile.
    SPINDLE = "Sleep-spindles"
    AWAKE = "Awake"
    NREM = "Sleep-stage-N2"
    REM = "Sleep-stage-REM"
    HYPSARRHYTHMIA = "Hypsarrhythmia-classic"
    HYPSARRHYTHMIA_MODIFIED = "Hypsarrhythmia-modified"


class Role(StrEnum):
    """What a true event is to somebody who looks for seizures; spasms are those of infants."""

    SPASM = "spasm"
    SEIZURE = "seizure"
    PART = "part"
    NEGATIVE = "negative"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class TruthEvent:
    """One true event, in seconds from the start of the recording.

    A spasm lasts from the first to the last of its slow wave and its contraction; what it is made of is listed as
    parts with the same ``cluster`` and ``spasm`` number. ``channels`` are the recording's channel names that show it,
    empty where all do. ``cluster`` numbers the clusters from 1; it is None for an isolated spasm and for what is no
    spasm. ``intensity`` of a spasm is 0 to 1.
    """

    onset_s: float
    duration_s: float
    label: str
    channels: tuple[str, ...] = ()
    cluster: int | None = None
    role: Role = Role.NEGATIVE
    spasm: int | None = None
    intensity: float | None = None

    @property
    def end_s(self) -> float:
        """End of the event, in seconds from the start of the recording."""
        return self.onset_s + self.duration_s
