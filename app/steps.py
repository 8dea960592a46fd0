"""The controls of the view: what each is called, which values it steps through, as EEG stations offer them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.traces.display import PAGES_S, SENSITIVITIES_UV_PER_MM, DisplaySettings
from inference.signals.filters import FilterSettings
from inference.signals.montages import MONTAGE_NAMES, montage_title

Value = float | str | None

LFF_HZ = (None, 0.1, 0.3, 0.5, 1.0, 1.6, 3.0, 5.0, 10.0)
HFF_HZ = (15.0, 30.0, 35.0, 50.0, 70.0, 100.0, 150.0, None)
NOTCH_HZ = (None, 50.0, 60.0)

#: What a new window shows: infants' EEG is of high voltage, and so are the bursts of muscle that spasms are read by.
INFANT_DISPLAY = DisplaySettings(eeg_uv_per_mm=15.0, emg_uv_per_mm=20.0)


@dataclass(frozen=True, slots=True)
class Control:
    """One control of the view.

    ``caption`` stands above its value, ``about`` is its tool tip, ``action_ids`` are the actions that step it.
    ``read`` and ``write`` reach its value in a `DisplaySettings`; ``write`` gives None where the value does not go with
    the others.
    """

    control_id: str
    caption: str
    about: str
    steps: tuple[Value, ...]
    text: Callable[[Value], str]
    read: Callable[[DisplaySettings], Value]
    write: Callable[[DisplaySettings, Value], DisplaySettings | None]
    action_ids: tuple[str, ...]
    wraps: bool = False

    def move(self, display: DisplaySettings, direction: int) -> DisplaySettings:
        """Go to the next (1) or previous (-1) value that goes with the others; stay where there is none."""
        allowed = [step for step in self.steps if self.write(display, step) is not None]
        value = self.read(display)
        here = allowed.index(value) if value in allowed else self._nearest(allowed, value)
        there = (here + direction) % len(allowed) if self.wraps else min(max(here + direction, 0), len(allowed) - 1)
        return self.write(display, allowed[there]) or display

    def _nearest(self, allowed: list[Value], value: Value) -> int:
        numbers = [step if isinstance(step, float) else float("inf") for step in allowed]
        target = value if isinstance(value, float) else 0.0
        return min(range(len(allowed)), key=lambda position: abs(numbers[position] - target))


def _write_filter(display: DisplaySettings, **edges: float | None) -> DisplaySettings | None:
    try:
        return replace(display, eeg_filters=replace(display.eeg_filters, **edges))
    except ValueError:
        return None


def _write_notch(display: DisplaySettings, value: Value) -> DisplaySettings:
    def notched(filters: FilterSettings) -> FilterSettings:
        return replace(filters, notch_hz=value)

    return replace(display, eeg_filters=notched(display.eeg_filters), emg_filters=notched(display.emg_filters))


def hertz_text(value: Value) -> str:
    """Write a filter frequency."""
    return "off" if value is None else f"{value:g} Hz"


def sensitivity_text(value: Value) -> str:
    """Write a sensitivity."""
    return f"{value:g} µV/mm"


CONTROLS = (
    Control(
        "montage",
        "Montage",
        "What is subtracted from what",
        MONTAGE_NAMES,
        lambda value: montage_title(str(value)),
        lambda display: display.montage,
        lambda display, value: replace(display, montage=str(value)),
        ("montage",),
        wraps=True,
    ),
    Control(
        "eeg",
        "EEG",
        "Sensitivity of EEG and EOG",
        SENSITIVITIES_UV_PER_MM,
        sensitivity_text,
        lambda display: display.eeg_uv_per_mm,
        lambda display, value: replace(display, eeg_uv_per_mm=value),
        ("eeg_up", "eeg_down"),
    ),
    Control(
        "emg",
        "EMG",
        "Sensitivity of EMG",
        SENSITIVITIES_UV_PER_MM,
        sensitivity_text,
        lambda display: display.emg_uv_per_mm,
        lambda display, value: replace(display, emg_uv_per_mm=value),
        ("emg_up", "emg_down"),
    ),
    Control(
        "lff",
        "LFF",
        "Low-frequency filter (high-pass) of EEG, EOG and ECG",
        LFF_HZ,
        hertz_text,
        lambda display: display.eeg_filters.lff_hz,
        lambda display, value: _write_filter(display, lff_hz=value),
        ("lff", "lff_back"),
    ),
    Control(
        "hff",
        "HFF",
        "High-frequency filter (low-pass) of EEG, EOG and ECG",
        HFF_HZ,
        hertz_text,
        lambda display: display.eeg_filters.hff_hz,
        lambda display, value: _write_filter(display, hff_hz=value),
        ("hff", "hff_back"),
    ),
    Control(
        "notch",
        "Notch",
        "Mains filter, with its harmonics",
        NOTCH_HZ,
        hertz_text,
        lambda display: display.eeg_filters.notch_hz,
        _write_notch,
        ("notch",),
        wraps=True,
    ),
    Control(
        "page",
        "Page",
        "Seconds per page",
        PAGES_S,
        lambda value: f"{value:g} s",
        lambda display: display.page_s,
        lambda display, value: replace(display, page_s=value),
        ("page_shorter", "page_longer"),
    ),
)

CONTROLS_BY_ID = {control.control_id: control for control in CONTROLS}


def display_to_fields(display: DisplaySettings) -> dict[str, Value]:
    """Write the controls' values as plain fields, to be remembered."""
    return {control.control_id: control.read(display) for control in CONTROLS}


def display_from_fields(fields: dict[str, Value]) -> DisplaySettings:
    """Restore the controls' values; what is no step of its control is left as a new window has it."""
    display = INFANT_DISPLAY
    for control in CONTROLS:
        if control.control_id in fields and fields[control.control_id] in control.steps:
            display = control.write(display, fields[control.control_id]) or display
    return display


def describe_display(display: DisplaySettings) -> str:
    """Write the view in one line, as it belongs beside any printed page."""
    filters = display.eeg_filters
    notch = "notch off" if filters.notch_hz is None else f"notch {filters.notch_hz:g} Hz"
    low = "DC" if filters.lff_hz is None else f"{filters.lff_hz:g}"
    high = "open" if filters.hff_hz is None else f"{filters.hff_hz:g} Hz"
    parts = (
        montage_title(display.montage),
        f"EEG {sensitivity_text(display.eeg_uv_per_mm)}",
        f"EMG {sensitivity_text(display.emg_uv_per_mm)}",
        f"{low}–{high}",
        notch,
    )
    return "  ·  ".join(parts)
