"""The time axis that every lane shares with the traces above it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Which seconds lie under which pixels of a lane: [onset_s, onset_s + duration_s) over [left_px, right_px)."""

    onset_s: float
    duration_s: float
    left_px: float
    right_px: float

    @property
    def end_s(self) -> float:
        """Time at the right end."""
        return self.onset_s + self.duration_s

    @property
    def width_px(self) -> float:
        """Width of the span."""
        return max(1.0, self.right_px - self.left_px)

    def to_px(self, time_s: float) -> float:
        """Give the pixel of a time."""
        return self.left_px + (time_s - self.onset_s) / self.duration_s * self.width_px

    def to_s(self, x_px: float) -> float:
        """Give the time of a pixel."""
        return self.onset_s + (x_px - self.left_px) / self.width_px * self.duration_s
