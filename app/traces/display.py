"""How a reader wants to see a recording: one immutable value, changed by ``dataclasses.replace``."""

from dataclasses import dataclass, field

from inference.recordings.recording import ChannelKind
from inference.signals.filters import FilterSettings

#: The steps of the sensitivity key and wheel, in microvolts per millimetre.
SENSITIVITIES_UV_PER_MM = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0, 150.0, 200.0, 500.0)
#: The steps of the time base, in seconds per page.
PAGES_S = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)

_HIDDEN_AT_FIRST = frozenset(
    {
        ChannelKind.OXIMETRY,
        ChannelKind.POSITION,
        ChannelKind.IMPEDANCE,
        ChannelKind.TRIGGER,
        ChannelKind.OTHER,
    }
)
_UNFILTERED = FilterSettings()


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """Montage, filters, sensitivities and time base of a page.

    ``eeg_filters`` and ``eeg_uv_per_mm`` also hold for the EOG; the ECG shares the filters. Every other kind is drawn
    as recorded, each channel at a scale of its own. ``hidden_channels`` are labels as the page shows them.
    """

    montage: str = "longitudinal"
    eeg_filters: FilterSettings = field(default=FilterSettings(lff_hz=0.5, hff_hz=70.0, notch_hz=50.0))
    emg_filters: FilterSettings = field(default=FilterSettings(lff_hz=10.0, hff_hz=None, notch_hz=50.0))
    eeg_uv_per_mm: float = 10.0
    emg_uv_per_mm: float = 10.0
    page_s: float = 10.0
    hidden_kinds: frozenset[ChannelKind] = _HIDDEN_AT_FIRST
    hidden_channels: frozenset[str] = frozenset()

    def filters_of(self, kind: ChannelKind) -> FilterSettings:
        """Give the filters that a kind of channel is drawn with."""
        if kind is ChannelKind.EMG:
            return self.emg_filters
        if kind in (ChannelKind.EEG, ChannelKind.EOG, ChannelKind.ECG):
            return self.eeg_filters
        return _UNFILTERED

    def sensitivity_of(self, kind: ChannelKind) -> float | None:
        """Give the microvolts per millimetre of a kind, None where each channel has a scale of its own."""
        if kind is ChannelKind.EMG:
            return self.emg_uv_per_mm
        return self.eeg_uv_per_mm if kind in (ChannelKind.EEG, ChannelKind.EOG) else None


def step_through(steps: tuple[float, ...], value: float, n_steps: int) -> float:
    """Move a value along a table of steps; a value between two steps goes to the next one in that direction."""
    if n_steps > 0:
        return ([step for step in steps if step > value * 1.001] or [value])[: max(1, n_steps)][-1]
    if n_steps < 0:
        return ([step for step in reversed(steps) if step < value * 0.999] or [value])[:-n_steps][-1]
    return value
