"""Labels of what is true in a recording with a focus, beside those of `inference.simulate.truth`."""

from enum import StrEnum


class FocusTerm(StrEnum):
    """HED-SCORE 2.1.0 terms, spelt as there; `FOCUS` is this project's own, for the channels over the focus."""

    FOCUS = "Epileptic-focus"
    SPIKE = "Spike-and-slow-wave"
    FAST = "High-frequency-oscillation"
    SLOWING = "Polymorphic-delta-activity"
    RHYTHM = "Rhythmic-trains-or-bursts"
    # What is no sign of the focus.
    SHARP_TRANSIENT = "Sharp-transient-pattern"
    BLINK = "Eye-blink-artifact"
    POP = "Electrode-pops-artifact"
